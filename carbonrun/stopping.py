"""Ends a command that has used more than it may: TERM first, KILL after a grace.

It is the command that gets TERM, since it knows best how to end what it has started. What is left
of its tree when it has ended gets TERM as well, and after the grace everything is killed: nothing
may go on using energy.
"""

from __future__ import annotations

import os

from carbonrun.entry import numbers
from carbonrun.report.budget import STOPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal

    from carbonrun.measurement.tree.table import ProcessTable
    from carbonrun.notes import Notes
    from carbonrun.settings import Settings
else:
    import _signal as signal  # signal.py wraps this module in enums, which cost 5 ms to import

GRACE_SECONDS = 10.0
KILL = (*numbers("SIGKILL"), signal.SIGTERM)[0]  # on Windows SIGTERM kills


class Stopper:
    """Ends the command and its tree."""

    def __init__(
        self, table: ProcessTable, notes: Notes, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """Know the tree; nothing is ended yet."""
        self._table = table
        self._notes = notes
        self._grace_seconds = grace_seconds
        self._since_seconds: float | None = None

    @property
    def has_begun(self) -> bool:
        """Tell whether the command was told to end."""
        return self._since_seconds is not None

    def stop(self, now_seconds: float) -> None:
        """Tell the command to end; call it again at each tick until it has."""
        if self._since_seconds is None:
            self._since_seconds = now_seconds
            self._notes.warn(STOPPED, "the command was stopped: it was over its budget")
            _send(self._table.command_pid, signal.SIGTERM)
        elif now_seconds - self._since_seconds >= self._grace_seconds:
            self._table.scan()
            for pid in (*self._table.live, self._table.command_pid):
                _send(pid, KILL)

    def sweep(self) -> None:
        """Tell what the ended command has left to end, too."""
        if self.has_begun:
            self._table.scan()
            for pid in self._table.live:
                _send(pid, signal.SIGTERM)


def _send(pid: int, number: int) -> None:
    if pid <= 1:
        return  # there is none any more
    try:
        os.kill(pid, number)
    except OSError:
        return  # it has just ended, or runs as another user


def stopper_of(settings: Settings, table: ProcessTable, notes: Notes) -> Stopper | None:
    """Return what ends the command if it uses too much; None if there is no budget."""
    if settings.max_energy_joules is None and settings.max_grams_co2e is None:
        return None
    return Stopper(table, notes)
