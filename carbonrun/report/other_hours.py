"""What a run would have met had it begun at another hour, where the hours are known. Pure.

The same length is moved over the series, at even power. Nothing is taken to be known beyond the
ends of the series.
"""

from __future__ import annotations

from carbonrun.intensity.model import ACTUAL, overlapping, series_mean
from carbonrun.intensity.window import best_window
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.intensity.model import Point

# How far the run is moved each way: tomorrow and yesterday are choices, last week is none.
REACH_SECONDS = 24 * 3600.0
_COVERED = 0.999


class Hour(Record):
    """A beginning and the mean intensity that the run meets from there, with bounds."""

    start_unix_seconds: float
    g_per_kwh: float
    low_g_per_kwh: float
    high_g_per_kwh: float


class OtherHours(Record):
    """As it was, and the best and the worst beginning between two moments.

    Attributes:
        as_it_was, best, worst: what was met, and what would have been.
        from_unix_seconds, to_unix_seconds: the earliest beginning and the latest end.
        provider, basis: whose figures these are, and of which basis.
        is_final: whether they are what came true, all of them.
    """

    as_it_was: Hour
    best: Hour
    worst: Hour
    from_unix_seconds: float
    to_unix_seconds: float
    provider: str
    basis: str | None
    is_final: bool


def other_hours(points: Sequence[Point], start: float, seconds: float) -> OtherHours | None:
    """Return the best and the worst beginning within a day of the run's own.

    Args:
        points: in order, without overlap, of one basis and signal, each with both ends.
        start: when the run began, seconds since 1970.
        seconds: how long it took, above 0.

    Returns:
        None where the hours of the run are not known, or no others.
    """
    known = _around(points, start, seconds)
    if not known:
        return None
    begin = max(start - REACH_SECONDS, known[0].start_unix_seconds or 0.0)
    end = min(start + seconds + REACH_SECONDS, known[-1].end_unix_seconds or 0.0)
    most = max(point.g_per_kwh for point in known)
    # The highest mean is where the distance to the highest value is the lowest.
    mirrored = [point.replace(g_per_kwh=most - point.g_per_kwh) for point in known]
    starts = [
        window.start_unix_seconds
        for series in (known, mirrored)
        if (window := best_window(series, begin, end, seconds)) is not None
    ]
    hours = [_hour(known, at, seconds) for at in (start, *starts)]
    if len(hours) != 3 or any(hour is None for hour in hours):  # noqa: PLR2004
        return None
    own, best, worst = (hour for hour in hours if hour is not None)
    if best.g_per_kwh >= worst.g_per_kwh:
        return None
    return OtherHours(
        as_it_was=own,
        best=best,
        worst=worst,
        from_unix_seconds=begin,
        to_unix_seconds=end,
        provider=known[0].provider,
        basis=known[0].basis,
        is_final=all(point.kind == ACTUAL for point in known),
    )


def _around(points: Sequence[Point], start: float, seconds: float) -> list[Point]:
    """Return the points that follow each other without a gap and have the run among them."""
    with_ends = [p for p in points if None not in (p.start_unix_seconds, p.end_unix_seconds)]
    runs: list[list[Point]] = []
    for point in with_ends:
        if not runs or runs[-1][-1].end_unix_seconds != point.start_unix_seconds:
            runs.append([])
        runs[-1].append(point)
    for run in runs:
        if (run[0].start_unix_seconds or 0.0) <= start:
            mean = series_mean(overlapping(run, start, start + seconds), start, start + seconds)
            if mean is not None and mean.covered_seconds >= _COVERED * seconds:
                return run
    return []


def _hour(points: Sequence[Point], start: float, seconds: float) -> Hour | None:
    mean = series_mean(overlapping(points, start, start + seconds), start, start + seconds)
    if mean is None:
        return None
    return Hour(
        start_unix_seconds=start,
        g_per_kwh=mean.g_per_kwh,
        low_g_per_kwh=mean.low_g_per_kwh,
        high_g_per_kwh=mean.high_g_per_kwh,
    )
