"""A plan for other programs: JSON, schema ``carbonrun.plan/1``. Pure.

Times are ISO 8601 in UTC, None is unknown. ``reason`` tells why it would start at once: one of the
constants of :mod:`carbonrun.later.plan`, None if it would wait.
"""

from __future__ import annotations

import json

from carbonrun.timestamps import iso_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.later.forecast import Forecast
    from carbonrun.later.plan import Plan
    from carbonrun.later.text import Wanted

SCHEMA = "carbonrun.plan/1"


def plan_json(command: Sequence[str], plan: Plan, wanted: Wanted, forecast: Forecast) -> str:
    """Return the plan as ASCII with a final newline; secrets in the command are masked already."""
    content = {
        "schema": SCHEMA,
        "command": list(command),
        "made_at": iso_time(wanted.now_unix_seconds),
        "start": iso_time(plan.start_unix_seconds),
        "wait_seconds": plan.start_unix_seconds - wanted.now_unix_seconds,
        "reason": plan.reason,
        "duration_seconds": wanted.seconds,
        "latest_start": _time(wanted.latest_start_unix_seconds),
        "deadline": _time(wanted.deadline_unix_seconds),
        "window": _window(plan, wanted.now_unix_seconds),
        "forecast": _forecast(forecast),
        "notes": [note.as_dict() for note in forecast.notes],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _window(plan: Plan, now: float) -> dict[str, object] | None:
    """Return the hours that would be best, also where they are not worth waiting for."""
    window = plan.window
    if window is None:
        return None
    is_known = window.is_compared_with(now)
    return {
        "start": iso_time(window.start_unix_seconds),
        "end": iso_time(window.end_unix_seconds),
        "g_per_kwh": window.g_per_kwh,
        "now_g_per_kwh": window.first_g_per_kwh if is_known else None,
        "saving": window.saving if is_known else None,
    }


def _forecast(forecast: Forecast) -> dict[str, object]:
    point = forecast.points[0] if forecast.points else None
    last = forecast.points[-1].end_unix_seconds if forecast.points else None
    return {
        "provider": None if point is None else point.provider,
        "grid_zone": None if point is None else point.grid_zone,
        "basis": None if point is None else point.basis,
        "signal": None if point is None else point.signal,
        "attribution": None if point is None else point.attribution,
        "known_until": _time(last),
        "problem": forecast.problem,
    }


def _time(unix_seconds: float | None) -> str | None:
    return None if unix_seconds is None else iso_time(unix_seconds)
