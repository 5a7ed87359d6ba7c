"""Ranks with ties, and the normal distribution. Pure."""

from __future__ import annotations

from statistics import NormalDist

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NORMAL = NormalDist()


def midranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, from 1; equal ones share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for index in order[start:end]:
            ranks[index] = (start + 1 + end) / 2
        start = end
    return ranks


def tie_sizes(values: Sequence[float]) -> list[int]:
    """Return how many are equal in each group of two or more equal values."""
    counts: dict[float, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return [count for count in counts.values() if count > 1]


def two_sided(z: float) -> float:
    """Return the probability of a deviation of at least ``z`` standard deviations, either way."""
    return min(1.0, 2 * NORMAL.cdf(-abs(z)))
