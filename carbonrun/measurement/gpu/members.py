"""Which of the processes on GPUs are the tree's.

The process table knows those that a scan has met; a process that uses a GPU is known by its
ancestors as soon as it is seen, whether or not the next scan still meets it. One that had ended
before anybody looked is known from the kernel's records of the tree, where there are any.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.gpu.look import GpuLook, ProcessKey
    from carbonrun.measurement.gpu.source import Birth
    from carbonrun.measurement.tree.table import ProcessTable
    from carbonrun.measurement.tree.trace import TaskTrace


# No process has it: the clock does not begin with processes.
_UNKNOWN_START = 0


class Members:
    """A set of processes, asked by number and start; a member stays one."""

    def __init__(self, table: ProcessTable, trace: TaskTrace | None = None) -> None:
        """Take the tree of ``table``, whose top is its ``own_pid`` (0: all processes)."""
        self._table = table
        self._trace = trace
        self._keys: set[ProcessKey] = set()

    def learn(self, birth: Birth) -> None:
        """Take note of a process if it is the tree's."""
        line = (birth.key[0], *birth.ancestors)
        top = self._table.own_pid
        if top not in line and top > 0:
            return
        below = line[: line.index(top) + 1] if top > 0 else ()
        if self._table.strangers.isdisjoint(below):
            self._keys.add(birth.key)

    def named(self, look: GpuLook) -> GpuLook:
        """Return the look with processes of the tree named that had ended before it.

        Only where all processes of the machine are to be seen: else a number may be another's.
        """
        ended = () if self._trace is None else self._trace.ended_pids
        if not ended or not look.is_complete or not look.processes:
            return look
        found = tuple(
            process.replace(start_ticks=_UNKNOWN_START)
            if process.start_ticks is None and process.pid in ended
            else process
            for process in look.processes
        )
        self._keys.update((p.pid, _UNKNOWN_START) for p in found if p.start_ticks == _UNKNOWN_START)
        return look.replace(processes=found)

    def __contains__(self, key: object) -> bool:
        """Tell whether a process is the tree's."""
        if key in self._keys:
            return True
        if not isinstance(key, tuple):
            return False
        process = self._table.live.get(key[0])
        if process is None or process.stat.start_ticks != key[1]:
            return False
        self._keys.add((key[0], key[1]))
        return True

    def by_pid(self) -> dict[int, ProcessKey]:
        """Return the live processes of the tree by number."""
        return {pid: (pid, p.stat.start_ticks) for pid, p in self._table.live.items()}
