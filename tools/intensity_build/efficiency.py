"""How much energy and water data centres need besides their machines: ``cloud_regions.tsv``.

Responsible for: which published figure stands for a region, and its bounds. Not responsible for:
the figures themselves (``tools/data/intensity/cloud_efficiency.tsv``, typed from the providers'
own pages), or where regions are (``regions.py``).
"""

from __future__ import annotations

import csv
import statistics
from typing import TYPE_CHECKING, NamedTuple

from tools.intensity_build.regions import cloud_places, cloud_regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Around = Callable[[float], tuple[float, float]]

FILE = "cloud_efficiency.tsv"
# What Microsoft has published of the same places in two years differs by so much: the overhead
# (PUE less 1) by up to 1.4, the litres by up to 2. Source: Microsoft's fact sheets of datacenters
# of 2022, against its page on their efficiency of 2025.
OVERHEAD_FACTOR = 1.4
WATER_FACTOR = 2.0
REGION, ZONES, PROVIDER = "region", "zones", "provider"


class Published(NamedTuple):
    """A figure of a provider's page: of a region, or its mean (``*``)."""

    region: str
    value: float
    year: str
    source: str


def region_rows(raw: Path) -> list[tuple[str, ...]]:
    """Return the lines of ``cloud_regions.tsv``.

    Raises:
        ValueError: a figure belongs to no region.
    """
    placed, places = cloud_regions(raw), cloud_places(raw)
    with (raw / FILE).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    astray = [r for line in lines if (r := line["region"])[-1] != "*" and r not in placed]
    if astray:
        message = f"figures of no region: {astray}"
        raise ValueError(message)
    pue, wue = _published(lines, "pue"), _published(lines, "wue_l_per_kwh")
    return [
        (
            *(region, zone, places[region]),
            *_cells(region, pue, _around_pue),
            *_cells(region, wue, _around_water),
        )
        for region, zone in placed.items()
    ]


def _published(lines: list[dict[str, str]], column: str) -> list[Published]:
    return [
        Published(line["region"], float(line[column]), line["year"], line["source"])
        for line in lines
        if line[column]
    ]


def _around_pue(pue: float) -> tuple[float, float]:
    return 1 + (pue - 1) / OVERHEAD_FACTOR, 1 + (pue - 1) * OVERHEAD_FACTOR


def _around_water(litres: float) -> tuple[float, float]:
    return litres / WATER_FACTOR, litres * WATER_FACTOR


def _cells(region: str, published: list[Published], around: Around) -> tuple[str, ...]:
    """Return value, low, high, what it is the figure of, year and source; empty if unknown.

    A region without a figure has the mean of the zones in it, else its provider's: with bounds
    that hold whatever the provider has published of others.
    """
    provider = region.partition(":")[0]
    own = [each for each in published if each.region == region]
    inside = [each for each in published if each.region.rpartition("-")[0] == region]
    others = [each for each in published if each.region.startswith(f"{provider}:")]
    means = [each for each in others if each.region[-1] == "*"]
    candidates = ((REGION, own), (ZONES, inside), (PROVIDER, means or others))
    scope, chosen = next((pair for pair in candidates if pair[1]), ("", []))
    if not chosen:
        return ("",) * 6
    value = statistics.fmean(each.value for each in chosen)
    spread = chosen if scope != PROVIDER else others
    low, high = _hull(around(each.value) for each in spread)
    numbers = (f"{number:.4g}" for number in (value, min(low, value), max(high, value)))
    return (*numbers, scope, chosen[0].year, chosen[0].source)


def _hull(bounds: Iterable[tuple[float, float]]) -> tuple[float, float]:
    lows, highs = zip(*bounds, strict=True)
    return min(lows), max(highs)
