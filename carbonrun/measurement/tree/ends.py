"""The ends of the machine's processes, read from taskstats and put into a tree of calls."""

from __future__ import annotations

import os
import time

from carbonrun.measurement.tree.exits import Exits
from carbonrun.measurement.tree.taskstats import Taskstats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.calls import CallTree
    from carbonrun.measurement.tree.table import ProcessTable

# What reading may take of one CPU, and at once: others of the machine may end thousands a second.
CPU_SHARE = 0.02
BURST_CPU_SECONDS = 0.1


class ToldEnds:
    """See :class:`carbonrun.measurement.tree.naming.Source`."""

    sees_starts = False

    def __init__(self, taskstats: Taskstats, exits: Exits) -> None:
        """Take over an open socket."""
        self.is_open = True
        self._taskstats = taskstats
        self._exits = exits
        self._ended: set[int] = set()  # since the last look
        self._ended_before: set[int] = set()
        self._cpu_seconds = 0.0
        self._opened_seconds = time.monotonic()

    @classmethod
    def open(cls, tree: CallTree, table: ProcessTable) -> ToldEnds:
        """Listen on all CPUs.

        Raises:
            MeterUnavailable: the kernel refuses, or is too old.
        """
        taskstats = Taskstats(os.sysconf("SC_NPROCESSORS_CONF"))
        return cls(taskstats, Exits(tree, table.own_pid, table.strangers))

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing was lost so far."""
        return self._taskstats.is_complete

    def drain(self) -> None:
        """Take the ends up to now; those of the tree go into it."""
        before = time.thread_time()
        for end in self._taskstats.take():
            self._exits.take(end)
            if end.is_last:
                self._ended.add(end.pid)
        self._cpu_seconds += time.thread_time() - before
        elapsed_seconds = time.monotonic() - self._opened_seconds
        if self._cpu_seconds > BURST_CPU_SECONDS + CPU_SHARE * elapsed_seconds:
            self._taskstats.close()
            self.is_open = False

    def after_look(self) -> None:
        """Give up those who turn out not to be of the tree."""
        self._exits.look(_is_alive)
        self._ended_before, self._ended = self._ended, set()

    def has_ended(self, pid: int) -> bool:
        """Tell whether the end of a process was told: it still shows as running for a moment."""
        return pid in self._ended or pid in self._ended_before


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
