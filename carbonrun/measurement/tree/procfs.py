"""Processes as procfs shows them: the reader of the process table on Linux."""

from __future__ import annotations

import os

from carbonrun.measurement.tree.procstat import (
    ProcessStat,
    StorageIo,
    child_pids,
    command_words,
    cpu_clock_seconds,
    own_peak_memory_bytes,
    proportional_bytes,
    read_bytes,
    read_stat,
    storage_io,
)

# Source: signal(7); the same on all architectures but MIPS, SPARC and Alpha.
_SIGCHLD = 17

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator


class ProcfsReader:
    """Reads single processes under a mount point of procfs."""

    name = "procfs"

    def __init__(self, procfs: str) -> None:
        """Read from ``procfs``."""
        self._procfs = procfs

    def stat(self, pid: int) -> ProcessStat | None:
        """See :class:`carbonrun.measurement.tree.table.ProcessReader`, here and below."""
        return read_stat(self._procfs, pid)

    def descendants(self, pid: int, strangers: Container[int]) -> Iterator[ProcessStat]:
        """Walk the kernel's lists of children; look at every process where there are none."""
        queue = [pid]
        seen = set(queue)
        while queue:
            stat = self.stat(queue.pop())
            if stat is None:
                continue
            if stat.pid != pid:
                yield stat
            children = child_pids(self._procfs, stat)
            if children is None:
                yield from self._by_parent(pid, strangers)
                return
            new = [child for child in children if child not in seen and child not in strangers]
            seen.update(new)
            queue += new

    def ignores_children(self, pid: int) -> bool:
        """Look at the signals that the process ignores."""
        try:
            status = read_bytes(f"{self._procfs}/{pid}/status")
            ignored = int(status.split(b"\nSigIgn:", 1)[1].split(None, 1)[0], 16)
        except (OSError, IndexError, ValueError):
            return False
        return bool(ignored >> (_SIGCHLD - 1) & 1)

    def command(self, pid: int) -> tuple[str, ...]:
        """Return the beginning of the command line."""
        return command_words(self._procfs, pid)

    def has_in_environment(self, pid: int, entry: bytes) -> bool:
        """Look into the block that the process was executed with."""
        try:
            return entry in read_bytes(f"{self._procfs}/{pid}/environ").split(b"\0")
        except OSError:
            return True

    def cpu_seconds(self, pid: int) -> float | None:
        """Return nanosecond-exact CPU time, from the clock of the process."""
        return cpu_clock_seconds(pid)

    def proportional_bytes(self, pid: int) -> int | None:
        """Return the proportional set size."""
        return proportional_bytes(self._procfs, pid)

    def storage_io(self, pid: int) -> StorageIo | None:
        """Return bytes to and from storage."""
        return storage_io(self._procfs, pid)

    def own_peak_memory_bytes(self) -> int | None:
        """Return the high water mark."""
        return own_peak_memory_bytes()

    def _by_parent(self, pid: int, strangers: Container[int]) -> Iterator[ProcessStat]:
        """Find the descendants by the parent of every process of the machine."""
        names = [name for name in os.listdir(self._procfs) if name.isdigit()]  # noqa: PTH208
        by_parent: dict[int, list[ProcessStat]] = {}
        for stat in filter(None, (self.stat(int(name)) for name in names)):
            by_parent.setdefault(stat.parent_pid, []).append(stat)
        queue = [pid]
        while queue:
            for stat in by_parent.pop(queue.pop(), ()):
                if stat.pid not in strangers:
                    queue.append(stat.pid)
                    yield stat
