"""What a service has told before, so that it is asked as rarely as possible. Pure.

Responsible for: which days have to be asked for again, what is kept of old and new figures, and for
how long a service that failed is left alone. Not responsible for: files (they are on a *shelf*,
:mod:`carbonrun.store.intensity_shelf`), or the network.

The unit is a day of UTC. What was actual stays; a day is settled when it was asked for 36 hours
after its end, or is all actual; other figures are good for half an hour, or for five minutes where
the last of them are missing. When a service fails, older figures do, for a while; it is asked again
after a pause that doubles up to an hour, or is what the service wants.
"""

from __future__ import annotations

from bisect import bisect_left

from carbonrun.intensity.model import (
    ACTUAL,
    IntensityUnavailable,
    Point,
    ServiceFailed,
    overlap_seconds,
    overlapping,
)
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    from carbonrun.intensity.model import Provider
else:
    Protocol = object

DAY_SECONDS = 86400.0
_HOUR = 3600.0
SETTLED_SECONDS = 36 * 3600.0
# Where it is known for all of the time that is asked for; services publish each half-hour.
FRESH_SECONDS = 1800.0
# Where it is not: the next figure may be there at any time.
LATEST_SECONDS = 300.0
_ROUNDING_SECONDS = 1e-3
STALE_SECONDS = 48 * 3600.0
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0
# How long before a run its figures may have begun; services tell late.
MARGIN_SECONDS = 3 * 3600.0


class Day(Record):
    """What was told about one day.

    Attributes:
        asked_at: when it was asked for last, seconds since 1970.
        asked_from: from which moment of it on.
        points: those that begin in it, in order, without overlap.
    """

    asked_at: float
    asked_from: float
    points: tuple[Point, ...]


class Failure(Record):
    """Why a service is not asked before ``until``; ``count`` failures came one after the other."""

    until: float
    count: int
    reason: str
    hint: str | None


class Shelf(Protocol):
    """Where days are kept, of one service. It may forget everything at any time."""

    def day(self, grid_zone: str, day: int) -> Day | None:
        """Return what is known of a day (counted from 1970)."""

    def keep_day(self, grid_zone: str, day: int, merge: Callable[[Day | None], Day]) -> Day:
        """Replace a day by what ``merge`` makes of it, while nobody else does; return that."""

    def asking(self, grid_zone: str) -> AbstractContextManager[None]:
        """Let one carbonrun after the other ask; who waits too long goes on."""

    def failure(self, grid_zone: str) -> Failure | None:
        """Return why the service is left alone."""

    def keep_failure(self, grid_zone: str, failure: Failure | None) -> None:
        """Keep why the service is left alone; None for no longer."""


class CachedProvider:
    """A provider that asks another one only where the shelf has nothing good.

    Attributes:
        name: that of the other.
        was_asked: whether the other was asked, the last time.
        problem: why it could not be asked or did not answer, the last time, where older figures
            were there.
    """

    def __init__(
        self,
        provider: Provider,
        shelf: Shelf,
        now: Callable[[], float],
        *,
        lookahead_seconds: float,
        offline: bool = False,
    ) -> None:
        """Put the shelf before the provider.

        Args:
            provider: is asked.
            shelf: what it has told before.
            now: returns the time, seconds since 1970.
            lookahead_seconds: how far ahead it is asked for.
            offline: never ask.
        """
        self.name = provider.name
        self.was_asked = False
        self.problem: IntensityUnavailable | None = None
        self._provider = provider
        self._shelf = shelf
        self._now = now
        self._lookahead_seconds = lookahead_seconds
        self._offline = offline

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return points from a little before the time asked for on.

        Up to the end of the last day they come along, as far as the provider looks ahead; see
        :class:`carbonrun.intensity.model.Provider`.
        """
        now = self._now()
        # From a whole hour on: what one run has asked for is then enough for those beside it.
        start = (start_unix_seconds - MARGIN_SECONDS) // _HOUR * _HOUR
        end = max(start_unix_seconds, end_unix_seconds)
        days = range(int(start // DAY_SECONDS), int(end // DAY_SECONDS) + 1)
        self.was_asked, self.problem = False, None
        known = {day: self._shelf.day(grid_zone, day) for day in days}
        if _wanted(known, (start, end), now):
            with self._shelf.asking(grid_zone):
                # Another carbonrun may just have asked for the same.
                known = {day: self._shelf.day(grid_zone, day) for day in days}
                wanted = _wanted(known, (start, end), self._now())
                if wanted:
                    self.problem = self._refresh(grid_zone, wanted, start, end, known)
        kept = [entry for entry in known.values() if entry is not None]
        points = tuple(
            point
            for entry in kept
            for point in overlapping(entry.points, start, days[-1] * DAY_SECONDS + DAY_SECONDS)
            if point.kind == ACTUAL or entry.asked_at > now - STALE_SECONDS
        )
        if not points:
            raise self.problem or IntensityUnavailable(f"{self.name} has nothing for this time")
        return points

    def _refresh(
        self,
        grid_zone: str,
        wanted: Sequence[int],
        start: float,
        end: float,
        known: dict[int, Day | None],
    ) -> IntensityUnavailable | None:
        """Ask for the days from the first to the last that is wanted; return why that failed."""
        now = self._now()
        if self._offline:
            hint = "leave --offline out, and it is asked"
            return IntensityUnavailable("it is not asked, as --offline says", hint)
        before = self._shelf.failure(grid_zone)
        if before is not None and before.until > now:
            left = max(1.0, before.until - now)
            message = f"{before.reason}, and is left alone for {left:.0f} s more"
            return IntensityUnavailable(message, before.hint)
        begin = max(start, wanted[0] * DAY_SECONDS)
        last = wanted[-1] * DAY_SECONDS + DAY_SECONDS
        finish = max(end, min(last, now + self._lookahead_seconds))
        self.was_asked = True
        try:
            points = self._provider.series(grid_zone, begin, finish)
        except ServiceFailed as error:
            self._shelf.keep_failure(grid_zone, next_failure(before, error, now))
            return error
        if before is not None:
            self._shelf.keep_failure(grid_zone, None)
        for day in range(wanted[0], wanted[-1] + 1):
            told = [p for p in points if int((p.start_unix_seconds or 0) // DAY_SECONDS) == day]
            new = Day(asked_at=now, asked_from=begin, points=tuple(told))
            known[day] = self._shelf.keep_day(grid_zone, day, lambda old, n=new: merged(old, n))  # type: ignore[misc]
        return None


def _wanted(known: Mapping[int, Day | None], asked: tuple[float, float], now: float) -> list[int]:
    return [day for day, entry in known.items() if not is_fresh(entry, day, asked, now)]


def is_fresh(entry: Day | None, day: int, asked: tuple[float, float], now: float) -> bool:
    """Tell whether what is known of a day will do for the part of it that is asked for."""
    begin, end = max(asked[0], day * DAY_SECONDS), min(asked[1], (day + 1) * DAY_SECONDS)
    if entry is None or entry.asked_from > begin:
        return False
    if entry.asked_at >= (day + 1) * DAY_SECONDS + SETTLED_SECONDS:
        return True
    touched = overlapping(entry.points, begin, end)
    actual = sum(overlap_seconds(point, begin, end) for point in touched if point.kind == ACTUAL)
    if end > begin and actual >= end - begin - _ROUNDING_SECONDS:
        return True
    reaches = bool(touched) and (touched[-1].end_unix_seconds or 0.0) >= end
    return 0 <= now - entry.asked_at < (FRESH_SECONDS if reaches else LATEST_SECONDS)


def merged(old: Day | None, new: Day) -> Day:
    """Return what is kept of a day: what is actual before what is not, what is new before old."""
    if old is None:
        return new
    ranked: list[Iterable[Point]] = [
        [point for point in new.points if point.kind == ACTUAL],
        [point for point in old.points if point.kind == ACTUAL],
        [point for point in new.points if point.kind != ACTUAL],
        [point for point in old.points if point.kind != ACTUAL],
    ]
    kept: list[Point] = []
    for points in ranked:
        for point in points:
            if _quantity(point) == _quantity((new.points or old.points)[-1]):
                _insert(kept, point)
    return Day(
        asked_at=max(old.asked_at, new.asked_at),
        asked_from=min(old.asked_from, new.asked_from),
        points=tuple(kept),
    )


def _insert(kept: list[Point], point: Point) -> None:
    """Put a point into its place unless something else is known about its time."""
    start, end = point.start_unix_seconds or 0.0, point.end_unix_seconds or 0.0
    at = bisect_left(kept, start, key=lambda other: other.start_unix_seconds or 0.0)
    is_after = at == 0 or (kept[at - 1].end_unix_seconds or 0.0) <= start
    is_before = at == len(kept) or end <= (kept[at].start_unix_seconds or 0.0)
    if is_after and is_before:
        kept.insert(at, point)


def _quantity(point: Point) -> tuple[str | None, str | None]:
    return point.basis, point.signal


def next_failure(before: Failure | None, error: ServiceFailed, now: float) -> Failure:
    """Return for how long a service is left alone after one more failure."""
    count = 1 if before is None else before.count + 1
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(count - 1, 10))
    if error.retry_after_seconds is not None:
        pause = max(pause, error.retry_after_seconds)
    return Failure(until=now + pause, count=count, reason=error.reason, hint=error.hint)
