"""The figures: one row a zone, basis and source. Units: g CO2(e) per kWh of electricity generated.

Responsible for: reading the raw tables, turning generation mixes into intensities, bounds.
Not responsible for: names and parents of zones (``zones.py``), texts of licences (``sources.py``).

Bounds are meant to hold the annual mean with about 90 %: what another good source would say. How
far an hour of a run is from the annual mean is not in them.
"""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

LIFECYCLE, DIRECT = "lifecycle", "direct"
DATA_YEAR = 2026

# Two sources differ by more than 41 % in one of ten countries. If both are equally far off, one of
# them is off by 41 % / sqrt(2) = 29 % as often.
# Source: Ember against Electricity Maps, annual means 2024, 87 countries (own comparison).
PUBLISHED = 0.29
# For figures that are made here from a generation mix: the 41 % as they are.
DERIVED = 0.41
# Median change of a grid's annual mean from one year to the next; over two and three years it is
# 16 % and 17 %, so it grows with the square root of the age.
# Source: Google region-carbon-info, 2021 to 2024, 108 pairs of years.
DRIFT_PER_ROOT_YEAR = 0.12

# Lifecycle medians. The raw table's own factors of coal and gas are not lifecycle figures (its
# source derives them from fuel burnt), so they only widen the bounds; those of nuclear, hydro,
# solar and wind (World Nuclear Association) and of biomass (IPCC) are used as they stand. The
# IPCC has no figure for oil: the raw table's is used.
# Source: IPCC AR5 WG3 Annex III, table A.III.2 (coal PC 820, gas combined cycle 490).
IPCC = {"coal": 820.0, "natural_gas": 490.0}
FUELS = {
    "naturalGas": "natural_gas",
    "nuclear": "nuclear",
    "petroleum": "petroleum",
    "biomass": "biomass",
    "coal": "coal",
    "solar": "solar",
    "wind": "wind",
    "hydro": "hydroelectricity",
}
# Source: note of zone NO4 in the raw file; the other zones have no gas.
NORDIC_GAS_SHARE = {"NO4": 0.0363}

PROVINCES = {
    "alberta": "CA-AB",
    "british columbia": "CA-BC",
    "manitoba": "CA-MB",
    "new brunswick": "CA-NB",
    "newfoundland and labrador": "CA-NL",
    "northwest territories": "CA-NT",
    "nova scotia": "CA-NS",
    "nunavut": "CA-NU",
    "ontario": "CA-ON",
    "prince edward island": "CA-PE",
    "quebec": "CA-QC",
    "saskatchewan": "CA-SK",
    "yukon": "CA-YT",
}
AGGREGATES = {"EU": "EU", "Latin America and Caribbean": "LATIN-AMERICA"}


class Row(NamedTuple):
    """One line of ``annual.tsv``; ``default`` is 1 for the row that is used unasked."""

    zone: str
    basis: str
    year: int
    g_per_kwh: float
    low: float
    high: float
    source: str
    default: int


def make_row(  # noqa: PLR0913, PLR0917 - one argument a column
    zone: str,
    basis: str,
    year: int,
    g_per_kwh: float,
    source: str,
    others: tuple[float, ...] = (),
    spread: float = PUBLISHED,
    *,
    default: bool = True,
) -> Row:
    """Return a row with its bounds, widened to hold what other sources of the basis say."""
    width = 1 + math.hypot(spread, DRIFT_PER_ROOT_YEAR * math.sqrt(DATA_YEAR - year))
    low, high = min((g_per_kwh / width, *others)), max((g_per_kwh * width, *others))
    return Row(
        zone, basis, year, round(g_per_kwh, 2), round(low, 2), round(high, 2), source, int(default)
    )


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a raw table."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_json(path: Path) -> dict[str, dict[str, float]]:
    """Return the content of a raw JSON file."""
    content: dict[str, dict[str, float]] = json.loads(path.read_bytes())
    return content


def aggregate_code(region: str) -> str:
    """Return the zone of an aggregate: ``LATIN-AMERICA``, ``WORLD``."""
    return AGGREGATES.get(region, region.upper().replace(" ", "-"))


def country_rows(raw: Path) -> list[Row]:
    """Return the countries of Ember, gaps filled from Our World in Data, and the aggregates.

    A 0 (Central African Republic) is a rounding of a small grid: no lifecycle mean is 0. Such a
    country has no row, so that the look-up falls back and says so.
    """
    rows = []
    for line in read_csv(raw / "countries_ember_CCBY.csv"):
        ember, owid = float(line["ember_gco2e_kwh"] or 0), float(line["owid_ember_gco2e_kwh"] or 0)
        others = (owid,) if owid else ()
        if ember:
            year = int(line["ember_year"])
            rows.append(make_row(line["iso2"], LIFECYCLE, year, ember, "ember", others))
        elif owid:
            year = int(line["owid_ember_year"])
            rows.append(make_row(line["iso2"], LIFECYCLE, year, owid, "owid", others))
    for line in read_csv(raw / "aggregates_ember_CCBY.csv"):
        zone, figure = aggregate_code(line["region"]), float(line["gco2e_kwh"])
        rows.append(make_row(zone, LIFECYCLE, int(line["year"]), figure, "ember"))
    return rows


def national_rows(raw: Path) -> list[Row]:
    """Return what governments publish of their sub-zones and countries, all direct."""
    rows = []
    for line in read_csv(raw / "us_states_egrid2023_PD.csv"):
        zone, figure = line["iso3166_2"], float(line["gco2e_kwh"])
        if zone != "US-usa":
            rows.append(make_row(zone, DIRECT, 2023, figure, "egrid"))
    for line in read_csv(raw / "egrid2023_subregions_PD.csv"):
        code, figure = line["subregion"], float(line["gco2e_kwh"])
        national = code == "US"
        zone = code if national else f"US-{code}"
        rows.append(make_row(zone, DIRECT, 2023, figure, "egrid", default=not national))
    for line in read_csv(raw / "au_states_NGA2024_CCBY.csv"):
        zone, figure = line["code"], float(line["scope2_gco2e_kwh"])
        rows.append(make_row(zone, DIRECT, 2024, figure, "nga", default=zone != "AU"))
    for line in read_csv(raw / "cn_provinces_MEE2023.csv"):
        zone, year, figure = line["code"], int(line["year"]), float(line["gco2_kwh"])
        rows.append(make_row(zone, DIRECT, year, figure, "mee"))
    last = read_csv(raw / "in_CEA_national.csv")[-1]
    figure, year = float(last["wavg_incl_res_captive_gco2_kwh"]), int(last["fy"][:4])
    rows.append(make_row("IN", DIRECT, year, figure, "cea", default=False))
    return rows


def mix_g_per_kwh(shares: dict[str, float], factors: dict[str, float]) -> float:
    """Return the intensity of a generation mix; shares in any unit, normalised here."""
    unknown = set(shares) - set(FUELS) - {"total", "other", "tidal"}
    if unknown or shares["other"] or shares["tidal"]:
        message = f"no factor for {sorted(unknown) or 'other, tidal'}"
        raise ValueError(message)
    grams = sum(shares[name] * factors[fuel] for name, fuel in FUELS.items())
    return grams / sum(shares[name] for name in FUELS)


def province_rows(raw: Path) -> list[Row]:
    """Return Canada's provinces from their generation mixes: lifecycle, without trade."""
    table = read_json(raw / "raw/carbon_intensity_per_source.json")
    published = {name: float(table[name]) for name in FUELS.values()}  # type: ignore[arg-type]
    rows = []
    for name, shares in read_json(raw / "raw/canada_energy_mix.json").items():
        figure = mix_g_per_kwh(shares, {**published, **IPCC})
        other = mix_g_per_kwh(shares, published)
        zone = PROVINCES[name]
        rows.append(make_row(zone, LIFECYCLE, 2023, figure, "canada-mix", (other,), DERIVED))
    return rows


def nordic_rows(raw: Path) -> list[Row]:
    """Return the price zones of Norway and Sweden.

    The raw file counts the generation that it has no factor for (mostly biomass and waste) at 0.
    Here it gets the raw table's factor of both; the raw figure stays inside the bounds. Finland
    is left out: its figure there has no stated origin.
    """
    table = read_json(raw / "raw/carbon_intensity_per_source.json")
    waste, gas = float(table["waste"]), float(table["natural_gas"])  # type: ignore[arg-type]
    rows = []
    for code, entry in json.loads((raw / "raw/nordic_emissions.json").read_bytes())["data"].items():
        if "coverage" not in entry:
            continue
        uncovered = 1 - float(entry["coverage"].split("%")[0]) / 100
        published = float(entry["emission_factor"])
        burnt = NORDIC_GAS_SHARE.get(code, 0.0) * (gas - IPCC["natural_gas"])
        figure = published + uncovered * waste - burnt
        zone = f"{code[:2]}-{code}"
        rows.append(
            make_row(zone, LIFECYCLE, entry["year"], figure, "nordic-mix", (published,), DERIVED)
        )
    return rows


def google_rows(raw: Path) -> list[Row]:
    """Return Google's own figures of its regions: direct, weighted by hour."""
    return [
        make_row(
            f"gcp:{line['Google Cloud Region']}",
            DIRECT,
            2024,
            float(line["Grid carbon intensity (gCO2eq / kWh)"]),
            "google",
        )
        for line in read_csv(raw / "raw/gcp-region-carbon-info/2024.csv")
    ]


def all_rows(raw: Path) -> list[Row]:
    """Return every row, by zone, the default one first."""
    makers = (country_rows, national_rows, province_rows, nordic_rows, google_rows)
    rows = [row for maker in makers for row in maker(raw)]
    return sorted(rows, key=lambda row: (row.zone, -row.default, row.basis))
