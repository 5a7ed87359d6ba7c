"""Reads everything at one instant and turns it into one Reading for each device.

The only place that catches what a meter throws: a reading that fails is left out, and the next
one spans the gap. All figures are cumulative since the first reading, so the rate of reading does
not change any total.
"""

from __future__ import annotations

from carbonrun.errors import MeterUnavailable, ReadFailed
from carbonrun.measurement.model import MEMORY, MachineState, Reading
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from carbonrun.clock import Instant
    from carbonrun.measurement.machine import Machine
    from carbonrun.measurement.model import Meter
    from carbonrun.notes import Notes
else:
    Protocol = object


UNKNOWN_MACHINE = MachineState(busy_cpu_seconds=0.0, logical_cpus=1, memory_bytes=0)


class TreeUse(Protocol):
    """What the sampler needs to know of the process tree."""

    def cpu_seconds(self) -> float:
        """Return CPU seconds since the start; never decreases."""

    def memory_bytes(self) -> int | None:
        """Return the tree's memory now, None while it is unknown."""


class MemoryUse(Record):
    """Memory over time, in byte-seconds since the start."""

    tree: float = 0.0
    used: float = 0.0
    installed: float = 0.0


class Sample(Record):
    """Everything at one instant."""

    at_seconds: float
    readings: dict[str, Reading]
    tree_cpu_seconds: float
    busy_cpu_seconds: float
    memory: MemoryUse


class Sampler:
    """Reads meters, machine and tree together; the first reading is the origin of all figures."""

    def __init__(self, meters: Iterable[Meter], machine: Machine, notes: Notes) -> None:
        """Read ``meters``; the tree is given at each reading."""
        self.meters = list(meters)
        self._machine = machine
        self._notes = notes
        self._first: tuple[Instant, MachineState] | None = None
        self._last: tuple[Instant, MachineState] | None = None
        self._cpu_capacity_seconds = 0.0
        self._memory = MemoryUse()
        self._memory_backlog_seconds = 0.0

    def start(self, now: Instant) -> None:
        """Take the reading before the command is started."""
        state = self._machine_state(UNKNOWN_MACHINE)
        self._first = self._last = (now, state)
        for meter in self.meters:
            self._joules(meter, now, state)

    def add_late(self, meters: Iterable[Meter]) -> None:
        """Add meters that need nothing but the machine's state; they count from the start too."""
        for meter in meters:
            if self._first is not None:
                self._joules(meter, *self._first)
            self.meters.append(meter)

    def read(
        self, now: Instant, tree: TreeUse, settle: Callable[[], None] = lambda: None
    ) -> Sample:
        """Read everything; ``settle`` is called between the machine's and the tree's reading."""
        first, last = self._first, self._last
        if first is None or last is None:
            raise ReadFailed("the sampler was not started")
        state = self._machine_state(last[1])
        joules = {meter.device.id: self._joules(meter, now, state) for meter in self.meters}
        settle()
        at_seconds = now.monotonic_seconds - first[0].monotonic_seconds
        interval_seconds = max(0.0, now.monotonic_seconds - last[0].monotonic_seconds)
        self._last = (now, state)
        self._cpu_capacity_seconds += state.logical_cpus * interval_seconds
        self._add_memory(tree.memory_bytes(), state.memory_bytes, interval_seconds)
        tree_cpu_seconds = tree.cpu_seconds()
        busy_cpu_seconds = max(
            state.busy_cpu_seconds - first[1].busy_cpu_seconds, tree_cpu_seconds
        )
        activity = (busy_cpu_seconds, tree_cpu_seconds, self._cpu_capacity_seconds)
        return Sample(
            at_seconds=at_seconds,
            readings={
                meter.device.id: self._reading(meter, at_seconds, value, activity)
                for meter in self.meters
                if (value := joules[meter.device.id]) is not None
            },
            tree_cpu_seconds=tree_cpu_seconds,
            busy_cpu_seconds=busy_cpu_seconds,
            memory=self._memory,
        )

    def origin(self, meter: Meter) -> Reading:
        """Return the reading at the start, which is zero for everything."""
        return self._reading(meter, 0.0, 0.0, (0.0, 0.0, 0.0), MemoryUse())

    def _reading(
        self,
        meter: Meter,
        at_seconds: float,
        joules: float,
        cpu: tuple[float, float, float],
        memory: MemoryUse | None = None,
    ) -> Reading:
        memory = self._memory if memory is None else memory
        is_memory = meter.device.kind == MEMORY
        return Reading(
            at_seconds=at_seconds,
            machine_joules=joules,
            machine_activity=memory.used if is_memory else cpu[0],
            tree_activity=memory.tree if is_memory else cpu[1],
            machine_presence=memory.installed if is_memory else cpu[2],
            tree_presence=memory.tree if is_memory else cpu[1],
        )

    def _machine_state(self, last: MachineState) -> MachineState:
        try:
            return self._machine.read()
        except (ReadFailed, MeterUnavailable) as error:
            self._notes.warn("machine-unreadable", f"CPU time of the machine: {error}")
            return last

    def _joules(self, meter: Meter, now: Instant, state: MachineState) -> float | None:
        try:
            return meter.read_joules(now, state)
        except ReadFailed as error:
            message = f"{meter.device.name}: a reading failed ({error}); the next one spans the gap"
            self._notes.warn("reading-failed", message, about=meter.device.id)
        except Exception as error:  # noqa: BLE001 - a faulty meter must not touch the command
            message = f"{meter.device.name}: the meter failed: {type(error).__name__}: {error}"
            self._notes.warn("meter-failed", message, about=meter.device.id)
        return None

    def _add_memory(
        self, tree_bytes: int | None, installed_bytes: int, interval_seconds: float
    ) -> None:
        """Integrate; time before the tree's memory is first known is filled in with that."""
        self._memory_backlog_seconds += interval_seconds
        memory = self._memory
        tree = memory.tree
        if tree_bytes is not None:
            tree += tree_bytes * self._memory_backlog_seconds
            self._memory_backlog_seconds = 0.0
        _, used_bytes = self._machine.memory()
        self._memory = MemoryUse(
            tree=tree,
            used=memory.used + max(used_bytes, tree_bytes or 0) * interval_seconds,
            installed=memory.installed + installed_bytes * interval_seconds,
        )
