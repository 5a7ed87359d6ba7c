"""Every process of the tree by name, however short-lived: the kernel's records of fork, exec, exit.

One inherited perf counter of CPU time for each CPU, with a ring buffer that the kernel writes to:

======  ==============================================================
FORK    a process or thread was made (a thread has its parent's pid)
COMM    a process has executed a program, or was renamed
EXIT    a thread has ended
======  ==============================================================

It needs no privilege where ``perf_event_paranoid`` is 2 or less. Records carry their time and are
put in order at each drain; when a buffer is a quarter full the kernel sends SIGIO, so that nothing
is lost between two ticks. If something is lost all the same, names and numbers are given up.

The kernel would also tell the CPU time of each thread at its end (``inherit_stat``), but it writes
that to the buffers of other CPUs, where it spoils the records that are written at the same time.

Each fork in the tree has to copy the events, 2.5 microseconds for each CPU (measured by
``benchmarks/overhead.py``), so on machines with more than ``MOST_CPUS`` there is no trace: it could
be felt in a loop of short commands.

Source: perf_event_open(2), "MMAP layout"; linux/kernel/events/ring_buffer.c.
"""

from __future__ import annotations

import mmap

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.perf import (
    COMM,
    DISABLED,
    ENABLE_ON_EXEC,
    EXCLUDE_KERNEL,
    INHERIT,
    NANOSECONDS,
    SAMPLE_ID_ALL,
    SAMPLE_TIME,
    TASK,
    TASK_CLOCK,
    WATERMARK,
    open_event,
    read_count,
)
from carbonrun.measurement.tree.ring import Ring, open_rings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from struct import Struct
else:
    from _struct import Struct  # struct.py only passes it on: 0.15 ms of the start

MOST_CPUS = 8
# Numbers of processes that have ended are kept for who hears of them late.
MOST_ENDED = 4096

# 128 KiB with pages of 4 KiB: within what the kernel grants every user (perf_event_mlock_kb).
_RING_BYTES = 32 * mmap.PAGESIZE
_WAKEUP_BYTES = _RING_BYTES // 4

_LOST, _COMM, _EXIT, _FORK = 2, 3, 4, 7
_NUMBER = Struct("=Q")
_TASK_IDS = Struct("=IIII")  # pid, parent's pid, tid, parent's tid
_THREAD_IDS = Struct("=II")  # pid, tid


class Traced:
    """A process that has not ended yet: its name and its number of threads."""

    __slots__ = ("name", "threads")

    def __init__(self, name: str) -> None:
        """Start with one thread."""
        self.name = name
        self.threads = 1


class TaskTrace:
    """The records of a tree; open it before the command is spawned."""

    def __init__(self, rings: Sequence[Ring]) -> None:
        """Take over open perf events with their buffers, one for each CPU."""
        self._rings = rings
        self.is_complete = True
        self.processes = 0
        self.live: dict[int, Traced] = {}
        self.ended: dict[str, int] = {}
        self.ended_pids: dict[int, None] = {}  # the last ones, the longest ago first
        self.ended_children: dict[int, int] = {}  # how many of each live process
        self.unwaited = 0  # ended children of processes that are known to wait for none
        self._never_waiting: set[int] = set()
        self._helpers: set[int] = set()  # processes of ours and below them, not of the tree

    @classmethod
    def open(cls, cpus: Sequence[int]) -> TaskTrace:
        """Open events and buffers for the CPUs of these numbers.

        Raises:
            MeterUnavailable: the kernel refuses, or there are too many CPUs.
        """
        if not 0 < len(cpus) <= MOST_CPUS:
            reason = f"on {len(cpus)} CPUs a trace would slow down the start of processes"
            raise MeterUnavailable(reason)
        try:
            return cls(open_rings(cpus, open_records, _RING_BYTES))
        except (OSError, MeterUnavailable) as error:
            raise MeterUnavailable(f"perf task records are refused: {error}") from error

    @property
    def cpus(self) -> range:
        """Return the numbers of the CPUs that there are events for."""
        return range(len(self._rings))

    def waits_for_none(self, pid: int, waited: int) -> None:
        """Remember that a process ignores SIGCHLD, since when so many of its children had ended."""
        if pid not in self._never_waiting:
            self._never_waiting.add(pid)
            self.unwaited += self.ended_children.get(pid, 0) - waited

    def start(self, pid: int, name: str) -> None:
        """Begin with the command itself, which carbonrun has forked."""
        self.processes += 1
        self.live[pid] = Traced(name)

    def leave_out(self, pid: int) -> None:
        """Take a process of ours, and what it starts, for none of the tree."""
        self._helpers.add(pid)

    def cpu_seconds(self) -> float:
        """Return CPU seconds of all processes of the tree, ended ones included.

        Raises:
            OSError: a counter cannot be read.
        """
        return sum(self.cpu_seconds_by_cpu())

    def cpu_seconds_by_cpu(self) -> list[float]:
        """Return the same for each CPU.

        Raises:
            OSError: a counter cannot be read.
        """
        return [read_count(ring.descriptor) * NANOSECONDS for ring in self._rings]

    def drain(self) -> None:
        """Take all records that were written since the last call."""
        records: list[tuple[int, int, bytes]] = []
        for ring in self._rings:
            for kind, _, body in ring.take():
                if len(body) < _NUMBER.size:
                    self.is_complete = False
                    break
                at = _NUMBER.unpack_from(body, len(body) - _NUMBER.size)[0]
                records.append((at, kind, body))
            self.is_complete = self.is_complete and ring.is_complete
        records.sort(key=_by_time)
        for _, kind, body in records:
            self._take(kind, body)

    def _take(self, kind: int, body: bytes) -> None:
        if kind == _FORK:
            pid, parent, _, _ = _TASK_IDS.unpack_from(body)
            self._fork(pid, parent)
        elif kind == _COMM:
            pid, tid = _THREAD_IDS.unpack_from(body)
            traced = self.live.get(pid)
            if traced is not None and pid == tid:  # threads have names of their own
                name = body[_THREAD_IDS.size : -_NUMBER.size].split(b"\0", 1)[0]
                traced.name = name.decode("utf-8", "backslashreplace")
        elif kind == _EXIT:
            pid, parent, _, _ = _TASK_IDS.unpack_from(body)
            self._exit(pid, parent)
        elif kind == _LOST:
            self.is_complete = False

    def _fork(self, pid: int, parent: int) -> None:
        if parent in self._helpers:
            self._helpers.add(pid)
            return
        if pid == parent:
            if (traced := self.live.get(pid)) is not None:
                traced.threads += 1
            return
        self.processes += 1
        maker = self.live.get(parent)
        self.live[pid] = Traced(maker.name if maker else "?")

    def _exit(self, pid: int, parent: int) -> None:
        traced = self.live.get(pid)
        if traced is None:
            self._helpers.discard(pid)
            return
        traced.threads -= 1
        if traced.threads == 0:
            del self.live[pid]
            self.ended_pids[pid] = None
            if len(self.ended_pids) > MOST_ENDED:
                del self.ended_pids[next(iter(self.ended_pids))]
            self.ended_children.pop(pid, None)
            self._never_waiting.discard(pid)
            self.ended_children[parent] = self.ended_children.get(parent, 0) + 1
            self.unwaited += parent in self._never_waiting
            self.ended[traced.name] = self.ended.get(traced.name, 0) + 1


def _by_time(record: tuple[int, int, bytes]) -> int:
    return record[0]


def open_records(cpu: int) -> int:
    """Open the event of one CPU; it counts what this process will execute.

    Raises:
        MeterUnavailable: the kernel refuses.
    """
    flags = DISABLED | INHERIT | EXCLUDE_KERNEL | ENABLE_ON_EXEC
    flags |= COMM | TASK | SAMPLE_ID_ALL | WATERMARK
    return open_event(TASK_CLOCK, cpu, flags, sample_type=SAMPLE_TIME, wakeup_bytes=_WAKEUP_BYTES)
