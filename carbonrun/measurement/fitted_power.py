"""Power of a machine's CPUs by their load, as it was measured on this machine. Pure.

Responsible for the curve: points of load and power in; idle and full power, normalised curve and
bounds out; and power at any load. Not responsible for measuring (:mod:`calibration_run`) or for
energy over time (:mod:`carbonrun.measurement.meters.estimate`).

What a load draws depends on the program too: at the same CPU time, wide vector instructions draw
more than the load that was measured, and waiting for memory draws less. The bounds allow for it.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Of the power above idle: what other programs draw beside the one that was measured. Chosen, not
# measured; nothing is published that would hold for all processors.
PROGRAM_LOW_FACTOR, PROGRAM_HIGH_FACTOR = 0.7, 1.5
# Full power is not guessed from less load than that.
LEAST_TOP_LOAD = 0.5


class LoadPoint(Record):
    """Power at one load.

    Attributes:
        load: share of the machine's CPU time that was busy, 0 to 1.
        watts: mean over the stretches that were measured.
        low_watts, high_watts: of the single stretches.
    """

    load: float
    watts: float
    low_watts: float
    high_watts: float


class FittedPower(Record):
    """What all CPUs of the machine draw together.

    Attributes:
        idle_watts, idle_low_watts, idle_high_watts: with nothing to do.
        full_watts: with every logical CPU busy.
        low_factor, high_factor: within which the truth lies at any load, of the fitted power.
        curve: pairs of load and share of the power between idle and full, from (0, 0) to (1, 1);
            neither ever falls.
        source: what it was calibrated against, and when.
        how: the reasoning in short, for the reader.
        idle_source: the same for the idle power.
    """

    idle_watts: float
    idle_low_watts: float
    idle_high_watts: float
    full_watts: float
    low_factor: float
    high_factor: float
    curve: tuple[tuple[float, float], ...]
    source: str
    how: str
    idle_source: str


class Idle(Record):
    """Idle power with its bounds; 0 <= low <= watts <= high."""

    watts: float
    low_watts: float
    high_watts: float


def fit(  # noqa: PLR0913 - one place that puts a fit together
    idle: Idle,
    base_watts: float,
    points: Sequence[LoadPoint],
    sensor: tuple[float, float],
    *,
    source: str,
    how: str,
    idle_source: str,
) -> FittedPower | None:
    """Return the power fitted to measured points; None if they do not tell.

    Args:
        idle: of the CPUs.
        base_watts: what the meter showed with nothing to do; what is above it is dynamic.
        points: above no load, one or more.
        sensor: low and high factor of the meter's own error on the dynamic power.
        source: for the reader, as in the result.
        how: the same.
        idle_source: the same.
    """
    points = sorted(points, key=lambda point: point.load)
    top = points[-1] if points else None
    if top is None or top.load < LEAST_TOP_LOAD or top.low_watts <= base_watts:
        return None
    loads = [0.0, *(point.load for point in points)]
    dynamic = never_falling([0.0, *(max(0.0, point.watts - base_watts) for point in points)])
    if loads[-1] < 1.0:
        slope = (dynamic[-1] - dynamic[-2]) / max(loads[-1] - loads[-2], 1e-9)
        dynamic.append(dynamic[-1] + slope * (1.0 - loads[-1]))
        loads.append(1.0)
    low_factor, high_factor = _factors(idle, base_watts, points, dynamic, sensor)
    return FittedPower(
        idle_watts=idle.watts,
        idle_low_watts=idle.low_watts,
        idle_high_watts=idle.high_watts,
        full_watts=idle.watts + dynamic[-1],
        low_factor=low_factor,
        high_factor=high_factor,
        curve=tuple(
            (load, watts / dynamic[-1]) for load, watts in zip(loads, dynamic, strict=True)
        ),
        source=source,
        how=how,
        idle_source=idle_source,
    )


def never_falling(values: Sequence[float]) -> list[float]:
    """Return the nearest values, by least squares, of which none is below the one before.

    Source: pool adjacent violators; M. Ayer et al., Ann. Math. Statist. 26(4), 1955.
    """
    pools: list[tuple[float, int]] = []
    for value in values:
        total, count = value, 1
        while pools and pools[-1][0] * count > total * pools[-1][1]:
            before, size = pools.pop()
            total, count = total + before, count + size
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]


def _factors(
    idle: Idle,
    base_watts: float,
    points: Sequence[LoadPoint],
    dynamic: Sequence[float],
    sensor: tuple[float, float],
) -> tuple[float, float]:
    """Return the widest ratio of what may be true to what is fitted, over idle and all points."""
    lows = [idle.low_watts / idle.watts] if idle.watts > 0 else []
    highs = [idle.high_watts / idle.watts] if idle.watts > 0 else []
    for point, fitted in zip(points, dynamic[1:], strict=False):
        watts = idle.watts + fitted
        if watts <= 0:
            continue
        least = max(0.0, point.low_watts - base_watts) * sensor[0] * PROGRAM_LOW_FACTOR
        most = max(0.0, point.high_watts - base_watts) * sensor[1] * PROGRAM_HIGH_FACTOR
        lows.append((idle.low_watts + min(least, fitted)) / watts)
        highs.append((idle.high_watts + max(most, fitted)) / watts)
    return min([1.0, *lows]), max([1.0, *highs])
