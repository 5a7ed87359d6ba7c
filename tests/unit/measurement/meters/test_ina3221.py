from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.meters.ina3221 import discover, kind_of
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, places, read_all
from tests.machine.sampling import sample
from tests.machine.sim_hwmon import SimulatedChip, ina3221

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_the_rails_of_an_orin(tmp_path: Path, clock: FakeClock) -> None:
    """Volts times amperes of three rails each; the shunts in4 to in7 are none."""
    ina3221(
        tmp_path / "sys",
        3,
        {1: ("VDD_GPU_SOC", 19000, 400), 2: ("VDD_CPU_CV", 19000, 200), 3: ("NC", 19000, 1)},
    )
    ina3221(tmp_path / "sys", 4, {1: ("VIN_SYS_5V0", 5000, 900), 2: ("VDDQ_VDD2_1V8AO", 5000, 100)})
    found = discover(places(tmp_path, clock))
    assert {m.device.id: m.device.kind for m in found.meters} == {
        "rail-VDD_GPU_SOC": "board",
        "package-0": "cpu",
        "rail-VIN_SYS_5V0": "board",
        "dram-0": "memory",
    }
    sample(found, clock)
    sample(found, clock, seconds=1.0)
    assert read_all(found.meters, clock.now()) == pytest.approx(
        {"rail-VDD_GPU_SOC": 7.6, "package-0": 3.8, "rail-VIN_SYS_5V0": 4.5, "dram-0": 0.5}
    )


def test_a_rail_that_the_cpu_shares_says_so(tmp_path: Path, clock: FakeClock) -> None:
    ina3221(tmp_path / "sys", 1, {1: ("VDD_IN", 5000, 900), 2: ("VDD_CPU_GPU_CV", 5000, 300)})
    device = by_id(discover(places(tmp_path, clock)))["package-0"].device
    assert "not the CPU alone" in device.source
    assert device.low_factor == 0.5


def test_a_second_rail_of_the_cpu_has_an_id_of_its_own(tmp_path: Path, clock: FakeClock) -> None:
    ina3221(tmp_path / "sys", 1, {1: ("VDD_CPU", 5000, 900), 2: ("VDD_CPU_MSS", 5000, 300)})
    meters = by_id(discover(places(tmp_path, clock)))
    assert list(meters) == ["package-0", "rail-VDD_CPU_MSS"]
    assert {meter.device.kind for meter in meters.values()} == {"cpu"}


def test_currents_are_matched_by_their_labels(tmp_path: Path, clock: FakeClock) -> None:
    chip = ina3221(tmp_path / "sys", 1, {1: ("A_CPU", 1000, 1), 2: ("B_DDR", 2000, 2)})
    chip.set("curr1_label", "B_DDR")
    chip.set("curr2_label", "A_CPU")
    found = discover(places(tmp_path, clock))
    sample(found, clock)
    sample(found, clock, seconds=1.0)
    assert read_all(found.meters, clock.now()) == pytest.approx(
        {"package-0": 1.0 * 0.002, "dram-0": 2.0 * 0.001}
    )


def test_a_channel_that_is_off_is_no_rail(tmp_path: Path, clock: FakeClock) -> None:
    chip = ina3221(tmp_path / "sys", 1, {1: ("VDD_IN", 5000, 900), 2: ("VDD_CPU", 5000, 300)})
    chip.set("in2_enable", 0)
    assert list(by_id(discover(places(tmp_path, clock)))) == ["rail-VDD_IN"]


def test_a_channel_that_has_no_data_keeps_its_last_value_for_a_while(
    tmp_path: Path, clock: FakeClock
) -> None:
    """The driver gives ENODATA for a channel that is switched off in mid-run."""
    chip = ina3221(tmp_path / "sys", 1, {1: ("VDD_CPU", 5000, 1000)})
    found = discover(places(tmp_path, clock))
    sample(found, clock)
    chip.set("curr1_input", "")
    sample(found, clock, seconds=0.5)
    assert read_all(found.meters, clock.now()) == pytest.approx({"package-0": 2.5})
    assert note_codes(found.meters[0]) == ["sensor-failed"]


def test_a_negative_current_is_not_believed(tmp_path: Path, clock: FakeClock) -> None:
    chip = ina3221(tmp_path / "sys", 1, {1: ("VDD_CPU", 5000, 1000)})
    found = discover(places(tmp_path, clock))
    sample(found, clock)
    chip.set("curr1_input", -8)
    sample(found, clock, seconds=0.5)
    assert read_all(found.meters, clock.now()) == pytest.approx({"package-0": 2.5})
    assert note_codes(found.meters[0]) == ["sensor-absurd"]


def test_chips_of_other_names_are_not_looked_at(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedChip(tmp_path / "sys", 0, "ina260", {"in1_label": "VDD_CPU", "in1_input": 1})
    assert discover(places(tmp_path, clock)).meters == ()


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("VDD_CPU_CV", "cpu"),
        ("CPU", "cpu"),
        ("VDDRQ", "memory"),
        ("VDDQ_VDD2_1V8AO", "memory"),
        ("VDD_DDR", "memory"),
        ("VDD_IN", "board"),
        ("VDD_GPU", "board"),
    ],
)
def test_what_a_rail_feeds(label: str, kind: str) -> None:
    assert kind_of(label) == kind
