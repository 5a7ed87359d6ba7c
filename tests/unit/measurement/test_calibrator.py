"""A whole calibration on a machine in memory: checks, order, refusals, what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.errors import CarbonrunError
from carbonrun.measurement.calibrator import Calibrator, Findings, NotQuiet
from carbonrun.measurement.load import worker_counts
from carbonrun.measurement.model import BOARD, CPU, MEMORY
from carbonrun.measurement.stretches import Plan, Sensors
from tests.machine.loaded_machine import LoadedMachine

if TYPE_CHECKING:
    from pathlib import Path

OWN_PID = 4242


@pytest.fixture
def machine(tmp_path: Path) -> LoadedMachine:
    result = LoadedMachine(tmp_path)
    result.add_meter("package-0", CPU, lambda load: 10 + 40 * load)
    return result


def plan(machine: LoadedMachine, **changes: Any) -> Plan:
    usual = Plan(
        logical_cpus=machine.cpus,
        worker_counts=worker_counts(machine.cpus),
        idle_seconds=30.0,
        step_seconds=10.0,
    )
    return usual.replace(**changes)


class Progress:
    """What was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, float]] = []

    def show(self, what: str, done_seconds: float) -> None:
        self.shown.append((what, done_seconds))


def calibrate(
    machine: LoadedMachine,
    progress: Progress | None = None,
    *,
    is_forced: bool = False,
    **changes: Any,
) -> Findings:
    shown = progress or Progress()
    sensors = Sensors(
        machine.meters, machine.machine(), machine.clock.now, machine.sleep, shown.show
    )
    return Calibrator(
        plan(machine, **changes),
        sensors,
        machine.workload,
        procfs=machine.procfs,
        sysfs=machine.sysfs,
        own_pid=OWN_PID,
        is_forced=is_forced,
    ).run()


def test_floor_and_curve_of_all_devices(machine: LoadedMachine) -> None:
    machine.add_meter("dram-0", MEMORY, lambda load: 3 + load)
    findings = calibrate(machine)
    assert (findings.failed, findings.remarks) == ((), ())
    package, memory = findings.devices
    assert package.idle.watts == pytest.approx(10, rel=1e-3)
    assert memory.idle.watts == pytest.approx(3, rel=1e-3)
    assert [round(point.load, 3) for point in package.points] == [0.25, 0.5, 0.75, 1.0]
    assert [point.watts for point in package.points] == pytest.approx([20, 30, 40, 50], rel=1e-3)
    assert package.idle.high_watts - package.idle.low_watts < 0.1
    assert machine.workers == 0


def test_progress_goes_from_nothing_to_all(machine: LoadedMachine) -> None:
    progress = Progress()
    calibrate(machine, progress)
    done = [seconds for _what, seconds in progress.shown]
    assert [round(seconds, 6) for seconds in done] == sorted(round(s, 6) for s in done)
    assert done[0] == 0
    assert done[-1] == pytest.approx(plan(machine).total_seconds)
    assert list(dict.fromkeys(what for what, _seconds in progress.shown)) == [
        "is it quiet?", "idle", "1 CPU busy", "2 CPUs busy", "3 CPUs busy", "4 CPUs busy",
    ]  # fmt: skip


def test_a_busy_machine_is_refused_and_says_by_what(machine: LoadedMachine) -> None:
    machine.background = 1.0
    machine.show_process(7, "idle one", 5.0)
    machine.show_process(8, "make\x1b[31m", 10.0)
    machine.show_process(OWN_PID, "carbonrun", 1.0)
    before = machine.sleep

    def sleep(seconds: float) -> None:
        before(seconds)
        machine.show_process(8, "make\x1b[31m", 10.0 + 2.0)
        machine.show_process(OWN_PID, "carbonrun", 2.0)

    machine.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(NotQuiet) as refusal:
        calibrate(machine)
    assert refusal.value.message == "the machine is busy: other programs use 25% of its CPUs"
    assert refusal.value.hint == (
        "make?[31m (PID 8) 100% of a CPU; stop that, or calibrate all the same with --force"
    )
    assert refusal.value.exit_status == 125
    assert machine.most_workers == 0


def test_busy_by_what_nobody_sees(machine: LoadedMachine) -> None:
    machine.background = 4.0
    with pytest.raises(NotQuiet, match="100%") as refusal:
        calibrate(machine)
    assert "cannot be seen from here" in str(refusal.value.hint)


def test_a_machine_that_gets_busy_while_it_is_measured_is_refused(machine: LoadedMachine) -> None:
    class Meanwhile(Progress):
        def show(self, what: str, done_seconds: float) -> None:
            machine.background = 1.0 if what == "idle" and done_seconds > 10 else 0.0

    with pytest.raises(NotQuiet, match="busy"):
        calibrate(machine, Meanwhile())
    assert machine.most_workers == 0


def test_force_goes_on_and_still_finds_the_floor(machine: LoadedMachine) -> None:
    machine.background = 0.8
    findings = calibrate(machine, is_forced=True)
    (package,) = findings.devices
    assert package.idle.watts == pytest.approx(10, rel=0.01)
    assert package.idle.low_watts < 10 < package.idle.high_watts
    assert findings.remarks == ("the machine is busy: other programs use 20% of its CPUs",)


def battery(machine: LoadedMachine, status: str = "Discharging", scope: str | None = None) -> None:
    folder = machine.sysfs_folder / "class/power_supply/BAT0"
    folder.mkdir(parents=True)
    (folder / "type").write_text("Battery\n")
    (folder / "status").write_text(f"{status}\n")
    if scope is not None:
        (folder / "scope").write_text(f"{scope}\n")


def test_on_battery_it_is_refused_or_said(machine: LoadedMachine) -> None:
    battery(machine)
    with pytest.raises(NotQuiet, match="runs on its battery"):
        calibrate(machine)
    assert calibrate(machine, is_forced=True).remarks == ("the machine runs on its battery",)


@pytest.mark.parametrize(("status", "scope"), [("Charging", None), ("Discharging", "Device")])
def test_other_batteries_do_not_matter(machine: LoadedMachine, status: str, scope: str) -> None:
    battery(machine, status, scope)
    assert calibrate(machine).remarks == ()


def test_where_only_a_board_meter_is_there_the_battery_may_be_it(tmp_path: Path) -> None:
    machine = LoadedMachine(tmp_path)
    machine.add_meter("battery", BOARD, lambda load: 10 + 40 * load)
    battery(machine)
    assert calibrate(machine).devices[0].kind == BOARD


def cpu_file(machine: LoadedMachine, name: str, content: str) -> None:
    file = machine.sysfs_folder / "devices/system/cpu/cpu0" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def test_a_limited_clock_is_said(machine: LoadedMachine) -> None:
    cpu_file(machine, "cpufreq/scaling_max_freq", "1200000\n")
    cpu_file(machine, "cpufreq/cpuinfo_max_freq", "3600000\n")
    assert calibrate(machine).remarks == ("the clock of 1 CPUs is limited to 1.20 of 3.60 GHz",)
    cpu_file(machine, "cpufreq/scaling_max_freq", "3600000\n")
    assert calibrate(machine).remarks == ()


def test_heat_is_said(machine: LoadedMachine) -> None:
    cpu_file(machine, "thermal_throttle/package_throttle_count", "7\n")
    assert calibrate(machine).remarks == ()

    class Heat(Progress):
        def show(self, what: str, done_seconds: float) -> None:  # noqa: ARG002
            if what.endswith("busy"):
                cpu_file(machine, "thermal_throttle/package_throttle_count", "9\n")

    assert calibrate(machine, Heat()).remarks == (
        "CPUs were slowed down by heat while they were loaded",
    )


def test_a_container_that_may_not_use_all_cpus_is_said(machine: LoadedMachine) -> None:
    findings = calibrate(machine, worker_counts=(1, 2))
    assert findings.remarks == ("only 2 of the 4 CPUs may be used here",)


def test_workers_that_are_held_back_are_said(machine: LoadedMachine) -> None:
    machine.cpus = 8  # of which the four workers get only half of what they should have
    findings = calibrate(machine, logical_cpus=4, worker_counts=(1, 2, 4))
    (remark,) = findings.remarks
    assert remark.startswith("4 workers got 50% of the machine's CPU time, not 100%")


def test_a_meter_that_fails_or_complains_is_left_out(machine: LoadedMachine) -> None:
    machine.add_meter("dram-0", MEMORY, lambda _load: 3.0).fails = True
    machine.add_meter("package-1", CPU, lambda _load: 3.0).complaint = "the counter was reset"
    machine.add_meter("package-2", CPU, lambda _load: 0.0)
    findings = calibrate(machine)
    assert [device.id for device in findings.devices] == ["package-0"]
    assert findings.failed == (
        ("dram-0", "it could not be read while it was measured"),
        ("package-1", "the counter was reset"),
        ("package-2", "its counter did not move, although the CPUs were busy"),
    )


def test_a_worker_that_is_lost_ends_it(machine: LoadedMachine) -> None:
    machine.loses_worker = True
    with pytest.raises(CarbonrunError, match="ended by somebody else"):
        calibrate(machine)
    assert machine.workers == 0


def test_a_machine_that_does_not_tell_how_busy_it_is(machine: LoadedMachine) -> None:
    (machine.procfs_folder / "stat").unlink()
    with pytest.raises(CarbonrunError, match="cannot be told") as refusal:
        calibrate(machine)
    assert "--procfs" in str(refusal.value.hint)
