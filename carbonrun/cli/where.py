"""``carbonrun report RUN --where``: the run on other grids and at other hours; nobody is asked."""

from __future__ import annotations

import json
from datetime import datetime

from carbonrun.errors import UsageError
from carbonrun.intensity.cloud_regions import PROVIDER_NAMES, cloud_regions
from carbonrun.intensity.model import ANNUAL, LIFECYCLE, Point, ZoneNotCovered
from carbonrun.intensity.providers.bundled import BundledProvider
from carbonrun.intensity.uncertainty import with_temporal_spread
from carbonrun.intensity.zones import WORLD, Zone, find_zone
from carbonrun.report.elsewhere import Place, best, elsewhere, energy_is_known, rank
from carbonrun.report.elsewhere_text import Answer, hour_grams
from carbonrun.report.other_hours import REACH_SECONDS, OtherHours, other_hours
from carbonrun.store.intensity_days import kept_points
from carbonrun.timestamps import iso_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbonrun.report.model import IntensityUsed, Report
    from carbonrun.report.other_hours import Hour

MOST_PLACES = 10
_CLOUD_NOTE = "cloud-region"
_SECONDS = 1.0


def answer_where(report: Report, cloud: str | None, state_dir: str | None) -> Answer:
    """Return what the run would have emitted elsewhere and at other hours.

    Args:
        report: of the run.
        cloud: the provider whose regions are wanted; None takes the one that the run was at.
        state_dir: where the answers of services are kept, None if nowhere.

    Raises:
        UsageError: the energy of the run is not known, or there is no such provider.
    """
    if not energy_is_known(report):
        raise UsageError("report: --where: the energy of this run is not known")
    cloud = cloud or _cloud_of(report)
    if cloud is not None and cloud not in PROVIDER_NAMES:
        message = f"report: --cloud {cloud!r} is none of {', '.join(PROVIDER_NAMES)}"
        raise UsageError(message)
    here, basis = _here(report)
    annual = with_temporal_spread(BundledProvider(basis).zones(), report.run.duration_seconds)
    points = {point.grid_zone: point for point in annual if point.grid_zone}
    zones = [
        Place(code=zone.code, name=zone.name, point=points[zone.code])
        for zone in map(find_zone, points)
        if _is_place(zone)
    ]
    lower, of = rank(zones, here)
    hours = _hours(report, state_dir)
    return Answer(
        here=elsewhere(report, here, None),
        zones=tuple(best(report, zones, here, MOST_PLACES)),
        regions=tuple(best(report, _regions(cloud, points), here, MOST_PLACES)),
        cloud=None if cloud is None else PROVIDER_NAMES[cloud],
        lower=lower,
        of=of,
        basis=basis,
        hours=hours,
        remarks=tuple(_remarks(here, cloud, hours)),
    )


def _remarks(here: Place, cloud: str | None, hours: OtherHours | None) -> list[str]:
    remarks = []
    if here.code == WORLD:
        remarks.append("Where the run was is not known: 'here' is the mean of the world.")
    if cloud is None:
        known = ", ".join(PROVIDER_NAMES)
        remarks.append(f"--cloud PROVIDER ranks the regions of a provider ({known}).")
    if hours is None:
        remarks.append(
            "Other hours are not compared: no figures by the hour are kept for the time of the run "
            "(carbonrun --provider NAME keeps them)."
        )
    else:
        told = "" if hours.is_final else ", and some of them are not final"
        remarks.append(f"The hours are compared at even power{told}.")
    return remarks


def _is_place(zone: Zone) -> bool:
    """Tell whether a run can be there: not a continent or union, and a grid, not a cloud region."""
    return zone.parent not in (None, WORLD) and not zone.is_cloud_region


def _cloud_of(report: Report) -> str | None:
    """Return the provider that the run was at, as far as its zone tells that."""
    zone = report.intensity.grid_zone if report.intensity else None
    if zone is not None and ":" in zone:
        return zone.partition(":")[0]
    for note in report.notes:
        if note.code == _CLOUD_NOTE and ":" in note.message.split(" ", 1)[0]:
            provider = note.message.partition(":")[0]
            return provider if provider in PROVIDER_NAMES else None
    return None


def _here(report: Report) -> tuple[Place, str]:
    """Return the mean of a year of the run's zone, or of the one around it; and its basis.

    Raises:
        UsageError: the run has no zone with a figure.
    """
    used = report.intensity
    code = used.grid_zone if used is not None and used.grid_zone else WORLD
    bases = [LIFECYCLE] if used is None or used.basis is None else [LIFECYCLE, used.basis]
    while True:
        try:
            zone = find_zone(code)
        except KeyError:
            raise UsageError(f"report: --where: this version has no zone {code}") from None
        for basis in dict.fromkeys(bases):
            point = _annual(code, basis)
            if point is not None:
                (own,) = with_temporal_spread([point], report.run.duration_seconds)
                return Place(code=code, name=zone.name, point=_as_reported(own, used)), basis
        if zone.parent is None:
            raise UsageError(f"report: --where: there is no annual mean for {code}")
        code = zone.parent


def _as_reported(point: Point, used: IntensityUsed | None) -> Point:
    """Return the figure with the bounds of the report, which know how sure the zone was."""
    is_same = (
        used is not None
        and used.kind == ANNUAL
        and (used.grid_zone, used.basis) == (point.grid_zone, point.basis)
    )
    if used is None or not is_same:
        return point
    return point.replace(
        g_per_kwh=used.g_per_kwh,
        low_g_per_kwh=used.low_g_per_kwh,
        high_g_per_kwh=used.high_g_per_kwh,
    )


def _annual(code: str, basis: str) -> Point | None:
    try:
        return BundledProvider(basis).series(code, 0.0, 0.0)[0]
    except ZoneNotCovered:
        return None


def _regions(cloud: str | None, points: dict[str, Point]) -> list[Place]:
    """Return the provider's regions with their own figures, or those of their grids."""
    found = []
    for region in () if cloud is None else cloud_regions(cloud):
        point = points.get(region.code) or points.get(region.grid_zone)
        if point is not None:
            name = find_zone(region.grid_zone).name
            found.append(Place(code=region.code, name=name, point=point))
    return found


def _hours(report: Report, state_dir: str | None) -> OtherHours | None:
    """Return other beginnings, from what the run's own service has told, or else another one."""
    used, seconds = report.intensity, max(_SECONDS, report.run.duration_seconds)
    if used is None or used.grid_zone is None:
        return None
    start = _unix(report.run.started_at)
    period = (start - REACH_SECONDS, start + seconds + REACH_SECONDS)
    quantity = (used.basis, used.signal)
    kept = {} if state_dir is None else kept_points(state_dir, used.grid_zone, period, quantity)
    own = kept.pop(used.provider, ())
    for points in (own, *kept.values(), _series(used)):
        hours = other_hours(points, start, seconds)
        if hours is not None:
            return hours
    return None


def _series(used: IntensityUsed) -> list[Point]:
    """Return the points that are in the report itself, as far as they have both ends."""
    return [
        Point(
            start_unix_seconds=_unix(str(entry["start"])),
            end_unix_seconds=_unix(str(entry["end"])),
            g_per_kwh=float(str(entry["g_per_kwh"])),
            low_g_per_kwh=float(str(entry["low_g_per_kwh"])),
            high_g_per_kwh=float(str(entry["high_g_per_kwh"])),
            basis=used.basis,
            signal=used.signal,
            kind=str(entry["kind"]),
            provider=used.provider,
            source=str(entry["source"]),
            grid_zone=used.grid_zone,
        )
        for entry in used.series
        if used.kind != ANNUAL and entry["start"] is not None and entry["end"] is not None
    ]


def _unix(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def where_json(report: Report, answer: Answer) -> str:
    """Return the answer as JSON."""
    hours = answer.hours
    shown = {
        "run_id": report.run.id,
        "assumption": "the same energy; annual means; location-based",
        "joules": report.energy.joules,
        "low_joules": report.energy.low_joules,
        "high_joules": report.energy.high_joules,
        "pue": report.emissions.pue,
        "basis": answer.basis,
        "signal": "average",
        "reported_grams_co2e": report.emissions.grams_co2e,
        "here": answer.here.as_dict(),
        "zones_with_less": answer.lower,
        "zones_in_all": answer.of,
        "zones": [place.as_dict() for place in answer.zones],
        "cloud": answer.cloud,
        "regions": [place.as_dict() for place in answer.regions],
        "hours": None
        if hours is None
        else {
            "provider": hours.provider,
            "basis": hours.basis,
            "is_final": hours.is_final,
            "from": iso_time(hours.from_unix_seconds),
            "to": iso_time(hours.to_unix_seconds),
            "as_it_was": _hour_json(report, hours.as_it_was),
            "best": _hour_json(report, hours.best),
            "worst": _hour_json(report, hours.worst),
        },
        "remarks": list(answer.remarks),
    }
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _hour_json(report: Report, hour: Hour) -> dict[str, Any]:
    grams, low, high = hour_grams(report, hour)
    return {
        "start": iso_time(hour.start_unix_seconds),
        "g_per_kwh": hour.g_per_kwh,
        "low_g_per_kwh": hour.low_g_per_kwh,
        "high_g_per_kwh": hour.high_g_per_kwh,
        "grams_co2e": grams,
        "low_grams_co2e": low,
        "high_grams_co2e": high,
    }
