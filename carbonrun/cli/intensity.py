"""``carbonrun intensity``: figures, forecasts and their sources, without running anything."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from carbonrun.asking import open_cached
from carbonrun.cli import intensity_text as text
from carbonrun.cli.intensity_forecast import forecast
from carbonrun.cli.output import emit
from carbonrun.cli.reconcile import reconcile
from carbonrun.errors import CarbonrunError, UsageError
from carbonrun.grid import Grid, Place, place_here
from carbonrun.intensity.cloud_regions import (
    PROVIDER_NAMES,
    cloud_region,
    cloud_regions,
    search_regions,
)
from carbonrun.intensity.model import IntensityUnavailable, contains
from carbonrun.intensity.providers.bundled import BundledProvider
from carbonrun.intensity.providers.registry import key_of
from carbonrun.intensity.services import BUNDLED, SERVICES
from carbonrun.intensity.zones import canonical_zone, find_zone, search_zones
from carbonrun.notes import Notes
from carbonrun.settings import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.cli.context import Context
    from carbonrun.intensity.cloud_regions import CloudRegion
    from carbonrun.intensity.model import Point
    from carbonrun.intensity.services import Service
    from carbonrun.intensity.zones import Zone
    from carbonrun.settings import Settings

# Nobody waits behind a subcommand but its user.
PATIENCE_SECONDS = 10.0
NOTHING_FOUND = 1

JsonFlag = Annotated[bool, typer.Option("--json", help="Show the result as JSON.")]


def application() -> typer.Typer:
    """Return the subcommand with its own subcommands."""
    app = typer.Typer(
        add_completion=False, help="Carbon intensity: figures, forecasts, sources, zones."
    )
    for command in (show, forecast, sources, compare, zones, reconcile):
        app.command(command.__name__)(command)
    return app


def show(
    ctx: typer.Context,
    zone: Annotated[str | None, typer.Argument(help="Grid zone; else as for a run.")] = None,
    *,
    as_json: JsonFlag = False,
) -> int:
    """Show the intensity that a run would have here and now, and where it comes from.

    Run options stand before the word 'intensity': carbonrun --provider neso intensity show GB
    """
    context: Context = ctx.obj
    settings = settings_of(context, zone)
    notes, now = Notes(), time.time()
    place = place_here(settings, context.environment, notes)
    found = Grid(place, now, time.time, notes).finish(time.time(), PATIENCE_SECONDS)
    at = time.time()
    point = next((p for p in found.points if contains(p, at)), found.points[-1])
    if as_json:
        shown = {
            "grid_zone": found.grid_zone,
            "zone_source": found.zone_source,
            "intensity": text.point_json(point),
            "cloud_region": None if (region := _region(settings)) is None else region.as_dict(),
            "notes": [note.as_dict() for note in notes.all()],
        }
        _emit_json(shown)
    else:
        name = find_zone(found.grid_zone).name if found.grid_zone else ""
        emit(text.show_text(point, name, found.zone_source, notes.all()))
        emit(text.region_text(_region(settings)))
    return 0


def sources(ctx: typer.Context, *, as_json: JsonFlag = False) -> int:
    """Show where figures come from: what is in the package, and what can be asked."""
    context: Context = ctx.obj
    settings = settings_of(context, None)
    bundled = BundledProvider().sources()
    services = [(service, _key_state(service, context, settings)) for service in SERVICES]
    if as_json:
        shown = [{**service.as_dict(), "key_state": key} for service, key in services]
        _emit_json({"bundled": bundled, "services": shown})
    else:
        emit(text.sources_text(bundled, services))
    return 0


def compare(
    ctx: typer.Context,
    zones: Annotated[list[str], typer.Argument(help="Grid zones: FR DE US-CA.")],
    *,
    as_json: JsonFlag = False,
) -> int:
    """Show what each source says of some zones, side by side."""
    context: Context = ctx.obj
    settings = settings_of(context, None)
    found = [(zone, _figures(zone, settings, context)) for zone in map(_zone, zones)]
    if as_json:
        _emit_json({z.code: [text.point_json(point) for point in points] for z, points in found})
    else:
        emit(text.compare_text(found))
    return 0 if any(points for _, points in found) else NOTHING_FOUND


def zones(
    words: Annotated[list[str] | None, typer.Argument(help="A part of a code or name.")] = None,
    *,
    as_json: JsonFlag = False,
) -> int:
    """Search the grid zones and cloud regions that can be named with --zone."""
    found = [_with_place(zone) for zone in _search(" ".join(words or ()))]
    if as_json:
        _emit_json([{"code": z.code, "parent": z.parent, "name": z.name} for z in found])
    else:
        emit(text.zones_text(found))
    return 0 if found else NOTHING_FOUND


def settings_of(context: Context, zone: str | None) -> Settings:
    """Return the settings of a run here; a zone that is named behind the subcommand wins.

    Raises:
        UsageError: there is no such zone.
    """
    settings = resolve(context.flags, context.environment, cwd=context.cwd, home=context.home)
    if zone is not None:
        return settings.replace(zone=_zone(zone).code, zone_source="the command line")
    if settings.zone is not None:
        _zone(settings.zone)
    return settings


def _search(words: str) -> list[Zone]:
    """Return zones by code and name, then cloud regions by their place."""
    found = search_zones(words)
    codes = {zone.code for zone in found}
    return found + [find_zone(r.code) for r in search_regions(words) if r.code not in codes]


def _with_place(zone: Zone) -> Zone:
    """Return a cloud region with provider and place for a name."""
    if not zone.is_cloud_region:
        return zone
    region = cloud_region(zone.code)
    return zone.replace(name=f"{PROVIDER_NAMES[region.provider]}, {region.place}")


def _region(settings: Settings) -> CloudRegion | None:
    """Return the cloud region that was named, None for a grid zone."""
    code = None if settings.zone is None else canonical_zone(settings.zone)
    return cloud_region(code) if code is not None and ":" in code else None


def _zone(name: str) -> Zone:
    return find_zone(canonical_zone(name))


def _figures(zone: Zone, settings: Settings, context: Context) -> list[Point]:
    """Return the figures of a zone, with those of cloud regions in it or of the grid around it."""
    points = list(BundledProvider().known(zone.code))
    code = zone.parent if zone.is_cloud_region and zone.parent else zone.code
    if zone.is_cloud_region:
        points += BundledProvider().known(code)
    for region in cloud_regions():
        if region.grid_zone == zone.code:
            points += BundledProvider().known(region.code)
    if settings.provider != BUNDLED:
        points += _live(code, settings, context)
    return points


def _live(code: str, settings: Settings, context: Context) -> list[Point]:
    """Return what the chosen service says now; nothing if it says nothing of this zone."""
    place, now = Place(settings=settings, environment=context.environment), time.time()
    try:
        points = open_cached(place, time.time).series(code, now, now)
    except IntensityUnavailable:
        return []
    return [point for point in points if contains(point, now)] or [points[-1]]


def _key_state(service: Service, context: Context, settings: Settings) -> str:
    if service.key is None:
        return "none needed"
    is_there = key_of(service, context.environment, settings.keys) is not None
    return "set" if is_there else f"missing: {service.key_variable} = {service.key}"


def _emit_json(shown: Any) -> None:
    emit(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")


def refuse(error: IntensityUnavailable) -> CarbonrunError:
    """Return how a subcommand tells that there is nothing to show."""
    return UsageError(f"intensity: {error.reason}", error.hint)
