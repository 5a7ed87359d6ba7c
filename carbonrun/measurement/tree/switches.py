"""CPU time of every process and program of the tree, from the kernel's records of task switches.

A second perf event for each CPU, inherited by every descendant as those of
:mod:`carbonrun.measurement.tree.trace` are, which counts nothing and has records of

=======  ==============================================================
SWITCH   a thread was put on the CPU, or taken off
FORK     a process or thread was made (a thread has its parent's pid)
COMM     a process has executed a program, or was renamed
EXIT     a thread has ended
=======  ==============================================================

The time between on and off is CPU time, to the nanosecond, and belongs to the program that the
process was at that moment. It needs no privilege where ``perf_event_paranoid`` is 2 or less. What a
process uses after its EXIT record, 0.05 to 0.4 ms, is not told.

Each fork in the tree copies this event too, and each switch writes a record: 2 % of a loop of short
commands (``benchmarks/programs.py``). So it is opened if programs are asked for, and is closed
again where a tree switches so often that reading the records takes more than ``CPU_SHARE``.

Source: perf_event_open(2), "MMAP layout".
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.perf import (
    COMM,
    CONTEXT_SWITCH,
    DISABLED,
    DUMMY,
    ENABLE_ON_EXEC,
    EXCLUDE_KERNEL,
    INHERIT,
    NANOSECONDS,
    SAMPLE_ID_ALL,
    SAMPLE_TID,
    SAMPLE_TIME,
    TASK,
    WATERMARK,
    open_event,
)
from carbonrun.measurement.tree.ring import open_rings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.measurement.tree.calls import CallTree
    from carbonrun.measurement.tree.ring import Ring

# What reading records may take of one CPU, and at once.
CPU_SHARE = 0.01
BURST_CPU_SECONDS = 0.1

# With the 128 KiB of the trace half of what the kernel grants every user (perf_event_mlock_kb);
# root is granted more.
_RING_BYTES = 32 * mmap.PAGESIZE
_RING_BYTES_OF_ROOT = 128 * mmap.PAGESIZE
_WAKEUP_BYTES = _RING_BYTES // 2
_DISABLE = 0x2401  # PERF_EVENT_IOC_DISABLE
_LOST, _COMM, _EXIT, _FORK, _SWITCH = 2, 3, 4, 7, 14
_OUT = 1 << 13  # PERF_RECORD_MISC_SWITCH_OUT
_TASK_IDS = struct.Struct("=IIII")  # pid, parent's pid, tid, parent's tid
_THREAD_IDS = struct.Struct("=II")  # pid, tid
_STAMP = struct.Struct("=IIQ")  # pid, tid, time: the end of every record


class SwitchRecords:
    """The records, and what they say about a tree of calls; open before the command is spawned.

    See :class:`carbonrun.measurement.tree.naming.Source`.
    """

    sees_starts = True

    def __init__(self, rings: Sequence[Ring], tree: CallTree) -> None:
        """Take over open events with their buffers, one for each CPU."""
        self.tree = tree
        self.is_open = True
        self.is_complete = True
        self._rings = rings
        self._held: list[tuple[int, int, int, int, int, bytes]] = []
        self._on_since: dict[int, int] = {}  # nanoseconds, by thread
        self._cpu_seconds = 0.0
        self._opened_seconds = time.monotonic()

    @classmethod
    def open(cls, cpus: Sequence[int], tree: CallTree) -> SwitchRecords:
        """Open events and buffers for the CPUs of these numbers.

        Raises:
            MeterUnavailable: the kernel refuses.
        """
        try:
            data_bytes = _RING_BYTES_OF_ROOT if os.geteuid() == 0 else _RING_BYTES
            return cls(open_rings(cpus, _open_records, data_bytes), tree)
        except (OSError, MeterUnavailable) as error:
            raise MeterUnavailable(f"perf switch records are refused: {error}") from error

    def drain(self) -> None:
        """Take the records up to now, in the order of their times."""
        if not self.is_open:
            return
        before = time.thread_time()
        # Whatever is older is in the buffers by now; what comes while we read may not be in all.
        now = time.monotonic_ns()
        records = self._held
        for ring in self._rings:
            for kind, misc, body in ring.take():
                if len(body) < _STAMP.size:
                    self.is_complete = False
                    continue
                pid, tid, at = _STAMP.unpack_from(body, len(body) - _STAMP.size)
                records.append((at, kind, misc, pid, tid, body))
            self.is_complete = self.is_complete and ring.is_complete
        records.sort(key=_by_time)
        ready = len(records)
        while ready and records[ready - 1][0] > now:
            ready -= 1
        self._held = records[ready:]
        self._take(records[:ready])
        self._keep_budget(time.thread_time() - before)

    def after_look(self) -> None:
        """Do nothing: the records tell all."""

    def has_ended(self, _pid: int) -> bool:
        """Return False: what has ended is not looked at."""
        return False

    def close(self) -> None:
        """Let no more records be written; the events stay where they are."""
        for ring in self._rings:
            fcntl.ioctl(ring.descriptor, _DISABLE, 0)
        self.is_open = False
        self._held = []

    def _keep_budget(self, cpu_seconds: float) -> None:
        self._cpu_seconds += cpu_seconds
        elapsed_seconds = time.monotonic() - self._opened_seconds
        if self._cpu_seconds > BURST_CPU_SECONDS + CPU_SHARE * elapsed_seconds:
            self.close()

    def _take(self, records: list[tuple[int, int, int, int, int, bytes]]) -> None:
        on_since, live = self._on_since, self.tree.live
        for at, kind, misc, pid, tid, body in records:
            if kind == _SWITCH:
                if not misc & _OUT:
                    on_since[tid] = at
                elif (since := on_since.pop(tid, None)) is not None and pid in live:
                    self.tree.add(pid, (at - since) * NANOSECONDS)
            elif kind == _FORK:
                self._fork(body)
            elif kind == _COMM:
                self._execute(body, at, tid)
            elif kind == _EXIT:
                self._exit(body, at)
            elif kind == _LOST:
                self.is_complete = False

    def _fork(self, body: bytes) -> None:
        pid, parent, _, _ = _TASK_IDS.unpack_from(body)
        if pid != parent:
            self.tree.fork(pid, parent)
        elif (caller := self.tree.live.get(pid)) is not None:
            caller.threads += 1

    def _execute(self, body: bytes, at: int, running: int) -> None:
        pid, tid = _THREAD_IDS.unpack_from(body)
        if pid != tid or pid not in self.tree.live:
            return  # threads have names of their own
        if running == tid:
            # What comes before belongs to the program that it was.
            self.tree.add(pid, (at - self._on_since.get(tid, at)) * NANOSECONDS)
            self._on_since[tid] = at
        name = body[_THREAD_IDS.size : -_STAMP.size].split(b"\0", 1)[0]
        self.tree.execute(pid, name.decode("utf-8", "backslashreplace"))

    def _exit(self, body: bytes, at: int) -> None:
        pid, _, tid, _ = _TASK_IDS.unpack_from(body)
        since = self._on_since.pop(tid, None)
        caller = self.tree.live.get(pid)
        if caller is None:
            return
        if since is not None:
            self.tree.add(pid, (at - since) * NANOSECONDS)
        caller.threads -= 1
        if caller.threads == 0:
            self.tree.end(pid)


def _by_time(record: tuple[int, int, int, int, int, bytes]) -> int:
    return record[0]


def _open_records(cpu: int) -> int:
    flags = DISABLED | INHERIT | EXCLUDE_KERNEL | ENABLE_ON_EXEC
    flags |= COMM | TASK | CONTEXT_SWITCH | SAMPLE_ID_ALL | WATERMARK
    return open_event(
        DUMMY,
        cpu,
        flags,
        sample_type=SAMPLE_TID | SAMPLE_TIME,
        wakeup_bytes=_WAKEUP_BYTES,
        clock=time.CLOCK_MONOTONIC,
    )
