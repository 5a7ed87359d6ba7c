from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.board.battery import Battery, discover
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, places, read, read_all
from tests.machine.sampling import sample
from tests.machine.sim_battery import SimulatedSupply

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.measurement.meters.sensors import Found


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def discovered(tmp_path: Path, clock: FakeClock) -> Found:
    return discover(places(tmp_path, clock), lambda: clock.now().monotonic_seconds)


@pytest.mark.parametrize(
    "attributes",
    [
        {"power_now": 12_500_000},
        {"power_now": -12_500_000},  # some firmware counts what flows out as negative
        {"current_now": 1_000_000, "voltage_now": 12_500_000},
        {"current_now": -1_000_000, "voltage_now": 12_500_000},
        {"power_now": 0, "current_now": 1_000_000, "voltage_now": 12_500_000},
        {"power_now": "unavailable", "current_now": 1_000_000, "voltage_now": 12_500_000},
    ],
)
def test_what_is_drawn(tmp_path: Path, clock: FakeClock, attributes: dict[str, object]) -> None:
    SimulatedSupply(tmp_path / "sys", "BAT0", **attributes)
    found = discovered(tmp_path, clock)
    sample(found, clock)
    sample(found, clock, seconds=5.0)
    assert read_all(found.meters, clock.now()) == pytest.approx({"battery-BAT0": 62.5})
    assert found.meters[0].device.kind == "board"


@pytest.mark.parametrize("store", ["charge", "energy"])
def test_the_stored_charge_falls_in_steps(tmp_path: Path, clock: FakeClock, store: str) -> None:
    """Two steps have to be seen: how old the first figure is nobody knows."""
    start, step = (3_000_000, 1_000) if store == "charge" else (36_000_000, 12_000)
    supply = SimulatedSupply(tmp_path / "sys", "BAT1", voltage_now=12_000_000)
    supply.set(f"{store}_now", start)
    battery = Battery(str(supply.folder), lambda: clock.now().monotonic_seconds)
    for _ in range(2):
        with pytest.raises(ReadFailed, match="not moved enough"):
            battery.watts()
        start -= step
        supply.set(f"{store}_now", start)
        supply.set("voltage_now", 11_990_000)  # sags meanwhile
        clock.advance(4.0)
    # 12 mWh in 4 s
    assert battery.watts() == pytest.approx(10.8)
    clock.advance(2.0)
    assert battery.watts() == pytest.approx(10.8)


def test_a_charge_that_rises_is_no_power(tmp_path: Path, clock: FakeClock) -> None:
    supply = SimulatedSupply(tmp_path / "sys", "BAT0", energy_now=1_000_000)
    battery = Battery(str(supply.folder), lambda: clock.now().monotonic_seconds)
    for energy in (1_000_000, 999_000, 1_001_000):
        supply.set("energy_now", energy)
        clock.advance(1.0)
        with pytest.raises(ReadFailed):
            battery.watts()


def test_on_mains_power_it_is_a_row_with_what_to_do(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedSupply(tmp_path / "sys", "BAT0", status="Charging", power_now=20_000_000)
    found = discovered(tmp_path, clock)
    assert found.meters == ()
    (row,) = found.unmeasured
    assert (row.id, row.kind) == ("battery-BAT0", "board")
    assert "Charging" in row.reason
    assert "unplug" in str(row.hint)


def test_plugged_in_in_mid_run_it_is_not_the_whole_run_any_more(
    tmp_path: Path, clock: FakeClock
) -> None:
    supply = SimulatedSupply(tmp_path / "sys", "BAT0", power_now=10_000_000)
    found = discovered(tmp_path, clock)
    sample(found, clock)
    supply.set("status", "Charging")
    sample(found, clock, seconds=60.0)
    (meter,) = found.meters
    assert read(meter, clock.now()) == pytest.approx(250)
    assert "not being discharged (Charging)" in str(meter.implausible)  # type: ignore[attr-defined]


def test_mains_adapters_and_mice_are_not_the_machine(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedSupply(tmp_path / "sys", "AC", type="Mains", online=1)
    SimulatedSupply(tmp_path / "sys", "hid-mouse", scope="Device", power_now=1)
    SimulatedSupply(tmp_path / "sys", "BAT0", scope="System", power_now=1)
    assert list(by_id(discovered(tmp_path, clock))) == ["battery-BAT0"]


def test_one_that_tells_nothing(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedSupply(tmp_path / "sys", "BAT0")
    found = discovered(tmp_path, clock)
    sample(found, clock)
    assert "neither power, current nor charge" in str(found.meters[0].implausible)  # type: ignore[attr-defined]
