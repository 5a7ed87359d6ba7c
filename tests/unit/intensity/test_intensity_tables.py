"""The tables that ship: sane, complete, and what the raw files give."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from carbonrun.intensity.model import DIRECT, LIFECYCLE
from carbonrun.intensity.providers.bundled import BundledProvider
from carbonrun.intensity.zones import DATA, WORLD, canonical_zone, find_zone


def read(name: str) -> list[dict[str, str]]:
    with (Path(DATA) / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


ROWS = read("annual.tsv")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['zone']}-{row['basis']}")
def test_every_figure_lies_within_its_bounds(row: dict[str, str]) -> None:
    assert 0 < float(row["low"]) <= float(row["g_per_kwh"]) <= float(row["high"]) < 2000
    assert row["basis"] in {DIRECT, LIFECYCLE}
    assert row["signal"] == "average"
    assert 2009 <= int(row["year"]) <= 2025


def test_no_zone_has_two_figures_of_one_basis() -> None:
    keys = [(row["zone"], row["basis"]) for row in ROWS]
    assert len(keys) == len(set(keys))


def test_each_zone_has_exactly_one_default() -> None:
    defaults = [row["zone"] for row in ROWS if row["default"] == "1"]
    assert sorted(defaults) == sorted({row["zone"] for row in ROWS})


def test_every_figure_belongs_to_a_known_zone_under_the_world() -> None:
    for row in ROWS:
        zone, steps = find_zone(row["zone"]), 0
        while zone.parent is not None:
            zone, steps = find_zone(zone.parent), steps + 1
        assert zone.code == WORLD
        assert steps <= 4


def test_names_lead_back_to_their_zone_and_nowhere_else() -> None:
    text = (Path(DATA) / "zones.tsv").read_text(encoding="utf-8")
    assert len(text.lower()) == len(text)  # canonical_zone finds positions in the lower case
    taken: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        code, _, _, _, *names = line.split("\t")
        for name in (code, *names):
            assert taken.setdefault(name.lower(), code) == code
            assert canonical_zone(name) == code


@pytest.mark.parametrize(
    ("zone", "basis", "g_per_kwh"),
    [
        ("FR", LIFECYCLE, 44.18),
        ("GB", LIFECYCLE, 215.79),
        ("DE", LIFECYCLE, 342.06),
        ("WORLD", LIFECYCLE, 472.94),
        ("EU", LIFECYCLE, 213.02),
        ("BM", LIFECYCLE, 640.62),
        ("US", LIFECYCLE, 383.55),
        ("US", DIRECT, 349.7),
        ("US-CA", DIRECT, 179.1),
        ("US-CAMX", DIRECT, 195.0),
        ("AU-NSW", DIRECT, 660.0),
        ("CN-BJ", DIRECT, 555.4),
        ("IN", LIFECYCLE, 708.96),
        ("IN", DIRECT, 711.7),
        ("gcp:europe-west9", DIRECT, 16.3),
        # 0.2 gas, 0.3 oil, 0.7 biomass, 0.01 solar, 6.7 wind, 92.1 hydro; of 100.01 %
        ("CA-QC", LIFECYCLE, 30.73),
        # published 24.7, 14.95 % without a factor, at 230
        ("SE-SE4", LIFECYCLE, 59.09),
    ],
)
def test_known_figures(zone: str, basis: str, g_per_kwh: float) -> None:
    (point,) = BundledProvider(basis).series(zone, 0.0, 0.0)
    assert point.g_per_kwh == g_per_kwh
    assert point.basis == basis


def test_countries_are_lifecycle_unless_asked_otherwise() -> None:
    for zone in ("US", "AU", "IN", "FR"):
        assert BundledProvider().series(zone, 0.0, 0.0)[0].basis == LIFECYCLE


def test_a_grid_that_was_rounded_to_zero_has_no_figure() -> None:
    assert "CF" not in {row["zone"] for row in ROWS}
    assert find_zone("CF").parent == "AFRICA"


def test_every_time_zone_lies_in_a_known_zone() -> None:
    rows = read("timezones.tsv")
    assert len(rows) > 500
    for row in rows:
        find_zone(row["country"])
        if row["subdivision"]:
            assert find_zone(row["subdivision"]).parent == row["country"]


def test_spread_holds_nine_in_ten_of_the_states() -> None:
    us = find_zone("US")
    assert us.spread_low is not None
    assert us.spread_high is not None
    states = [float(r["g_per_kwh"]) / 349.7 for r in ROWS if r["zone"][:3] == "US-"]
    inside = [us.spread_low <= ratio <= us.spread_high for ratio in states]
    assert sum(inside) >= 0.9 * len(states)
    assert us.spread_low < 1 < us.spread_high


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in Path(DATA).iterdir()) < 150_000


def test_every_source_is_named_in_the_notice() -> None:
    notice = (Path(DATA) / "NOTICE.txt").read_text(encoding="utf-8")
    by_source = {row["source"]: row["zone"] for row in reversed(ROWS)}
    assert len(by_source) == 9
    for row in ROWS:
        if by_source[row["source"]] == row["zone"]:
            (point,) = BundledProvider(row["basis"]).series(row["zone"], 0.0, 0.0)
            assert point.attribution
            assert point.attribution in notice
            assert point.licence
