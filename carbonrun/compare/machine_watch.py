"""The machine around the runs: is it busy, hot, on battery; has it come to rest?"""

from __future__ import annotations

from carbonrun.compare.model import BUSY, THROTTLED
from carbonrun.errors import ReadFailed
from carbonrun.measurement import hindrances
from carbonrun.rig import open_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from carbonrun.measurement.model import MachineState
    from carbonrun.notes import Notes

# Of all CPUs: more use by others than that is no quiet machine; and steps of the clock are none.
BUSY_PART = 0.1
_LEAST_BUSY_SECONDS = 0.1


class MachineWatch:
    """Looks at the machine before and after each run."""

    def __init__(self, procfs: str, sysfs: str, now_seconds: Any) -> None:
        """Read from these roots; ``now_seconds`` is a monotonic clock."""
        self._machine = open_machine(procfs, now_seconds)
        self._now_seconds = now_seconds
        self._sysfs = sysfs
        self._before: tuple[float, MachineState | None, int] | None = None

    def begin(self) -> None:
        """Look before a run."""
        self._before = (self._now_seconds(), self._read(), hindrances.heat_events(self._sysfs))

    def end(self, report: Mapping[str, Any]) -> tuple[str, ...]:
        """Look after a run and return the marks that it deserves."""
        if self._before is None:
            return ()
        started_seconds, before, heat = self._before
        now = self._read()
        marks = []
        if before is not None and now is not None:
            used = (report["tree"]["cpu_seconds"] or 0) + (report["overhead"]["cpu_seconds"] or 0)
            others = now.busy_cpu_seconds - before.busy_cpu_seconds - used
            capacity = now.logical_cpus * (self._now_seconds() - started_seconds)
            if others > max(_LEAST_BUSY_SECONDS, BUSY_PART * capacity):
                marks.append(BUSY)
        if hindrances.heat_events(self._sysfs) > heat:
            marks.append(THROTTLED)
        return tuple(marks)

    def note_hindrances(self, notes: Notes) -> None:
        """Say what makes this machine draw other power than usual."""
        if hindrances.is_on_battery(self._sysfs):
            notes.warn("compare-battery", "the machine runs on battery", "plug it in")
        limit = hindrances.clock_limit(self._sysfs)
        if limit is not None:
            notes.info("compare-clock", limit)

    def _read(self) -> MachineState | None:
        try:
            return self._machine.read()
        except ReadFailed:
            return None
