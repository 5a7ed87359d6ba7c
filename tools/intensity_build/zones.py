"""The zones that may be named: code, parent, names, and how far parts of a zone differ from it.

Responsible for: the rows of ``zones.tsv``. Not responsible for: figures (``rows.py``).
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tools.intensity_build.regions import ALIASES, cloud_regions
from tools.intensity_build.rows import PROVINCES, Row, aggregate_code, read_csv
from tools.intensity_build.timezones import NAMES, ZONE_TAB

if TYPE_CHECKING:
    from pathlib import Path

WORLD = "WORLD"
# The time zone's area tells the continent; these countries are elsewhere.
# Source: UN M49 regions, with the Middle East and the Americas divided as Ember does.
AREAS = {
    "Africa": "AFRICA",
    "America": "LATIN-AMERICA",
    "Arctic": "EUROPE",
    "Asia": "ASIA",
    "Atlantic": "LATIN-AMERICA",
    "Australia": "OCEANIA",
    "Antarctica": WORLD,
    "Europe": "EUROPE",
    "Indian": "AFRICA",
    "Pacific": "OCEANIA",
}
ELSEWHERE = {
    "MIDDLE-EAST": "AE BH IL IQ IR JO KW LB OM PS QA SA SY YE",
    "NORTH-AMERICA": "BM CA GL PM US",
    "EUROPE": "CY FO IS XK",
    "AFRICA": "CV SH",
    "ASIA": "IO MV",
    "OCEANIA": "AU CC CX",
    WORLD: "AQ BV HM TF",
}
# Names that people type, besides those of Ember and of ISO 3166.
MORE_NAMES = {
    "GB": ("UK", "Great Britain"),
    "GR": ("EL",),
    "US": ("United States of America",),
    "CZ": ("Czech Republic",),
    "TR": ("Turkey",),
    "NL": ("The Netherlands", "Holland"),
    "CD": ("Democratic Republic of the Congo",),
    "EU": ("European Union",),
    WORLD: ("World mean",),
}
# Source: NESO Carbon Intensity API, region identifiers 1 to 17.
BRITISH_REGIONS = (
    "North Scotland|South Scotland|North West England|North East England|Yorkshire"
    "|North Wales and Merseyside|South Wales|West Midlands|East Midlands|East England"
    "|South West England|South England|London|South East England|England|Scotland|Wales"
)
# Zones that a provider has figures for, but this table has not: they fall back to the country.
WITHOUT_FIGURES = {"DK-DK1": "Denmark west", "DK-DK2": "Denmark east"}


def zone_lines(raw: Path, rows: list[Row]) -> list[str]:
    """Return the lines of ``zones.tsv``: zone, parent, spread low, spread high, names."""
    parents: dict[str, str] = {WORLD: ""}
    names: dict[str, list[str]] = {WORLD: ["World"]}
    for add in (_aggregates, _countries, _subzones):
        for zone, parent, called in add(raw):
            parents[zone] = parent
            names.setdefault(zone, []).extend(called)
    for region, zone in cloud_regions(raw).items():
        parents[region], names[region] = zone, _also_called(region)
    spreads = _spreads(rows, parents)
    unique = _unique(parents, names)
    return [
        "\t".join((zone, parents[zone], *spreads.get(zone, ("", "")), *unique[zone]))
        for zone in parents
    ]


def _aggregates(raw: Path) -> list[tuple[str, str, list[str]]]:
    return [
        (zone, WORLD, [line["region"]])
        for line in read_csv(raw / "aggregates_ember_CCBY.csv")
        if (zone := aggregate_code(line["region"])) != WORLD
    ]


def _countries(raw: Path) -> list[tuple[str, str, list[str]]]:
    """Return every country of ISO 3166 and Ember, with a figure or without."""
    areas: dict[str, str] = {}
    for line in (raw / ZONE_TAB).read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            country, _, timezone, *_ = line.split("\t")
            areas.setdefault(country, AREAS[timezone.split("/")[0]])
    for area, countries in ELSEWHERE.items():
        areas.update(dict.fromkeys(countries.split(), area))
    names: dict[str, list[str]] = {}
    for entry in read_csv(raw / "countries_ember_CCBY.csv"):
        names[entry["iso2"]] = [entry["name"], entry["iso3"]]
    for line in (raw / "raw/tzdata/iso3166.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, name = line.split("\t")
            names.setdefault(country, []).append(name)
    return [
        (country, areas[country], [*names[country], *MORE_NAMES.get(country, ())])
        for country in sorted(names)
    ]


def _subzones(raw: Path) -> list[tuple[str, str, list[str]]]:
    found = [(f"GB-{i}", "GB", [name]) for i, name in enumerate(BRITISH_REGIONS.split("|"), 1)]
    found += [(zone, "DK", [name, zone[3:]]) for zone, name in WITHOUT_FIGURES.items()]
    for line in read_csv(raw / "us_states_egrid2023_PD.csv"):
        if line["iso3166_2"] != "US-usa":
            name = line["state"].title().replace(" Of ", " of ")
            found.append((line["iso3166_2"], "US", [name]))
    for line in read_csv(raw / "egrid2023_subregions_PD.csv"):
        code = line["subregion"]
        if code != "US":
            parent = "PR" if code == "PRMS" else "US"
            found.append((f"US-{code}", parent, [line["name"], code]))
    for line in read_csv(raw / "au_states_NGA2024_CCBY.csv"):
        if line["code"] != "AU":
            plain = [name for name, zone in NAMES["AU"].items() if zone == line["code"]]
            found.append((line["code"], "AU", plain or [line["name"]]))
    found += [
        (line["code"], "CN", [line["name"]]) for line in read_csv(raw / "cn_provinces_MEE2023.csv")
    ]
    found += [
        (zone, "CA", [name.title().replace(" And ", " and ")]) for name, zone in PROVINCES.items()
    ]
    for country, count in (("NO", 5), ("SE", 4)):
        codes = [f"{country}{i}" for i in range(1, count + 1)]
        found += [(f"{country}-{code}", country, [code]) for code in codes]
    return found


def _also_called(region: str) -> list[str]:
    """Return a name for people and the aliases of a cloud region; nothing if its code is all."""
    name = f"OVHcloud {region.partition(':')[2].upper()}"
    return [name, *ALIASES[region]] if region in ALIASES else []


def _unique(parents: dict[str, str], names: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the names without those that are codes or belong to an earlier zone (Georgia)."""
    taken = {zone.lower() for zone in parents}
    unique: dict[str, list[str]] = {}
    for zone in parents:
        unique[zone] = []
        for name in (*names[zone], *(MORE_NAMES[zone] if zone in {"EU", WORLD} else ())):
            if name.lower() not in taken:
                taken.add(name.lower())
                unique[zone].append(name)
    return unique


def _spreads(rows: list[Row], parents: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return, of each zone with parts, the 5th and 95th percentile of the parts against it.

    The parts are compared with the zone's own figure of the same basis, else with their median,
    never across bases. eGRID subregions and cloud regions are no parts: the states are.
    """
    figures = {(row.zone, row.basis): row.g_per_kwh for row in rows}
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parent = parents[row.zone]
        is_state = row.source != "egrid" or len(row.zone) == len("US-CA")
        is_part = ":" not in row.zone and is_state
        if parent and row.default and is_part:
            for above in {parent, WORLD} if parent in _continents(parents) else {parent}:
                parts.setdefault(above, []).append(row)
    spreads = {}
    for zone, inside in parts.items():
        values = [row.g_per_kwh for row in inside]
        whole = figures.get((zone, inside[0].basis), statistics.median(values))
        cuts = statistics.quantiles(values, n=20, method="inclusive")
        spreads[zone] = (f"{min(1, cuts[0] / whole):.2f}", f"{max(1, cuts[-1] / whole):.2f}")
    return spreads


def _continents(parents: dict[str, str]) -> set[str]:
    return {zone for zone, parent in parents.items() if parent == WORLD}
