"""The signed-rank test for pairs, and the interval that belongs to it. Pure.

Source: Wilcoxon, Individual Comparisons by Ranking Methods, 1945; Hollander, Wolfe and Chicken,
Nonparametric Statistical Methods, chapter 3 (Walsh averages, interval by inversion of the test).
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import median

from carbonrun.compare.ranks import NORMAL, midranks, tie_sizes, two_sided

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Up to here the distribution is counted, beyond it is normal to three digits.
MOST_EXACT = 50


def signed_rank_p(differences: Sequence[float]) -> float:
    """Return the two-sided probability of such ranks if the differences lie around 0.

    Differences of exactly 0 say nothing and are left out. With few the distribution is counted,
    ties included; 1.0 where nothing is left.
    """
    nonzero = [value for value in differences if value != 0]
    sizes = [abs(value) for value in nonzero]
    ranks = midranks(sizes)
    count = len(nonzero)
    if count == 0:
        return 1.0
    positive: float = sum(rank for rank, value in zip(ranks, nonzero, strict=True) if value > 0)
    if count <= MOST_EXACT:
        # Midranks are multiples of a half.
        ways = _ways([round(2 * rank) for rank in ranks])
        observed = round(2 * positive)
        smaller = sum(ways[: observed + 1])
        larger = sum(ways[observed:])
        return min(1.0, 2 * min(smaller, larger) / (1 << count))
    mean = count * (count + 1) / 4
    variance = count * (count + 1) * (2 * count + 1) / 24
    variance -= sum(size**3 - size for size in tie_sizes(sizes)) / 48
    return two_sided((positive - mean) / math.sqrt(variance))


def pseudo_median(differences: Sequence[float]) -> float:
    """Return the Hodges-Lehmann estimate: the median of all means of two differences."""
    return median(_walsh_averages(differences))


def signed_rank_interval(
    differences: Sequence[float], confidence: float
) -> tuple[float, float] | None:
    """Return the interval of shifts that the test does not reject; None where there are too few.

    Args:
        differences: of pairs.
        confidence: between 0 and 1; the interval covers at least that.
    """
    averages = _walsh_averages(differences)
    least = _rejected(len(differences), (1 - confidence) / 2)
    if least is None:
        return None
    return averages[least], averages[len(averages) - 1 - least]


def _walsh_averages(values: Sequence[float]) -> list[float]:
    return sorted(
        (first + second) / 2 for index, first in enumerate(values) for second in values[index:]
    )


@lru_cache
def _rejected(count: int, tail: float) -> int | None:
    """Return how many averages at each end are outside: the largest k with P(T <= k) <= tail.

    None if even k = 0 is too likely.
    """
    if count <= MOST_EXACT:
        limit, total = tail * (1 << count), 0
        for rank_sum, ways in enumerate(_ways(range(1, count + 1))):
            total += ways
            if total > limit:
                return rank_sum - 1 if rank_sum > 0 else None
    mean = count * (count + 1) / 4
    deviation = math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
    return max(0, math.floor(mean + NORMAL.inv_cdf(tail) * deviation))


def _ways(ranks: Sequence[int]) -> list[int]:
    """Return, for each sum, how many subsets of the ranks have it."""
    ways = [1]
    for rank in ranks:
        longer = ways + [0] * rank
        for index, number in enumerate(ways):
            longer[index + rank] += number
        ways = longer
    return ways
