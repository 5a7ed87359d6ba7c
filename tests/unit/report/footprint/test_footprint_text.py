"""What the summary says of it."""

from __future__ import annotations

import pytest

from carbonrun.report.footprint.cost import cost_of
from carbonrun.report.footprint.model import Footprint
from carbonrun.report.footprint.sci import sci_of
from carbonrun.report.footprint.text import footprint_rows
from carbonrun.report.footprint.water import water_of
from carbonrun.report.plain import render_plain
from carbonrun.report.summary import summarise
from tests.unit.report.footprint.sample_footprint import EMBODIED, FOOTPRINT, SITE, WITH_FOOTPRINT
from tests.unit.report.sample_report import REPORT, UNKNOWN


def test_a_line_for_everything_that_was_asked_for() -> None:
    rows = list(footprint_rows(FOOTPRINT))
    assert [label for label, _, _ in rows] == [
        "PUE", "embodied", "SCI", "SCI", "cost", "water", "as much as", "", "",
    ]  # fmt: skip
    by_label = {label: f"{value}  {remark}" for label, value, remark in rows if label}
    assert by_label["PUE"] == "1.15  1.06 to 1.6; Amazon 2024"
    assert by_label["embodied"].startswith("37.5 mg CO2e  18.8 to 56.3 mg; 5.51 % of 2.03 t for ")
    assert "42.3 s of 4 years; server: Cloud" in by_label["embodied"]
    assert "experimental" in by_label["water"]
    assert rows[2][1:] == ("4.46 mg/epoch", "2.51 to 6.47 mg; 12 epoch: 16.0 mg + 37.5 mg embodied")
    assert by_label["cost"] == "0.000109 EUR  0.000107 to 0.000113; 0.3 EUR/kWh"
    assert "driven by car; US EPA" in by_label["as much as"]


def test_nothing_that_was_not_asked_for() -> None:
    assert list(footprint_rows(None)) == []
    assert list(footprint_rows(Footprint())) == []


def test_what_is_unknown_is_called_so() -> None:
    footprint = Footprint(
        sci=sci_of(UNKNOWN, EMBODIED, {"epoch": 12.0}),
        water=water_of(REPORT, SITE, None),
        cost=cost_of(UNKNOWN, 0.3, "EUR"),
    )
    sci, cost, water = footprint_rows(footprint)
    assert sci[1] == "unknown/epoch"
    assert cost == ("cost", "unknown", "0.3 EUR/kWh")
    assert water[1] == "unknown"
    assert "unknown in power plants" in water[2]


@pytest.mark.parametrize(
    ("joules", "text"),
    [(0.0, "0.00 EUR"), (3.6e9, "1,000.00 EUR"), (3.6e3, "0.001 EUR"), (0.36, "1.00e-07 EUR")],
)
def test_money(joules: float, text: str) -> None:
    report = REPORT.replace(energy=REPORT.energy.replace(joules=joules))
    (row,) = footprint_rows(Footprint(cost=cost_of(report, 1.0, "EUR")))
    assert row[1] == text


@pytest.mark.parametrize("columns", [40, 80])
def test_it_fits(columns: int) -> None:
    text = render_plain(summarise(WITH_FOOTPRINT, None), columns, unicode=False)
    assert max(map(len, text.splitlines())) <= columns
    assert "embodied" in text
