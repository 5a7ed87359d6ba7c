"""A run is a fold of slices: totals and a bounded timeline for each device. Pure.

Energy is attributed three times over, with the best, the lowest and the highest idle floor that
are possible: where the floor is not known exactly, the difference is part of the bounds.
"""

from __future__ import annotations

from carbonrun.measurement.attribution import attribute
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.model import Device, IdleFloor, Reading, Slice

# A timeline for people and plots: beyond this many points neighbours are merged in pairs.
MAX_POINTS = 720


class Totals(Record):
    """Energy of one device since the start of the run, in joules.

    Attributes:
        machine_joules: of the whole device.
        active_joules, idle_joules: the tree's shares with the best idle floor.
        low_joules, high_joules: the tree's sum with the least and the most favourable floor.
        tree_activity, machine_activity: in the unit of the device's kind.
        seconds: time covered by the readings.
        readings: how many there were.
        lowest_watts: the lowest power sustained over ``SUSTAINED_SECONDS``, or None.
        still_seconds: the longest time without any energy; a counter that works has none such.
    """

    machine_joules: float = 0.0
    active_joules: float = 0.0
    idle_joules: float = 0.0
    low_joules: float = 0.0
    high_joules: float = 0.0
    tree_activity: float = 0.0
    machine_activity: float = 0.0
    seconds: float = 0.0
    readings: int = 0
    lowest_watts: float | None = None
    still_seconds: float = 0.0


# Shorter dips say more about the sensor than about the machine.
SUSTAINED_SECONDS = 5.0


class DeviceLedger:
    """The fold of one device's readings."""

    def __init__(self, device: Device, floor: IdleFloor) -> None:
        """Start with nothing; ``floor`` is the idle floor to attribute with."""
        self.device = device
        self.floor = floor
        self.timeline: list[Slice] = []
        self._first: Reading | None = None
        self._last: Reading | None = None
        self._readings = 0
        self._machine_joules = self._active_joules = self._idle_joules = 0.0
        self._low_joules = self._high_joules = 0.0
        self._sustained = _LowestPower()
        self._still_seconds = self._longest_still_seconds = 0.0

    def add(self, reading: Reading) -> None:
        """Account for everything since the previous reading of this device."""
        previous, self._last = self._last, reading
        self._readings += 1
        if previous is None:
            self._first = reading
            self._sustained.add(reading)
            return
        best = attribute(previous, reading, self.floor.watts)
        others = [
            attribute(previous, reading, watts).joules
            for watts in (self.floor.low_watts, self.floor.high_watts)
        ]
        self._machine_joules += best.machine_joules
        self._active_joules += best.active_joules
        self._idle_joules += best.idle_joules
        self._low_joules += min(best.joules, *others)
        self._high_joules += max(best.joules, *others)
        self._sustained.add(reading)
        seconds = best.end_seconds - best.start_seconds
        self._still_seconds = 0.0 if best.machine_joules > 0 else self._still_seconds + seconds
        self._longest_still_seconds = max(self._longest_still_seconds, self._still_seconds)
        self.timeline.append(best)
        if len(self.timeline) > MAX_POINTS:
            self.timeline = merge_pairs(self.timeline)

    def totals(self) -> Totals:
        """Return the sums so far."""
        first, last = self._first, self._last
        if first is None or last is None:
            return Totals()
        return Totals(
            machine_joules=self._machine_joules,
            active_joules=self._active_joules,
            idle_joules=self._idle_joules,
            low_joules=self._low_joules,
            high_joules=self._high_joules,
            tree_activity=last.tree_activity - first.tree_activity,
            machine_activity=last.machine_activity - first.machine_activity,
            seconds=last.at_seconds - first.at_seconds,
            readings=self._readings,
            lowest_watts=self._sustained.watts,
            still_seconds=self._longest_still_seconds,
        )


def merge_pairs(slices: list[Slice]) -> list[Slice]:
    """Halve the resolution of a timeline without changing any sum; an odd last one stays."""
    merged = [first.merge(second) for first, second in zip(slices[::2], slices[1::2], strict=False)]
    return merged + (slices[-1:] if len(slices) % 2 else [])


class _LowestPower:
    """The lowest power over any window of at least ``SUSTAINED_SECONDS`` between readings."""

    def __init__(self) -> None:
        self.watts: float | None = None
        self._start: Reading | None = None

    def add(self, reading: Reading) -> None:
        start = self._start
        if start is None:
            self._start = reading
            return
        seconds = reading.at_seconds - start.at_seconds
        if seconds < SUSTAINED_SECONDS:
            return
        watts = (reading.machine_joules - start.machine_joules) / seconds
        if watts > 0 and (self.watts is None or watts < self.watts):
            self.watts = watts
        self._start = reading
