from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun import clock
from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.meters.discover import (
    before_start,
    close_all,
    has_other_sensors,
    rows_of,
)
from carbonrun.measurement.meters.late import CHECK_PERIOD_SECONDS, after_start
from carbonrun.measurement.meters.order import ORDER
from carbonrun.measurement.meters.sensors import places_of
from carbonrun.measurement.tree.perf import open_system_event
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import STATE
from tests.machine.sim_cray import SimulatedCray
from tests.machine.sim_hwmon import amd_energy, grace, hsmp, ina3221
from tests.machine.sim_msr import INTEL_PACKAGE, INTEL_UNIT, SKYLAKE_UNITS, SimulatedMsr
from tests.machine.sim_perf import SimulatedPmu
from tests.machine.sim_sysfs import SimulatedPowercap
from tests.machine.sim_topology import SimulatedCpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.measurement.meters.late import Late
    from carbonrun.measurement.meters.order import SensorKind
    from carbonrun.measurement.model import Meter, Unmeasured

CPU = min(os.sched_getaffinity(0))
# As a PMU that the kernel has not: each of its events is refused.
NO_PMU = 999_999


def may_count_everybody() -> bool:
    """Tell whether perf counts whatever runs on a CPU: paranoid <= 0 or CAP_PERFMON."""
    try:
        os.close(open_system_event(1, 0, CPU))  # the kernel's CPU clock
    except MeterUnavailable:
        return False
    return True


NEEDS_PERF = pytest.mark.skipif(
    not may_count_everybody(), reason="counting what others do is not permitted here"
)


def early(root: Path) -> tuple[list[Meter], list[Unmeasured]]:
    return before_start(str(root / "sys"), str(root / "proc"), FakeClock().now())


def late(root: Path, meters: Iterable[Meter], rows: Iterable[Unmeasured] = ()) -> Late:
    places = places_of(str(root / "sys"), str(root / "proc"), clock.now())
    found = after_start(places, meters, rows)
    for poller in found.pollers:
        poller.stop()
    return found


def names(meters: Iterable[Meter]) -> list[str]:
    return [f"{meter.device.id} {meter.device.meter}" for meter in meters]


def add_powercap(root: Path, *, is_readable: bool = True) -> SimulatedPowercap:
    powercap = SimulatedPowercap(root / "sys")
    powercap.add_zone("intel-rapl:0", "package-0")
    if not is_readable:
        powercap.energy_file("intel-rapl:0").unlink()
        powercap.energy_file("intel-rapl:0").mkdir()
    return powercap


def add_perf(root: Path, pmu_type: int = 1) -> SimulatedPmu:
    return SimulatedPmu(root / "sys", [CPU], ["energy-pkg"], pmu_type)


def add_msr(root: Path) -> SimulatedMsr:
    return SimulatedMsr(root / "dev", CPU, {INTEL_UNIT: SKYLAKE_UNITS, INTEL_PACKAGE: 7})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    SimulatedCpus(tmp_path, {0: [[CPU]]})
    return tmp_path


def test_powercap_wins_over_everything(root: Path) -> None:
    add_powercap(root)
    add_perf(root)
    add_msr(root)
    meters, rows = early(root)
    assert names(meters) == ["package-0 rapl-powercap"]
    assert rows == []


def test_where_powercap_can_be_read_nothing_else_is_imported(root: Path) -> None:
    add_powercap(root)
    add_perf(root)
    program = (
        "import sys; from carbonrun.measurement.meters.discover import before_start;"
        f"before_start({str(root / 'sys')!r}, {str(root / 'proc')!r}, None);"
        "print(*sorted(m.rpartition('.')[2] for m in sys.modules if '.meters.' in m))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[4],
    )  # fmt: skip
    assert done.stdout.split() == [
        "counter", "counter_meter", "discover", "energy_file", "powercap", "rapl", "rapl_checks",
    ]  # fmt: skip


@NEEDS_PERF
def test_each_next_counter_steps_in_for_one_that_fails(root: Path) -> None:
    """Perf before MSR before amd_energy before Cray."""
    add_powercap(root, is_readable=False)
    cray = SimulatedCray(root / "sys", cpu_energy=5)
    assert names(early(root)[0]) == ["cpu cray-pm-counters"]
    amd_energy(root / "sys", {0: 5})
    assert names(early(root)[0]) == ["package-0 amd-energy"]
    add_msr(root)
    assert names(early(root)[0]) == ["package-0 rapl-msr"]
    pmu = add_perf(root)
    assert names(early(root)[0]) == ["package-0 rapl-perf"]
    (pmu.folder / "type").write_text(f"{NO_PMU}\n")
    meters, rows = early(root)
    assert names(meters) == ["package-0 rapl-msr"]
    assert rows == []
    assert cray.folder.exists()


def test_where_nothing_can_be_read_the_first_reason_is_told(root: Path) -> None:
    add_powercap(root, is_readable=False)
    add_perf(root, NO_PMU)
    meters, rows = early(root)
    assert meters == []
    assert [row.id for row in rows] == ["package-0"]
    assert "energy_uj" in rows[0].reason


def test_a_machine_without_any(tmp_path: Path) -> None:
    meters, rows = early(tmp_path)
    assert (meters, rows) == ([], [])  # nothing is imported to say why before the command starts
    rows = list(rows_of(str(tmp_path), rows))
    assert [row.id for row in rows] == ["cpu"]
    found = late(tmp_path, meters, rows)
    assert (found.meters, found.checks) == ((), ())
    assert list(found.unmeasured) == rows


def test_sensors_of_power_come_late_and_the_better_one_wins(root: Path) -> None:
    ina3221(root / "sys", 1, {1: ("VDD_CPU", 5000, 1000), 2: ("VDD_IN", 5000, 2000)})
    meters, rows = early(root)
    assert meters == []
    found = late(root, meters, rows)
    assert names(found.meters) == ["package-0 ina3221", "rail-VDD_IN ina3221"]
    assert found.unmeasured == ()
    grace(root / "sys", 2, "Grace", 0, 90_000_000)
    found = late(root, meters, rows)
    assert names(found.meters) == ["package-0 grace"]
    hsmp(root / "sys", 3, 90_000_000)
    found = late(root, meters, rows)
    assert names(found.meters) == ["package-0 amd-hsmp"]
    assert names(found.checks) == ["package-0@grace grace"]


@NEEDS_PERF
def test_cross_checks_are_opened_late_with_ids_of_their_own(root: Path) -> None:
    add_powercap(root)
    add_perf(root)
    add_msr(root)  # the same register as powercap's: not worth a comparison
    hsmp(root / "sys", 3, 90_000_000)
    SimulatedCray(root / "sys", cpu_energy=5, memory_energy=6, energy=9)
    meters, rows = early(root)
    found = late(root, meters, rows)
    assert names(found.checks) == [
        "package-0@rapl-perf rapl-perf",
        "cpu@cray-pm-counters cray-pm-counters",
        "package-0@amd-hsmp amd-hsmp",
    ]
    assert found.checks[2].device.update_seconds == CHECK_PERIOD_SECONDS
    # What nothing better measures is measured with it; the node is a board.
    assert names(found.meters) == ["memory cray-pm-counters", "node cray-pm-counters"]
    close_all([*meters, *found.meters, *found.checks])


def test_a_cross_check_that_is_refused_is_no_news(root: Path) -> None:
    add_powercap(root)
    add_perf(root, NO_PMU)
    meters, rows = early(root)
    found = late(root, meters, rows)
    assert (found.checks, found.unmeasured) == ((), ())


def test_late_power_is_sampled_by_a_thread(root: Path) -> None:
    hsmp(root / "sys", 3, 90_000_000)
    places = places_of(str(root / "sys"), str(root / "proc"), clock.now())
    found = after_start(places, [], [])
    (meter,) = found.meters
    time.sleep(0.3)
    found.pollers[0].stop()
    assert meter.read_joules(clock.now(), STATE) == pytest.approx(27, rel=0.5)


@pytest.mark.parametrize("kind", ORDER[1:], ids=lambda kind: kind.name)
def test_no_kind_of_sensor_is_overlooked(tmp_path: Path, kind: SensorKind) -> None:
    """What is asked before anything is imported knows of the files of every kind."""
    (tmp_path / "sys").mkdir()
    assert not has_other_sensors(f"{tmp_path}/sys")
    root, _, rest = kind.place.partition("/")
    path = tmp_path / ("dev" if root == "dev" else "sys") / rest
    (path / "0" / "msr" if rest == "cpu" else path).mkdir(parents=True)
    assert has_other_sensors(f"{tmp_path}/sys")
