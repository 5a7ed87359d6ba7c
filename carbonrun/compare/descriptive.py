"""What the runs of one command were like: mean, spread, outliers, drift. Pure."""

from __future__ import annotations

import math
from statistics import fmean, median, stdev

from carbonrun.compare.ranks import two_sided
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993: modified z-score above 3.5,
# where 1.4826 median absolute deviations are one standard deviation of normal noise.
OUTLIER_DEVIATIONS = 3.5
_DEVIATION_BY_MAD = 1.4826
DRIFT_LEVEL = 0.01
LEAST_DRIFT = 0.02
_LEAST_FOR_DRIFT = 8


class Summary(Record):
    """Figures of one command in one respect; ``outliers`` are indexes into the values."""

    count: int
    mean: float
    deviation: float | None
    median: float
    least: float
    most: float
    outliers: tuple[int, ...]


def summarise(values: Sequence[float]) -> Summary | None:
    """Return the summary, None of nothing; outliers are in it like all others."""
    if not values:
        return None
    return Summary(
        count=len(values),
        mean=fmean(values),
        deviation=stdev(values) if len(values) > 1 else None,
        median=median(values),
        least=min(values),
        most=max(values),
        outliers=outliers(values),
    )


def outliers(values: Sequence[float]) -> tuple[int, ...]:
    """Return the indexes of values that lie far outside of the others."""
    middle = median(values)
    deviation = _DEVIATION_BY_MAD * median([abs(value - middle) for value in values])
    if deviation <= 0:
        return ()
    limit = OUTLIER_DEVIATIONS * deviation
    return tuple(index for index, value in enumerate(values) if abs(value - middle) > limit)


def drift(series: Sequence[Sequence[float]]) -> float | None:
    """Return the relative change over a session if there is a trend: 0.04 is 4 % upwards.

    Args:
        series: the figures of each command, in the order of its runs.

    Source: Mann, Nonparametric Tests against Trend, 1945; Sen's slope, 1968.
    """
    lengths = {len(values) for values in series}
    if len(lengths) != 1 or min(lengths) < _LEAST_FOR_DRIFT or min(map(min, series)) <= 0:
        return None
    # All commands of one round together, each relative to its own middle.
    logs = [[math.log(value / median(values)) for value in values] for values in series]
    rounds = [fmean(values) for values in zip(*logs, strict=True)]
    count = len(rounds)
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    score = sum((rounds[j] > rounds[i]) - (rounds[j] < rounds[i]) for i, j in pairs)
    variance = count * (count - 1) * (2 * count + 5) / 18
    if two_sided((abs(score) - 1) / math.sqrt(variance)) > DRIFT_LEVEL:
        return None
    slope = median([(rounds[j] - rounds[i]) / (j - i) for i, j in pairs])
    change = math.expm1(slope * (count - 1))
    return change if abs(change) >= LEAST_DRIFT else None
