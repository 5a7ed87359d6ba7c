from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.rapl import RaplMeter, discover
from carbonrun.measurement.model import MachineState
from carbonrun.notes import Note, Notes
from tests.machine.sim_sysfs import LAYOUTS, RANGE_UJ, STYLES, SimulatedPowercap

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.measurement.model import Meter

STATE = MachineState(busy_cpu_seconds=0.0, logical_cpus=1, memory_bytes=0)
PUBLISHED = sorted(name for name in LAYOUTS if "zones" in LAYOUTS[name])


@pytest.fixture
def powercap(tmp_path: Path) -> SimulatedPowercap:
    return SimulatedPowercap(tmp_path / "sys")


def meters_of(powercap: SimulatedPowercap) -> dict[str, RaplMeter]:
    meters, unmeasured = discover(str(powercap.root))
    assert unmeasured == []
    return {meter.device.id: meter for meter in meters}


def read(meter: Meter, powercap: SimulatedPowercap) -> float:
    return meter.read_joules(powercap.clock.now(), STATE)


def notes_of(meter: Meter) -> tuple[Note, ...]:
    notes = Notes()
    meter.notes(notes)
    return notes.all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_machine_gives_its_true_energy(
    name: str, style: str, tmp_path: Path
) -> None:
    layout: dict[str, Any] = LAYOUTS[name]
    powercap = SimulatedPowercap.of_layout(tmp_path / "sys", layout, style)
    meters = meters_of(powercap)
    assert [read(meter, powercap) for meter in meters.values()] == [0.0] * len(meters)
    is_mirror = name.startswith("R07")
    # A different power of 2 for each zone: the sum tells which zones are in it.
    moved = {zone[0]: 1.0 if is_mirror else 2.0**i / 64 for i, zone in enumerate(layout["zones"])}
    expected = sum(
        moved[zone[0]]
        for zone in layout["zones"]
        if zone[1].startswith("package-") or zone[1] == "dram"
    )
    for _ in range(2):
        powercap.advance(moved)
        for meter in meters.values():
            read(meter, powercap)
    powercap.advance(moved)
    joules = {key: read(meter, powercap) for key, meter in meters.items()}
    billed = sum(joules[key] for key in meters if meters[key].device.kind != "board")
    assert billed == pytest.approx(3 * (1.0 if is_mirror else expected), abs=1e-5)
    assert not [m.implausible for m in meters.values() if m.device.kind == "cpu" and m.implausible]


def test_what_a_device_says_of_itself(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.add_zone("intel-rapl:0:2", "dram")
    powercap.add_zone("intel-rapl:1", "psys")
    meters = meters_of(powercap)
    assert [(m.device.id, m.device.kind, m.device.name) for m in meters.values()] == [
        ("package-0", "cpu", "CPU package-0"),
        ("dram-0", "memory", "memory dram-0"),
        ("psys", "board", "board psys"),
    ]
    assert {m.device.meter for m in meters.values()} == {"rapl-powercap"}
    assert {m.device.method for m in meters.values()} == {"counter"}
    assert meters["dram-0"].device.source == "RAPL intel-rapl:0:2 energy_uj"
    for meter in meters.values():
        assert 0 < meter.device.low_factor <= 1 <= meter.device.high_factor
    package, memory = meters["package-0"].device, meters["dram-0"].device
    assert memory.low_factor < package.low_factor
    assert memory.high_factor > package.high_factor


def test_a_wrap_between_readings(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0", energy_uj=RANGE_UJ - 1_000_000)
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    powercap.advance({"intel-rapl:0": 30.0})
    assert read(meter, powercap) == pytest.approx(30.0)
    assert notes_of(meter) == ()


def test_a_reset_adds_nothing_and_leaves_a_note(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0", energy_uj=90_000_000_000)
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    powercap.advance({"intel-rapl:0": 30.0})
    read(meter, powercap)
    powercap.set_energy("intel-rapl:0", 0)
    powercap.advance({"intel-rapl:0": 2.0})
    assert read(meter, powercap) == pytest.approx(30.0)
    powercap.advance({"intel-rapl:0": 5.0})
    assert read(meter, powercap) == pytest.approx(35.0)
    assert [(note.code, note.level) for note in notes_of(meter)] == [("rapl-reset", "warning")]


def test_suspend_adds_nothing_and_leaves_a_note(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0", energy_uj=RANGE_UJ - 5_000_000)
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    powercap.clock.suspend(3600.0)
    powercap.set_energy("intel-rapl:0", 0)
    powercap.advance({"intel-rapl:0": 20.0})
    assert read(meter, powercap) == 0.0
    assert [note.code for note in notes_of(meter)] == ["rapl-suspended"]


def test_the_limits_of_the_package_tell_a_reset_from_a_wrap(powercap: SimulatedPowercap) -> None:
    limits = {
        "constraint_0_max_power_uw": "65000000\n",
        "constraint_1_max_power_uw": "",  # some machines show an empty file
        "constraint_1_power_limit_uw": "garbage\n",
        "constraint_2_power_limit_uw": "0\n",
    }
    for index, files in enumerate([limits, {}]):
        powercap.add_zone(
            f"intel-rapl:{index}",
            f"package-{index}",
            files=files,
            energy_uj=RANGE_UJ - 1_200_000_000,  # 600 W in the two seconds below, if it wraps
        )
    meters = meters_of(powercap)
    for meter in meters.values():
        read(meter, powercap)
    for zone in ("intel-rapl:0", "intel-rapl:1"):
        powercap.set_energy(zone, 0)
    powercap.advance({}, seconds=2.0)
    assert read(meters["package-0"], powercap) == 0.0
    assert read(meters["package-1"], powercap) == pytest.approx(1200.0)


def test_readings_too_far_apart_are_not_guessed_at(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0", max_energy_range_uj=65532610987)
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    powercap.advance({"intel-rapl:0": 100.0}, seconds=300.0)
    assert read(meter, powercap) == 0.0
    assert [note.code for note in notes_of(meter)] == ["rapl-too-long"]


@pytest.mark.parametrize("range_uj", [None, 0])
def test_an_unknown_range_is_no_obstacle(powercap: SimulatedPowercap, range_uj: int | None) -> None:
    powercap.add_zone("intel-rapl:0", "package-0", max_energy_range_uj=None)
    if range_uj is not None:
        (powercap.energy_file("intel-rapl:0").parent / "max_energy_range_uj").write_text("0\n")
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    powercap.advance({"intel-rapl:0": 40.0})
    assert read(meter, powercap) == pytest.approx(40.0)
    powercap.set_energy("intel-rapl:0", 0)
    assert read(meter, powercap) == pytest.approx(40.0)


@pytest.mark.parametrize("content", ["", "\n", "garbage\n", "-5\n", "1_0\n", "9" * 40])
def test_a_reading_that_is_no_number_keeps_the_energy(
    powercap: SimulatedPowercap, content: str
) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    powercap.advance({"intel-rapl:0": 40.0})
    read(meter, powercap)
    powercap.energy_file("intel-rapl:0").write_text(content)
    with pytest.raises(ReadFailed, match="energy_uj"):
        read(meter, powercap)
    powercap.advance({"intel-rapl:0": 2.0})
    assert read(meter, powercap) == pytest.approx(42.0)
    assert notes_of(meter) == ()


def test_a_file_that_vanishes_and_comes_back(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    file = powercap.energy_file("intel-rapl:0")
    file.write_text("")  # an open descriptor outlives the name, so the reading fails first
    file.unlink()
    for _ in range(2):
        with pytest.raises(ReadFailed):
            read(meter, powercap)
    powercap.advance({"intel-rapl:0": 3.0})
    assert read(meter, powercap) == pytest.approx(3.0)


def test_a_kept_descriptor_that_gives_an_error_is_replaced(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    file = powercap.energy_file("intel-rapl:0")
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    meter.close()
    file.unlink()
    file.mkdir()  # reading a directory is an error of read(2), not of open(2)
    with pytest.raises(ReadFailed, match="directory"):
        read(meter, powercap)
    file.rmdir()
    powercap.advance({"intel-rapl:0": 3.0})
    assert read(meter, powercap) == pytest.approx(3.0)


def test_when_one_die_fails_none_moves(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0-die-0", energy_uj=0)
    powercap.add_zone("intel-rapl:1", "package-0-die-1", energy_uj=50_000_000_000)
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    powercap.advance({"intel-rapl:0": 10.0})
    powercap.energy_file("intel-rapl:1").write_text("")
    with pytest.raises(ReadFailed):
        read(meter, powercap)
    powercap.advance({"intel-rapl:0": 10.0, "intel-rapl:1": 7.0})
    assert read(meter, powercap) == pytest.approx(27.0)


def test_real_dies_are_summed(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0-die-0", energy_uj=10_000_000_000)
    powercap.add_zone("intel-rapl:1", "package-0-die-1", energy_uj=30_000_000_000)
    meter = meters_of(powercap)["package-0"]
    assert meter.device.source == "RAPL intel-rapl:0 + intel-rapl:1 energy_uj"
    read(meter, powercap)
    powercap.advance({"intel-rapl:0": 50.0, "intel-rapl:1": 50.0})
    assert read(meter, powercap) == pytest.approx(100.0)
    assert notes_of(meter) == ()


def test_dies_that_mirror_one_counter_count_once(powercap: SimulatedPowercap) -> None:
    for index in range(4):
        powercap.add_zone(f"intel-rapl:{index}", f"package-0-die-{index}", energy_uj=index * 9)
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    for _ in range(10):
        powercap.advance({f"intel-rapl:{index}": 60.0 + index / 10 for index in range(4)})
        read(meter, powercap)
    assert read(meter, powercap) == pytest.approx(600.0)
    assert [(note.code, note.level) for note in notes_of(meter)] == [("rapl-mirrored-dies", "info")]


def test_dies_that_only_start_alike_are_summed_and_nothing_falls(
    powercap: SimulatedPowercap,
) -> None:
    powercap.add_zone("intel-rapl:0", "package-0-die-0")
    powercap.add_zone("intel-rapl:1", "package-0-die-1")
    meter = meters_of(powercap)["package-0"]
    last = read(meter, powercap)
    for first, second in [(50.0, 50.0), (50.0, 20.0), (20.0, 49.0), (90.0, 10.0)]:
        powercap.advance({"intel-rapl:0": first, "intel-rapl:1": second})
        joules = read(meter, powercap)
        assert joules >= last
        last = joules
    assert last == pytest.approx(339.0)
    assert notes_of(meter) == ()


def two_sockets(powercap: SimulatedPowercap) -> dict[str, RaplMeter]:
    for index in (0, 1):
        powercap.add_zone(f"intel-rapl:{index}", f"package-{index}")
        powercap.add_zone(f"intel-rapl:{index}:0", "dram", max_energy_range_uj=65712999613)
    meters = meters_of(powercap)
    for meter in meters.values():
        read(meter, powercap)
    return meters


def test_impossible_memory_is_marked_and_noted(powercap: SimulatedPowercap) -> None:
    meters = two_sockets(powercap)
    joules = LAYOUTS["R18_GraniteRapids_6767P"]["joules_in_1.001s"]
    powercap.advance(
        {
            "intel-rapl:0": joules["package0"],
            "intel-rapl:1": joules["package1"],
            "intel-rapl:0:0": joules["dram0"],
            "intel-rapl:1:0": joules["dram1"],
        },
        seconds=1.001,
    )
    for meter in meters.values():
        read(meter, powercap)
    marked = {key for key, meter in meters.items() if meter.implausible is not None}
    assert marked == {"dram-0"}
    note = notes_of(meters["dram-0"])[0]
    assert note.code == "rapl-implausible"
    assert "200 W" in note.message
    assert notes_of(meters["dram-1"]) == ()


def test_memory_is_not_judged_before_its_counter_has_moved_often(
    powercap: SimulatedPowercap,
) -> None:
    meters = two_sockets(powercap)
    powercap.advance({"intel-rapl:0:0": 1.0}, seconds=0.001)
    for meter in meters.values():
        read(meter, powercap)
    assert meters["dram-0"].watts() is None
    assert meters["dram-0"].implausible is None


def test_a_counter_that_always_claims_too_much_is_marked(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    meter = meters_of(powercap)["package-0"]
    read(meter, powercap)
    for _ in range(3):
        powercap.advance({"intel-rapl:0": 9000.0})
        read(meter, powercap)
    assert meter.implausible is not None
    assert "faster" in meter.implausible
    assert [note.code for note in notes_of(meter)] == ["rapl-too-fast"]
