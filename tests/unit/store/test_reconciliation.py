"""Runs are brought up to what came true: journal, CSV, and a note."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.intensity.model import IntensityUnavailable, Point, ZoneNotCovered
from carbonrun.report.load import load_report
from carbonrun.store.reconciliation import Outcome, reconcile_runs
from tests.unit.intensity.loopback import Loopback, Request, answer
from tests.unit.store.real_run import Place, records_of
from tests.unit.test_grid import HALF_HOUR, half_hours, utc

if TYPE_CHECKING:
    from pathlib import Path

UNSET = {"CARBONRUN_INTENSITY": ""}
WEEK = 7 * 86400.0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, UNSET)


def run_live(place: Place, *words: str) -> None:
    """Run something with a service; for so long that it is told in time on a busy machine, too."""
    with Loopback(half_hours) as server:
        url = ("--intensity-url", server.url)
        command = ("--", "sleep", "1.5")
        status, err = place.run("-q", "--provider", "neso", *url, "--zone", "GB", *words, *command)
    assert status == 0, err


def later(g_per_kwh: float, kind: str = "actual", basis: str = "direct", hours: float = 1.0) -> Any:
    """Return a service that tells one figure for the time asked for."""
    asked: list[tuple[str, float, float]] = []

    def ask(grid_zone: str, start: float, end: float) -> tuple[Point, ...]:
        asked.append((grid_zone, start, end))
        return (
            Point(
                start_unix_seconds=start - 1,
                end_unix_seconds=start + hours * 3600,
                g_per_kwh=g_per_kwh,
                low_g_per_kwh=g_per_kwh * 0.9,
                high_g_per_kwh=g_per_kwh * 1.1,
                basis=basis,
                signal="average",
                kind=kind,
                provider="neso",
                source="played",
                grid_zone=grid_zone,
            ),
        )

    ask.asked = asked  # type: ignore[attr-defined]
    return ask


def reconcile(place: Place, ask: Any, **how: Any) -> list[Outcome]:
    since = time.time() - WEEK
    return reconcile_runs(str(place.state), ask, **{"since_unix_seconds": since, **how})


def journal(place: Place) -> list[dict[str, Any]]:
    (path,) = place.filed("*.jsonl")
    return records_of(path)


def test_a_forecast_becomes_an_actual_in_journal_and_csv(place: Place) -> None:
    run_live(place)
    before, (row,) = journal(place), place.rows()
    (outcome,) = reconcile(place, later(50.0))
    assert (outcome.reason, outcome.after is not None) == (None, True)
    after = journal(place)
    assert after[:-1] == before
    assert after[-1]["type"] == "reconciled"
    assert after[-1]["sequence"] == before[-1]["sequence"] + 1
    report = load_report(after[-1]["report"])
    assert report.intensity is not None
    assert report.intensity.g_per_kwh == pytest.approx(50)
    assert report.intensity.kind == "actual"
    assert report.energy.joules == before[-1]["report"]["energy"]["joules"]
    assert report.emissions.grams_co2e == pytest.approx((report.energy.joules or 0) / 3.6e6 * 50)
    assert all(part.g_per_kwh == pytest.approx(50) for part in report.timeline)
    note = next(note for note in report.notes if note.code == "intensity-reconciled")
    assert "200 g/kWh (neso, forecast) became 50.0 g/kWh (neso, actual)" in note.message
    (new,) = place.rows()
    changed = {name for name in row if row[name] != new[name]}
    assert changed == {"intensity_g_per_kwh", "co2e_g", "co2e_low_g", "co2e_high_g"}
    assert float(new["intensity_g_per_kwh"]) == pytest.approx(50)


def test_a_second_time_there_is_nothing_to_do(place: Place) -> None:
    run_live(place)
    reconcile(place, later(50.0))
    ask = later(60.0)
    assert reconcile(place, ask) == []
    assert ask.asked == []


def test_a_dry_run_changes_nothing(place: Place) -> None:
    run_live(place)
    before, rows = journal(place), place.rows()
    (outcome,) = reconcile(place, later(50.0), is_dry=True)
    assert outcome.after is not None
    assert (journal(place), place.rows()) == (before, rows)


def test_the_mean_of_a_year_is_replaced_where_the_quantity_is_the_same(place: Place) -> None:
    place.run("-q", "--zone", "GB", "--", "true")
    (other,) = reconcile(place, later(50.0))
    assert other.after is None
    assert "direct figures, the run has lifecycle" in (other.reason or "")
    (same,) = reconcile(place, later(50.0, basis="lifecycle"), is_dry=True)
    assert same.after is not None
    (asked_for,) = reconcile(place, later(50.0), other_basis=True)
    assert asked_for.after is not None
    assert asked_for.after.intensity is not None
    assert asked_for.after.intensity.basis == "direct"
    assert place.rows()[0]["intensity_provider"] == "neso"


@pytest.mark.parametrize("kind", ["forecast", "estimated"])
def test_only_what_is_surer_is_taken(kind: str, place: Place) -> None:
    run_live(place)
    (outcome,) = reconcile(place, later(50.0, kind))
    assert (outcome.after is not None) == (kind == "estimated")


def test_what_does_not_cover_the_run_or_is_not_to_be_had_changes_nothing(place: Place) -> None:
    run_live(place)
    before = journal(place)

    def fail(*_: object) -> tuple[Point, ...]:
        raise IntensityUnavailable("status 500")

    def marginal(zone: str, start: float, end: float) -> tuple[Point, ...]:
        (point,) = later(5.0)(zone, start, end)
        return (point.replace(signal="marginal"),)

    reasons = [reconcile(place, ask)[0].reason for ask in (fail, marginal)]
    assert reasons == ["status 500", "its figures are marginal"]
    assert journal(place) == before


def test_constants_and_older_runs_are_passed_over(place: Place) -> None:
    place.run("-q", "--intensity", "56", "--zone", "GB", "--", "true")
    run_live(place)
    ask = later(50.0)
    assert reconcile(place, ask, since_unix_seconds=time.time() + 60) == []
    assert len(reconcile(place, ask)) == 1
    assert len(ask.asked) == 1


def test_a_csv_that_cannot_be_changed_leaves_the_journal_for_the_next_time(place: Place) -> None:
    csv_path = place.work / "runs.csv"
    run_live(place, "--csv", str(csv_path))
    in_the_way = csv_path.with_name(f"runs.csv.{os.getpid()}.new")
    in_the_way.mkdir()
    before = journal(place)
    (outcome,) = reconcile(place, later(50.0))
    assert outcome.csv_problem is not None
    assert journal(place) == before
    in_the_way.rmdir()
    (again,) = reconcile(place, later(50.0))
    assert again.after is not None
    assert len(journal(place)) == len(before) + 1


def test_whatever_lies_in_the_journal_is_survived(place: Place) -> None:
    run_live(place)
    (path,) = place.filed("*.jsonl")
    for name, content in (("a", b""), ("b", b"{}\n"), ("c", b'{"type": "end", "report": {}}\n')):
        (path.parent / f"{name}.jsonl").write_bytes(content)
    (path.parent / "d.jsonl").mkdir()
    assert len(reconcile(place, later(50.0))) == 1


def test_the_subcommand_asks_and_says_what_changed(place: Place) -> None:
    run_live(place)

    def actual(_: Request) -> bytes:
        now = time.time() // HALF_HOUR * HALF_HOUR
        rows = [
            {
                "from": utc(now + i * HALF_HOUR),
                "to": utc(now + (i + 1) * HALF_HOUR),
                "intensity": {"forecast": 200, "actual": 80},
            }
            for i in range(-8, 8)
        ]
        return answer(json.dumps({"data": rows}))

    with Loopback(actual) as server:
        options = ("--provider", "neso", "--intensity-url", server.url)
        with place.start(*options, "intensity", "reconcile") as process:
            out, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, b"")
        assert b"200 g/kWh forecast -> 80.0 g/kWh actual" in out
        assert b"1 of 1 runs changed" in out
        with place.start(*options, "intensity", "reconcile", "--json") as process:
            out, _ = process.communicate(timeout=20)
    assert json.loads(out) == []
    assert place.rows()[0]["intensity_g_per_kwh"] == "80"


def test_a_cloud_region_is_asked_for_by_its_grid(place: Place) -> None:
    place.run("-q", "--zone", "gcp:europe-west9", "--", "true")
    ask = later(20.0)

    def knows_countries_only(grid_zone: str, start: float, end: float) -> tuple[Point, ...]:
        if ":" in grid_zone:
            raise ZoneNotCovered(f"there is no zone {grid_zone}")
        points: tuple[Point, ...] = ask(grid_zone, start, end)
        return points

    (outcome,) = reconcile(place, knows_countries_only)
    assert outcome.after is not None
    assert outcome.after.intensity is not None
    assert (outcome.after.intensity.grid_zone, outcome.after.intensity.kind) == ("FR", "actual")
    assert place.rows()[0]["grid_zone"] == "FR"
    assert reconcile(place, later(1.0)) == []


def test_a_zone_that_the_service_does_not_cover_is_told(place: Place) -> None:
    place.run("-q", "--zone", "FR", "--", "true")

    def knows_nothing(grid_zone: str, *_: float) -> tuple[Point, ...]:
        raise ZoneNotCovered(f"there is no zone {grid_zone}")

    (outcome,) = reconcile(place, knows_nothing)
    assert (outcome.after, outcome.reason) == (None, "there is no zone FR")
