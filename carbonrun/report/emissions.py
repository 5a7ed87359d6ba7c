"""From energy and carbon intensity to grams of CO2e. Pure.

::

    grams = joules / 3.6e6 * g_per_kwh * pue

The intensity of a run is the mean of its series, each slice of the timeline weighted with its
energy and split at the edges of the series' periods. Both low ends make the low bound, both high
ends the high one: the errors of a sensor and of a grid have nothing to do with each other, but the
widest interval is the one that needs no assumption.
"""

from __future__ import annotations

from carbonrun.intensity.model import (
    ACTUAL,
    ANNUAL,
    CONSTANT,
    FORECAST,
    PROVISIONAL,
    constant_mean,
    is_constant,
    overlapping,
    series_mean,
)
from carbonrun.report.model import Emissions, IntensityUsed
from carbonrun.timestamps import iso_time
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.intensity.model import Point, SeriesMean
    from carbonrun.report.model import Energy, TimelinePoint


# The surest first; a series of several kinds is as sure as the least sure of them.
SURENESS = (CONSTANT, ACTUAL, PROVISIONAL, FORECAST, ANNUAL)


def mean_g_per_kwh(
    found: IntensityFound | None, start_unix_seconds: float, end_unix_seconds: float
) -> float | None:
    """Return the mean intensity between two moments, None where nothing is known."""
    mean = mean_between(found, start_unix_seconds, end_unix_seconds)
    return None if mean is None else mean.g_per_kwh


def mean_between(
    found: IntensityFound | None, start_unix_seconds: float, end_unix_seconds: float
) -> SeriesMean | None:
    """Return the same with its bounds."""
    if found is None:
        return None
    return _mean(found.points, start_unix_seconds, end_unix_seconds)


def intensity_used(
    found: IntensityFound | None, timeline: Sequence[TimelinePoint], start_unix_seconds: float
) -> IntensityUsed | None:
    """Return the energy-weighted mean intensity over the run, None where nothing is known.

    Raises:
        ValueError: the series mixes basis or signal.
    """
    if found is None:
        return None
    _check_quantity(found.points)
    shares = _shares(found.points, timeline, start_unix_seconds)
    if not shares:
        return None
    first, last = found.points[0], found.points[-1]
    return IntensityUsed(
        grid_zone=found.grid_zone,
        zone_source=found.zone_source,
        g_per_kwh=sum(mean.g_per_kwh * share for mean, share in shares),
        low_g_per_kwh=sum(mean.low_g_per_kwh * share for mean, share in shares),
        high_g_per_kwh=sum(mean.high_g_per_kwh * share for mean, share in shares),
        basis=first.basis,
        signal=first.signal,
        kind=max((point.kind for point in found.points), key=SURENESS.index),
        provider=first.provider,
        valid_from=_period(first)[0],
        valid_to=_period(last)[1],
        attribution=first.attribution,
        series=tuple(_series_entry(point) for point in found.points),
    )


def _shares(
    points: Sequence[Point], timeline: Sequence[TimelinePoint], start_unix_seconds: float
) -> list[tuple[SeriesMean, float]]:
    """Return the mean of each slice with its share of the energy; none where nothing is known."""
    weighted: list[tuple[SeriesMean, float]] = []
    for part in () if is_constant(points) else timeline:
        begin, end = start_unix_seconds + part.start, start_unix_seconds + part.end
        mean = _mean(points, begin, end)
        if mean is not None:
            weighted.append((mean, part.joules))
    total_joules = sum(joules for _, joules in weighted)
    if total_joules > 0:
        return [(mean, joules / total_joules) for mean, joules in weighted]
    at_start = _mean(points, start_unix_seconds, start_unix_seconds)
    return [] if at_start is None else [(at_start, 1.0)]


def _check_quantity(points: Sequence[Point]) -> None:
    if len({(point.basis, point.signal) for point in points}) > 1:
        raise ValueError("points of different basis or signal make no sum")


def _mean(points: Sequence[Point], start: float, end: float) -> SeriesMean | None:
    if is_constant(points):
        return constant_mean(points[0], end - start)
    return series_mean(overlapping(points, start, end), start, end)


def _period(point: Point) -> tuple[str | None, str | None]:
    """Return the period that a point is about: for an annual mean its year, not "any time"."""
    if point.year is not None:
        return f"{point.year}-01-01T00:00:00.000Z", f"{point.year + 1}-01-01T00:00:00.000Z"
    start, end = point.start_unix_seconds, point.end_unix_seconds
    return None if start is None else iso_time(start), None if end is None else iso_time(end)


def _series_entry(point: Point) -> dict[str, object]:
    start, end = _period(point)
    return {
        "start": start,
        "end": end,
        "g_per_kwh": point.g_per_kwh,
        "low_g_per_kwh": point.low_g_per_kwh,
        "high_g_per_kwh": point.high_g_per_kwh,
        "kind": point.kind,
        "source": point.source,
    }


def emissions(
    energy: Energy,
    used: IntensityUsed | None,
    pue: float,
    pue_bounds: tuple[float, float] | None = None,
) -> Emissions:
    """Return the emissions of an energy; unknown if either of the two is.

    Args:
        energy: of the run.
        used: the intensity.
        pue: power usage effectiveness, 1 or more.
        pue_bounds: between what it lies; None takes it as it is.
    """
    if used is None:
        return Emissions(grams_co2e=None, low_grams_co2e=None, high_grams_co2e=None, pue=pue)

    low_pue, high_pue = pue_bounds or (pue, pue)

    def grams(joules: float | None, g_per_kwh: float, factor: float) -> float | None:
        return None if joules is None else joules / JOULES_PER_KWH * g_per_kwh * factor

    return Emissions(
        grams_co2e=grams(energy.joules, used.g_per_kwh, pue),
        low_grams_co2e=grams(energy.low_joules, used.low_g_per_kwh, low_pue),
        high_grams_co2e=grams(energy.high_joules, used.high_g_per_kwh, high_pue),
        pue=pue,
    )
