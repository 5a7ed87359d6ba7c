"""Days of intensities as JSON, and back with every doubt that a file deserves. Pure."""

from __future__ import annotations

from math import isfinite

from carbonrun.intensity.cache import DAY_SECONDS, Day, Failure
from carbonrun.intensity.model import ACTUAL, FORECAST, PROVISIONAL, Point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "carbonrun.intensity-cache/1"
_KINDS = (ACTUAL, PROVISIONAL, FORECAST)
# What all points of a reply have in common is written once.
_ABOUT = ("basis", "signal", "provider", "source", "grid_zone", "attribution", "licence")
_NUMBERS = 5


def day_as_json(entry: Day) -> dict[str, Any]:
    """Return what is written of a day."""
    groups: dict[tuple[str | None, ...], list[list[float | str | None]]] = {}
    for point in entry.points:
        about = tuple(getattr(point, name) for name in _ABOUT)
        row = [
            *(point.start_unix_seconds, point.end_unix_seconds, point.g_per_kwh),
            *(point.low_g_per_kwh, point.high_g_per_kwh, point.kind),
        ]
        groups.setdefault(about, []).append(row)
    return {
        "schema": SCHEMA,
        "asked_at": entry.asked_at,
        "asked_from": entry.asked_from,
        "groups": [
            {"about": dict(zip(_ABOUT, about, strict=True)), "rows": rows}
            for about, rows in groups.items()
        ],
    }


def day_from_json(content: Any, day: int) -> Day:
    """Return a day as it was written.

    Raises:
        ValueError: something is not as it was written.
    """
    _check_schema(content)
    points: list[Point] = []
    for group in _list(content.get("groups")):
        about = group.get("about") if isinstance(group, dict) else None
        if not isinstance(about, dict) or set(about) != set(_ABOUT):
            raise ValueError("it has no description of its figures")
        if not all(value is None or isinstance(value, str) for value in about.values()):
            raise ValueError("a description is no text")
        points.extend(_point(row, about) for row in _list(group.get("rows")))
    points.sort(key=lambda point: point.start_unix_seconds or 0.0)
    begin, before = day * DAY_SECONDS, day * DAY_SECONDS
    for point in points:
        start, end = point.start_unix_seconds or 0.0, point.end_unix_seconds or 0.0
        if not before <= start < end or start >= begin + DAY_SECONDS:
            raise ValueError("its figures overlap, or are of another day")
        before = end
    return Day(
        asked_at=_number(content.get("asked_at")),
        asked_from=_number(content.get("asked_from")),
        points=tuple(points),
    )


def failure_as_json(failure: Failure) -> dict[str, Any]:
    """Return what is written of a failure."""
    return {"schema": SCHEMA, **failure.as_dict()}


def failure_from_json(content: Any) -> Failure:
    """Return a failure as it was written.

    Raises:
        ValueError: something is not as it was written.
    """
    _check_schema(content)
    reason, hint, count = content.get("reason"), content.get("hint"), content.get("count")
    if not isinstance(reason, str) or not isinstance(hint, (str, type(None))):
        raise ValueError("a reason is no text")  # noqa: TRY004 - callers want one type
    if not isinstance(count, int) or count < 1:
        raise ValueError("a count is none")
    return Failure(until=_number(content.get("until")), count=count, reason=reason, hint=hint)


def _check_schema(content: Any) -> None:
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        message = f"it is not {SCHEMA}"
        raise ValueError(message)


def _point(row: Any, about: dict[str, Any]) -> Point:
    cells = _list(row)
    if len(cells) != _NUMBERS + 1 or cells[-1] not in _KINDS:
        raise ValueError("a row is none")
    start, end, value, low, high = map(_number, cells[:_NUMBERS])
    if not 0 <= low <= value <= high:
        raise ValueError("a figure is outside of its bounds")
    return Point(
        start_unix_seconds=start,
        end_unix_seconds=end,
        g_per_kwh=value,
        low_g_per_kwh=low,
        high_g_per_kwh=high,
        kind=cells[-1],
        **about,
    )


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("a list is none")  # noqa: TRY004 - callers want one type
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ValueError("a number is none")
    return float(value)
