from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.meters.board.acpi_power import discover
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, places, read_all
from tests.machine.sampling import sample
from tests.machine.sim_hwmon import acpi_meter, grace

if TYPE_CHECKING:
    from pathlib import Path


def test_watts_of_the_machine(tmp_path: Path) -> None:
    clock = FakeClock()
    chip = acpi_meter(tmp_path / "sys", 1, 300_000_000, power1_accuracy="97.5%")
    found = discover(places(tmp_path, clock))
    sample(found, clock)
    chip.set("power1_average", 400_000_000)
    sample(found, clock, seconds=2.0)
    assert read_all(found.meters, clock.now()) == pytest.approx({"acpi-power-0": 700})
    device = found.meters[0].device
    assert (device.kind, device.low_factor, device.high_factor) == ("board", 0.975, 1.025)


@pytest.mark.parametrize("accuracy", ["100.0%", "0.0%", "", "unknown"])
def test_an_accuracy_that_says_nothing_is_not_taken(tmp_path: Path, accuracy: str) -> None:
    acpi_meter(tmp_path / "sys", 1, 1, power1_accuracy=accuracy)
    device = by_id(discover(places(tmp_path, FakeClock())))["acpi-power-0"].device
    assert (device.low_factor, device.high_factor) == (0.9, 1.1)


def test_batteries_and_the_meters_of_grace_are_others(tmp_path: Path) -> None:
    acpi_meter(tmp_path / "sys", 0, 1, power1_is_battery=1)
    grace(tmp_path / "sys", 1, "Module", 0, 1)
    assert discover(places(tmp_path, FakeClock())).meters == ()


def test_a_meter_without_power_is_a_row(tmp_path: Path) -> None:
    chip = acpi_meter(tmp_path / "sys", 0, 1)
    (chip.folder / "power1_average").unlink()
    (row,) = discover(places(tmp_path, FakeClock())).unmeasured
    assert row.id == "acpi-power-0"
