"""One calibration of this machine, from its real sensors and clocks to the finished record."""

from __future__ import annotations

import os
import platform
import time

from carbonrun import __version__, clock
from carbonrun.cli.calibration_meters import open_meters
from carbonrun.cli.calibration_progress import progress, say
from carbonrun.cli.interruption import Interrupted, interruptible
from carbonrun.measurement.calibration import Calibration, fit_cpu
from carbonrun.measurement.calibrator import Calibrator
from carbonrun.measurement.load import LoadWorkers, spread, topology, usable_cpus, worker_counts
from carbonrun.measurement.meters import estimate
from carbonrun.measurement.model import BOARD, CPU
from carbonrun.measurement.stretches import Plan, Sensors
from carbonrun.record import Record
from carbonrun.rig import open_machine
from carbonrun.timestamps import iso_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carbonrun.measurement.calibrator import Findings
    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.model import IdleFloor, Meter
    from carbonrun.settings import Settings

# Seconds of the idle machine and of each step. Meters of whole boards are slow and coarse.
USUAL, BOARDS, QUICK = (30.0, 10.0), (60.0, 30.0), (10.0, 3.0)
SETTLE_SECONDS, CHECK_SECONDS = 1.0, 2.0
# A worker that nobody ends ends itself so much later than the plan.
SPARE_SECONDS = 60.0


class Request(Record):
    """What was asked for.

    Attributes:
        settings: roots of sysfs and procfs.
        state_dir, machine_id: where, and under which name, the result is kept.
        host: this machine.
        idle_seconds, step_seconds: None for the usual ones.
        is_quick: the usual ones are short.
        is_forced: go on where the machine is not fit for it.
    """

    settings: Settings
    state_dir: str
    machine_id: str | None
    host: HostFacts
    idle_seconds: float | None
    step_seconds: float | None
    is_quick: bool
    is_forced: bool


def measure(request: Request) -> Calibration | None:
    """Return what was measured; None if there is nothing to measure, which is said.

    A signal that asks to end ends this process, and everything that it has started.

    Raises:
        CarbonrunError: the machine is busy, or cannot be measured.
    """
    meters, unmeasured = open_meters(request.settings)
    if not meters:
        rows = [
            (row.id, f"{row.reason}; {row.hint}" if row.hint else row.reason) for row in unmeasured
        ]
        _say_nothing("no sensor of CPU, memory or board can be read here", rows)
        return None
    try:
        with interruptible():
            findings = _calibrator(request, meters)
    except Interrupted as interruption:
        say("carbonrun: interrupted; nothing was stored\n")
        interruption.die()
        raise
    if not findings.devices:
        _say_nothing("no sensor gave figures that can be used", findings.failed)
        return None
    for device_id, reason in findings.failed:
        say(f"carbonrun: {device_id} is left out: {reason}\n")
    return _calibration(request, findings)


def _calibrator(request: Request, meters: Sequence[Meter]) -> Findings:
    settings, plan = request.settings, _plan(request, meters)
    cpus = spread(usable_cpus(), topology(settings.sysfs))
    with progress(plan.total_seconds) as shown:
        sensors = Sensors(meters, open_machine(settings.procfs), clock.now, time.sleep, shown.show)
        return Calibrator(
            plan,
            sensors,
            lambda: LoadWorkers(cpus, plan.total_seconds + SPARE_SECONDS),
            procfs=settings.procfs,
            sysfs=settings.sysfs,
            own_pid=os.getpid(),
            is_forced=request.is_forced,
        ).run()


def _plan(request: Request, meters: Sequence[Meter]) -> Plan:
    usual = USUAL
    if request.is_quick:
        usual = QUICK
    elif all(meter.device.kind == BOARD for meter in meters):
        usual = BOARDS
    idle_seconds = request.idle_seconds or usual[0]
    step_seconds = request.step_seconds or usual[1]
    usable = len(usable_cpus())
    return Plan(
        logical_cpus=max(usable, request.host.logical_cpus),
        worker_counts=worker_counts(usable),
        idle_seconds=idle_seconds,
        step_seconds=step_seconds,
        settle_seconds=min(SETTLE_SECONDS, step_seconds / 4),
        check_seconds=min(CHECK_SECONDS, idle_seconds),
    )


def _calibration(request: Request, findings: Findings) -> Calibration:
    now = iso_time(clock.now().unix_seconds)
    fitted = fit_cpu(findings.devices, _modelled_idle(request.host), now[:10])
    return Calibration(
        machine_id=request.machine_id,
        calibrated_at=now,
        version=__version__,
        cpu_model=request.host.cpu_model,
        logical_cpus=request.host.logical_cpus,
        kernel=f"{platform.system()} {platform.release()}",
        devices=findings.devices,
        cpu=fitted,
        remarks=findings.remarks,
    )


def _modelled_idle(host: HostFacts) -> IdleFloor | None:
    for model in estimate.models(host):
        if model.device.kind == CPU:
            return model.device.idle
    return None


def _say_nothing(what: str, rows: Iterable[tuple[str, str]]) -> None:
    """Say that there is nothing to measure, why, and what to do."""
    lines = [f"carbonrun: nothing to calibrate: {what}"]
    lines += [f"  {name}: {reason}" for name, reason in rows]
    lines.append("  until then the energy of CPU and memory is modelled, within wide bounds")
    say("\n".join(lines) + "\n")
