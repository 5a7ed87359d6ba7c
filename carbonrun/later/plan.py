"""When to start: at once, or in hours of lower intensity. Pure.

The mean intensity over the time that the command takes is to be lowest, within the limits that the
user gave and the time that the forecast knows; see :mod:`carbonrun.intensity.window`. Waiting that
saves less than a threshold is not worth it: forecasts err, and a machine that waits may be idle.
"""

from __future__ import annotations

from carbonrun.intensity.window import best_window
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.intensity.model import Point
    from carbonrun.intensity.window import Window

# Why it starts at once.
NO_FORECAST = "no-forecast"
UNKNOWN_DURATION = "unknown-duration"
TOO_LATE = "too-late"
TOO_SHORT = "forecast-too-short"
NOW_IS_BEST = "now-is-best"
SAVES_LITTLE = "saves-little"
# A part of the duration by which a history of runs is believed: four of five were not longer.
# Source: a choice; the mean would make every second run end after its window.
LIKELY_PART = 0.8


class Plan(Record):
    """When the command starts, and why.

    Attributes:
        start_unix_seconds: now, or later.
        window: the hours that would be best, None if no forecast tells.
        reason: why it starts at once, one of the constants of this module; None if it waits.
    """

    start_unix_seconds: float
    window: Window | None = None
    reason: str | None = None


def choose(
    points: Sequence[Point],
    now_unix_seconds: float,
    latest_end_unix_seconds: float,
    seconds: float | None,
    min_saving_percent: float,
) -> Plan:
    """Return the plan.

    Args:
        points: the forecast, in order; empty if there is none.
        now_unix_seconds: the earliest start.
        latest_end_unix_seconds: when the command should have ended.
        seconds: how long it takes, above 0; None if nobody knows.
        min_saving_percent: by how much the intensity must be lower than at once.
    """
    if not points:
        return Plan(start_unix_seconds=now_unix_seconds, reason=NO_FORECAST)
    if seconds is None:
        return Plan(start_unix_seconds=now_unix_seconds, reason=UNKNOWN_DURATION)
    if now_unix_seconds + seconds > latest_end_unix_seconds:
        return Plan(start_unix_seconds=now_unix_seconds, reason=TOO_LATE)
    window = best_window(points, now_unix_seconds, latest_end_unix_seconds, seconds)
    if window is None:
        return Plan(start_unix_seconds=now_unix_seconds, reason=TOO_SHORT)
    return _weighed(window, now_unix_seconds, min_saving_percent)


def _weighed(window: Window, now: float, min_saving_percent: float) -> Plan:
    """Return whether the best hours are worth waiting for."""
    if window.start_unix_seconds <= now:
        return Plan(start_unix_seconds=now, window=window, reason=NOW_IS_BEST)
    if window.saving <= 0 or window.saving * 100 < min_saving_percent:
        return Plan(start_unix_seconds=now, window=window, reason=SAVES_LITTLE)
    return Plan(start_unix_seconds=window.start_unix_seconds, window=window)


def is_to_be_followed(plan: Plan) -> bool:
    """Tell whether a plan that was made on the way counts: not if the forecast has gone."""
    return plan.reason in (None, NOW_IS_BEST)


def likely_seconds(durations_seconds: Sequence[float]) -> float | None:
    """Return what four of five earlier runs did not exceed, None if there were none.

    Source: the nearest-rank percentile.
    """
    ordered = sorted(durations_seconds)
    if not ordered:
        return None
    rank = -(-len(ordered) * int(100 * LIKELY_PART) // 100)
    return ordered[max(0, rank - 1)]
