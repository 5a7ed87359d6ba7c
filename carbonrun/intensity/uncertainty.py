"""How far off a carbon intensity may be, as a factor up and down. Pure.

Responsible for: the factors, and how independent ones add up. Not responsible for: how parts of a
zone differ (the table of zones has that), which of all this a run meets
(:mod:`carbonrun.intensity.feed`, :mod:`carbonrun.intensity.fitting`), and energy
(:mod:`carbonrun.report.emissions`).

A factor of 1.4 says: nine times in ten the truth lies between the figure / 1.4 and the figure x
1.4. Errors that have nothing to do with each other add up as the squares of their logarithms.
"""

from __future__ import annotations

import math
from itertools import pairwise

from carbonrun.intensity.model import ACTUAL, ANNUAL, FORECAST, PROVISIONAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.intensity.model import Point

# How two careful sources differ about the same zone, nine times in ten.
# Source: Ember against Electricity Maps, means of 2024 of 87 countries: median 16 %, p90 41 %.
SOURCES_FACTOR = 1.41
# What a figure that is not final may still change by: a rough allowance of ours.
NOT_FINAL_FACTORS = {ACTUAL: 1.0, PROVISIONAL: 1.1, FORECAST: 1.2}
# What an hour may differ by from the neighbouring hour that stands in for it: as above.
CARRIED_FACTOR = 1.25

# Services tell whole grams, some of them 0 where only the wind blows: half a gram is not known.
ROUNDING_G_PER_KWH = 0.5

# Of shorter runs no more is known than of those of an hour.
# By how much the mean of the year misses the mean of a run of some length, nine times in ten: the
# median errors of 24 % and 18 % that were found, as those of a normal distribution of logarithms.
# Source: hourly intensities of Germany, Great Britain and France in 2020, published with Wiesner
# et al., "Let's wait awhile" (Middleware 2021).
SHORTEST_SECONDS, _THREE_DAYS, _YEAR = 3600.0, 72 * 3600.0, 8766 * 3600.0
_SPREADS = ((SHORTEST_SECONDS, 1.8), (_THREE_DAYS, 1.55), (_YEAR, 1.0))


def combined(*factors: float) -> float:
    """Return the factor of several errors that are independent of each other; each is 1 or more."""
    return math.exp(math.hypot(*(math.log(factor) for factor in factors)))


def temporal_factor(seconds: float) -> float:
    """Return by how much a mean of the year may miss a run of this length.

    It falls with the logarithm of the length, from that of an hour to none for a year.
    """
    length = min(max(seconds, SHORTEST_SECONDS), _YEAR)
    pairs = pairwise(_SPREADS)
    (short, high), (long, low) = next(pair for pair in pairs if length <= pair[1][0])
    share = math.log(length / short) / math.log(long / short)
    return high + (low - high) * share


def bounds(g_per_kwh: float, kind: str) -> tuple[float, float]:
    """Return low and high of a figure of a service that gives no bounds of its own."""
    factor = combined(SOURCES_FACTOR, NOT_FINAL_FACTORS.get(kind, 1.0))
    low = min(g_per_kwh / factor, g_per_kwh - ROUNDING_G_PER_KWH)
    return max(0.0, low), max(g_per_kwh * factor, g_per_kwh + ROUNDING_G_PER_KWH)


def widened(point: Point, factor: float, downwards: float | None = None) -> Point:
    """Return the point with an independent error added to the bounds that it has.

    Args:
        point: a figure.
        factor: by how much the truth may be above it, 1 or more.
        downwards: by how much it may be below it; None is the same.
    """
    value, low, high = point.g_per_kwh, point.low_g_per_kwh, point.high_g_per_kwh
    downwards = factor if downwards is None else downwards
    if value <= 0 or (factor <= 1 and downwards <= 1):
        return point
    down = combined(value / low, max(1.0, downwards)) if low > 0 else math.inf
    up = combined(max(1.0, high / value), max(1.0, factor))
    return point.replace(low_g_per_kwh=min(low, value / down), high_g_per_kwh=max(high, value * up))


def gap_factor(share: float, seconds: float) -> float:
    """Return by how much a mean may be off that leaves out a share (0 to 1) of its time.

    Args:
        share: of the time that nothing is known of.
        seconds: how long that is in all.
    """
    return 1 + share * (temporal_factor(seconds) - 1)


def with_temporal_spread(points: Iterable[Point], seconds: float) -> tuple[Point, ...]:
    """Return the points; means of a year get bounds that suit a run of this length."""
    factor = temporal_factor(seconds)
    return tuple(widened(point, factor) if point.kind == ANNUAL else point for point in points)
