"""Processes as psutil shows them: the last rung, where there is no procfs (macOS, Windows).

Times have steps of the system's clock tick, and a process that ends between two looks is known only
by what its parent, or we ourselves, waited for.
"""

from __future__ import annotations

import os

import psutil

from carbonrun.measurement.tree.procstat import ProcessStat, StorageIo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator


# Of the start of a process, since 1970.
TICKS_PER_SECOND = 100


class PsutilReader:
    """Reads single processes through psutil."""

    name = "psutil"

    def stat(self, pid: int) -> ProcessStat | None:
        """See :class:`carbonrun.measurement.tree.table.ProcessReader`, here and below."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                return _stat(process)
        except psutil.Error:
            return None

    def descendants(self, pid: int, strangers: Container[int]) -> Iterator[ProcessStat]:
        """Walk the tree by the parent of every process."""
        try:
            children = psutil.Process(pid).children(recursive=True)
        except psutil.Error:
            return
        left_out = set()
        for child in children:
            stat = self.stat(child.pid)
            if stat is None:
                continue
            if stat.pid in strangers or stat.parent_pid in left_out:
                left_out.add(stat.pid)
            else:
                yield stat

    def ignores_children(self, pid: int) -> bool:  # noqa: ARG002 - psutil does not tell
        """Return False: it is not known."""
        return False

    def has_in_environment(self, pid: int, entry: bytes) -> bool:
        """Look into the environment that the process was started with."""
        name, _, value = entry.decode("utf-8", "surrogateescape").partition("=")
        try:
            return psutil.Process(pid).environ().get(name) == value
        except psutil.Error:
            return True

    def children_since(self, pid: int, start_ticks: int) -> list[tuple[int, int]]:
        """Return direct children that were started since then, by number and start."""
        found = []
        try:
            for child in psutil.Process(pid).children():
                started = _ticks(child.create_time())
                if started >= start_ticks:
                    found.append((child.pid, started))
        except psutil.Error:
            pass  # those that were seen will do
        return found

    def is_marked(self, pid: int, entry: bytes) -> bool:
        """Tell whether a process is known to have been started with an entry in its environment."""
        name, _, value = entry.decode("utf-8", "surrogateescape").partition("=")
        try:
            return psutil.Process(pid).environ().get(name) == value
        except (OSError, psutil.Error):
            return False

    def command(self, pid: int) -> tuple[str, ...]:
        """Return the words of the command line."""
        try:
            return tuple(psutil.Process(pid).cmdline())
        except psutil.Error:
            return ()

    def cpu_seconds(self, pid: int) -> float | None:
        """Return CPU time, in steps of a clock tick."""
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            return None
        return float(times.user + times.system)

    def proportional_bytes(self, pid: int) -> int | None:
        """Return what the process alone would free, where the system tells no proportional size."""
        try:
            memory = psutil.Process(pid).memory_full_info()
        except psutil.Error:
            return None
        return int(getattr(memory, "pss", 0) or memory.uss)

    def storage_io(self, pid: int) -> StorageIo | None:
        """Return bytes read and written, where the system counts them."""
        try:
            counters = psutil.Process(pid).io_counters()
        except (psutil.Error, AttributeError, NotImplementedError):
            return None
        return StorageIo(read_bytes=counters.read_bytes, write_bytes=counters.write_bytes)

    def own_peak_memory_bytes(self) -> int | None:
        """Return the peak where the system keeps it, else what is resident now."""
        try:
            memory = psutil.Process().memory_info()
        except psutil.Error:
            return None
        return int(getattr(memory, "peak_wset", memory.rss))


def _ticks(seconds: float) -> int:
    return round(seconds * TICKS_PER_SECOND)


def _stat(process: psutil.Process) -> ProcessStat:
    times = process.cpu_times()
    is_zombie = process.status() == psutil.STATUS_ZOMBIE
    return ProcessStat(
        pid=process.pid,
        name=process.name(),
        parent_pid=process.ppid(),
        start_ticks=_ticks(process.create_time()),
        waited_cpu_seconds=getattr(times, "children_user", 0.0)
        + getattr(times, "children_system", 0.0),
        threads=1 if is_zombie else process.num_threads(),
        resident_bytes=0 if is_zombie else process.memory_info().rss,
        is_zombie=is_zombie,
    )


class EverybodyReader(PsutilReader):
    """Shows all processes of the machine that we may look at."""

    def descendants(self, pid: int, strangers: Container[int]) -> Iterator[ProcessStat]:  # noqa: ARG002 - of everybody
        """Yield all processes; nobody is left out."""
        yield from filter(None, map(self.stat, psutil.pids()))


def own_environment() -> tuple[bytes, ...] | None:
    """Return the entries that this process was started with, None where that is not told."""
    try:
        pairs = psutil.Process().environ().items()
    except (OSError, psutil.Error):
        return None
    return tuple(os.fsencode(f"{name}={value}") for name, value in pairs)
