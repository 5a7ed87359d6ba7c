"""Finds the open files of graphics cards among the processes, at little cost.

Responsible for whose files are read when: those of processes that are known to have a card open at
each look, all others bit by bit, those of the tree and those that are new first, as far as the time
that may be spent on it goes. Not responsible for what the files say.

Files of other users' processes are not readable without root; that there were such is remembered.

Source: proc_pid_fd(5), proc_pid_fdinfo(5): both need the right to trace the process.
"""

from __future__ import annotations

import os
import time

from carbonrun.measurement.gpu.drm.clients import Sight
from carbonrun.measurement.gpu.drm.fdinfo import parse_fdinfo
from carbonrun.measurement.tree.procstat import OWN_PROCFS, read_bytes, read_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

NODES = "/dev/dri/"
# Of one CPU, for looking through processes that are not known to have a card open, of the tree and
# of others. So much more may be spent at once, so that the first look is a good one.
SEARCH_CPU_SHARE = 0.001
SEARCH_BURST_CPU_SECONDS = 0.01
# The number of the initial namespace. Source: linux/include/linux/proc_ns.h, PROC_PID_INIT_INO.
_FIRST_NAMESPACE = "pid:[4026531836]"


class Search:
    """Visits processes in turns, those first that were never visited, for a limited time."""

    def __init__(self, cpu_seconds: Callable[[], float] = time.thread_time) -> None:
        """Measure what is spent with ``cpu_seconds``."""
        self.is_through = False  # all that there are were visited at some time
        self._cpu_seconds = cpu_seconds
        self._spent_seconds = 0.0
        self._started_seconds: float | None = None
        self._visited: dict[int, None] = {}  # the longest ago first
        self._before: frozenset[int] = frozenset()

    def has_visited(self, pid: int) -> bool:
        """Tell whether a process was visited in an earlier turn."""
        return pid in self._before

    def turn(self, pids: Collection[int], now_seconds: float) -> Iterator[int]:
        """Yield those to visit now."""
        if self._started_seconds is None:
            self._started_seconds = now_seconds
        allowed = SEARCH_BURST_CPU_SECONDS + SEARCH_CPU_SHARE * (
            now_seconds - self._started_seconds
        )
        present = set(pids)
        old = [pid for pid in self._visited if pid in present]
        self._visited = dict.fromkeys(old)
        self._before = frozenset(old)
        self.is_through = False
        before, spent = self._cpu_seconds(), self._spent_seconds
        for pid in (*sorted(present.difference(old)), *old):
            self._spent_seconds = spent + self._cpu_seconds() - before
            if self._spent_seconds > allowed:
                break
            self._visited.pop(pid, None)
            self._visited[pid] = None
            yield pid
        self._spent_seconds = spent + self._cpu_seconds() - before
        self.is_through = present.issubset(self._visited)


class CardFiles:
    """Reads the files; :meth:`look` is called again and again."""

    def __init__(self, procfs: str) -> None:
        """Look below ``procfs``."""
        self._procfs = procfs
        self._holders: set[int] = set()
        self._unreadable: set[int] = set()
        self._of_tree, self._of_others = Search(), Search()
        self._is_confined = _namespace(procfs) not in (_FIRST_NAMESPACE, None)

    @property
    def sees_all(self) -> bool:
        """Tell whether no file of a card can have been missed, as far as anybody has looked."""
        return self._of_others.is_through and not self._unreadable and not self._is_confined

    def look(self, tree: Collection[int], now_seconds: float) -> list[Sight]:
        """Return what is readable now.

        Args:
            tree: the numbers of its processes. They may mean others here, where this is not the
                procfs of our namespace: who is who is told by the start times.
            now_seconds: on the monotonic clock.
        """
        everybody = self._pids()
        ours = everybody.intersection(tree)
        self._unreadable.intersection_update(everybody)
        holders = sorted(self._holders)
        sights = [sight for pid in holders for sight in self._of(pid, was_visited=True)]
        self._holders = {sight.pid for sight in sights}
        for search, pids in (
            (self._of_tree, ours),
            (self._of_others, everybody.difference(ours)),
        ):
            for pid in search.turn(pids.difference(self._holders), now_seconds):
                found = self._of(pid, was_visited=search.has_visited(pid))
                sights += found
                if found:
                    self._holders.add(pid)
        return sights

    def _pids(self) -> set[int]:
        try:
            names = os.listdir(self._procfs)  # noqa: PTH208
        except OSError:
            return set()
        return {int(name) for name in names if name.isdigit()}

    def _of(self, pid: int, *, was_visited: bool) -> list[Sight]:
        """Return the card files of a process; none if it has ended."""
        folder = f"{self._procfs}/{pid}"
        try:
            names = self._card_files(folder)
        except OSError as error:
            if isinstance(error, PermissionError):
                self._note_unreadable(pid)
            return []
        self._unreadable.discard(pid)
        texts = []
        for name in names:
            try:
                texts.append(parse_fdinfo(read_bytes(f"{folder}/fdinfo/{name}")))
            except OSError:
                continue  # closed meanwhile
        stat = (read_stat(self._procfs, pid) or read_stat(OWN_PROCFS, pid)) if texts else None
        if stat is None:
            return []
        return [
            Sight(pid=pid, start_ticks=stat.start_ticks, text=text, was_visited=was_visited)
            for text in texts
            if text is not None and text.is_in_use
        ]

    def _card_files(self, folder: str) -> list[str]:
        """Return the numbers of open files of cards; of all files where there are no links.

        Raises:
            OSError: they cannot be listed.
        """
        try:
            names = os.listdir(f"{folder}/fd")  # noqa: PTH208
        except FileNotFoundError:
            return os.listdir(f"{folder}/fdinfo")  # noqa: PTH208 - recorded trees have no links
        found = []
        for name in names:
            try:
                if os.readlink(f"{folder}/fd/{name}").startswith(NODES):  # noqa: PTH115
                    found.append(name)
            except OSError:
                continue  # closed meanwhile
        return found

    def _note_unreadable(self, pid: int) -> None:
        """Remember a process whose files nobody but root may see; the kernel's own have none."""
        try:
            if read_bytes(f"{self._procfs}/{pid}/cmdline"):
                self._unreadable.add(pid)
        except OSError:
            return


def _namespace(procfs: str) -> str | None:
    try:
        return os.readlink(f"{procfs}/self/ns/pid")  # noqa: PTH115
    except OSError:
        return None
