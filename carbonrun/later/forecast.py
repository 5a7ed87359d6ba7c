"""What is forecast for the place of the run, from a service that may be another than the run's."""

from __future__ import annotations

import time

from carbonrun.asking import ask_geoip, open_cached
from carbonrun.errors import UsageError
from carbonrun.grid import BUNDLED, find_for, place_here
from carbonrun.intensity.model import IntensityUnavailable
from carbonrun.notes import Notes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.intensity.model import Point
    from carbonrun.notes import Note
    from carbonrun.settings import Settings

# No service tells more; a limit further away must not ask for days that nobody knows.
LONGEST_SECONDS = 7 * 86400.0
CHOOSE = "choose a service that forecasts with --plan-with or --provider"


class Forecast(Record):
    """What is forecast.

    Attributes:
        points: from now on, in order; empty if nothing is known.
        problem: why nothing is known, or not the newest; None if all is well.
        hint: what can be done about that.
        notes: about the zone.
        was_asked: just now; what was told up to half an hour before will do as well.
    """

    points: tuple[Point, ...]
    problem: str | None = None
    hint: str | None = None
    notes: tuple[Note, ...] = ()
    was_asked: bool = False


def look_ahead(
    settings: Settings, environment: Mapping[str, str], now: float, until: float
) -> Forecast:
    """Return what is forecast from now on, at most a week.

    Raises:
        UsageError: the service cannot be asked, without its key or address.
    """
    name = settings.plan_with or settings.provider
    if name == BUNDLED:
        return Forecast(points=(), problem="the annual means of the package know no hours",
                        hint=CHOOSE)  # fmt: skip
    is_other = settings.plan_with is not None and settings.provider not in (BUNDLED, name)
    settings = settings.replace(
        provider=name,
        intensity_url=None if is_other else settings.intensity_url,
        intensity_g_per_kwh=None,  # a constant of the user's own is no forecast
    )
    notes = Notes()
    place = place_here(settings, environment, notes)
    try:
        provider = open_cached(place, time.time)
    except IntensityUnavailable as error:
        raise UsageError(f"--plan-with {name}: {error.reason}", error.hint) from None
    if place.wants_geoip:
        place = ask_geoip(place, notes)
    try:
        found = find_for(place, (now, min(until, now + LONGEST_SECONDS)), notes, provider)
    except IntensityUnavailable as error:
        return Forecast(points=(), problem=f"{name}: {error.reason}", hint=error.hint)
    points = tuple(point for point in found.points if (point.end_unix_seconds or 0.0) > now)
    problem = provider.problem
    if not points:
        reason = "it tells nothing of the time to come" if problem is None else problem.reason
        hint = CHOOSE if problem is None else problem.hint
        return Forecast(points=(), problem=f"{name}: {reason}", hint=hint)
    told = None if problem is None else f"{problem.reason}: what was told before is used"
    return Forecast(points=points, problem=told, notes=notes.all(), was_asked=provider.was_asked)
