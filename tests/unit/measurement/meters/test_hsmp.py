from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.meters.hsmp import discover
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, places, read, read_all
from tests.machine.sampling import sample
from tests.machine.sim_hwmon import hsmp
from tests.machine.sim_topology import AMD_SERVER, SimulatedCpus

if TYPE_CHECKING:
    from pathlib import Path


def test_sockets_in_the_order_of_the_chips(tmp_path: Path) -> None:
    """hwmon10 comes after hwmon9, whatever the alphabet says."""
    clock = FakeClock()
    SimulatedCpus(tmp_path, {0: [[0]], 1: [[1]]}, AMD_SERVER)
    hsmp(tmp_path / "sys", 10, 200_000_000)
    chip = hsmp(tmp_path / "sys", 9, 100_000_000)
    found = discover(places(tmp_path, clock))
    assert list(by_id(found)) == ["package-0", "package-1"]
    assert {meter.device.method for meter in found.meters} == {"integrated"}
    sample(found, clock)
    chip.set("power1_input", 300_000_000)
    sample(found, clock, seconds=1.0)
    assert read_all(found.meters, clock.now()) == pytest.approx(
        {"package-0": 200, "package-1": 200}
    )


def test_a_mailbox_that_times_out_is_a_failed_sample(tmp_path: Path) -> None:
    clock = FakeClock()
    chip = hsmp(tmp_path / "sys", 2, 100_000_000)
    found = discover(places(tmp_path, clock))
    (meter,) = found.meters
    assert meter.device.id == "package-0"
    sample(found, clock)
    chip.fail("power1_input")
    sample(found, clock, seconds=5.0)
    assert read(meter, clock.now()) == pytest.approx(100)
    assert "directory" in str(meter.implausible)  # type: ignore[attr-defined]


def test_other_machines_have_none(tmp_path: Path) -> None:
    found = discover(places(tmp_path, FakeClock()))
    assert (found.meters, found.unmeasured, found.pollers) == ((), (), ())
