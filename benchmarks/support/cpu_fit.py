"""Fits the figures of the model of CPU power to load curves; how the shipped ones were made."""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# From this load on the power of all four machines no longer rises.
HIGH_LOAD = 0.78
# What of a watt more at the wall reaches the CPU: power supply 0.94 (80 PLUS Titanium at half
# load), voltage regulators 0.88.
WALL_TO_PACKAGE = 0.83
# Two-sided 90 % quantiles of Student's t. Source: any table.
STUDENT_T = {1: 6.314, 2: 2.920, 3: 2.353}


class LoadCurve(NamedTuple):
    """A measured machine: load from 0 to 1, and the power of the packages of design power."""

    name: str
    maker: str
    points: tuple[tuple[float, float], ...]


class Fit(NamedTuple):
    """The figures of the model; ``factor`` is its 90 % interval for one more machine."""

    full_share: float
    idle_shares: dict[str, float]
    other_idle_share: float
    factor: float

    def share(self, maker: str, load: float) -> float:
        """Return the modelled power of design power."""
        idle = self.idle_shares.get(maker, self.other_idle_share)
        return idle + (self.full_share - idle) * min(1.0, load)


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean; errors of a power are relative."""
    return exp(mean(log(value) for value in values))


def fit(curves: Sequence[LoadCurve], full_share_of_servers: float) -> Fit:
    """Return the figures for ``curves``.

    Args:
        curves: of two to four machines.
        full_share_of_servers: of design power at full load, by other servers; counts as much as
            all of the curves together.
    """
    full = geometric_mean(
        geometric_mean(share for load, share in curve.points if load >= HIGH_LOAD)
        for curve in curves
    )
    idle = {curve.name: min(share for _, share in curve.points) for curve in curves}
    makers = {curve.maker for curve in curves}
    found = Fit(
        full_share=sqrt(full * full_share_of_servers),
        idle_shares={
            maker: geometric_mean(idle[c.name] for c in curves if c.maker == maker)
            for maker in makers
        },
        other_idle_share=geometric_mean(idle.values()),
        factor=1.0,
    )
    return found._replace(factor=_factor(curves, found))


def _factor(curves: Sequence[LoadCurve], found: Fit) -> float:
    """Return the 90 % interval for a machine that is not among ``curves``, as a factor."""
    errors = [
        log(share / found.share(curve.maker, load))
        for curve in curves
        for load, share in curve.points
    ]
    spread = sqrt(mean(error**2 for error in errors))
    count = len(curves)
    return exp(STUDENT_T[count - 1] * sqrt(1 + 1 / count) * spread)


def slope(points: Sequence[tuple[float, float, float]]) -> float:
    """Return how much y grows with x in ``y = a + b x + c z``, by relative least squares.

    Args:
        points: x, z, y; y above 0.
    """
    rows = [(1 / y, x / y, z / y) for x, z, y in points]
    size = 3
    system = [
        [sum(row[i] * row[j] for row in rows) for j in range(size)] + [sum(row[i] for row in rows)]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k, i=i: abs(system[k][i]))  # type: ignore[misc]
        system[i], system[pivot] = system[pivot], system[i]
        for other in range(size):
            if other != i:
                factor = system[other][i] / system[i][i]
                system[other] = [
                    a - factor * b for a, b in zip(system[other], system[i], strict=True)
                ]
    return system[1][size] / system[1][1]
