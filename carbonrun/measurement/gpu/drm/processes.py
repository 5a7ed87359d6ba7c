"""Finds the open files of graphics cards among the processes, at little cost.

Responsible for whose files are read when: those of the tree at each look, those of others who are
known to have a card open as well, and all the rest bit by bit, as far as the time that may be spent
on it goes. Not responsible for what the files say.

Files of other users' processes are not readable without root; that there were such is remembered.

Source: proc_pid_fd(5), proc_pid_fdinfo(5): both need the right to trace the process.
"""

from __future__ import annotations

import os
import time

from carbonrun.measurement.gpu.drm.clients import Sight
from carbonrun.measurement.gpu.drm.fdinfo import parse_fdinfo
from carbonrun.measurement.tree.procstat import read_bytes, read_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NODES = "/dev/dri/"
# Of one CPU, for looking through processes that are not the tree's. Some may be spent at once.
SEARCH_CPU_SHARE = 0.001
SEARCH_BURST_CPU_SECONDS = 0.005
# The number of the initial namespace. Source: linux/include/linux/proc_ns.h, PROC_PID_INIT_INO.
_FIRST_NAMESPACE = "pid:[4026531836]"


class CardFiles:
    """Reads the files; :meth:`look` is called again and again.

    Attributes:
        sees_all: the files of every process that may have a card open could be read, as far as
            anybody has looked.
    """

    def __init__(self, procfs: str, own_procfs: str) -> None:
        """Look below ``procfs``, which must show the same processes as ``own_procfs``."""
        self._procfs = procfs
        self._own_procfs = own_procfs
        self._is_own = os.path.realpath(procfs) == os.path.realpath(own_procfs)
        self._same: dict[int, tuple[int, bool]] = {}
        self._holders: set[int] = set()
        self._queue: list[int] = []
        self._unreadable: set[int] = set()
        self._search_cpu_seconds = 0.0
        self._started_seconds: float | None = None
        self._has_searched = False
        self._is_confined = _namespace(own_procfs) not in (_FIRST_NAMESPACE, None)

    @property
    def sees_all(self) -> bool:
        """Tell whether no file of a card can have been missed."""
        return self._has_searched and not self._unreadable and not self._is_confined

    def look(self, tree: Collection[int], now_seconds: float) -> list[Sight]:
        """Return what is readable now."""
        sights = [sight for pid in tree for sight in self._of(pid, is_tree=True)]
        for pid in sorted(self._holders.difference(tree)):
            found = list(self._of(pid, is_tree=False))
            sights += found
            if not found:
                self._holders.discard(pid)
        sights += self._search(tree, now_seconds)
        return sights

    def _search(self, tree: Collection[int], now_seconds: float) -> Iterator[Sight]:
        """Look at processes that are nobody's yet, until the time for that is used up."""
        if self._started_seconds is None:
            self._started_seconds = now_seconds
        elapsed_seconds = now_seconds - self._started_seconds
        allowed = SEARCH_BURST_CPU_SECONDS + SEARCH_CPU_SHARE * elapsed_seconds
        before = time.thread_time()
        while self._search_cpu_seconds + time.thread_time() - before < allowed:
            if not self._queue:
                self._queue = self._pids()
                if not self._queue:
                    break
            pid = self._queue.pop()
            if pid not in tree and pid not in self._holders:
                yield from self._meet(pid)
            if not self._queue:
                self._has_searched = True
                self._unreadable.intersection_update(self._pids())
                break
        self._search_cpu_seconds += time.thread_time() - before

    def _meet(self, pid: int) -> Iterator[Sight]:
        for sight in self._of(pid, is_tree=False):
            self._holders.add(pid)
            yield sight

    def _pids(self) -> list[int]:
        try:
            names = os.listdir(self._procfs)  # noqa: PTH208
        except OSError:
            return []
        return sorted(int(name) for name in names if name.isdigit())

    def _of(self, pid: int, *, is_tree: bool) -> Iterator[Sight]:
        """Yield the card files of a process; none if it has ended."""
        folder = f"{self._procfs}/{pid}"
        if is_tree and not self._is_own and not self._is_same(pid):
            return
        try:
            names = os.listdir(f"{folder}/fd")  # noqa: PTH208
        except PermissionError:
            if not is_tree:
                self._note_unreadable(pid)
            return
        except OSError:
            return
        self._unreadable.discard(pid)
        for name in names:
            try:
                if not os.readlink(f"{folder}/fd/{name}").startswith(NODES):  # noqa: PTH115
                    continue
                text = parse_fdinfo(read_bytes(f"{folder}/fdinfo/{name}"))
            except OSError:
                continue  # closed meanwhile
            if text is None or not text.is_in_use:
                continue
            stat = read_stat(self._procfs, pid)
            if stat is not None:
                yield Sight(pid=pid, start_ticks=stat.start_ticks, text=text)

    def _note_unreadable(self, pid: int) -> None:
        """Remember a process whose files nobody but root may see; the kernel's own have none."""
        try:
            if read_bytes(f"{self._procfs}/{pid}/cmdline"):
                self._unreadable.add(pid)
        except OSError:
            return

    def _is_same(self, pid: int) -> bool:
        """Tell whether a number means the same process in both roots."""
        ours = read_stat(self._own_procfs, pid)
        if ours is None:
            return False
        known = self._same.get(pid)
        if known is None or known[0] != ours.start_ticks:
            theirs = read_stat(self._procfs, pid)
            is_same = theirs is not None and theirs.start_ticks == ours.start_ticks
            known = (ours.start_ticks, is_same)
            if is_same:
                self._same[pid] = known
        return known[1]


def _namespace(procfs: str) -> str | None:
    try:
        return os.readlink(f"{procfs}/self/ns/pid")  # noqa: PTH115
    except OSError:
        return None
