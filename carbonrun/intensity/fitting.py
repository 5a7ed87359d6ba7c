"""From what a service tells to a series that suits one run. Pure.

Responsible for: gaps, coverage, one kind of quantity. Not responsible for: asking, or energy.

Services tell late: the last figure stands in for the two hours after it, with wider bounds. For
what is missing of the run then, the mean of the rest counts, with wider bounds as well. A series
that covers less than half of a run is not used at all: the whole run then is reckoned with the
fallback, since two quantities never make one sum.
"""

from __future__ import annotations

from carbonrun.intensity.model import (
    MARGINAL,
    PROVISIONAL,
    IntensityUnavailable,
    overlap_seconds,
    overlapping,
)
from carbonrun.intensity.uncertainty import CARRIED_FACTOR, gap_factor, widened
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.intensity.model import Point

CARRY_SECONDS = 2 * 3600.0
LEAST_COVERED = 0.5
# An interval without length still has one figure.
_INSTANT_SECONDS = 1e-3


class Fitted(Record):
    """A series for a run.

    Attributes:
        points: in order, without overlap, of one quantity.
        covered: which part of the run they cover, 0 to 1.
        carried: which part a neighbouring figure stands in for.
    """

    points: tuple[Point, ...]
    covered: float
    carried: float


def fit(points: Sequence[Point], start_unix_seconds: float, end_unix_seconds: float) -> Fitted:
    """Return the points that a run needs.

    Raises:
        IntensityUnavailable: they are marginal, of several quantities, or cover too little.
    """
    start, end = start_unix_seconds, max(end_unix_seconds, start_unix_seconds + _INSTANT_SECONDS)
    if any(point.signal == MARGINAL for point in points):
        hint = "they tell when to start, not what a run has emitted"
        raise IntensityUnavailable("its figures are marginal", hint)
    if len({(point.basis, point.signal) for point in points}) > 1:
        raise IntensityUnavailable("its figures are of several quantities")
    filled = _filled(points, start, end)
    used = tuple(overlapping(filled, start, end))
    covered = sum(overlap_seconds(point, start, end) for point in used) / (end - start)
    own = sum(overlap_seconds(p, start, end) for p in overlapping(points, start, end))
    if covered < LEAST_COVERED:
        message = f"its figures cover {100 * covered:.0f} % of the run"
        raise IntensityUnavailable(message, "carbonrun intensity reconcile asks again later")
    missing = max(0.0, 1.0 - covered)
    factor = gap_factor(missing, missing * (end - start))
    return Fitted(
        points=tuple(widened(point, factor) for point in used),
        covered=min(1.0, covered),
        carried=max(0.0, covered - own / (end - start)),
    )


def _filled(points: Sequence[Point], start: float, end: float) -> list[Point]:
    """Return the points and those that stand in for the time between, before and behind them."""
    result: list[Point] = []
    for index, point in enumerate(points):
        begins = start if point.start_unix_seconds is None else point.start_unix_seconds
        ends = end if point.end_unix_seconds is None else point.end_unix_seconds
        if index == 0 and begins > start:
            result.append(_stand_in(point, max(start, begins - CARRY_SECONDS), begins))
        result.append(point)
        following = points[index + 1].start_unix_seconds if index + 1 < len(points) else end
        until = min(end if following is None else following, ends + CARRY_SECONDS)
        if until > ends:
            result.append(_stand_in(point, ends, until))
    return result


def _stand_in(point: Point, start: float, end: float) -> Point:
    return widened(point, CARRIED_FACTOR).replace(
        start_unix_seconds=start, end_unix_seconds=end, kind=PROVISIONAL
    )
