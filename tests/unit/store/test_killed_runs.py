"""Runs whose carbonrun was killed come to light once, and only once."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.report.load import load_report
from carbonrun.store.recovery import recover_killed_runs
from tests.machine.unprivileged import public_folder, run_unprivileged
from tests.unit.store.lost_journals import Delivered, lost_journal, start_line
from tests.unit.store.real_run import Place, records_of, run_ids

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_killed_run_is_recovered_by_the_next(place: Place) -> None:
    journal = place.kill_one("--name", "lost")
    before = records_of(journal)
    assert place.run("-q", "--name", "next", "--", "true")[0] == 0

    lost, found = place.rows()[::-1] if place.rows()[0]["name"] == "next" else place.rows()
    assert (lost["name"], found["name"]) == ("lost", "next")
    assert lost["run_id"] == journal.stem
    assert "recovered" in lost["notes"].split()
    assert "recovered" not in found["notes"].split()
    assert lost["exit_code"] == ""
    assert float(lost["duration_s"]) >= 1
    assert float(lost["energy_j"]) > 0

    assert place.journals() == []
    (filed,) = place.filed(journal.name)
    assert filed.parent.name == lost["started_at"][:7]
    records = records_of(filed)
    assert records[: len(before)] == before
    end = records[-1]
    assert (end["type"], end["recovered"], end["run_id"]) == ("end", True, journal.stem)
    assert end["sequence"] == before[-1]["sequence"] + 1
    assert end["machine_id"] == before[0]["machine_id"]
    assert load_report(end["report"]).notes[-1].code == "recovered"

    for _ in range(2):
        place.run("-q", "--", "true")
    assert run_ids(place.rows()).count(journal.stem) == 1


def test_a_run_killed_before_its_first_checkpoint_is_not_forgotten(place: Place) -> None:
    journal = place.kill_one("--name", "early", after="start")
    assert [record["type"] for record in records_of(journal)] == ["start"]
    place.run("-q", "--", "true")
    (lost,) = [row for row in place.rows() if row["run_id"] == journal.stem]
    assert (lost["name"], lost["notes"]) == ("early", "recovered")
    assert lost["command"].startswith("sh -c ")
    # unknown is empty and not 0
    assert {lost[name] for name in ("energy_j", "co2e_g", "cpu_s", "exit_code")} == {""}


def test_a_run_that_lives_is_left_alone(place: Place) -> None:
    with place.start("-q", "--name", "living", "--", "sleep", "2") as living:
        while not place.journals():
            time.sleep(0.01)
        for _ in range(2):
            assert place.run("-q", "--", "true")[0] == 0
        assert len(place.journals()) == 1
        living.wait()
    names = [row["name"] for row in place.rows()]
    assert names == ["", "", "living"]
    assert [row["notes"].split().count("recovered") for row in place.rows()] == [0, 0, 0]
    assert place.journals() == []


def test_many_at_once_deliver_one_row_a_run(place: Place) -> None:
    lost = [place.kill_one(after="start").stem for _ in range(3)]
    runs = [place.start("-q", "--", "true") for _ in range(12)]
    assert [run.wait(60) for run in runs] == [0] * 12
    for run in runs:
        run.communicate()
    place.run("-q", "--", "true")
    ids = run_ids(place.rows())
    assert [ids.count(one) for one in lost] == [1, 1, 1]
    assert len(ids) == len(set(ids)) == 16
    assert place.journals() == []
    assert [path.name for path in place.state.rglob("*.corrupt")] == []


def test_the_row_goes_where_the_killed_run_would_have_put_it(place: Place, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    journal = place.kill_one("--csv", str(mine), after="start")
    place.run("-q", "--", "true")
    assert run_ids(place.rows(mine)) == [journal.stem]
    assert journal.stem not in run_ids(place.rows())


def test_a_relative_path_is_not_taken_from_another_folder(place: Place, tmp_path: Path) -> None:
    """It began where the killed run was started; elsewhere it would be another file."""
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    journal = place.kill_one("--csv", "runs.csv", after="start", cwd=there)
    place.run("-q", "--", "true", cwd=here)
    assert list(here.iterdir()) == []
    assert place.filed(journal.name)


def test_a_journal_that_is_none_does_not_disturb(place: Place) -> None:
    corrupt = lost_journal(place, "this is no journal", name="corrupt")
    status, err = place.run("--", "sh", "-c", "exit 3")
    assert status == 3
    assert "Traceback" not in err
    assert len(place.rows()) == 1
    assert not corrupt.exists()
    assert corrupt.with_name("corrupt.jsonl.corrupt").read_text() == "this is no journal"


def test_without_a_state_directory_that_can_be_written(tmp_path: Path) -> None:
    with public_folder() as folder:
        place = Place(tmp_path)
        journal = lost_journal(place, start_line())
        shutil.copytree(place.state, folder / "state")
        for path in [folder / "state", *(folder / "state").rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)

        def look() -> list[Any]:
            delivered = Delivered()
            count = recover_killed_runs(str(folder / "state"), delivered)
            return [count, len(delivered.reports)]

        assert run_unprivileged(look) == [0, 0]
        assert (folder / "state" / journal.relative_to(place.state)).exists()
        for path in (folder / "state").rglob("*"):
            path.chmod(0o755)
        (folder / "state").chmod(0o755)
