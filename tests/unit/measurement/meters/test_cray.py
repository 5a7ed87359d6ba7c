from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.bounds import edge_error
from carbonrun.measurement.meters.cray import discover
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, places, read, read_all
from tests.machine.sim_cray import SimulatedCray

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_joules_of_cpus_memory_and_node(tmp_path: Path, clock: FakeClock) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=7_000, memory_energy=900, energy=12_000)
    found = discover(places(tmp_path, clock))
    assert {m.device.id: m.device.kind for m in found.meters} == {
        "cpu": "cpu",
        "memory": "memory",
        "node": "board",
    }
    read_all(found.meters, clock.now())
    cray.advance(cpu_energy=250, memory_energy=30, energy=400)
    assert read_all(found.meters, clock.advance(1.0)) == {"cpu": 250, "memory": 30, "node": 400}


def test_its_ends_are_less_sharp_than_those_of_rapl(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedCray(tmp_path / "sys", cpu_energy=1)
    (meter,) = discover(places(tmp_path, clock)).meters
    assert edge_error(meter.device, 10.0) == pytest.approx(0.02)


def test_long_ticks_are_no_obstacle(tmp_path: Path, clock: FakeClock) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=1)
    (meter,) = discover(places(tmp_path, clock)).meters
    read(meter, clock.now())
    cray.advance(cpu_energy=60_000)
    assert read(meter, clock.advance(60.0)) == 60_000


def test_a_counter_that_falls_or_jumps_is_not_believed(tmp_path: Path, clock: FakeClock) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=5000)
    (meter,) = discover(places(tmp_path, clock)).meters
    read(meter, clock.now())
    cray.set("cpu_energy", 3)
    assert read(meter, clock.advance(1.0)) == 0
    cray.advance(cpu_energy=10_000_000)
    assert read(meter, clock.advance(1.0)) == 0
    cray.advance(cpu_energy=300)
    assert read(meter, clock.advance(1.0)) == 300
    assert note_codes(meter) == ["cray-reset", "cray-too-fast"]


@pytest.mark.parametrize("content", ["", "x J 1 us\n", "12 W 1 us\n", "12\n", "-3 J 1 us\n"])
def test_what_is_no_energy_is_a_failed_reading(
    tmp_path: Path, clock: FakeClock, content: str
) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=5)
    (meter,) = discover(places(tmp_path, clock)).meters
    read(meter, clock.now())
    (cray.folder / "cpu_energy").write_text(content)
    with pytest.raises(ReadFailed, match="cpu_energy"):
        read(meter, clock.advance(1.0))
    cray.advance(cpu_energy=40)
    assert read(meter, clock.advance(1.0)) == 40


def test_other_machines_have_none(tmp_path: Path, clock: FakeClock) -> None:
    found = discover(places(tmp_path, clock))
    assert (found.meters, found.unmeasured) == ((), ())


def test_a_file_that_fails_at_once_is_a_row(tmp_path: Path, clock: FakeClock) -> None:
    cray = SimulatedCray(tmp_path / "sys", cpu_energy=5, energy=8)
    (cray.folder / "energy").unlink()
    (cray.folder / "energy").mkdir()
    found = discover(places(tmp_path, clock))
    assert list(by_id(found)) == ["cpu"]
    assert [row.id for row in found.unmeasured] == ["node"]
    assert "directory" in found.unmeasured[0].reason
