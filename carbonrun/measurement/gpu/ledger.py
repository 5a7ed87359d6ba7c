"""The fold of one GPU's readings, whose idle floor may become known only later. Pure.

What a GPU draws when idle is best seen while nobody holds a context on it, which may be at any time
of the run. So the shares are kept apart from the floor: the tree's energy is a sum over stretches

    active = sum of dE * activity share  -  floor * sum of dt * activity share
    idle   = floor * sum of dt * presence share

which is the formula of :mod:`carbonrun.measurement.attribution`, as long as the power is nowhere
below the floor; and where a counter has steps, so that it seems to be for a moment, the errors of
neighbouring stretches cancel out here.
"""

from __future__ import annotations

from carbonrun.measurement.attribution import share
from carbonrun.measurement.ledger import MAX_POINTS, DeviceLedger
from carbonrun.measurement.model import Slice
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.ledger import Totals
    from carbonrun.measurement.model import Device, IdleFloor, Reading


class Stretch(Record):
    """What is known of a stretch but for the idle floor; sums of stretches are stretches.

    Attributes:
        start_seconds, end_seconds: since the start of the run.
        machine_joules: of the whole GPU.
        active_joules, active_seconds: each times the tree's share of activity.
        idle_joules, idle_seconds: each times the tree's share of presence.
        busy_seconds, all_busy_seconds: how long the tree, and everybody, kept it busy.
        byte_seconds: GPU memory of the tree over time.
    """

    start_seconds: float
    end_seconds: float
    machine_joules: float
    active_joules: float
    active_seconds: float
    idle_joules: float
    idle_seconds: float
    busy_seconds: float
    all_busy_seconds: float
    byte_seconds: float

    def then(self, later: Stretch) -> Stretch:
        """Return this stretch and the one that follows it as one."""
        return Stretch(
            start_seconds=self.start_seconds,
            end_seconds=later.end_seconds,
            machine_joules=self.machine_joules + later.machine_joules,
            active_joules=self.active_joules + later.active_joules,
            active_seconds=self.active_seconds + later.active_seconds,
            idle_joules=self.idle_joules + later.idle_joules,
            idle_seconds=self.idle_seconds + later.idle_seconds,
            busy_seconds=self.busy_seconds + later.busy_seconds,
            all_busy_seconds=self.all_busy_seconds + later.all_busy_seconds,
            byte_seconds=self.byte_seconds + later.byte_seconds,
        )

    def at_floor(self, watts: float) -> Slice:
        """Return the tree's shares if the GPU draws so much when idle."""
        seconds = self.end_seconds - self.start_seconds
        if watts * seconds > self.machine_joules:
            active, idle = 0.0, self.idle_joules  # it is idle, and draws less than the floor
        else:
            active = max(0.0, self.active_joules - watts * self.active_seconds)
            idle = min(watts * self.idle_seconds, self.machine_joules - active)
        return Slice(
            start_seconds=self.start_seconds,
            end_seconds=self.end_seconds,
            machine_joules=self.machine_joules,
            active_joules=active,
            idle_joules=idle,
        )


NOTHING = Stretch(
    start_seconds=0.0,
    end_seconds=0.0,
    machine_joules=0.0,
    active_joules=0.0,
    active_seconds=0.0,
    idle_joules=0.0,
    idle_seconds=0.0,
    busy_seconds=0.0,
    all_busy_seconds=0.0,
    byte_seconds=0.0,
)


class GpuLedger(DeviceLedger):
    """Attributes with whatever ``floor`` is set when it is asked.

    Attributes:
        stretches: of the run so far; long runs have longer ones.
        unused_watts: the lowest power while nobody held a context, None if that was never seen.
        tells_use, tells_memory: the driver tells how busy processes are, and what they hold.
    """

    def __init__(self, device: Device, floor: IdleFloor) -> None:
        """Start with nothing."""
        super().__init__(device, floor)
        self._whole = NOTHING
        self._timeline_watts = floor.watts
        self._known: tuple[IdleFloor, Totals] | None = None
        self.stretches: list[Stretch] = []
        self.unused_watts: float | None = None
        self.tells_use = self.tells_memory = False

    @property
    def timeline(self) -> list[Slice]:
        """Return the shares of each stretch."""
        watts = self.floor.watts
        if watts != self._timeline_watts:
            self._timeline, self._timeline_watts = [], watts
        done = len(self._timeline)
        self._timeline += [stretch.at_floor(watts) for stretch in self.stretches[done:]]
        return self._timeline

    @property
    def sums(self) -> Slice:
        """Return the shares so far."""
        return self._whole.at_floor(self.floor.watts)

    def add(self, reading: Reading) -> None:
        """Account for everything since the previous reading of this device."""
        self._known = None
        super().add(reading)

    def totals(self) -> Totals:
        """Return the sums so far."""
        if self._known is None or self._known[0] is not self.floor:
            self._known = (self.floor, self._totals())
        return self._known[1]

    def _totals(self) -> Totals:
        totals = super().totals()
        best = self.sums
        watts = (self.floor.low_watts, self.floor.high_watts)
        others = [self._whole.at_floor(each).joules for each in watts]
        return totals.replace(
            machine_joules=self._whole.machine_joules,
            active_joules=best.active_joules,
            idle_joules=best.idle_joules,
            low_joules=min(best.joules, *others),
            high_joules=max(best.joules, *others),
        )

    def _settle(self) -> None:
        first, last = self._gathered[0], self._gathered[-1]
        self._gathered = [last]
        stretch = stretch_between(first, last)
        self._whole = self._whole.then(stretch)
        self.stretches.append(stretch)
        if self._has_phases:
            self._add_to_phases(stretch)
        if len(self.stretches) > MAX_POINTS:
            self.stretches = _halved(self.stretches)
            self._timeline = []

    def _add_to_phases(self, stretch: Stretch) -> None:
        """Add a stretch to the phases that it falls into, with the floor as it is known by now."""
        best = stretch.at_floor(self.floor.watts)
        floors = (self.floor.low_watts, self.floor.high_watts)
        joules = [best.joules, *(stretch.at_floor(watts).joules for watts in floors)]
        amounts = (
            stretch.machine_joules,
            best.active_joules,
            best.idle_joules,
            min(joules),
            max(joules),
            stretch.busy_seconds,
            stretch.all_busy_seconds,
        )
        self.sections.add(stretch.start_seconds, stretch.end_seconds, amounts)


def stretch_between(previous: Reading, current: Reading) -> Stretch:
    """Return what two readings tell."""
    seconds = max(0.0, current.at_seconds - previous.at_seconds)
    joules = max(0.0, current.machine_joules - previous.machine_joules)
    busy_seconds = max(0.0, current.tree_activity - previous.tree_activity)
    byte_seconds = max(0.0, current.tree_presence - previous.tree_presence)
    all_busy_seconds = max(0.0, current.machine_activity - previous.machine_activity)
    active = share(busy_seconds, all_busy_seconds)
    idle = share(byte_seconds, current.machine_presence - previous.machine_presence)
    return Stretch(
        start_seconds=previous.at_seconds,
        end_seconds=previous.at_seconds + seconds,
        machine_joules=joules,
        active_joules=joules * active,
        active_seconds=seconds * active,
        idle_joules=joules * idle,
        idle_seconds=seconds * idle,
        busy_seconds=busy_seconds,
        all_busy_seconds=all_busy_seconds,
        byte_seconds=byte_seconds,
    )


def _halved(stretches: list[Stretch]) -> list[Stretch]:
    pairs = zip(stretches[::2], stretches[1::2], strict=False)
    merged = [first.then(second) for first, second in pairs]
    return merged + (stretches[-1:] if len(stretches) % 2 else [])
