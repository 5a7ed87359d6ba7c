"""``carbonrun intensity forecast``: the next hours, and when in them it would be lowest."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from carbonrun.asking import ask_geoip, open_cached
from carbonrun.cli.forecast_plot import plot
from carbonrun.cli.intensity_text import aligned, figure, number, point_json, quantity, window_json
from carbonrun.cli.output import columns, emit
from carbonrun.delivery import speaks_unicode
from carbonrun.durations import parse_duration
from carbonrun.errors import UsageError
from carbonrun.grid import find_for, place_here
from carbonrun.intensity.model import IntensityUnavailable
from carbonrun.intensity.services import BUNDLED, SERVICES
from carbonrun.intensity.window import best_window
from carbonrun.intensity.zones import canonical_zone
from carbonrun.notes import Notes
from carbonrun.record import Record
from carbonrun.settings import resolve
from carbonrun.units import duration_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.cli.context import Context
    from carbonrun.grid import Place
    from carbonrun.intensity.model import Point
    from carbonrun.intensity.window import Window
    from carbonrun.notes import Note

_HOUR = 3600.0


class Forecast(Record):
    """What is shown.

    Attributes:
        grid_zone: of the points.
        points: from now on.
        start, end: of what is known, seconds since 1970.
        window: the best one, None if none of that length is known.
        seconds: how long the work is.
        notes: about the zone, and what was told before.
    """

    grid_zone: str | None
    points: tuple[Point, ...]
    start: float
    end: float
    window: Window | None
    seconds: float
    notes: tuple[Note, ...]


def forecast(  # noqa: PLR0913 - one parameter for each option
    ctx: typer.Context,
    zone: Annotated[str | None, typer.Argument(help="Grid zone; else as for a run.")] = None,
    *,
    provider: Annotated[
        str | None, typer.Option("--provider", help="Which service; also those for planning only.")
    ] = None,
    hours: Annotated[float, typer.Option(min=1, max=96, help="How far to look ahead.")] = 24.0,
    duration: Annotated[str, typer.Option(help="How long the work is: 90s, 10m, 2h.")] = "1h",
    as_json: Annotated[bool, typer.Option("--json", help="Show the result as JSON.")] = False,
) -> int:
    """Show the intensity of the next hours, and the window in which it is lowest.

    Run options stand before the word 'intensity': carbonrun --provider neso intensity forecast GB
    """
    context: Context = ctx.obj
    settings = resolve(context.flags, context.environment, cwd=context.cwd, home=context.home)
    settings = settings.replace(provider=_provider(provider or settings.provider))
    if zone is not None:
        settings = settings.replace(zone=canonical_zone(zone), zone_source="the command line")
    try:
        seconds = parse_duration(duration)
    except ValueError as error:
        raise UsageError(f"--duration {duration!r}: {error}") from None
    notes = Notes()
    place = place_here(settings, context.environment, notes)
    if place.wants_geoip:
        place = ask_geoip(place, notes)
    found = _look(place, hours, seconds, notes)
    if as_json:
        emit(json.dumps(_json(found), indent=2) + "\n")
    else:
        emit(
            _text(found, columns(context.environment), unicode=speaks_unicode(context.environment))
        )
    return 0


def _provider(name: str) -> str:
    names = [service.name for service in SERVICES]
    if name == BUNDLED:
        message = "intensity forecast: the annual means of the package know no hours"
        raise UsageError(message, f"choose a service with --provider: {', '.join(names)}")
    if name not in names:
        raise UsageError(f"--provider {name!r}: must be one of {', '.join(names)}")
    return name


def _look(place: Place, hours: float, seconds: float, notes: Notes) -> Forecast:
    now = time.time()
    until = now + hours * _HOUR
    try:
        provider = open_cached(place, time.time)
        # A constant of the user's own is no forecast.
        place = place.replace(settings=place.settings.replace(intensity_g_per_kwh=None))
        found = find_for(place, (now, until), notes, provider)
    except IntensityUnavailable as error:
        raise UsageError(f"intensity forecast: {error.reason}", error.hint) from None
    points = tuple(p for p in found.points if (p.end_unix_seconds or 0.0) > now)
    points = tuple(p for p in points if (p.start_unix_seconds or 0.0) < until)
    if provider.problem is not None:
        message = f"{provider.problem.reason}: what was told before is shown"
        notes.info("intensity-from-cache", message)
    if not points:
        message = f"intensity forecast: {place.settings.provider} tells nothing of the time to come"
        raise UsageError(message, "choose another with --provider")
    end = min(until, points[-1].end_unix_seconds or until)
    return Forecast(
        grid_zone=found.grid_zone,
        points=points,
        start=now,
        end=end,
        window=best_window(points, now, end, seconds),
        seconds=seconds,
        notes=notes.all(),
    )


def _json(found: Forecast) -> dict[str, object]:
    return {
        "grid_zone": found.grid_zone,
        "points": [point_json(point) for point in found.points],
        "duration_seconds": found.seconds,
        "window": window_json(found.window, found.start),
        "notes": [note.as_dict() for note in found.notes],
    }


def _text(found: Forecast, width: int, *, unicode: bool) -> str:
    window = found.window
    marked = None if window is None else (window.start_unix_seconds, window.end_unix_seconds)
    lines = plot(
        found.points,
        found.start,
        found.end,
        min(width, 100),
        marked=marked,
        clock=lambda at: time.strftime("%H:%M", time.localtime(at)),
        unicode=unicode,
    )
    first = found.points[0]
    rows = [("zone", found.grid_zone or "-"), ("now", figure(first)), ("source", first.source)]
    rows += [("quantity", f"{quantity(first)}; g/kWh, times are local"), *_window_rows(found)]
    rows += [("note", note.message) for note in found.notes]
    return "\n".join(lines) + "\n\n" + aligned(rows)


def _window_rows(found: Forecast) -> list[tuple[str, str]]:
    window, length = found.window, duration_text(found.seconds)
    if window is None:
        why = f"nothing is known of {length} on end within what is shown"
        return [("best", f"{why}, up to {_clock(found.end)} (--hours)")]
    starts = _clock(window.start_unix_seconds)
    value = f"{number(window.g_per_kwh)} g/kWh, from {starts} on for {length}"
    if window.start_unix_seconds <= found.start:
        return [("best", f"{value}: now")]
    than = "now"
    if not window.is_compared_with(found.start):
        than = f"from {_clock(window.first_start_unix_seconds)} on; now is not known"
    less = f"{100 * window.saving:.0f} % lower intensity than {than}"
    return [("best", f"{value}: {less} (marked)")]


def _clock(at: float) -> str:
    return time.strftime("%a %H:%M", time.localtime(at))
