"""Finds the carbon intensity of a run: the user's constant, or the figures of its zone.

Responsible for: the way from a zone without figures to a wider one, and a Note for each such step.
Not responsible for: which zone it is (:mod:`carbonrun.intensity.whereabouts`), where figures come
from (``providers``), multiplying with energy.

Bounds grow with each step: a wider zone stands in for one of its parts, and parts differ. The
spread of the parts is in the table of zones. There is no silent default.
"""

from __future__ import annotations

import time

from carbonrun.intensity.model import ZoneNotCovered
from carbonrun.intensity.providers.bundled import BundledProvider
from carbonrun.intensity.uncertainty import widened, with_temporal_spread
from carbonrun.intensity.whereabouts import given, guessed, nowhere
from carbonrun.intensity.zones import WORLD, find_zone
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.intensity.model import Point, Provider
    from carbonrun.intensity.whereabouts import Clues, Whereabouts
    from carbonrun.intensity.zones import Zone
    from carbonrun.notes import Notes

OLD_MONTHS = 24
# How parts differ where the table has no figure of any part: as in the United States.
LIKE = "US"


class IntensityFound(Record):
    """What was found.

    Attributes:
        points: one or more, of one basis and signal, in order.
        grid_zone: what the points are the intensity of; None for a constant without a zone.
        zone_source: what told the zone: the option, variable or file that the user set it with,
            a cloud's variable, ``cloud-init``, ``cloud metadata``, ``geo-IP``, ``time zone``,
            ``world mean``; None if there is no zone.
    """

    points: tuple[Point, ...]
    grid_zone: str | None
    zone_source: str | None


def find_intensity(  # noqa: PLR0913 - all it knows comes from the caller, by name
    *,
    zone: str | None,
    zone_source: str | None,
    constant_g_per_kwh: float | None,
    clues: Clues,
    start_unix_seconds: float,
    end_unix_seconds: float,
    notes: Notes,
    provider: Provider | None = None,
) -> IntensityFound:
    """Return the intensity of a run, and add a Note for whatever is not as exact as asked for.

    Args:
        zone: as given by the user, None if not.
        zone_source: where the user gave it ("--zone", "CARBONRUN_ZONE" ...).
        constant_g_per_kwh: the user's own figure, None if there is none.
        clues: what tells the zone where the user does not.
        start_unix_seconds: when the run started.
        end_unix_seconds: when it ended, or now.
        notes: where remarks go.
        provider: who is asked; None takes the annual means that come with the package.

    Raises:
        IntensityUnavailable: the provider has nothing; the annual means always have something.
        UsageError: the constant is negative or not finite. A zone that does not exist becomes a
            Note: this is called when the command already runs, and the command line has checked it.
    """
    place = given(zone, zone_source, notes)
    period = (start_unix_seconds, end_unix_seconds)
    if constant_g_per_kwh is not None:
        return _constant(constant_g_per_kwh, place, period)
    if place is None:
        place = guessed(clues, notes) if zone is None else nowhere(notes)
    points = _ask(provider or BundledProvider(), place, period, notes)
    _note_age(points, end_unix_seconds, notes)
    points = with_temporal_spread(points, end_unix_seconds - start_unix_seconds)
    return IntensityFound(points=points, grid_zone=points[0].grid_zone, zone_source=place.source)


def _constant(
    g_per_kwh: float, place: Whereabouts | None, period: tuple[float, float]
) -> IntensityFound:
    code = None if place is None else place.zone
    from carbonrun.intensity.providers.constant import ConstantProvider

    return IntensityFound(
        points=ConstantProvider(g_per_kwh).series(code, *period),
        grid_zone=code,
        zone_source=None if place is None else place.source,
    )


def _ask(
    provider: Provider, place: Whereabouts, period: tuple[float, float], notes: Notes
) -> tuple[Point, ...]:
    """Return points for the place or the nearest zone around it, with the bounds that it needs.

    Raises:
        IntensityUnavailable: the provider has nothing even for the world, or failed.
    """
    asked = find_zone(place.zone)
    points, zone = _first_answer(provider, asked, period)
    in_cloud = asked.is_cloud_region and zone.code == asked.parent
    if zone.code != asked.code and not in_cloud:
        spread = zone if zone.spread_low is not None else find_zone(LIKE)
        return _stand_in(points, asked, spread, notes)
    if in_cloud:
        notes.info("cloud-region", f"{asked.code} draws from the grid zone {zone.code}")
    if (place.exact and not in_cloud) or zone.spread_low is None:
        return points
    if zone.code != WORLD:
        told_by = "cloud region" if in_cloud else place.source
        message = f"the grids of {zone.name} differ, and the {told_by} does not tell which it is"
        hint = f"name the part with --zone; carbonrun intensity zones {zone.code} lists them"
        notes.warn("zone-part-unknown", f"{message}: the bounds are wider", hint)
    return _widen(points, zone)


def _first_answer(
    provider: Provider, zone: Zone, period: tuple[float, float]
) -> tuple[tuple[Point, ...], Zone]:
    """Go from the zone to the one around it until the provider knows one; return it as well.

    Raises:
        ZoneNotCovered: what is said of the zone that was asked for, not of the world.
    """
    try:
        return provider.series(zone.code, *period), zone
    except ZoneNotCovered as error:
        if zone.parent is None:
            raise
        try:
            return _first_answer(provider, find_zone(zone.parent), period)
        except ZoneNotCovered:
            raise error from None


def _stand_in(
    points: tuple[Point, ...], asked: Zone, spread: Zone, notes: Notes
) -> tuple[Point, ...]:
    """Return the points of a wider zone for the one that was asked for, and say so."""
    used = points[0].grid_zone
    message = f"no figure for {asked.code} ({asked.name}): that of {used} is used"
    hint = "give a figure of your own with --intensity"
    notes.warn("intensity-fallback", f"{message}, with wider bounds", hint)
    return _widen(points, spread)


def _widen(points: tuple[Point, ...], spread: Zone) -> tuple[Point, ...]:
    """Return the points with what most parts of a zone differ from it by added to their bounds."""
    low, high = spread.spread_low or 1.0, spread.spread_high or 1.0
    return tuple(widened(point, high, 1 / low) for point in points)


def _note_age(points: tuple[Point, ...], end_unix_seconds: float, notes: Notes) -> None:
    """Say so if the newest year ended more than 24 months before the run did."""
    years = [point.year for point in points if point.year is not None]
    if not years:
        return
    now = time.gmtime(end_unix_seconds)
    months = (now.tm_year - max(years) - 1) * 12 + now.tm_mon - 1
    if months >= OLD_MONTHS:
        zone = points[0].grid_zone
        message = f"the newest figure for {zone} is the mean of {max(years)}, {months} months ago"
        notes.warn("intensity-old", message, "a newer carbonrun may know more; or use --intensity")
