"""What is said about a plan: where its start lies, why, and what is told meanwhile. Pure."""

from __future__ import annotations

from carbonrun.intensity.model import MARGINAL
from carbonrun.later.plan import (
    NO_FORECAST,
    SAVES_LITTLE,
    TOO_LATE,
    TOO_SHORT,
    UNKNOWN_DURATION,
)
from carbonrun.record import Record
from carbonrun.units import duration_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.intensity.window import Window
    from carbonrun.later.forecast import Forecast
    from carbonrun.later.plan import Plan

_INDENT = 2


class Wanted(Record):
    """What the plan was made for.

    Attributes:
        now_unix_seconds: when.
        seconds: how long the command takes, None if nobody knows.
        duration_source: who says so.
        latest_start_unix_seconds, deadline_unix_seconds: the limits, None for none.
        min_saving_percent: what waiting has to bring.
    """

    now_unix_seconds: float
    seconds: float | None
    duration_source: str
    latest_start_unix_seconds: float | None
    deadline_unix_seconds: float | None
    min_saving_percent: float


def headline(plan: Plan, wanted: Wanted, forecast: Forecast, shown: Callable[[float], str]) -> str:
    """Return the one sentence that says when it starts, and why."""
    if plan.reason is None:
        wait = duration_text(plan.start_unix_seconds - wanted.now_unix_seconds)
        at = shown(plan.start_unix_seconds)
        return (
            f"starts at {at}, in {wait}: lower-intensity hours{_less(plan.window, wanted, shown)}"
        )
    return f"starts at once: {_why(plan, wanted, forecast, shown)}"


def details(
    plan: Plan, wanted: Wanted, forecast: Forecast, shown: Callable[[float], str]
) -> list[tuple[str, str]]:
    """Return label and text of the lines below the headline."""
    rows: list[tuple[str, str]] = []
    if plan.window is not None:
        best, first = plan.window.g_per_kwh, plan.window.first_g_per_kwh
        at = shown(plan.window.start_unix_seconds)
        when = compared_with(plan.window, wanted, shown) or "at once"
        rows.append(("forecast", f"{_g(best)} from {at} on, {_g(first)} {when}"))
        point = forecast.points[0]
        told = "asked just now" if forecast.was_asked else "as it was told before"
        parts = (point.grid_zone, point.source, point.basis, point.signal, told)
        rows.append(("source", ", ".join(part for part in parts if part)))
        if point.signal == MARGINAL:
            rows.append(("", "marginal intensity: of what one kWh more would come from"))
    if wanted.seconds is not None:
        rows.append(("duration", f"{duration_text(wanted.seconds)}, {wanted.duration_source}"))
    if wanted.latest_start_unix_seconds is not None:
        rows.append(("limit", f"starts by {shown(wanted.latest_start_unix_seconds)}"))
    if wanted.deadline_unix_seconds is not None:
        rows.append(("limit", f"ends by {shown(wanted.deadline_unix_seconds)}"))
    if forecast.problem is not None and plan.reason != NO_FORECAST:
        rows.append(("note", forecast.problem))
    if forecast.hint is not None:
        rows.append(("hint", forecast.hint))
    rows += [("note", note.message) for note in forecast.notes]
    return rows


def laid_out(head: str, rows: list[tuple[str, str]]) -> str:
    """Return the headline and its lines, labels in a column."""
    width = max((len(label) for label, _ in rows), default=0)
    lines = [f"{' ' * _INDENT}{label:<{width}}  {text}" for label, text in rows]
    return "\n".join([f"carbonrun: {head}", *lines]) + "\n"


def countdown(left_seconds: float) -> str:
    """Return what stands on the terminal meanwhile: ``4:11:59``."""
    whole = max(0, int(left_seconds + 0.999))
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    clock = f"{hours}:{minutes:02d}:{seconds:02d}"
    return f"carbonrun: starts in {clock}; Ctrl-C leaves, USR1 starts at once"


def _why(plan: Plan, wanted: Wanted, forecast: Forecast, shown: Callable[[float], str]) -> str:
    if plan.reason == NO_FORECAST:
        return f"no forecast ({forecast.problem})"
    if plan.reason == UNKNOWN_DURATION:
        return "how long it takes is not known yet (--duration says it)"
    length = duration_text(wanted.seconds or 0.0)
    if plan.reason == TOO_LATE:
        deadline = wanted.deadline_unix_seconds or 0.0
        return f"it may end after {shown(deadline)}, as it takes {length}"
    if plan.reason == TOO_SHORT:
        return f"the forecast does not cover {length} within the limits"
    if plan.reason == SAVES_LITTLE:
        least = f"--min-saving {wanted.min_saving_percent:g} %"
        return f"waiting would save less than {least}{_less(plan.window, wanted, shown)}"
    return "the intensity is lowest now"


def compared_with(window: Window, wanted: Wanted, shown: Callable[[float], str]) -> str:
    """Return which hours the best are compared with; nothing where it is a start at once."""
    if window.is_compared_with(wanted.now_unix_seconds):
        return ""
    return f"from {shown(window.first_start_unix_seconds)} on, the first that are known"


def _less(window: Window | None, wanted: Wanted, shown: Callable[[float], str]) -> str:
    if window is None:
        return ""
    other = compared_with(window, wanted, shown)
    return f" ({100 * window.saving:.0f} % lower{' than ' + other if other else ''})"


def _g(g_per_kwh: float) -> str:
    return scaled(g_per_kwh, "g/kWh")
