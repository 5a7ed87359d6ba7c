"""Sensors beside powercap in whole runs: what is billed, compared, shown, and left alone."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.perf import open_system_event
from tests.accounting.conftest import unavailable
from tests.machine.energy_simulator import SimulatedSensor
from tests.machine.measured_run import REFUSE_PERF, Bench
from tests.machine.sim_battery import SimulatedSupply
from tests.machine.sim_cray import SimulatedCray
from tests.machine.sim_hwmon import hsmp
from tests.machine.sim_ipmitool import READING, SimulatedIpmi
from tests.machine.sim_perf import CLOCK_WATTS, SOFTWARE, SOFTWARE_CLOCK, SimulatedPmu
from tests.machine.sim_redfish import PASSWORD, USER, SimulatedRedfish
from tests.machine.sim_topology import SimulatedCpus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.machine.measured_run import Measured

CPU = min(os.sched_getaffinity(0))
SECONDS = 2.6


@pytest.fixture
def system_events() -> None:
    """Skip where the kernel refuses to count what others do."""
    try:
        os.close(open_system_event(SOFTWARE, SOFTWARE_CLOCK, CPU))
    except MeterUnavailable as error:
        unavailable(f"system-wide perf events: {error}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the test a machine with one CPU in one package."""
    SimulatedCpus(tmp_path / "machine", {0: [[CPU]]})
    return tmp_path / "machine"


def devices(measured: Measured) -> dict[str, dict[str, Any]]:
    """Return the devices of the report by id."""
    assert measured.note("carbonrun-failed") is None
    return {device["id"]: device for device in measured.report["energy"]["devices"]}


def run(bench: Bench, root: Path, *options: str, **how: Any) -> Measured:
    """Run a sleep on the machine below ``root``."""
    return bench.run(["sleep", str(SECONDS)], "--sysfs", str(root / "sys"), *options, **how)


@pytest.mark.usefixtures("system_events")
def test_perf_steps_in_where_there_is_no_powercap(bench: Bench, root: Path) -> None:
    SimulatedPmu(root / "sys", [CPU], ["energy-pkg", "energy-ram"])
    measured = run(bench, root)
    found = devices(measured)
    assert {key: found[key]["meter"] for key in found} == {
        "package-0": "rapl-perf",
        "dram-0": "rapl-perf",
    }
    seconds = measured.report["run"]["duration_seconds"]
    assert found["package-0"]["machine_joules"] == pytest.approx(CLOCK_WATTS * seconds, rel=0.1)
    assert measured.report["energy"]["unmeasured"] == [
        row for row in measured.report["energy"]["unmeasured"] if row["kind"] == "gpu"
    ]


def test_a_counter_of_all_packages_is_not_taken_for_the_model_of_them(
    bench: Bench, root: Path
) -> None:
    """Both are called "cpu": as on Cray nodes, and on Macs."""
    cray = SimulatedCray(root / "sys", cpu_energy=1000, memory_energy=500)
    is_over = threading.Event()

    def move() -> None:
        while not is_over.wait(0.1):
            cray.advance(cpu_energy=20, memory_energy=3)

    thread = threading.Thread(target=move)
    thread.start()
    try:
        measured = run(bench, root, "--scope", "machine")
    finally:
        is_over.set()
        thread.join()
    found = devices(measured)
    methods = {key: (device["meter"], device["method"]) for key, device in found.items()}
    assert methods == dict.fromkeys(("cpu", "memory"), ("cray-pm-counters", "counter"))
    assert found["cpu"]["joules"] / found["memory"]["joules"] == pytest.approx(20 / 3, rel=0.1)
    assert found["cpu"]["joules"] % 20 == 0
    assert measured.note("cpu-estimated") is None


def test_a_counter_of_all_packages_that_stands_still_leaves_it_to_the_model(
    bench: Bench, root: Path
) -> None:
    SimulatedCray(root / "sys", cpu_energy=1000, memory_energy=500)
    measured = run(bench, root)
    assert {device["method"] for device in devices(measured).values()} == {"estimated"}
    assert measured.report["energy"]["joules"] > 0


def test_power_is_integrated_where_there_is_no_counter(bench: Bench, root: Path) -> None:
    hsmp(root / "sys", 0, 80_000_000)
    measured = run(bench, root, "--scope", "machine")
    device = devices(measured)["package-0"]
    assert (device["meter"], device["method"]) == ("amd-hsmp", "integrated")
    seconds = measured.report["run"]["duration_seconds"]
    assert device["joules"] == pytest.approx(80 * seconds, rel=0.05)
    assert measured.note("cpu-estimated") is None
    assert measured.note("memory-estimated") is not None


def test_a_run_that_is_too_short_for_samples_goes_to_the_model(bench: Bench, root: Path) -> None:
    hsmp(root / "sys", 0, 80_000_000).fail("power1_input")
    found = devices(bench.run(["sleep", "0.2"], "--sysfs", str(root / "sys")))
    assert found["cpu"]["method"] == "estimated"


@pytest.mark.usefixtures("system_events")
def test_a_second_sensor_that_disagrees_is_told(bench: Bench, root: Path) -> None:
    SimulatedPmu(root / "sys", [CPU], ["energy-pkg"])
    with SimulatedSensor(root / "sys") as sensor:
        measured = bench.run(["sleep", "3"], "--sysfs", sensor.sysfs)
    assert list(devices(measured)) == ["package-0", "memory"]
    note = measured.note("sensors-disagree")
    assert note is not None
    assert "rapl-powercap, which is billed" in note["message"]
    assert "rapl-perf" in note["message"]


@pytest.mark.usefixtures("system_events")
def test_a_second_sensor_that_agrees_is_not_told(bench: Bench, root: Path) -> None:
    """Powercap moves like the kernel's clock, at its power."""
    SimulatedPmu(root / "sys", [CPU], ["energy-pkg"])
    with SimulatedSensor(root / "sys", idle_watts=CLOCK_WATTS, watts_per_cpu=0.0) as sensor:
        measured = bench.run(["sleep", "3"], "--sysfs", sensor.sysfs)
    assert measured.note("sensors-disagree") is None


RUNGS: dict[str, tuple[str, ...]] = {"perf": (), "procfs": REFUSE_PERF}


@pytest.mark.parametrize("rung", RUNGS)
def test_meters_of_the_board_are_shown_and_not_summed(bench: Bench, root: Path, rung: str) -> None:
    """The tool is a process of ours: no part of the tree, its CPU time no part of the bill."""
    hsmp(root / "sys", 0, 80_000_000)
    SimulatedSupply(root / "sys", "BAT0", power_now=15_000_000)
    ipmi = SimulatedIpmi(root)
    busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
    tool = ipmi.folder / "ipmitool"
    tool.write_text(tool.read_text().replace("sleep 0.0\n", busy + "\n"))
    path = f"{ipmi.folder}:{os.environ['PATH']}"
    measured = run(
        bench, root, "--board", "--scope", "machine", env={"PATH": path}, prefix=RUNGS[rung]
    )
    found = devices(measured)
    seconds = measured.report["run"]["duration_seconds"]
    assert found["ipmi"]["kind"] == found["battery-BAT0"]["kind"] == "board"
    assert found["ipmi"]["joules"] == pytest.approx(216 * seconds, rel=0.1)
    assert found["battery-BAT0"]["joules"] == pytest.approx(15 * seconds, rel=0.1)
    billed = found["package-0"]["joules"] + found["memory"]["joules"]
    assert measured.report["energy"]["joules"] == pytest.approx(billed)
    assert [run[1:] for run in ipmi.runs()] == [["dcmi", "power", "reading"]]
    assert measured.tree["processes"] in (1, None)
    # The row without a name is what one short process did since it was looked at.
    assert {each["program"] for each in measured.tree["programs"]} - {None} == {"sleep"}
    assert measured.tree["cpu_seconds"] < 0.05


def test_a_group_of_our_own_leaves_the_tool_out(lonely_bench: Bench, root: Path) -> None:
    ipmi = SimulatedIpmi(root)
    tool = ipmi.folder / "ipmitool"
    busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
    tool.write_text(tool.read_text().replace("sleep 0.0\n", busy + "\n"))
    path = f"{ipmi.folder}:{os.environ['PATH']}"
    measured = run(lonely_bench, root, "--board", env={"PATH": path})
    assert measured.tree["cpu_accounting"] == "cgroup"
    assert len(ipmi.runs()) == 1
    assert measured.tree["cpu_seconds"] < 0.05


def test_no_tool_is_run_unasked(bench: Bench, root: Path) -> None:
    ipmi = SimulatedIpmi(root)
    path = f"{ipmi.folder}:{os.environ['PATH']}"
    measured = run(bench, root, env={"PATH": path})
    assert ipmi.runs() == []
    assert "ipmi" not in devices(measured)


def test_a_tool_that_hangs_delays_nothing_and_does_not_outlive_the_run(
    bench: Bench, root: Path
) -> None:
    ipmi = SimulatedIpmi(root)
    ipmi.answer(READING.format(watts=1, state="activated"), seconds=60)
    path = f"{ipmi.folder}:{os.environ['PATH']}"
    measured = run(bench, root, "--board", env={"PATH": path})
    assert measured.wall_seconds < SECONDS + 5
    rows = {row["id"]: row for row in measured.report["energy"]["unmeasured"]}
    assert "gave no figure" in rows["ipmi"]["reason"]
    pid = ipmi.runs()[0][0]
    assert wait_until(lambda: not os.path.exists(f"/proc/{pid}") or is_zombie(pid))  # noqa: PTH110


def test_redfish_is_asked_over_the_network(bench: Bench, root: Path) -> None:
    credentials = {"CARBONRUN_REDFISH_USER": USER, "CARBONRUN_REDFISH_PASSWORD": PASSWORD}
    with SimulatedRedfish(watts=250.0) as service:
        measured = run(bench, root, "--redfish-url", service.url, env=credentials)
    device = devices(measured)["redfish"]
    seconds = measured.report["run"]["duration_seconds"]
    assert device["joules"] == pytest.approx(250 * seconds, rel=0.1)
    assert service.asked


def test_a_controller_that_does_not_answer_delays_nothing(bench: Bench, root: Path) -> None:
    with SimulatedRedfish() as service:
        service.delay_seconds = 30.0
        measured = run(bench, root, "--redfish-url", service.url)
        assert measured.wall_seconds < SECONDS + 5
    rows = {row["id"]: row for row in measured.report["energy"]["unmeasured"]}
    assert "gave no figure" in rows["redfish"]["reason"]


def is_zombie(pid: str) -> bool:
    """Tell whether a process has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Return whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()
