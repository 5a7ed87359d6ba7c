from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import UsageError
from carbonrun.intensity.feed import IntensityFound, find_intensity
from carbonrun.intensity.model import Point, ZoneNotCovered
from carbonrun.intensity.whereabouts import Clues
from carbonrun.notes import Note, Notes

if TYPE_CHECKING:
    from pathlib import Path

NOV_2026 = float(calendar.timegm((2026, 11, 24, 12, 0, 0)))


def find(
    etc: Path,
    zone: str | None = None,
    tz: str | None = None,
    constant: float | None = None,
    end: float = NOV_2026,
) -> tuple[IntensityFound, dict[str, Note]]:
    notes = Notes()
    found = find_intensity(
        zone=zone,
        zone_source=None if zone is None else "--zone",
        constant_g_per_kwh=constant,
        clues=Clues(environment={} if tz is None else {"TZ": tz}, etc=str(etc), run=str(etc)),
        start_unix_seconds=end - 60,
        end_unix_seconds=end,
        notes=notes,
    )
    return found, {note.code: note for note in notes.all()}


def test_a_named_country_needs_no_note(tmp_path: Path) -> None:
    found, notes = find(tmp_path, zone="france", tz="Europe/Berlin")
    assert (found.grid_zone, found.zone_source) == ("FR", "--zone")
    assert found.points[0].g_per_kwh == 44.18
    assert notes == {}


def test_a_constant_comes_first(tmp_path: Path) -> None:
    found, notes = find(tmp_path, zone="FR", tz="Europe/Berlin", constant=10.0)
    assert (found.grid_zone, found.zone_source) == ("FR", "--zone")
    assert (found.points[0].g_per_kwh, found.points[0].grid_zone) == (10.0, "FR")
    assert notes == {}


def test_a_constant_without_a_zone_does_not_look_for_one(tmp_path: Path) -> None:
    found, notes = find(tmp_path, tz="Europe/Berlin", constant=10.0)
    assert (found.grid_zone, found.zone_source) == (None, None)
    assert notes == {}


def test_a_bad_constant_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find(tmp_path, constant=float("nan"))


def test_the_time_zone_is_a_guess_that_is_told(tmp_path: Path) -> None:
    found, notes = find(tmp_path, tz=":Europe/Paris")
    assert (found.grid_zone, found.zone_source) == ("FR", "time zone")
    assert list(notes) == ["zone-from-timezone"]
    assert notes["zone-from-timezone"].level == "info"
    assert "Europe/Paris" in notes["zone-from-timezone"].message
    assert notes["zone-from-timezone"].hint == "set it with --zone, e.g. --zone FR"
    asked, _ = find(tmp_path, zone="FR")
    assert found.points == asked.points


def test_a_time_zone_across_states_widens_the_bounds(tmp_path: Path) -> None:
    guessed, notes = find(tmp_path, tz="America/New_York")
    asked, none = find(tmp_path, zone="US")
    assert none == {}
    assert guessed.points[0].g_per_kwh == asked.points[0].g_per_kwh
    assert guessed.points[0].low_g_per_kwh < asked.points[0].low_g_per_kwh
    assert guessed.points[0].high_g_per_kwh > asked.points[0].high_g_per_kwh
    assert set(notes) == {"zone-from-timezone", "zone-part-unknown"}


def test_nothing_known_gives_the_world_with_wide_bounds(tmp_path: Path) -> None:
    found, notes = find(tmp_path, tz="UTC")
    point = found.points[0]
    assert (found.grid_zone, found.zone_source) == ("WORLD", "world mean")
    assert point.g_per_kwh == 472.94
    assert point.low_g_per_kwh < 60
    assert point.high_g_per_kwh > 700
    assert list(notes) == ["zone-unknown-world-mean"]
    assert notes["zone-unknown-world-mean"].level == "warning"
    assert notes["zone-unknown-world-mean"].hint == "set it with --zone, e.g. --zone FR"


def test_a_mistyped_zone_does_not_end_a_run(tmp_path: Path) -> None:
    found, notes = find(tmp_path, zone="FRR", tz="Europe/Paris")
    assert found.grid_zone == "WORLD"
    assert set(notes) == {"zone-unknown", "zone-unknown-world-mean"}
    assert "did you mean FR" in notes["zone-unknown"].message


@pytest.mark.parametrize(
    ("zone", "used"), [("GB-13", "GB"), ("DK-DK1", "DK"), ("AD", "EUROPE"), ("AQ", "WORLD")]
)
def test_a_zone_without_a_figure_falls_back_and_says_so(
    zone: str, used: str, tmp_path: Path
) -> None:
    found, notes = find(tmp_path, zone=zone)
    asked, _ = find(tmp_path, zone=used)
    assert (found.grid_zone, found.zone_source) == (used, "--zone")
    assert found.points[0].low_g_per_kwh < asked.points[0].low_g_per_kwh
    assert found.points[0].high_g_per_kwh > asked.points[0].high_g_per_kwh
    assert list(notes) == ["intensity-fallback"]
    assert zone in notes["intensity-fallback"].message
    assert used in notes["intensity-fallback"].message


def test_a_cloud_region_is_its_grid_without_wider_bounds(tmp_path: Path) -> None:
    found, notes = find(tmp_path, zone="aws:eu-west-3")
    asked, _ = find(tmp_path, zone="FR")
    assert (found.grid_zone, found.points) == ("FR", asked.points)
    assert list(notes) == ["cloud-region"]


def test_a_cloud_region_at_no_published_place_has_wider_bounds(tmp_path: Path) -> None:
    found, notes = find(tmp_path, zone="aws:us-gov-west-1")
    asked, _ = find(tmp_path, zone="US")
    assert found.points[0].low_g_per_kwh < asked.points[0].low_g_per_kwh
    assert set(notes) == {"cloud-region", "zone-part-unknown"}


def test_google_has_figures_of_its_own_on_another_basis(tmp_path: Path) -> None:
    found, notes = find(tmp_path, zone="gcp:europe-west9")
    assert found.grid_zone == "gcp:europe-west9"
    assert (found.points[0].basis, found.points[0].g_per_kwh) == ("direct", 16.3)
    assert notes == {}


def test_an_old_figure_is_told_from_24_months_on(tmp_path: Path) -> None:
    before = float(calendar.timegm((2026, 12, 31, 23, 59, 59)))
    assert find(tmp_path, zone="FR", end=before)[1] == {}
    notes = find(tmp_path, zone="FR", end=before + 1)[1]
    assert list(notes) == ["intensity-old"]
    assert "mean of 2024, 24 months" in notes["intensity-old"].message


def test_a_provider_that_knows_no_zone_is_told_of_by_the_one_that_was_asked_for(
    tmp_path: Path,
) -> None:
    """Not by the world, which is tried last."""

    class Nowhere:
        name = "nowhere"

        def series(self, grid_zone: str, _start: float, _end: float) -> tuple[Point, ...]:
            raise ZoneNotCovered(f"nothing for {grid_zone}")

    with pytest.raises(ZoneNotCovered) as caught:
        find_intensity(
            zone="GB-13",
            zone_source="--zone",
            constant_g_per_kwh=None,
            clues=Clues(environment={}, etc=str(tmp_path), run=str(tmp_path)),
            start_unix_seconds=NOV_2026,
            end_unix_seconds=NOV_2026,
            notes=Notes(),
            provider=Nowhere(),
        )
    assert caught.value.reason == "nothing for GB-13"
