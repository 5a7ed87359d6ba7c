"""``carbonrun report RUN --where``: which places and hours, from what is on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from carbonrun.cli.where import answer_where, where_json
from carbonrun.errors import UsageError
from carbonrun.intensity.cache import DAY_SECONDS, Day
from carbonrun.intensity.cloud_regions import cloud_regions
from carbonrun.intensity.model import AVERAGE, DIRECT, LIFECYCLE, MARGINAL
from carbonrun.intensity.providers.bundled import BundledProvider
from carbonrun.notes import INFO, Note
from carbonrun.report.elsewhere_text import where_text
from carbonrun.report.text import width
from carbonrun.store.intensity_shelf import FileShelf
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import INTENSITY, REPORT, UNKNOWN
from tests.unit.report.test_other_hours import series

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.report.model import Report

MIDNIGHT = 20782 * DAY_SECONDS  # of the day of the sample's run, 2026-11-25


def in_zone(code: str | None, **changes: object) -> Report:
    return REPORT.replace(intensity=INTENSITY.replace(grid_zone=code, **changes))


def test_the_best_ten_zones_of_one_basis() -> None:
    answer = answer_where(REPORT, None, None)
    lifecycle = {p.grid_zone: p.g_per_kwh for p in BundledProvider(LIFECYCLE).zones()}
    assert answer.basis == LIFECYCLE
    assert len(answer.zones) == 10
    for place in answer.zones:
        assert place.g_per_kwh == lifecycle[place.code]
        assert ":" not in place.code
    assert answer.zones[0].g_per_kwh <= min(
        value for code, value in lifecycle.items() if code in {"IS", "NO", "FR", "SE", "CA-QC"}
    )
    assert not {"EU", "WORLD", "EUROPE", "OECD", "G7"} & {p.code for p in answer.zones}
    assert 0 < answer.lower < answer.of < len(lifecycle)


def test_here_is_what_the_report_says() -> None:
    here = answer_where(REPORT, None, None).here
    assert here.code == "FR"
    assert here.grams_co2e == pytest.approx(REPORT.emissions.grams_co2e, rel=1e-3)
    assert here.high_grams_co2e == pytest.approx(REPORT.emissions.high_grams_co2e, rel=1e-3)


def test_a_zone_with_direct_figures_only_is_compared_with_such() -> None:
    answer = answer_where(in_zone("US-CA", basis=DIRECT), None, None)
    direct = {p.grid_zone: p.g_per_kwh for p in BundledProvider(DIRECT).zones()}
    assert answer.basis == DIRECT
    assert {place.code for place in answer.zones} <= set(direct)


def test_a_zone_without_a_figure_takes_the_one_around_it() -> None:
    assert answer_where(in_zone("GB-13", basis=DIRECT, kind="actual"), None, None).here.code == "GB"
    assert answer_where(in_zone(None), None, None).here.code == "WORLD"


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp", "ovh", "scaleway"])
def test_regions_of_a_provider(provider: str) -> None:
    answer = answer_where(REPORT, provider, None)
    known = {region.code: region for region in cloud_regions(provider)}
    assert answer.regions
    assert {place.code for place in answer.regions} <= set(known)
    figures = [place.g_per_kwh for place in answer.regions]
    assert figures == sorted(figures)


def test_the_provider_is_told_by_the_run() -> None:
    note = Note(
        code="cloud-region",
        level=INFO,
        message="aws:eu-west-3 draws from the grid zone FR",
        hint=None,
    )
    answer = answer_where(REPORT.replace(notes=(note,)), None, None)
    assert answer.cloud == "Amazon Web Services"
    assert answer_where(in_zone("gcp:europe-west9", basis=DIRECT), None, None).cloud
    assert answer_where(REPORT, None, None).regions == ()


def test_what_is_refused() -> None:
    with pytest.raises(UsageError, match="energy of this run is not known"):
        answer_where(UNKNOWN, None, None)
    with pytest.raises(UsageError, match="is none of aws"):
        answer_where(REPORT, "heroku", None)
    with pytest.raises(UsageError, match="no zone XX"):
        answer_where(in_zone("XX"), None, None)


def keep(folder: Path, values: list[float], service: str = "rte", **changes: object) -> None:
    """Put a day on the shelf, as a run with a service does."""
    points = tuple(p.replace(**changes) for p in series(values, MIDNIGHT))
    day = Day(asked_at=MIDNIGHT, asked_from=MIDNIGHT, points=points)
    shelf = FileShelf(str(folder / "intensity" / service))
    shelf.keep_day("FR", int(MIDNIGHT // DAY_SECONDS), lambda _: day)


def test_other_hours_from_what_was_kept(tmp_path: Path) -> None:
    values = [50.0] * 6 + [40.0] + [20.0] * 6 + [70.0] * 11
    keep(tmp_path, values, provider="rte", grid_zone="FR")
    answer = answer_where(REPORT, None, str(tmp_path))
    assert answer.hours is not None
    assert answer.hours.provider == "rte"
    assert answer.hours.as_it_was.g_per_kwh == pytest.approx(40.0)
    assert answer.hours.best.g_per_kwh == pytest.approx(20.0)
    assert answer.hours.worst.g_per_kwh == pytest.approx(70.0)
    shown = json.loads(where_json(REPORT, answer))
    assert shown["hours"]["best"]["start"] == "2026-11-25T07:00:00.000Z"
    assert shown["hours"]["best"]["grams_co2e"] == pytest.approx(1306.0 / 3.6e6 * 20.0)
    assert shown["zones"][0]["code"] == answer.zones[0].code


def test_hours_of_another_quantity_are_not_used(tmp_path: Path) -> None:
    keep(tmp_path, [10.0, 20.0] * 12, "a", basis=DIRECT, signal=AVERAGE)
    keep(tmp_path, [10.0, 20.0] * 12, "b", basis=LIFECYCLE, signal=MARGINAL)
    assert answer_where(REPORT, None, str(tmp_path)).hours is None


def test_golden(tmp_path: Path) -> None:
    keep(tmp_path, [50.0] * 7 + [20.0] * 6 + [70.0] * 11, provider="rte", grid_zone="FR")
    answer = answer_where(REPORT, "aws", str(tmp_path))
    assert_golden("where-80.txt", where_text(REPORT, answer, 80))


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_it_fits(columns: int) -> None:
    for cloud in ("aws", "gcp", None):
        text = where_text(REPORT, answer_where(REPORT, cloud, None), columns)
        assert [line for line in text.splitlines() if width(line) > columns] == []


def test_no_word_claims_more_than_is_known() -> None:
    text = where_text(REPORT, answer_where(REPORT, "aws", None), 80).lower()
    assert "would have" in text
    assert "location-based" in " ".join(text.split())
    for word in ("avoid", "save", "saving", "reduc", "offset"):
        assert word not in text, word
