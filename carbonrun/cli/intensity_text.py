"""Intensities as lines and tables for people, and as JSON. Pure."""

from __future__ import annotations

from carbonrun.report.text import printable
from carbonrun.timestamps import iso_time
from carbonrun.units import three_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from carbonrun.intensity.cloud_regions import CloudRegion
    from carbonrun.intensity.model import Point
    from carbonrun.intensity.services import Service
    from carbonrun.intensity.window import Window
    from carbonrun.intensity.zones import Zone
    from carbonrun.notes import Note


def aligned(rows: Sequence[Sequence[str]], gap: str = "  ") -> str:
    """Return rows as lines whose columns stand below each other."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        gap.join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(f"{printable(line.rstrip())}\n" for line in lines)


def figure(point: Point) -> str:
    """Return ``44.2 g/kWh (33.0 to 59.2)``."""
    low, high = number(point.low_g_per_kwh), number(point.high_g_per_kwh)
    return f"{number(point.g_per_kwh)} g/kWh ({low} to {high})"


def number(g_per_kwh: float) -> str:
    """Return an intensity with three digits, without a prefix: it stands beside others."""
    if g_per_kwh >= 999.5:  # noqa: PLR2004 - would be rounded to 1000
        return f"{g_per_kwh:.0f}"
    return three_digits(g_per_kwh) if g_per_kwh >= 0.1 else f"{g_per_kwh:.2g}"  # noqa: PLR2004


def quantity(point: Point) -> str:
    """Return what a figure is: ``average, lifecycle, annual``."""
    parts = (point.signal or "undeclared", point.basis or "undeclared", point.kind)
    return ", ".join(parts)


def show_text(point: Point, zone_name: str, zone_source: str | None, notes: Iterable[Note]) -> str:
    """Return the lines of ``carbonrun intensity show``."""
    source = f"; zone from {zone_source}" if zone_source else ""
    rows = [
        ("zone", f"{point.grid_zone or '-'}  {zone_name}{source}"),
        ("intensity", figure(point)),
        ("quantity", quantity(point)),
        ("period", _period(point)),
        ("source", point.source),
        ("licence", point.licence or "not stated"),
        ("credit", point.attribution or "-"),
        *(("note", _note(note)) for note in notes),
    ]
    return aligned(rows)


def region_text(region: CloudRegion | None) -> str:
    """Return what is published of a cloud region's data centres; nothing for a grid zone."""
    if region is None:
        return ""
    rows = [("PUE", region.pue, ""), ("water", region.wue_litres_per_kwh, " L/kWh on the site")]
    return "".join(
        f"{name:<11}{it.value:.3g}{unit} ({it.low:.3g} to {it.high:.3g}), "
        f"of the {it.of}, {it.year}\n"
        for name, it, unit in rows
        if it is not None
    )


def _period(point: Point) -> str:
    if point.year is not None:
        return str(point.year)
    if point.start_unix_seconds is None or point.end_unix_seconds is None:
        return "any"
    return f"{iso_time(point.start_unix_seconds)[:16]}Z to {iso_time(point.end_unix_seconds)[:16]}Z"


def _note(note: Note) -> str:
    return note.message + (f" ({note.hint})" if note.hint else "")


def point_json(point: Point) -> dict[str, Any]:
    """Return a point with times as text."""
    start, end = point.start_unix_seconds, point.end_unix_seconds
    entry = point.as_dict()
    del entry["start_unix_seconds"], entry["end_unix_seconds"]
    return {
        "start": None if start is None else iso_time(start),
        "end": None if end is None else iso_time(end),
        **entry,
    }


def window_json(window: Window | None, now: float) -> dict[str, Any] | None:
    """Return a window with times as text."""
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


def compare_text(zones: Sequence[tuple[Zone, Sequence[Point]]]) -> str:
    """Return a table: what each source says of each zone."""
    rows = [("zone", "g/kWh", "low", "high", "quantity", "source")]
    for zone, points in zones:
        for point in points:
            values = (point.g_per_kwh, point.low_g_per_kwh, point.high_g_per_kwh)
            value, low, high = (f"{number(each):>5}" for each in values)
            of_region = point.grid_zone is not None and ":" in point.grid_zone
            code = point.grid_zone if of_region and point.grid_zone else zone.code
            rows.append((code, value, low, high, quantity(point), point.source))
        if not points:
            rows.append((zone.code, "-", "-", "-", "no figure", "-"))
    return aligned(rows)


def zones_text(zones: Sequence[Zone]) -> str:
    """Return a table of zones: code, what is around it, name."""
    return aligned([(zone.code, zone.parent or "", zone.name) for zone in zones])


def sources_text(bundled: Sequence[dict[str, str]], services: Sequence[tuple[Service, str]]) -> str:
    """Return what comes with the package, and what can be asked.

    Args:
        bundled: the tables' sources.
        services: each with the state of its key.
    """
    offline = [(s["name"], s["year"], s["licence"], s["title"]) for s in bundled]
    parts = ["In the package (provider 'bundled'; nobody is asked):\n", aligned(offline)]
    parts.append("\nAsked over the network, with --provider NAME:\n")
    for service, key in services:
        lines = [
            ("", "is told", service.sent),
            ("", "covers", service.covers),
            ("", "tells", f"{service.signal or 'as declared'}, {service.basis or 'as declared'}"),
            ("", "key", key),
            ("", "licence", service.licence or "see its terms"),
        ]
        if service.remark:
            lines.append(("", "remark", service.remark))
        place = service.url or "--intensity-url"
        parts.append(f"\n{service.name}: {service.title}, {place}\n{aligned(lines)}")
    return "".join(parts)
