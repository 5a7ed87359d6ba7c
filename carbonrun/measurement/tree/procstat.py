"""Reading single processes from procfs: identity, CPU time, memory, I/O. Thin; no state."""

from __future__ import annotations

import os
import sys
import time

from carbonrun.record import Record

# The tree is always ours, whatever procfs the machine's figures are read from.
OWN_PROCFS = "/proc"
# Of a second, in which the system tells CPU time.
# Source: Windows tells it at the clock interrupt, 64 times a second; there is no procfs there.
if sys.platform == "win32":
    CLOCK_TICKS, _PAGE_BYTES = 64, 4096
else:
    CLOCK_TICKS, _PAGE_BYTES = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_MOST_COMMAND_BYTES = 4096


class ProcessStat(Record):
    """The parts of ``/proc/PID/stat`` that are used; times in seconds.

    ``waited_cpu_seconds`` is the CPU time of the descendants that the process has waited for
    (``cutime + cstime``), in steps of a clock tick.
    """

    pid: int
    name: str
    parent_pid: int
    start_ticks: int
    waited_cpu_seconds: float
    threads: int
    resident_bytes: int
    is_zombie: bool
    last_cpu: int = -1


class ThreadPlace(Record):
    """A thread, its CPU time in clock ticks, and the CPU that it ran on last."""

    tid: int
    ticks: int
    cpu: int


def read_bytes(path: str) -> bytes:
    """Return the content of a small file in procfs, cgroupfs or sysfs.

    Raises:
        OSError: as open(2) and read(2).
    """
    descriptor = os.open(path, _READ_FLAGS)
    try:
        content = os.read(descriptor, 65536)
        while len(content) % 4096 == 0 and (more := os.read(descriptor, 65536)):
            content += more
        return content
    finally:
        os.close(descriptor)


def read_text(path: str) -> str:
    """Return the content of a small file of one line, without the white space around it.

    Raises:
        OSError: as open(2) and read(2).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 256).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)


def read_stat(procfs: str, pid: int) -> ProcessStat | None:
    """Return the process, or None if it is gone."""
    try:
        content = read_bytes(f"{procfs}/{pid}/stat")
        # The name is in parentheses and may itself contain spaces and parentheses.
        head, _, tail = content.rpartition(b") ")
        fields = tail.split()
        return ProcessStat(
            pid=pid,
            name=head.partition(b"(")[2].decode("utf-8", "backslashreplace"),
            parent_pid=int(fields[1]),
            start_ticks=int(fields[19]),
            waited_cpu_seconds=(int(fields[13]) + int(fields[14])) / CLOCK_TICKS,
            threads=int(fields[17]),
            resident_bytes=max(0, int(fields[21])) * _PAGE_BYTES,
            is_zombie=fields[0] in (b"Z", b"X"),
            last_cpu=int(fields[36]),
        )
    except (OSError, IndexError, ValueError):
        return None


def command_words(procfs: str, pid: int) -> tuple[str, ...]:
    """Return the command line of a process, as far as it is within 4 KiB; empty if it has none."""
    try:
        descriptor = os.open(f"{procfs}/{pid}/cmdline", _READ_FLAGS)
    except OSError:
        return ()
    try:
        content = os.read(descriptor, _MOST_COMMAND_BYTES)
    except OSError:
        return ()
    finally:
        os.close(descriptor)
    # A word that was cut might no longer look like the secret that it is.
    whole, _, _ = content.rpartition(b"\0")
    return tuple(map(os.fsdecode, whole.split(b"\0"))) if whole else ()


def cpu_clock_seconds(pid: int) -> float | None:
    """Return the CPU time of a process with all of its threads, ended ones included.

    Works for zombies too; None once the process is reaped.
    Source: clock_getcpuclockid(3): the clock's id is the inverted process id, shifted by three
    bits that say "CPU time in nanoseconds, of the process".
    """
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return None


def child_pids(procfs: str, stat: ProcessStat) -> list[int] | None:
    """Return the direct children of a process; None where the kernel does not list them."""
    if stat.threads <= 1:
        tasks: list[object] = [stat.pid]
    else:
        try:
            tasks = list(os.listdir(f"{procfs}/{stat.pid}/task"))  # noqa: PTH208
        except OSError:
            return []
    pids: list[int] = []
    for task in tasks:
        try:
            pids += map(int, read_bytes(f"{procfs}/{stat.pid}/task/{task}/children").split())
        except FileNotFoundError:
            if os.path.exists(f"{procfs}/{stat.pid}/task/{task}/stat"):  # noqa: PTH110
                return None  # CONFIG_PROC_CHILDREN is off
        except OSError:
            continue
    return pids


def thread_places(procfs: str, pid: int) -> list[ThreadPlace]:
    """Return the threads of a process, their CPU time, and where they ran last."""
    folder = f"{procfs}/{pid}/task"
    places = []
    try:
        for name in os.listdir(folder):  # noqa: PTH208
            fields = read_bytes(f"{folder}/{name}/stat").rpartition(b") ")[2].split()
            ticks = int(fields[11]) + int(fields[12])
            places.append(ThreadPlace(tid=int(name), ticks=ticks, cpu=int(fields[36])))
    except (OSError, IndexError, ValueError):
        pass  # those that were seen will do
    return places


def proportional_bytes(procfs: str, pid: int) -> int | None:
    """Return the proportional set size (PSS): shared pages divided among those who share them."""
    try:
        content = read_bytes(f"{procfs}/{pid}/smaps_rollup")
        return int(content.split(b"\nPss:", 1)[1].split(None, 1)[0]) * 1024
    except (OSError, IndexError, ValueError):
        return None


class StorageIo(Record):
    """Bytes that a process, and every descendant it has waited for, moved to and from storage."""

    read_bytes: int
    write_bytes: int


def storage_io(procfs: str, pid: int) -> StorageIo | None:
    """Return storage I/O of a process; None where it is not ours to read."""
    try:
        fields = read_bytes(f"{procfs}/{pid}/io").split()
        values = dict(zip(fields[::2], fields[1::2], strict=False))
        return StorageIo(
            read_bytes=int(values[b"read_bytes:"]), write_bytes=int(values[b"write_bytes:"])
        )
    except (OSError, KeyError, ValueError):
        return None


def own_use() -> tuple[float, int | None]:
    """Return CPU seconds and peak memory of this program so far."""
    return time.process_time(), own_peak_memory_bytes()


def own_peak_memory_bytes() -> int | None:
    """Return the highest resident memory of this very program.

    Not ``ru_maxrss``: that also knows the program that this process was before its exec.
    """
    try:
        content = read_bytes("/proc/self/status")
        return int(content.split(b"\nVmHWM:", 1)[1].split(None, 1)[0]) * 1024
    except (OSError, IndexError, ValueError):
        return None
