"""A run is a fold of slices: totals and a bounded timeline for each device. Pure.

Energy is attributed three times over, with the best, the lowest and the highest idle floor that
are possible: where the floor is not known exactly, the difference is part of the bounds.
"""

from __future__ import annotations

from itertools import pairwise

from carbonrun.measurement.attribution import attribute
from carbonrun.measurement.model import Slice
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.measurement.model import Device, IdleFloor, Reading
    from carbonrun.measurement.sections import Sections

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


# What is summed up for each phase; the fields of ``Totals`` that add up.
SECTION_QUANTITIES = (
    "machine_joules", "active_joules", "idle_joules", "low_joules", "high_joules",
    "tree_activity", "machine_activity",
)  # fmt: skip

# However little happens, shares are not averaged over more than that.
GATHERED_SECONDS = 2.0

# Shorter dips say more about the sensor than about the machine.
SUSTAINED_SECONDS = 5.0
# Counters of processors and memory move every millisecond (those of whole boards need not).
LEAST_STILL_SECONDS = 0.2


class DeviceLedger:
    """The fold of one device's readings.

    Busy time of the machine has steps of a clock tick, so shares of short intervals are off, and
    to one side, since no share is above 1. Readings are therefore gathered until they span enough
    activity, attributed as one interval, and the result is divided among them for the timeline.

    Attributes:
        timeline: the parts so far, merged in pairs where they are many.
    """

    def __init__(self, device: Device, floor: IdleFloor, least_activity: float = 0.0) -> None:
        """Start with nothing.

        Args:
            device: whose readings these are.
            floor: the idle floor to attribute with.
            least_activity: of the machine, that an interval should span.
        """
        self.device = device
        self.floor = floor
        self._timeline: list[Slice] = []
        self._sections: Sections | None = None
        self._least_activity = least_activity
        self._first: Reading | None = None
        self._gathered: list[Reading] = []  # the last one that was attributed, and those since
        self._readings = 0
        self._sums = Slice(
            start_seconds=0.0,
            end_seconds=0.0,
            machine_joules=0.0,
            active_joules=0.0,
            idle_joules=0.0,
        )
        self._low_joules = self._high_joules = 0.0
        self._sustained = _LowestPower()
        self._still_seconds = self._longest_still_seconds = 0.0

    def add(self, reading: Reading) -> None:
        """Account for everything since the previous reading of this device."""
        self._readings += 1
        self._sustained.add(reading)
        if self._first is None:
            self._first = reading
            self._gathered = [reading]
            return
        self._note_stillness(self._gathered[-1], reading)
        self._gathered.append(reading)
        first = self._gathered[0]
        activity = reading.machine_activity - first.machine_activity
        seconds = reading.at_seconds - first.at_seconds
        if activity >= self._least_activity or seconds >= GATHERED_SECONDS:
            self._settle()

    @property
    def sections(self) -> Sections:
        """Return what falls into each phase, in the order of ``SECTION_QUANTITIES``."""
        if self._sections is None:
            from carbonrun.measurement.sections import Sections

            self._sections = Sections(len(SECTION_QUANTITIES))
        return self._sections

    @property
    def _has_phases(self) -> bool:
        return self._sections is not None and not self._sections.is_idle

    @property
    def timeline(self) -> list[Slice]:
        """Return what was attributed so far, piece by piece; long runs have larger pieces."""
        return self._timeline

    @property
    def sums(self) -> Slice:
        """Return what was attributed so far; asking for it attributes nothing."""
        return self._sums

    def settle(self) -> None:
        """Attribute what was gathered so far, however little it is."""
        if len(self._gathered) > 1:
            self._settle()

    def totals(self) -> Totals:
        """Return the sums so far."""
        self.settle()
        first = self._first
        if first is None:
            return Totals()
        last = self._gathered[-1]
        return Totals(
            machine_joules=self._sums.machine_joules,
            active_joules=self._sums.active_joules,
            idle_joules=self._sums.idle_joules,
            low_joules=self._low_joules,
            high_joules=self._high_joules,
            tree_activity=last.tree_activity - first.tree_activity,
            machine_activity=last.machine_activity - first.machine_activity,
            seconds=last.at_seconds - first.at_seconds,
            readings=self._readings,
            lowest_watts=self._sustained.watts,
            still_seconds=self._longest_still_seconds,
        )

    def section(self, path: tuple[str, ...], seconds: float) -> Totals:
        """Return the sums of a phase that was open for so long; call ``totals`` before."""
        amounts = zip(SECTION_QUANTITIES, self.sections.of(path), strict=True)
        return Totals(seconds=seconds, readings=self._readings, **dict(amounts))

    def _settle(self) -> None:
        readings = self._gathered
        first, last = readings[0], readings[-1]
        self._gathered = [last]
        best = attribute(first, last, self.floor.watts)
        others = [
            attribute(first, last, watts).joules
            for watts in (self.floor.low_watts, self.floor.high_watts)
        ]
        low_joules, high_joules = min(best.joules, *others), max(best.joules, *others)
        self._sums = self._sums.merge(best)
        self._low_joules += low_joules
        self._high_joules += high_joules
        parts = divide(best, readings)
        if self._has_phases:
            self._book(best, (low_joules, high_joules), parts, readings)
        self._timeline += parts
        if len(self._timeline) > MAX_POINTS:
            self._timeline = merge_pairs(self._timeline)

    def _book(
        self,
        whole: Slice,
        bounds_joules: tuple[float, float],
        parts: Sequence[Slice],
        readings: Sequence[Reading],
    ) -> None:
        """Add the parts of a slice to the phases that they fall into."""
        seconds = whole.end_seconds - whole.start_seconds
        for part, (before, after) in zip(parts, pairwise(readings), strict=True):
            if whole.joules > 0:
                share = part.joules / whole.joules
            else:
                share = (part.end_seconds - part.start_seconds) / seconds if seconds > 0 else 1.0
            amounts = (
                part.machine_joules,
                part.active_joules,
                part.idle_joules,
                *(share * joules for joules in bounds_joules),
                max(0.0, after.tree_activity - before.tree_activity),
                max(0.0, after.machine_activity - before.machine_activity),
            )
            self.sections.add(part.start_seconds, part.end_seconds, amounts)

    def _note_stillness(self, previous: Reading, reading: Reading) -> None:
        has_moved = reading.machine_joules > previous.machine_joules
        seconds = max(0.0, reading.at_seconds - previous.at_seconds)
        self._still_seconds = 0.0 if has_moved else self._still_seconds + seconds
        self._longest_still_seconds = max(self._longest_still_seconds, self._still_seconds)


def divide(whole: Slice, readings: Sequence[Reading]) -> list[Slice]:
    """Divide a slice among the intervals between its readings; the sums stay the same.

    Active energy goes by the tree's activity, idle energy by time, machine energy as it was read.
    """
    pairs = list(pairwise(readings))
    if len(pairs) == 1:
        return [whole]
    active = _shares([max(0.0, b.tree_activity - a.tree_activity) for a, b in pairs])
    idle = _shares([max(0.0, b.at_seconds - a.at_seconds) for a, b in pairs])
    machine = _shares([max(0.0, b.machine_joules - a.machine_joules) for a, b in pairs])
    return [
        Slice(
            start_seconds=before.at_seconds,
            end_seconds=max(before.at_seconds, after.at_seconds),
            machine_joules=whole.machine_joules * machine[index],
            active_joules=whole.active_joules * active[index],
            idle_joules=whole.idle_joules * idle[index],
        )
        for index, (before, after) in enumerate(pairs)
    ]


def _shares(parts: Sequence[float]) -> list[float]:
    total = sum(parts)
    return [part / total if total > 0 else 1 / len(parts) for part in parts]


def merge_pairs(slices: list[Slice]) -> list[Slice]:
    """Halve the resolution of a timeline without changing any sum; an odd last one stays."""
    merged = [first.merge(second) for first, second in zip(slices[::2], slices[1::2], strict=False)]
    return merged + (slices[-1:] if len(slices) % 2 else [])


class _LowestPower:
    """The lowest power over any window of at least ``SUSTAINED_SECONDS`` between readings.

    A counter that stood still, or was reset, says nothing about the power: no window spans that.
    """

    def __init__(self) -> None:
        self.watts: float | None = None
        self._start: Reading | None = None
        self._last: Reading | None = None

    def add(self, reading: Reading) -> None:
        start, last = self._start, self._last
        self._last = reading
        if start is None or last is None or _stands_still(last, reading):
            self._start = reading
            return
        seconds = reading.at_seconds - start.at_seconds
        if seconds < SUSTAINED_SECONDS:
            return
        watts = (reading.machine_joules - start.machine_joules) / seconds
        if watts > 0 and (self.watts is None or watts < self.watts):
            self.watts = watts
        self._start = reading


def _stands_still(previous: Reading, reading: Reading) -> bool:
    seconds = reading.at_seconds - previous.at_seconds
    return seconds >= LEAST_STILL_SECONDS and reading.machine_joules <= previous.machine_joules
