from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

# Imported for the unprivileged test: nobody may be unable to import it.
from carbonrun import kernel  # noqa: F401
from carbonrun.clock import now
from carbonrun.errors import MeterUnavailable, ReadFailed
from carbonrun.measurement.meters.perf_rapl import EventSource, discover
from carbonrun.measurement.tree.perf import open_system_event
from tests.accounting.conftest import unavailable
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, places, read
from tests.machine.sim_perf import CLOCK_WATTS, SOFTWARE, SOFTWARE_CLOCK, SimulatedPmu
from tests.machine.sim_topology import AMD_SERVER, SimulatedCpus
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CPU = min(os.sched_getaffinity(0))
OTHER_CPU = max(os.sched_getaffinity(0))


@pytest.fixture(autouse=True)
def system_events() -> None:
    """Skip where the kernel refuses what these tests count with."""
    try:
        os.close(open_system_event(SOFTWARE, SOFTWARE_CLOCK, CPU))
    except MeterUnavailable as error:
        unavailable(f"system-wide perf events: {error}")


def test_the_energy_is_what_the_kernel_counts(tmp_path: Path) -> None:
    SimulatedCpus(tmp_path, {0: [[CPU]]})
    SimulatedPmu(tmp_path / "sys", [CPU])
    meters = by_id(discover(places(tmp_path, FakeClock())))
    assert list(meters) == ["package-0", "dram-0", "psys"]
    started, before = time.monotonic(), {key: read(m, now()) for key, m in meters.items()}
    time.sleep(0.3)
    after, elapsed = {key: read(m, now()) for key, m in meters.items()}, time.monotonic() - started
    for key in meters:
        assert after[key] - before[key] == pytest.approx(CLOCK_WATTS * elapsed, rel=0.05)
    device = meters["package-0"].device
    assert (device.meter, device.method, device.kind) == ("rapl-perf", "counter", "cpu")
    assert "energy-pkg" in device.source


@pytest.mark.skipif(CPU == OTHER_CPU, reason="needs two CPUs")
def test_cpus_of_the_mask_are_looked_up_in_the_topology(tmp_path: Path) -> None:
    """The first CPU of the mask is that of package 7."""
    SimulatedCpus(tmp_path, {3: [[OTHER_CPU]], 7: [[CPU]]})
    SimulatedPmu(tmp_path / "sys", [CPU, OTHER_CPU], ["energy-pkg", "energy-psys"])
    found = by_id(discover(places(tmp_path, FakeClock())))
    assert list(found) == ["package-3", "package-7", "psys"]
    assert found["package-7"].device.source.endswith(f"CPU {CPU}")


@pytest.mark.skipif(CPU == OTHER_CPU, reason="needs two CPUs")
@pytest.mark.parametrize("processor", [None, AMD_SERVER])
def test_dies_are_summed_but_where_they_share_one_counter(
    tmp_path: Path, processor: tuple[str, int, int] | None
) -> None:
    """Kernels before 6.12 have a CPU of each die in the mask on AMD, too."""
    dies = {0: [[CPU], [OTHER_CPU]]}
    SimulatedCpus(tmp_path, dies, processor) if processor else SimulatedCpus(tmp_path, dies)
    SimulatedPmu(tmp_path / "sys", [CPU, OTHER_CPU], ["energy-pkg"])
    (meter,) = discover(places(tmp_path, FakeClock())).meters
    started, before = time.monotonic(), read(meter, now())
    time.sleep(0.3)
    joules, elapsed = read(meter, now()) - before, time.monotonic() - started
    counters = 1 if processor else 2
    assert joules == pytest.approx(counters * CLOCK_WATTS * elapsed, rel=0.05)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pmu: (pmu.folder / "events/energy-pkg.unit").write_text("Watts\n"),
        lambda pmu: (pmu.folder / "events/energy-pkg.scale").write_text("1e6\n"),
        lambda pmu: (pmu.folder / "events/energy-pkg.scale").unlink(),
        lambda pmu: (pmu.folder / "events/energy-pkg").write_text("garbage\n"),
        lambda pmu: (pmu.folder / "cpumask").write_text("\n"),
        lambda pmu: (pmu.folder / "cpumask").write_text("a-b\n"),
        lambda pmu: (pmu.folder / "type").write_text("\n"),
    ],
)
def test_what_is_no_energy_is_left_alone(
    tmp_path: Path, spoil: Callable[[SimulatedPmu], object]
) -> None:
    SimulatedCpus(tmp_path, {0: [[CPU]]})
    spoil(SimulatedPmu(tmp_path / "sys", [CPU], ["energy-pkg"]))
    assert discover(places(tmp_path, FakeClock())).meters == ()


def test_a_cpu_that_went_offline_is_replaced_by_what_the_mask_has_then(tmp_path: Path) -> None:
    """Its descriptor fails; counting goes on elsewhere, as after a reset."""
    gone = 4000
    SimulatedCpus(tmp_path, {0: [[CPU, gone]]})
    pmu = SimulatedPmu(tmp_path / "sys", [CPU], ["energy-pkg"])
    (meter,) = discover(places(tmp_path, FakeClock())).meters
    time.sleep(0.1)
    first = read(meter, now())
    source = meter._sources[0]  # type: ignore[attr-defined]
    source.close()
    pmu.set_cpumask([gone])
    with pytest.raises(ReadFailed, match="perf events are refused"):
        read(meter, now())
    pmu.set_cpumask([CPU])
    again = read(meter, now())
    time.sleep(0.1)
    assert again == pytest.approx(first, abs=CLOCK_WATTS)
    assert read(meter, now()) > again
    assert note_codes(meter) == ["rapl-reset"]


def test_a_package_whose_cpus_are_all_gone_gives_no_reading(tmp_path: Path) -> None:
    cpus = SimulatedCpus(tmp_path, {0: [[CPU]]})
    SimulatedPmu(tmp_path / "sys", [CPU], ["energy-pkg"])
    (meter,) = discover(places(tmp_path, FakeClock())).meters
    meter._sources[0].close()  # type: ignore[attr-defined]
    cpus.take_offline(CPU)
    with pytest.raises(ReadFailed, match="no CPU of the package"):
        read(meter, now())


def test_an_event_of_no_pmu_is_refused() -> None:
    with pytest.raises(ReadFailed):
        EventSource(999_999, 0, lambda: CPU).read()


def test_without_privilege_the_row_says_what_would_help() -> None:
    """Counting what others do takes perf_event_paranoid <= 0 or CAP_PERFMON."""
    if _paranoid() <= 0:
        pytest.skip("everybody may count here")
    with public_folder() as folder:
        SimulatedCpus(folder, {0: [[CPU]]})
        SimulatedPmu(folder / "sys", [CPU], ["energy-pkg"])

        def rows() -> list[list[str | None]]:
            found = discover(places(folder, FakeClock()))
            return [[row.id, row.reason, row.hint] for row in found.unmeasured]

        ((device_id, reason, hint),) = run_unprivileged(rows)
    assert device_id == "package-0"
    assert "Permission denied" in str(reason)
    assert "perf_event_paranoid=0" in str(hint)
    assert "setcap cap_perfmon+ep /" in str(hint)
    assert "--cap-add PERFMON" in str(hint)


def _paranoid() -> int:
    with open("/proc/sys/kernel/perf_event_paranoid", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read())
