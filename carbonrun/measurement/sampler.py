"""Reads everything at one moment, and turns moments into one Reading for each device.

Two steps, so that reading is quick and never waits for the rest of the program: :meth:`observe`
asks kernel and sensors, :meth:`fold` computes. Moments may be folded later, in their order; models,
which need nothing but a moment's machine state, may come in between and still count from the start.

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
    from carbonrun.measurement.activity import CpuActivity
    from carbonrun.measurement.machine import Machine
    from carbonrun.measurement.model import Meter
    from carbonrun.measurement.tree.cycles import CycleCounters
    from carbonrun.notes import Notes
else:
    Protocol = object


UNKNOWN_MACHINE = MachineState(busy_cpu_seconds=0.0, logical_cpus=1, memory_bytes=0)


class TreeUse(Protocol):
    """What the sampler needs to know of the process tree, and tells it of the machine.

    Attributes:
        stolen_share: how much of the time that programs held CPUs a hypervisor had them.
    """

    stolen_share: float

    def cpu_seconds(self) -> float:
        """Return CPU seconds since the start; never decreases."""

    def cpu_seconds_by_package(self) -> tuple[float, ...]:
        """Return what of it has run on each package, as far as that is known; may be empty."""

    def memory_bytes(self) -> int | None:
        """Return the tree's memory now, None while it is unknown."""


class Moment(Record):
    """What kernel and sensors said at one instant.

    Attributes:
        now: when.
        machine: busy time, CPUs, installed memory.
        used_memory_bytes: of the machine.
        tree_cpu_seconds: since the start.
        tree_memory_bytes: at the last look, None if there was none yet.
        tree_by_package: what of the tree's CPU time is known to have run on each package.
        cycles: of the tree, and of everybody on each package, where they are counted.
        joules: what the meters said, by device id; those that failed are left out.
    """

    now: Instant
    machine: MachineState
    used_memory_bytes: int
    tree_cpu_seconds: float
    tree_memory_bytes: int | None
    joules: dict[str, float]
    tree_by_package: tuple[float, ...] = ()
    cycles: tuple[float, tuple[float, ...]] | None = None


class MemoryUse(Record):
    """Memory over time, in byte-seconds since the start."""

    tree: float = 0.0
    used: float = 0.0
    installed: float = 0.0


class Sample(Record):
    """All readings of one moment, by device id, and the tree's memory over time."""

    at_seconds: float
    readings: dict[str, Reading]
    memory: MemoryUse


class Sampler:
    """Reads meters, machine and tree together; the first moment is the origin of all figures."""

    def __init__(self, meters: Iterable[Meter], machine: Machine, notes: Notes) -> None:
        """Read ``meters``; the tree is given at each reading."""
        self.meters = list(meters)
        self.models: list[Meter] = []
        self._machine = machine
        self._notes = notes
        self._first: Moment | None = None
        self._folded: Moment | None = None
        self._state = UNKNOWN_MACHINE
        self._activity: CpuActivity | None = None
        self.cycles: CycleCounters | None = None  # where cores may differ in speed
        self._memory = MemoryUse()
        self._memory_backlog_seconds = 0.0

    @property
    def activity(self) -> CpuActivity:
        """Return what the CPUs did, of the tree and of everybody; made when it is asked for."""
        if self._activity is None:
            from carbonrun.measurement.activity import CpuActivity

            self._activity = CpuActivity(self._machine.package_ids)
        return self._activity

    def start(self, now: Instant) -> None:
        """Take the reading before the command is started."""
        self._first = self._folded = Moment(
            now=now,
            machine=self._machine_state(),
            used_memory_bytes=0,
            tree_cpu_seconds=0.0,
            tree_memory_bytes=None,
            joules=self._read_meters(now),
        )

    def observe(
        self, now: Instant, tree: TreeUse, settle: Callable[[], None] = lambda: None
    ) -> Moment:
        """Read everything; ``settle`` is called between the machine's and the tree's reading.

        Raises:
            OSError: the tree cannot be read.
        """
        state = self._machine_state()
        joules = self._read_meters(now)
        used_bytes = self._machine.memory()[1]
        settle()
        tree.stolen_share = self._machine.stolen_share
        return Moment(
            now=now,
            machine=state,
            used_memory_bytes=used_bytes,
            tree_cpu_seconds=tree.cpu_seconds(),
            tree_memory_bytes=tree.memory_bytes(),
            joules=joules,
            tree_by_package=tree.cpu_seconds_by_package(),
            cycles=None if self.cycles is None else self.cycles.read(),
        )

    def add_models(self, models: Iterable[Meter]) -> None:
        """Add meters that need only a moment's machine state; call it before the first fold.

        One whose id is taken gets one of its own: joules are kept by id, and those of a model of
        the ``cpu`` must not take the place of a counter's of all packages, which has that id too.
        """
        for model in models:
            device = model.device
            if any(device.id == other.device.id for other in (*self.meters, *self.models)):
                model.device = device.replace(id=f"{device.id}@{device.meter}")
            if self._first is not None:
                self._joules(model, self._first.now, self._first.machine)
            self.models.append(model)

    def fold(self, moment: Moment) -> Sample:
        """Return the readings of a moment; moments come in their order.

        Raises:
            ReadFailed: the sampler was not started.
        """
        first, last = self._first, self._folded
        if first is None or last is None:
            raise ReadFailed("the sampler was not started")
        self._folded = moment
        interval_seconds = max(0.0, moment.now.monotonic_seconds - last.now.monotonic_seconds)
        self._add_memory(moment, interval_seconds)
        joules = dict(moment.joules)
        # The machine was busy at least as long as the tree: that is known more finely.
        busy_seconds = max(
            moment.machine.busy_cpu_seconds - first.machine.busy_cpu_seconds,
            moment.tree_cpu_seconds,
        )
        state = moment.machine.replace(
            busy_cpu_seconds=first.machine.busy_cpu_seconds + busy_seconds
        )
        for model in self.models:
            modelled = self._joules(model, moment.now, state)
            if modelled is not None:
                joules[model.device.id] = modelled
        at_seconds = moment.now.monotonic_seconds - first.now.monotonic_seconds
        self.activity.add(first, moment, busy_seconds, interval_seconds)
        return Sample(
            at_seconds=at_seconds,
            readings={
                meter.device.id: self._reading(meter, at_seconds, joules[meter.device.id])
                for meter in (*self.meters, *self.models)
                if meter.device.id in joules
            },
            memory=self._memory,
        )

    def _reading(self, meter: Meter, at_seconds: float, joules: float) -> Reading:
        memory = self._memory
        is_memory = meter.device.kind == MEMORY
        cpu = self.activity.of(meter.device.id)
        return Reading(
            at_seconds=at_seconds,
            machine_joules=joules,
            machine_activity=memory.used if is_memory else cpu.busy_seconds,
            tree_activity=memory.tree if is_memory else cpu.weighed_seconds,
            machine_presence=memory.installed if is_memory else cpu.capacity_seconds,
            tree_presence=memory.tree if is_memory else cpu.tree_seconds,
        )

    def _machine_state(self) -> MachineState:
        """Return the state now, or the last one that could be read."""
        try:
            self._state = self._machine.read()
        except (ReadFailed, MeterUnavailable) as error:
            self._notes.warn("machine-unreadable", f"CPU time of the machine: {error}")
        return self._state

    def _read_meters(self, now: Instant) -> dict[str, float]:
        read = {meter.device.id: self._joules(meter, now, self._state) for meter in self.meters}
        return {device_id: joules for device_id, joules in read.items() if joules is not None}

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

    def _add_memory(self, moment: Moment, interval_seconds: float) -> None:
        """Integrate; time before the tree's memory is first known is filled in with that."""
        self._memory_backlog_seconds += interval_seconds
        memory, tree_bytes = self._memory, moment.tree_memory_bytes
        tree = memory.tree
        if tree_bytes is not None:
            tree += tree_bytes * self._memory_backlog_seconds
            self._memory_backlog_seconds = 0.0
        used_bytes = max(moment.used_memory_bytes, tree_bytes or 0)
        self._memory = MemoryUse(
            tree=tree,
            used=memory.used + used_bytes * interval_seconds,
            installed=memory.installed + moment.machine.memory_bytes * interval_seconds,
        )


def origin() -> Reading:
    """Return the reading at the start, which is zero for everything."""
    return Reading(
        at_seconds=0.0,
        machine_joules=0.0,
        machine_activity=0.0,
        tree_activity=0.0,
        machine_presence=0.0,
        tree_presence=0.0,
    )
