"""The rank-sum test for two groups without pairs, and the interval that belongs to it. Pure.

Source: Mann and Whitney, On a Test of Whether one of Two Random Variables is Stochastically Larger
than the Other, 1947; Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, chapter 4.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import median

from carbonrun.compare.ranks import NORMAL, midranks, tie_sizes, two_sided

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Of both groups together; beyond that the distribution is normal to three digits.
MOST_EXACT = 80
_CONTINUITY = 0.5


def rank_sum_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided probability of such ranks if both groups are of one distribution.

    Counted exactly where there are few values and no ties, else by the normal distribution with
    corrections for ties and continuity.
    """
    together = [*first, *second]
    n, m = len(first), len(second)
    if n == 0 or m == 0:
        return 1.0
    u = sum(midranks(together)[:n]) - n * (n + 1) / 2
    ties = tie_sizes(together)
    larger = max(u, n * m - u)
    if not ties and n + m <= MOST_EXACT:
        ways = _ways(n, m)
        return min(1.0, 2 * sum(ways[round(larger) :]) / math.comb(n + m, n))
    size = n + m
    ties_term = sum(tie**3 - tie for tie in ties) / (size * (size - 1))
    variance = n * m / 12 * (size + 1 - ties_term)
    if variance <= 0:
        return 1.0
    z = (larger - n * m / 2 - _CONTINUITY) / math.sqrt(variance)
    return two_sided(max(0.0, z))


def shift(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the Hodges-Lehmann estimate of how much the second group lies above the first."""
    return median(_differences(first, second))


def rank_sum_interval(
    first: Sequence[float], second: Sequence[float], confidence: float
) -> tuple[float, float] | None:
    """Return the interval of shifts that the test does not reject; None where there are too few.

    Args:
        first: one group.
        second: the other; the shift is how much it lies above.
        confidence: between 0 and 1; the interval covers at least that.
    """
    differences = _differences(first, second)
    least = _rejected(len(first), len(second), (1 - confidence) / 2)
    if least is None:
        return None
    return differences[least], differences[len(differences) - 1 - least]


def _differences(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return sorted(after - before for before in first for after in second)


def _rejected(n: int, m: int, tail: float) -> int | None:
    """Return how many differences at each end are outside; None if even all would not do."""
    if n + m <= MOST_EXACT:
        limit, total = tail * math.comb(n + m, n), 0
        for u, ways in enumerate(_ways(n, m)):
            total += ways
            if total > limit:
                return u - 1 if u > 0 else None
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    return max(0, math.floor(n * m / 2 + NORMAL.inv_cdf(tail) * deviation))


@lru_cache(maxsize=64)
def _ways(n: int, m: int) -> tuple[int, ...]:
    """Return, for each U from 0 to n*m, how many orders of the two groups have it.

    The coefficients of the Gaussian binomial: prod(1 - q^(m + i)) / prod(1 - q^i), i from 1 to n.
    """
    most = n * m
    ways = [1] + [0] * most
    for i in range(1, n + 1):
        for index in range(most, m + i - 1, -1):
            ways[index] -= ways[index - m - i]
        for index in range(i, most + 1):
            ways[index] += ways[index - i]
    return tuple(ways)
