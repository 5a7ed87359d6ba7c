"""Cloud regions: the grid that each draws from, and what its data centres need besides machines.

Responsible for: reading ``data/cloud_regions.tsv``. Not responsible for: the intensity of the grid
(:mod:`carbonrun.intensity.providers.bundled`), or where this machine is.

Power usage effectiveness (PUE) is the energy of the building for each unit of energy of its
machines. Water usage effectiveness (WUE) is the water on the site for each kWh of its machines;
Amazon counts what is withdrawn, the others what is used for cooling and humidification. Water that
power plants need is in neither.
"""

from __future__ import annotations

import os

from carbonrun.intensity.zones import DATA
from carbonrun.record import Record

REGIONS_FILE = os.path.join(DATA, "cloud_regions.tsv")  # noqa: PTH118 - pathlib is slow
PROVIDER_NAMES = {
    "aws": "Amazon Web Services",
    "azure": "Microsoft Azure",
    "gcp": "Google Cloud",
    "ovh": "OVHcloud",
    "scaleway": "Scaleway",
}
# What a figure is the figure of, the most exact first.
OF_REGION, OF_ZONES, OF_PROVIDER = "region", "zones", "provider"


class Effectiveness(Record):
    """A PUE (no unit, 1 or more) or a WUE (litres per kWh, 0 or more) with its bounds.

    Attributes:
        value: as published, or the mean of what is.
        low, high: around it; wide where it is the provider's mean.
        of: ``region``, ``zones`` (mean of the region's zones) or ``provider`` (mean of all).
        year: that it was published for.
        source: its name in ``sources.toml``.
    """

    value: float
    low: float
    high: float
    of: str
    year: int
    source: str


class CloudRegion(Record):
    """A region of a provider.

    Attributes:
        code: as in ``--zone``, ``aws:eu-west-3``.
        provider: ``aws``, ``azure``, ``gcp``, ``ovh`` or ``scaleway``.
        grid_zone: what it draws from.
        place: where it is, for people.
        pue: None where the provider publishes none.
        wue_litres_per_kwh: the same.
    """

    code: str
    provider: str
    grid_zone: str
    place: str
    pue: Effectiveness | None
    wue_litres_per_kwh: Effectiveness | None


def search_regions(text: str) -> tuple[CloudRegion, ...]:
    """Return the regions whose place has the text in it, in any case of letters."""
    wanted = text.strip().lower()
    return tuple(region for region in cloud_regions() if wanted in region.place.lower())


def cloud_region(code: str) -> CloudRegion:
    """Return what is known of a region.

    Raises:
        KeyError: ``code`` is no region that :func:`carbonrun.intensity.zones.canonical_zone` gives.
    """
    for line in _lines():
        if line.startswith(code + "\t"):
            return _region(line)
    raise KeyError(code)


def cloud_regions(provider: str | None = None) -> tuple[CloudRegion, ...]:
    """Return all regions, or those of a provider; none of one that is not known."""
    regions = (_region(line) for line in _lines())
    return tuple(each for each in regions if provider in (None, each.provider))


def _lines() -> list[str]:
    with open(REGIONS_FILE, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow
        return file.read().splitlines()[1:]


def _region(line: str) -> CloudRegion:
    code, grid_zone, place, *cells = line.split("\t")
    return CloudRegion(
        code=code,
        provider=code.partition(":")[0],
        grid_zone=grid_zone,
        place=place,
        pue=_effectiveness(cells[:6]),
        wue_litres_per_kwh=_effectiveness(cells[6:]),
    )


def _effectiveness(cells: list[str]) -> Effectiveness | None:
    value, low, high, of, year, source = cells
    if not value:
        return None
    return Effectiveness(
        value=float(value),
        low=float(low),
        high=float(high),
        of=of,
        year=int(year),
        source=source,
    )
