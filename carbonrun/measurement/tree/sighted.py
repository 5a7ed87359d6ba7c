"""The process table where the kernel keeps no account of a tree: what was seen, and the last word.

macOS and Windows have no subreaper, and psutil tells there of no time of children that were waited
for. So each process counts with what it was last seen to have used; an orphan too, which is known
from before its parent ended, or by the mark of the run in its environment. Where the system tells
more, that counts: macOS says at the end what the command and all whom it waited for have used,
Windows counts in a job object. Without that, processes that come and go between two looks are
missed.
"""

from __future__ import annotations

import os
import sys

from carbonrun.elsewhere.commands import command_with
from carbonrun.measurement.tree.portable import PsutilReader
from carbonrun.measurement.tree.table import ProcessTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from carbonrun.elsewhere.commands import Command
    from carbonrun.exit_status import ExitStatus
    from carbonrun.measurement.tree.procstat import ProcessStat


# Orphans whose children are looked for: each takes a look at all processes of the machine.
MOST_ASKED = 16


# Who gets the orphans on systems like Unix.
_INIT = 1


class FaithfulReader(PsutilReader):
    """Goes on to show processes as descendants whose parent has ended meanwhile."""

    def __init__(self, mark: bytes = b"") -> None:
        """Know nobody yet; ``mark`` is in the environment of the command and of what it starts."""
        self._known: dict[int, int] = {}
        self._mark = mark
        self._judged: set[tuple[int, int]] = set()
        own = self.stat(os.getpid())
        self._started_ticks = 0 if own is None else own.start_ticks

    def descendants(self, pid: int, strangers: Container[int]) -> Iterator[ProcessStat]:
        """Walk the tree by the parent of every process, and from those that were in it before."""
        seen: dict[int, int] = {}
        for stat in super().descendants(pid, strangers):
            seen[stat.pid] = stat.start_ticks
            yield stat
        asked = 0
        for lost, start_ticks in (*self._known.items(), *self._adopted_by_init(strangers)):
            top = None if lost in seen else self.stat(lost)
            if top is None or top.start_ticks != start_ticks:
                continue
            below = super().descendants(lost, strangers) if asked < MOST_ASKED else ()
            asked += 1
            for stat in (top, *below):
                if stat.pid not in seen:
                    seen[stat.pid] = stat.start_ticks
                    yield stat
        self._known = seen

    def _adopted_by_init(self, strangers: Container[int]) -> Iterator[tuple[int, int]]:
        """Yield orphans with our mark that nobody has seen before; each is looked at once."""
        if sys.platform == "win32" or not self._mark:
            return
        for orphan in self.children_since(_INIT, self._started_ticks):
            if orphan in self._judged:
                continue
            self._judged.add(orphan)
            if orphan[0] not in strangers and self.is_marked(orphan[0], self._mark):
                yield orphan


class SightedTable(ProcessTable):
    """All processes of the tree, as far as they were seen."""

    def __init__(self, own_pid: int, mark: bytes) -> None:
        """See :class:`carbonrun.measurement.tree.table.ProcessTable`; look who is there already."""
        reader = FaithfulReader(mark)
        strangers = frozenset(stat.pid for stat in PsutilReader().descendants(own_pid, ()))
        super().__init__(reader, own_pid, strangers, mark)
        self._command: Command | None = None
        self._doubts_orphans = False  # none of them becomes our child

    def cpu_seconds(self) -> float:
        """Return what was seen, or what was told where that is more."""
        if self._command is None and self.command_pid > 0:
            self._command = command_with(self.command_pid)
        counted_seconds = None if self._command is None else self._command.tree_cpu_seconds()
        told_seconds = max(super().cpu_seconds(), counted_seconds or 0.0)
        ended_seconds = sum(self.named_cpu_seconds.values())
        live_seconds = sum(process.cpu_seconds for process in self.live.values())
        return max(told_seconds, ended_seconds + live_seconds)

    def reap_orphans(self) -> None:
        """Do nothing: an orphan becomes the child of the first process."""

    def reap_command(self) -> ExitStatus:
        """Take what was told at the end of the command, and return how it ended."""
        if self.exit_status is None:
            pid, self.command_pid = self.command_pid, -1
            end = command_with(pid).wait()
            self.exit_status = end.status
            self.reaped_cpu_seconds += end.cpu_seconds or 0.0
            self._largest_resident_bytes = end.peak_memory_bytes or 0
            self.read_bytes = self.write_bytes = None
            if pid in self.live:
                self._part(pid)
        return self.exit_status

    def wait_for_command(self) -> ExitStatus:
        """Return how the command ended, however long that takes; measures nothing."""
        if self.exit_status is None:
            self.exit_status = command_with(self.command_pid).wait().status
        return self.exit_status

    def command_has_ended(self) -> bool:
        """Tell whether the command has ended; asks, and does not wait."""
        if self.exit_status is None:
            command = command_with(self.command_pid)
            command.poll()
            return command.end is not None
        return True

    def has(self, pid: int) -> bool:
        """Tell whether a helper is there; takes its status if it has ended."""
        if sys.platform != "win32" and pid in self._helpers:
            _, _, usage = ended = os.wait4(pid, os.WNOHANG)
            if ended[0] == pid:
                self._helpers.discard(pid)
                self.strangers.discard(pid)
                self._helper_cpu_seconds += usage.ru_utime + usage.ru_stime
        return pid in self._helpers
