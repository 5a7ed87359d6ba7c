"""``carbonrun report`` on runs that really were."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wrapper import require_carbonrun
from tests.unit.store.real_run import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _only_carbonrun() -> None:
    require_carbonrun()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def report(place: Place, *words: str) -> tuple[int, str, str]:
    """Return status, standard output and standard error of ``carbonrun report``."""
    with place.start("report", *words) as process:
        out, err = process.communicate(timeout=30)
    return process.returncode, out.decode(), err.decode()


def shown(place: Place, *words: str) -> str:
    status, out, err = report(place, *words)
    assert (status, err) == (0, "")
    return out


def test_every_form_shows_what_the_run_has_shown(place: Place) -> None:
    words = ("--name", "two words", "--json", "r.json", "--", sys.executable, "-c", "sum(range(9))")
    status, summary = place.run(*words)
    assert status == 0
    assert shown(place) == summary
    assert shown(place, "two words", "--format", "table") == summary
    first = json.loads((place.work / "r.json").read_text())
    again = json.loads(shown(place, "last", "--format", "json"))
    assert again == first
    (row,) = csv.DictReader(shown(place, "last", "--format", "csv").splitlines())
    assert [row] == place.rows()
    assert shown(place, "last", "--format", "line").startswith("carbonrun: energy_j=")
    assert shown(place, first["run"]["id"], "--format", "markdown").startswith("### two words\n")
    assert shown(place, str(place.work / "r.json"), "--format", "json") == shown(
        place, "last", "-o", "-", "--format", "json"
    )


def test_a_killed_run_is_shown_before_and_after_it_was_recovered(place: Place) -> None:
    place.kill_one("--name", "lost")
    before = json.loads(shown(place, "lost", "--format", "json"))
    assert [note["code"] for note in before["notes"]].count("recovered") == 1
    assert before["timeline"]
    assert place.run("-q", "--", "true")[0] == 0  # it recovers the other
    after = json.loads(shown(place, "lost", "--format", "json"))
    assert after["energy"] == before["energy"]
    assert [note["code"] for note in after["notes"]].count("recovered") == 1
    assert after["timeline"] == before["timeline"]


def test_files(place: Place, tmp_path: Path) -> None:
    assert place.run("-q", "--", "true")[0] == 0
    assert shown(place, "-o", str(tmp_path / "x.json")) == ""
    content: Any = json.loads((tmp_path / "x.json").read_text())
    assert content["run"]["command"] == ["true"]
    status, out, err = report(place, "-o", str(tmp_path / "nowhere" / "x.json"))
    assert (status, out) == (125, "")
    assert "could not be written: No such file or directory" in err


def test_a_run_that_is_not_there(place: Place) -> None:
    assert place.run("-q", "--name", "train", "--", "true")[0] == 0
    status, out, err = report(place, "trian")
    assert (status, out) == (125, "")
    assert "did you mean train?" in err


def test_a_report_of_nonsense_is_refused(place: Place, tmp_path: Path) -> None:
    assert place.run("-q", "--json", str(tmp_path / "r.json"), "--", "true")[0] == 0
    content = json.loads((tmp_path / "r.json").read_text())
    content["energy"]["joules"] = "a lot"
    (tmp_path / "r.json").write_text(json.dumps(content))
    status, out, err = report(place, str(tmp_path / "r.json"))
    assert (status, out) == (125, "")
    assert "holds what no report does" in err


def test_a_reader_that_goes_away_is_no_error(place: Place) -> None:
    assert place.run("-q", "--", "true")[0] == 0
    with place.start("report", "--format", "json") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 0
