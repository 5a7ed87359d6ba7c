"""Calibrates this machine: looks whether it is fit for it, loads it, and draws the conclusions.

Responsible for the checks, and for the order of things. Everything that touches the machine is
given: meters, clock, load, the roots of sysfs and procfs.
"""

from __future__ import annotations

from carbonrun.errors import CarbonrunError
from carbonrun.measurement import busy_programs, hindrances
from carbonrun.measurement.calibration import DeviceCalibration, calibrate_device
from carbonrun.measurement.model import BOARD
from carbonrun.measurement.stretches import measure_idle, measure_steps
from carbonrun.notes import WARNING, Notes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from carbonrun.measurement.busy_programs import BusyProgram
    from carbonrun.measurement.calibration import Stretch
    from carbonrun.measurement.model import Meter
    from carbonrun.measurement.stretches import Load, Plan, Sensors

# More CPU use than that by others is no quiet machine.
BUSY_LIMIT = 0.05
# Loaded CPUs that are busy for so much less than that are held back.
HELD_BACK = 0.1
_SHOWN_PROGRAMS = 3
FORCE = "or calibrate all the same with --force"


class NotQuiet(CarbonrunError):
    """The machine is in no state in which a calibration would tell its idle power."""


class Findings(Record):
    """What was found.

    Attributes:
        devices: that were measured.
        failed: device id and reason for those that were not.
        remarks: what the reader has to know.
    """

    devices: tuple[DeviceCalibration, ...]
    failed: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]


class Calibrator:
    """One calibration."""

    def __init__(  # noqa: PLR0913 - all that touches the machine is given
        self,
        plan: Plan,
        sensors: Sensors,
        load: Callable[[], AbstractContextManager[Load]],
        *,
        procfs: str,
        sysfs: str,
        own_pid: int,
        is_forced: bool,
    ) -> None:
        """Prepare; ``is_forced`` goes on where the machine is not fit for it, with a remark."""
        self._plan = plan
        self._sensors = sensors
        self._load = load
        self._procfs = procfs
        self._sysfs = sysfs
        self._own_pid = own_pid
        self._is_forced = is_forced
        self._remarks: list[str] = []

    def run(self) -> Findings:
        """Check, measure, and return what was found.

        Raises:
            NotQuiet: the machine is busy, or runs on its battery.
            CarbonrunError: it could not be measured.
        """
        self._check_battery()
        self._watch(lambda: self._sensors.stretches("is it quiet?", 0, self._plan.check_seconds, 1))
        limit = hindrances.clock_limit(self._sysfs)
        if limit is not None:
            self._remarks.append(limit)
        heat_events = hindrances.heat_events(self._sysfs)
        stretches = self._watch(lambda: measure_idle(self._plan, self._sensors))
        with self._load() as load:
            stretches += measure_steps(self._plan, self._sensors, load)
        if hindrances.heat_events(self._sysfs) > heat_events:
            self._remarks.append("CPUs were slowed down by heat while they were loaded")
        self._remark_on_load(stretches)
        return self._conclude(stretches)

    def _refuse(self, message: str, hint: str) -> None:
        if not self._is_forced:
            raise NotQuiet(message, hint)
        if message not in self._remarks:
            self._remarks.append(message)

    def _check_battery(self) -> None:
        # Where only the battery itself tells joules, it has to be in use.
        if any(meter.device.kind != BOARD for meter in self._sensors.meters) and (
            hindrances.is_on_battery(self._sysfs)
        ):
            self._refuse("the machine runs on its battery", f"plug it in, {FORCE}")

    def _watch(self, action: Callable[[], list[Stretch]]) -> list[Stretch]:
        """Measure the machine as it is; refuse to go on if it was busy meanwhile."""
        before = busy_programs.look(self._procfs)
        stretches = action()
        programs = busy_programs.busiest(before, busy_programs.look(self._procfs), {self._own_pid})
        seconds = sum(stretch.seconds for stretch in stretches)
        load = sum(stretch.load * stretch.seconds for stretch in stretches) / seconds
        if load > BUSY_LIMIT:
            self._refuse(
                f"the machine is busy: other programs use {load:.0%} of its CPUs",
                f"{_named(programs, seconds)}; stop that, {FORCE}",
            )
        return stretches

    def _remark_on_load(self, stretches: Iterable[Stretch]) -> None:
        top = max(self._plan.worker_counts)
        cpus = self._plan.logical_cpus
        full = [stretch.load for stretch in stretches if stretch.workers == top]
        reached, wanted = sum(full) / len(full), top / cpus
        if reached < wanted * (1 - HELD_BACK):
            self._remarks.append(
                f"{top} workers got {reached:.0%} of the machine's CPU time, not {wanted:.0%}: "
                "something limits them (a quota of the container?)"
            )
        if top < cpus:
            self._remarks.append(f"only {top} of the {cpus} CPUs may be used here")

    def _conclude(self, stretches: Sequence[Stretch]) -> Findings:
        devices: list[DeviceCalibration] = []
        failed: list[tuple[str, str]] = []
        for meter in self._sensors.meters:
            found = _fault(meter) or calibrate_device(meter.device, stretches)
            if isinstance(found, DeviceCalibration):
                devices.append(found)
            else:
                failed.append((meter.device.id, found))
        return Findings(devices=tuple(devices), failed=tuple(failed), remarks=tuple(self._remarks))


def _fault(meter: Meter) -> str | None:
    """Return what the meter itself does not like about its figures."""
    notes = Notes()
    meter.notes(notes)
    return next((note.message for note in notes.all() if note.level == WARNING), None)


def _named(programs: Sequence[BusyProgram], seconds: float) -> str:
    """Return ``python3 (PID 17) 98 %, make (PID 5) 3 %``: of one CPU."""
    shown = [
        f"{_harmless(program.name)} (PID {program.pid}) {program.cpu_seconds / seconds:.0%}"
        for program in programs[:_SHOWN_PROGRAMS]
    ]
    if shown:
        return f"{', '.join(shown)} of a CPU"
    return "programs that cannot be seen from here, or were short-lived"


def _harmless(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name)
