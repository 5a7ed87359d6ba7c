"""Apple's counters, through an object like that of the package that reads them."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.apple import INSTALL, discover, found_in
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, read
from tests.machine.sim_other_systems import whereabouts

if TYPE_CHECKING:
    from pathlib import Path


class SimulatedMonitor:
    """Has the fields of ``AppleEnergyMetrics`` in its version 1.1."""

    def __init__(self, **fields: int | None) -> None:
        self.fields = {
            "cpu_total_mj": 123_456_789,
            "efficiency_cores_mj": [1, 2],
            "dram_mj": 5_000_000,
            "gpu_mj": 700_000,
            "ane_mj": 0,
            **fields,
        }
        self.failure: RuntimeError | None = None

    def get_cumulative_energy(self) -> SimpleNamespace:
        if self.failure is not None:
            raise self.failure
        return SimpleNamespace(**self.fields)


def test_millijoules_become_joules_since_the_start() -> None:
    clock, monitor = FakeClock(), SimulatedMonitor()
    found = found_in(monitor)
    meters = by_id(found)
    assert {meter.device.kind for meter in meters.values()} == {"cpu", "memory"}
    assert [read(meter, clock.now()) for meter in meters.values()] == [0.0, 0.0]
    monitor.fields["cpu_total_mj"] += 12_500  # type: ignore[operator]
    monitor.fields["dram_mj"] += 900  # type: ignore[operator]
    now = clock.advance(2.0)
    assert read(meters["cpu"], now) == pytest.approx(12.5)
    assert read(meters["memory"], now) == pytest.approx(0.9)
    (row,) = found.unmeasured
    assert row.kind == "gpu"


def test_what_a_processor_does_not_tell_has_no_meter() -> None:
    assert set(by_id(found_in(SimulatedMonitor(dram_mj=None, gpu_mj=None)))) == {"cpu"}
    assert found_in(SimulatedMonitor(dram_mj=None, gpu_mj=None)).unmeasured == ()


def test_a_counter_that_goes_back_is_a_gap() -> None:
    clock, monitor = FakeClock(), SimulatedMonitor()
    meter = by_id(found_in(monitor))["cpu"]
    read(meter, clock.now())
    monitor.fields["cpu_total_mj"] = 10
    assert read(meter, clock.advance(1.0)) == 0.0
    monitor.fields["cpu_total_mj"] = 4010
    assert read(meter, clock.advance(1.0)) == pytest.approx(4.0)
    assert note_codes(meter) == ["apple-reset"]


def test_a_failure_is_one_reading_that_is_left_out() -> None:
    clock, monitor = FakeClock(), SimulatedMonitor()
    meter = by_id(found_in(monitor))["cpu"]
    read(meter, clock.now())
    monitor.failure = RuntimeError("no sample")
    with pytest.raises(ReadFailed, match="no sample"):
        read(meter, clock.advance(1.0))
    monitor.failure = None
    monitor.fields["cpu_total_mj"] = None
    with pytest.raises(ReadFailed, match="cpu_total_mj"):
        read(meter, clock.advance(1.0))


def test_the_package_is_asked_for_on_its_own_machines_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", None)
    (row,) = discover(whereabouts(clock, tmp_path)).unmeasured
    assert row.hint == INSTALL
    assert discover(whereabouts(clock, tmp_path, machine="x86_64")).unmeasured == ()
    package = ModuleType("zeus_apple_silicon")
    package.AppleEnergyMonitor = SimulatedMonitor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", package)
    assert set(by_id(discover(whereabouts(clock, tmp_path)))) == {"cpu", "memory"}
