"""The ladder of tree accounting: which source says how much CPU time and memory the tree used.

1. ``cgroup``: the kernel's sum over a control group that holds nothing but the command: the
   transient one of ``--cgroup``, or our own where nobody else lives in it (container, systemd
   scope, batch step); our own time is taken off.
2. ``perf``: the process table, unless the inherited perf counter says clearly more: the table
   misses what nobody waits for. The counter alone would not do: it misses the end of every process
   and counts interrupts, and what a hypervisor takes away, as the process's own.
3. ``procfs``: the process table alone.
4. ``psutil``: the process table, read through psutil, where there is no procfs.
"""

from __future__ import annotations

import time

from carbonrun.errors import MeterUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.cgroup import GroupUse
    from carbonrun.measurement.tree.naming import Naming
    from carbonrun.measurement.tree.perf import TaskClock
    from carbonrun.measurement.tree.placement import Placement
    from carbonrun.measurement.tree.table import ProcessTable
    from carbonrun.measurement.tree.trace import TaskTrace
    from carbonrun.measurement.tree.unwaited import UncountedEnd

# Of one CPU. The bar is 1 % around 300 live processes for everything that carbonrun does.
SCAN_CPU_SHARE = 0.002
SHARING_CPU_SHARE = 0.001
# What may be spent at once, so that a short run is looked at too.
SCAN_BURST_CPU_SECONDS = 0.01
SHARING_BURST_CPU_SECONDS = 0.05
# PSS walks every page table entry (10 ms per GiB), so it is read when a large process has come,
# each time that the run has become twice as long, and rarely later; RSS is scaled in between.
SHARING_INTERVAL_SECONDS = 10.0

# A process is asked whether it ignores SIGCHLD when so many more of its children have ended.
ENDED_GROWTH = 1.1
# What the perf counter may say too much: measured 9 % for short bursts on a busy virtual machine.
PERF_EXCESS_SHARE = 0.15
PERF_EXCESS_SECONDS = 0.002


class TreeAccountant:
    """CPU seconds and memory of the tree; both are safe to ask for at every tick."""

    is_watched = False  # it was not started by us, and goes on when we end
    stolen_share = 0.0
    """How much of the time that programs held CPUs a hypervisor had them; the sampler tells."""

    def __init__(
        self,
        table: ProcessTable,
        task_clock: TaskClock | TaskTrace | None,
        group: GroupUse | None,
        trace: TaskTrace | None = None,
    ) -> None:
        """Take the best of what there is; ``trace`` knows names, and is the clock as well."""
        self.table = table
        self.trace = trace
        self.task_clock = task_clock
        self.group = group
        self.peak_memory_bytes: int | None = None
        self._cpu_seconds = 0.0
        self._has_ended = False
        self._has_unwaited = False
        self._ended_before: dict[int, int] = {}  # children, when their parent was last looked at
        self._uncounted_end: UncountedEnd | None = None
        self.naming: Naming | None = None  # if it is asked which program has used what
        self.placement: Placement | None = None  # where there are several packages
        self._storage_bytes: tuple[int, int] | None = None
        self._memory_bytes: int | None = None
        self._first_look_seconds: float | None = None
        self._scan_cpu_seconds = 0.0
        self._sharing_cpu_seconds = 0.0
        self._next_sharing_seconds = 0.0

    def leave_out(self, cpu_seconds: float) -> None:
        """Take off CPU time of our own that the group has on its meter."""
        if self.group is not None:
            start_seconds = self.group.start_cpu_seconds + cpu_seconds
            self.group = self.group.replace(start_cpu_seconds=start_seconds)

    def adopt(self, pid: int) -> None:
        """Take note of a helper of ours: a child that is no part of the tree."""
        self.table.adopt(pid)
        if self.trace is not None:
            self.trace.leave_out(pid)

    def has(self, pid: int) -> bool:
        """Tell whether a helper was not yet reaped, so that its number is still its own."""
        return self.table.has(pid)

    @property
    def name(self) -> str:
        """Return the rung in use: ``cgroup``, ``perf``, ``procfs`` or ``psutil``."""
        if self.group is not None:
            return "cgroup"
        return "perf" if self.task_clock is not None else self.table.reader.name

    @property
    def helpers_cpu_seconds(self) -> float:
        """Return CPU seconds of children of ours that are none of the tree."""
        seconds = self.table.helper_cpu_seconds()
        return seconds + (self._uncounted_end.children_cpu_seconds if self._uncounted_end else 0.0)

    @property
    def missed_cpu_seconds(self) -> float:
        """Return how much CPU time may be missing at the most, as far as that is known."""
        return 0.0

    def left_running(self) -> int | None:
        """Return how many processes of the tree there are still; None where that tells nothing."""
        return sum(not process.stat.is_zombie for process in self.table.live.values())

    def cpu_seconds(self) -> float:
        """Return CPU seconds of the tree since the start; never decreases."""
        if not self._has_ended:
            self._cpu_seconds = max(self._cpu_seconds, self._read_cpu_seconds())
        return self._cpu_seconds

    @property
    def last_cpu_seconds(self) -> float:
        """Return CPU seconds as of the last reading; costs nothing, however many processes live."""
        return self._cpu_seconds

    def cpu_seconds_by_package(self) -> tuple[float, ...]:
        """Return what of the CPU time is known to have run on each package."""
        if self.placement is None:
            return ()
        if self.trace is not None:
            try:
                return self.placement.sum_up(self.trace.cpu_seconds_by_cpu())
            except OSError:
                pass  # the looks go on telling
        return tuple(self.placement.seconds)

    def perf_cpu_seconds(self) -> float | None:
        """Return what the perf counter alone says, without helpers of ours that inherited it."""
        if self.task_clock is None:
            return None
        try:
            seconds = self.task_clock.cpu_seconds()
            return max(0.0, seconds - self.table.helper_cpu_seconds())
        except OSError:
            self.task_clock = None
            return None

    def _read_cpu_seconds(self) -> float:
        if self.group is not None:
            try:
                seconds = self.group.cpu_seconds()
                is_ours_too = self.group.is_shared_with_us
                return seconds - (self.table.helper_cpu_seconds() if is_ours_too else 0.0)
            except MeterUnavailable:
                self.group = None
        perf_seconds, table_seconds = self.perf_cpu_seconds(), self.table.cpu_seconds()
        if perf_seconds is None:
            return table_seconds
        seconds = table_seconds + self.unwaited_seconds(perf_seconds, table_seconds)
        if self.trace is not None and self._uncounted_end is not None:
            self.drain()
            ended = self.trace.unwaited
            seconds += ended * self._uncounted_end.seconds(ended)
        return seconds

    def drain(self) -> None:
        """Take the records of processes that have come and gone; never fails.

        It is called between signals: a failure here must not keep any from being passed on.
        """
        if self.naming is not None:
            self.naming.drain()
        if self.trace is None:
            return
        try:
            self.trace.drain()
        except Exception:  # noqa: BLE001 - names are given up, nothing else
            self.trace.is_complete = False

    def look(self, now_seconds: float) -> None:
        """Scan the processes if it is time to; call it at every tick."""
        self.drain()
        if self.trace is not None:
            self._look_for_unwaited(self.trace)
        if self._first_look_seconds is None:
            self._first_look_seconds = now_seconds
        elapsed_seconds = now_seconds - self._first_look_seconds
        if self._scan_cpu_seconds > SCAN_BURST_CPU_SECONDS + SCAN_CPU_SHARE * elapsed_seconds:
            return
        before = time.thread_time()
        self.table.scan()
        after_scan = time.thread_time()
        if self.placement is not None:
            self.placement.look(self.table.live.values())
        if self.naming is not None:
            self.naming.look(self.table)
        self._scan_cpu_seconds += time.thread_time() - before
        if self._may_measure_sharing(elapsed_seconds):
            self.table.measure_sharing()
            self._sharing_cpu_seconds += time.thread_time() - after_scan
            self._next_sharing_seconds = elapsed_seconds + min(
                SHARING_INTERVAL_SECONDS, elapsed_seconds
            )
        self._note_memory(self._measure_memory())

    def unwaited_seconds(self, perf_seconds: float, table_seconds: float) -> float:
        """Return CPU time of processes that nobody has waited for; 0 unless there clearly were any.

        Where a parent ignores SIGCHLD it is certain; else perf must say clearly more.
        """
        perf_seconds *= 1.0 - self.stolen_share  # perf's clock goes on, the kernel's does not
        excess_share = 0.0 if self._has_unwaited else PERF_EXCESS_SHARE
        least_seconds = table_seconds * (1 + excess_share) + PERF_EXCESS_SECONDS
        return perf_seconds - table_seconds if perf_seconds > least_seconds else 0.0

    def _look_for_unwaited(self, trace: TaskTrace) -> None:
        """Remember those whose children have ended and who ignore SIGCHLD; asked ever more rarely.

        It does not wait for a scan, which may be rare too. Those that had ended when the process
        did not ignore it yet were waited for.
        """
        for pid, ended in trace.ended_children.items():
            before = self._ended_before.get(pid, 0)
            if pid in trace.live and ended > before * ENDED_GROWTH:
                self._ended_before[pid] = ended
                if self.table.reader.ignores_children(pid):
                    trace.waits_for_none(pid, waited=before)
        if trace.unwaited and not self._has_unwaited:
            self._has_unwaited = True
            from carbonrun.measurement.tree.unwaited import UncountedEnd

            self._uncounted_end = UncountedEnd(trace.cpus)

    def _may_measure_sharing(self, elapsed_seconds: float) -> bool:
        budget_seconds = SHARING_BURST_CPU_SECONDS + SHARING_CPU_SHARE * elapsed_seconds
        is_due = elapsed_seconds >= self._next_sharing_seconds or self.table.has_unshared()
        return is_due and self._sharing_cpu_seconds <= budget_seconds

    def finish(self) -> None:
        """Take stock of what the ended command has left running; the last reading of all."""
        self.drain()
        self.table.scan()
        for pid in self.table.live:
            self.table.add_io(pid)
        self.cpu_seconds()
        if self.naming is not None:
            self.naming.look(self.table)
        self._has_ended = True
        self._note_peak(self.table.largest_resident_bytes())
        if self.group is not None and not self.group.is_shared_with_us:
            self._storage_bytes = self.group.group.storage_bytes()
            self._note_peak(self.group.group.peak_memory_bytes())

    def storage_bytes(self) -> tuple[int | None, int | None]:
        """Return bytes read from and written to storage: the group's, else the table's sums."""
        if self._storage_bytes is not None:
            return self._storage_bytes
        return self.table.read_bytes, self.table.write_bytes

    def memory_bytes(self) -> int | None:
        """Return the tree's memory at the last look: the group's, else proportional sizes.

        None where no look found anything alive and nothing else tells.
        """
        if self._memory_bytes is None:
            self._note_memory(self.table.largest_resident_bytes())
        return self._memory_bytes

    def _measure_memory(self) -> int | None:
        if self.group is not None and not self.group.is_shared_with_us:
            charged = self.group.group.memory_bytes()
            if charged is not None:
                return charged
        return self.table.resident_bytes() or None

    def _note_memory(self, memory_bytes: int | None) -> None:
        if memory_bytes is not None:
            self._memory_bytes = memory_bytes
            self._note_peak(memory_bytes)

    def _note_peak(self, memory_bytes: int | None) -> None:
        if memory_bytes is not None:
            self.peak_memory_bytes = max(self.peak_memory_bytes or 0, memory_bytes)
