"""The last minute of a quantity that only grows, to tell its rate now and over time. Pure."""

from __future__ import annotations

from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Trail:
    """Cumulative values at increasing times; the oldest are forgotten."""

    def __init__(self, keep_seconds: float) -> None:
        """Keep values for so long."""
        self._keep_seconds = keep_seconds
        self._points: list[tuple[float, float]] = []

    def add(self, at_seconds: float, value: float) -> None:
        """Add a value; one that is not later than the last replaces it."""
        if self._points and at_seconds <= self._points[-1][0]:
            self._points[-1] = (self._points[-1][0], value)
            return
        self._points.append((at_seconds, value))
        # One older than that stays, to begin the first interval with.
        while len(self._points) > 2 and self._points[1][0] < at_seconds - self._keep_seconds:  # noqa: PLR2004
            del self._points[0]

    def rate(self, seconds: float) -> float | None:
        """Return the mean rate over the last ``seconds`` or a little more, None if not known."""
        if len(self._points) < 2:  # noqa: PLR2004
            return None
        end_seconds, end = self._points[-1]
        earlier = [point for point in self._points[:-1] if point[0] <= end_seconds - seconds]
        start_seconds, start = earlier[-1] if earlier else self._points[0]
        return max(0.0, end - start) / (end_seconds - start_seconds)

    def rates(self, steps: int, step_seconds: float) -> tuple[float | None, ...]:
        """Return the mean rate in each of the last steps, the latest last.

        Steps begin at multiples of their length, so that a curve does not tremble. None is where
        nothing is known.
        """
        if not self._points:
            return (None,) * steps
        last = int(self._points[-1][0] // step_seconds)
        edges = [(last - steps + index) * step_seconds for index in range(steps + 1)]
        values = [_value_at(self._points, edge) for edge in edges]
        return tuple(
            None if before is None or after is None else max(0.0, after - before) / step_seconds
            for before, after in pairwise(values)
        )


def _value_at(points: Sequence[tuple[float, float]], at_seconds: float) -> float | None:
    """Return the value at a moment, by straight lines between points; None outside of them."""
    if not points[0][0] <= at_seconds <= points[-1][0]:
        return None
    after = next(index for index, point in enumerate(points) if point[0] >= at_seconds)
    end_seconds, end = points[after]
    if after == 0:
        return end
    start_seconds, start = points[after - 1]
    return start + (end - start) * (at_seconds - start_seconds) / (end_seconds - start_seconds)
