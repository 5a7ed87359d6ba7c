"""More than grams: what was asked for is in the report and on the screen, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.store.real_run import Place

if TYPE_CHECKING:
    from pathlib import Path

BUSY = ("sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"TZ": "Europe/Paris"})


def run(place: Place, *words: str) -> tuple[dict[str, Any], str]:
    path = place.work / "report.json"
    status, err = place.run("--json", str(path), *words, "--", *BUSY)
    assert status == 0, err
    report: dict[str, Any] = json.loads(path.read_text())
    return report, err


def codes(report: dict[str, Any]) -> list[str]:
    return [note["code"] for note in report["notes"]]


def test_nothing_unless_it_is_asked_for(place: Place) -> None:
    report, err = run(place)
    assert report["footprint"] is None
    for word in ("embodied", "SCI", "cost", "water", "as much as"):
        assert word not in err


def test_all_that_can_be_asked_for(place: Place) -> None:
    report, err = run(
        place, "--embodied-kg", "1000", "--embodied-years", "5", "--unit", "epoch=12", "--price",
        "0.30EUR", "--water", "--wue", "1.5", "--ewif", "3", "--equivalences", "--pue", "1.2",
    )  # fmt: skip
    found, grams = report["footprint"], report["emissions"]["grams_co2e"]
    kwh = report["energy"]["joules"] / 3.6e6
    embodied = found["embodied"]
    share = embodied["time_share"] * embodied["resource_share"]
    assert embodied["time_share"] == pytest.approx(
        report["run"]["duration_seconds"] / (5 * 8760 * 3600)
    )
    assert 0 < embodied["resource_share"] <= 1
    assert embodied["grams_co2e"] == pytest.approx(1e6 * share)
    (rate,) = found["sci"]["rates"]
    assert rate["grams_co2e"] == pytest.approx((grams + embodied["grams_co2e"]) / 12)
    assert found["sci"]["energy_kwh"] * found["sci"]["g_per_kwh"] == pytest.approx(grams)
    assert found["water"]["litres"] == pytest.approx(kwh * (1.5 + 1.2 * 3))
    assert found["cost"]["amount"] == pytest.approx(kwh * 1.2 * 0.30)
    assert [each["unit"] for each in found["equivalences"]] == ["m", "charges", "s"]
    for word in ("embodied", "SCI", "/epoch", "cost", "EUR", "water", "experimental", "as much as"):
        assert word in err


def test_what_is_missing_is_said_and_unknown(place: Place) -> None:
    report, err = run(place, "--water", "--pue", "1.2")
    water = report["footprint"]["water"]
    assert (water["litres"], water["on_site_litres"], water["grid_litres"]) == (None, None, None)
    assert {"water-site-unknown", "water-grid-unknown"} <= set(codes(report))
    assert "--ewif" in err


def test_the_pue_of_a_cloud_region(place: Place) -> None:
    report, err = run(place, "--zone", "aws:ap-south-1", "--pue", "region", "--water")
    pue = report["footprint"]["pue"]
    assert (pue["value"], pue["low"], pue["high"], pue["of"]) == (1.42, 1.3, 1.588, "region")
    assert report["emissions"]["pue"] == 1.42
    kwh, intensity = report["energy"]["joules"] / 3.6e6, report["intensity"]["g_per_kwh"]
    assert report["emissions"]["grams_co2e"] == pytest.approx(kwh * intensity * 1.42)
    low = report["energy"]["low_joules"] / 3.6e6 * report["intensity"]["low_g_per_kwh"] * 1.3
    assert report["emissions"]["low_grams_co2e"] == pytest.approx(low)
    assert report["footprint"]["water"]["wue_litres_per_kwh"] == 0.15
    assert "PUE" in err


def test_a_published_pue_is_used_only_when_asked_for(place: Place) -> None:
    report, _ = run(place, "--zone", "aws:ap-south-1")
    assert report["emissions"]["pue"] == 1.0


def test_outside_of_a_region_there_is_none(place: Place) -> None:
    report, _ = run(place, "--zone", "FR", "--pue", "region")
    assert report["emissions"]["pue"] == 1.0
    assert report["footprint"]["pue"] is None
    assert "pue-unknown" in codes(report)


def test_a_saved_run_shows_it_again(place: Place) -> None:
    run(place, "--unit", "epoch=12", "--embodied")
    with place.start("report", "last") as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert b"/epoch" in out
