"""The hours in which a piece of work would meet the lowest intensity. Pure.

A series is a step function, so its mean over a window of fixed length is lowest where the window
begins or ends at an edge, or as early or late as it may: only these are tried. Nothing is taken to
be known beyond the end of the series.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carbonrun.intensity.model import Point

# Two windows that differ by less, in parts of what they meet, are alike: the earlier one is taken.
# Seconds since 1970 are kept to 2.4e-7 s, and that over a minute would make a difference of 1e-8.
_ALIKE = 1e-7


class Window(Record):
    """A window and what it would meet.

    Attributes:
        start_unix_seconds, end_unix_seconds: where it lies.
        g_per_kwh: the mean over it.
        first_start_unix_seconds: where the earliest window lies that is possible: later than
            asked for where the series has a gap there.
        first_g_per_kwh: the mean over that one.
    """

    start_unix_seconds: float
    end_unix_seconds: float
    g_per_kwh: float
    first_start_unix_seconds: float
    first_g_per_kwh: float

    @property
    def saving(self) -> float:
        """Return which part of the intensity the window has less than the earliest one."""
        return 1 - self.g_per_kwh / self.first_g_per_kwh if self.first_g_per_kwh > 0 else 0.0

    def is_compared_with(self, moment_unix_seconds: float) -> bool:
        """Return whether a window that begins then is the one that it is compared with."""
        return self.first_start_unix_seconds <= moment_unix_seconds


def best_window(
    points: Sequence[Point], earliest: float, latest_end: float, seconds: float
) -> Window | None:
    """Return the window of that length with the lowest mean; of equal ones the earliest.

    Args:
        points: in order, each with beginning and end.
        earliest: when it may begin.
        latest_end: when it must have ended.
        seconds: how long it is, above 0.

    Returns:
        None if no window lies wholly in time that is known.
    """
    candidates = sorted(set(_starts(points, earliest, latest_end, seconds)))
    integral = _integral(points)
    best: tuple[float, float] | None = None
    first: tuple[float, float] | None = None
    for start in candidates:
        if not _is_known(points, start, start + seconds):
            continue
        mean = (integral(start + seconds) - integral(start)) / seconds
        first = first or (start, mean)
        if best is None or mean < best[1] * (1 - _ALIKE):
            best = (start, mean)
    if best is None or first is None:
        return None
    return Window(
        start_unix_seconds=best[0],
        end_unix_seconds=best[0] + seconds,
        g_per_kwh=max(0.0, best[1]),
        first_start_unix_seconds=first[0],
        first_g_per_kwh=max(0.0, first[1]),
    )


def mean_between(points: Sequence[Point], start: float, end: float) -> float | None:
    """Return the mean over an interval that has a length, None if not all of it is known."""
    if not points or not _is_known(points, start, end):
        return None
    integral = _integral(points)
    return max(0.0, (integral(end) - integral(start)) / (end - start))


def _starts(
    points: Sequence[Point], earliest: float, latest_end: float, seconds: float
) -> Iterator[float]:
    yield from (earliest, latest_end - seconds) if earliest + seconds <= latest_end else ()
    for point in points:
        for edge in (point.start_unix_seconds or 0.0, point.end_unix_seconds or 0.0):
            for start in (edge, edge - seconds):
                if earliest <= start and start + seconds <= latest_end:
                    yield start


def _integral(points: Sequence[Point]) -> Callable[[float], float]:
    """Return the integral of the series from its beginning to a moment, g/kWh x s."""
    starts = [point.start_unix_seconds or 0.0 for point in points]
    ends = [point.end_unix_seconds or 0.0 for point in points]
    values = [point.g_per_kwh for point in points]
    whole = (g * (end - start) for g, start, end in zip(values, starts, ends, strict=True))
    sums = [0.0, *accumulate(whole)]

    def until(moment: float) -> float:
        index = bisect_right(starts, moment) - 1  # never before the first: that is not known
        return sums[index] + values[index] * (min(moment, ends[index]) - starts[index])

    return until


def _is_known(points: Sequence[Point], start: float, end: float) -> bool:
    """Tell whether the points cover all of an interval."""
    at = start
    index = max(0, bisect_right(points, start, key=lambda p: p.start_unix_seconds or 0.0) - 1)
    for point in points[index:]:
        if (point.start_unix_seconds or 0.0) > at:
            return False
        at = max(at, point.end_unix_seconds or 0.0)
        if at >= end:
            return True
    return False
