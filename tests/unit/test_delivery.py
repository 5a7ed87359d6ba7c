"""The report gets to every output that is left, and no output changes the command's fate."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.delivery import append_recovered, wants_colour
from carbonrun.report.output import STALL_SECONDS
from tests.machine.unprivileged import public_folder
from tests.unit.report.sample_report import REPORT, RUN
from tests.unit.store.real_run import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def notes_of(path: Path) -> dict[str, str]:
    """Return the messages of the notes in a JSON report by their codes."""
    return {note["code"]: note["message"] for note in json.loads(path.read_text())["notes"]}


def journalled(place: Place) -> dict[str, str]:
    """Return the same from the journal of the only run."""
    (path,) = place.open.parent.rglob("*.jsonl")
    final = json.loads(path.read_text().splitlines()[-1])
    assert final["type"] == "end"
    return {note["code"]: note["message"] for note in final["report"]["notes"]}


def unwrapped(summary: str, joint: str = "") -> str:
    """Return a summary with broken lines joined."""
    return summary.replace("\n" + " " * 13, joint)


def test_every_output_of_one_run_tells_of_the_same_run(place: Place) -> None:
    report = place.work / "report.json"
    status, err = place.run("--json", str(report), "--", "sh", "-c", "exit 5")
    assert status == 5
    (row,) = place.rows()
    content = json.loads(report.read_text())
    assert row["run_id"] == content["run"]["id"]
    assert row["exit_code"] == "5"
    assert float(row["energy_j"]) == pytest.approx(content["energy"]["joules"])
    assert f"row in      {place.csv}" in unwrapped(err)


# The CSV


def test_a_csv_that_turned_unwritable_is_a_note(place: Place, tmp_path: Path) -> None:
    out, report = tmp_path / "runs.csv", tmp_path / "report.json"
    turn = f"rm -f {out}; mkdir {out}; exit 7"
    options = ("--csv", str(out), "--json", str(report))
    status, err = place.run(*options, "--", "sh", "-c", turn)
    assert status == 7
    assert str(out) in notes_of(report)["csv-not-written"]
    assert "Is a directory" in notes_of(report)["csv-not-written"]
    assert "Is a directory" in unwrapped(err, " ")
    assert "row in" not in err
    assert "csv-not-written" in journalled(place)


def test_a_csv_folder_that_has_gone_is_not_made_again(place: Place, tmp_path: Path) -> None:
    folder, report = tmp_path / "folder", tmp_path / "report.json"
    folder.mkdir()
    options = ("-q", "--csv", f"{folder}/runs.csv", "--json", str(report))
    status, _ = place.run(*options, "--", "sh", "-c", f"rmdir {folder}; exit 7")
    assert status == 7
    assert "No such file" in notes_of(report)["csv-not-written"]
    assert not folder.exists()


def test_the_journal_is_named_only_if_it_has_the_report(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    options = ("--csv", "/dev/full", "--state-dir")
    _, err = place.run(*options, str(tmp_path / "state"), "--", "true")
    assert "in the journal" in unwrapped(err, " ")
    _, err = place.run(*options, str(tmp_path / "file"), "--", "true")
    assert "/dev/full could not be written" in unwrapped(err, " ")
    assert "in the journal" not in unwrapped(err, " ")


def test_a_csv_on_a_full_disk(place: Place, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    status, _ = place.run("-q", "--csv", "/dev/full", "--json", str(report), "--", "false")
    assert status == 1
    assert "No space left" in notes_of(report)["csv-not-written"]


def test_a_csv_of_another_version_is_named_with_the_new_file(place: Place, tmp_path: Path) -> None:
    out, report = tmp_path / "runs.csv", tmp_path / "report.json"
    out.write_text("run_id,other\n")
    _, err = place.run("--csv", str(out), "--json", str(report), "--", "true")
    assert str(tmp_path / "runs-2.csv") in notes_of(report)["csv-other-columns"]
    assert out.read_text() == "run_id,other\n"
    assert len(place.rows(tmp_path / "runs-2.csv")) == 1
    assert "row in" not in err


def test_the_default_csv_is_for_the_owner_only(place: Place) -> None:
    place.run("-q", "--", "true")
    assert place.state.stat().st_mode & 0o777 == 0o700
    assert place.csv.exists()


def test_no_csv_leaves_none(place: Place) -> None:
    _, err = place.run("--no-csv", "--", "true")
    assert list(place.state.rglob("*.csv")) == []
    assert "row in" not in err


# JSON


@pytest.mark.parametrize(
    ("turn", "reason"),
    [("mkdir {}", "directory"), ("mkfifo {}", "nobody reads"), ("ln -s /dev/full {}", "space")],
    ids=["directory", "pipe", "full"],
)
def test_a_json_that_cannot_be_written_is_a_note(
    place: Place, tmp_path: Path, turn: str, reason: str
) -> None:
    path = tmp_path / "report.json"
    start = time.monotonic()
    command = f"{turn.format(path)}; exit 7"
    status, err = place.run("--json", str(path), "--", "sh", "-c", command)
    assert time.monotonic() - start < STALL_SECONDS + 3
    assert status == 7
    assert str(path) in unwrapped(err)
    assert reason in journalled(place)["json-not-written"]
    assert len(place.rows()) == 1


def test_json_on_standard_error(place: Place) -> None:
    status, err = place.run("-q", "--json", "-", "--", "sh", "-c", "exit 3")
    assert status == 3
    assert json.loads(err)["run"]["exit_code"] == 3


@pytest.mark.parametrize(
    ("environment", "is_terminal", "expected"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": ""}, True, False),
        ({}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": ""}, False, False),
        ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"CLICOLOR_FORCE": "0"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
    ids=str,
)
def test_who_wants_colours(
    environment: dict[str, str], *, is_terminal: bool, expected: bool
) -> None:
    assert wants_colour(environment, is_terminal=is_terminal) is expected


def test_a_recovered_row_is_appended_once(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    for _ in range(2):
        append_recovered(REPORT, str(path))
    append_recovered(REPORT.replace(run=RUN.replace(id="other")), str(path))
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == [RUN.id, "other"]


@pytest.mark.parametrize("name", ["runs.csv", "./runs.csv", "../runs.csv"])
def test_a_recovered_row_needs_a_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    append_recovered(REPORT, name)
    append_recovered(REPORT, None)
    assert list(tmp_path.rglob("*.csv")) == []


def test_a_recovered_row_that_cannot_be_written_is_no_failure() -> None:
    with public_folder() as folder:
        append_recovered(REPORT, f"{folder}/missing/runs.csv")
        append_recovered(REPORT, str(folder))
        assert list(folder.iterdir()) == []
