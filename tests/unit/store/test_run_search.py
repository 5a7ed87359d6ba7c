"""Saved runs are found by id, name, place in time, and path; what is missing is said."""

from __future__ import annotations

import fcntl
import json
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import UsageError
from carbonrun.store.lost_run import RECOVERED
from carbonrun.store.run_search import find_run
from carbonrun.store.saved_run import DAMAGED, UNFINISHED
from tests.unit.report.sample_report import ENERGY, REPORT, RUN
from tests.unit.store.lost_journals import line, lost_journal, start_line
from tests.unit.store.real_run import Place

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.report.model import Report

OLD, NEW, INNER = (f"01a2116f-6{n}18-7ba5-bf65-f7f11f1da94b" for n in "123")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def keep(place: Place, report: Report, *more: str) -> Path:
    """File a run away as a carbonrun does when it has ended."""
    folder = place.open.parent / report.run.started_at[:7]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report.run.id}.jsonl"
    start = line("start", run=report.run.as_dict(), csv_path=str(place.csv))
    path.write_text(start + line("end", 1, report=report.as_dict()) + "".join(more))
    return path


def named(run_id: str, name: str | None = None, parent: str | None = None) -> Report:
    return REPORT.replace(run=RUN.replace(id=run_id, name=name, parent_id=parent))


def found(place: Place, wanted: str) -> Report:
    return find_run(wanted, str(place.state)).report


def message(place: Place, wanted: str) -> str:
    with pytest.raises(UsageError) as caught:
        find_run(wanted, str(place.state))
    return f"{caught.value.message} | {caught.value.hint}"


def codes(report: Report) -> list[str]:
    return [note.code for note in report.notes if note not in REPORT.notes]


def test_a_run_is_found_by_what_it_is_called(place: Place, tmp_path: Path) -> None:
    first = keep(place, named(OLD, "nightly"))
    keep(place, named(NEW, "nightly"))
    keep(place, named(INNER, "inner", parent=NEW))
    assert found(place, "last").run.id == NEW  # the inner one is a part of it
    assert found(place, "latest").run.id == NEW
    assert found(place, "nightly").run.id == NEW
    assert found(place, OLD[:11]).run.id == OLD
    assert found(place, OLD[:11].replace("-", "").upper()).run.id == OLD
    assert found(place, "inner").run.id == INNER
    assert found(place, str(first)).run.id == OLD
    (tmp_path / "r.json").write_text(json.dumps(REPORT.as_dict()))
    assert find_run(str(tmp_path / "r.json"), None).report == REPORT
    assert find_run("last", str(place.state)).csv_path == str(place.csv)


def test_what_is_not_there_is_said_with_what_is_near(place: Place) -> None:
    assert "carbonrun -- COMMAND" in message(place, "x")
    assert "no run is over" in message(place, "last")
    keep(place, named(OLD, "nightly"))
    keep(place, named(NEW))
    assert "did you mean nightly?" in message(place, "nighty")
    assert "report last" in message(place, "quite-something-else")
    assert f"{NEW}, {OLD}" in message(place, "01a2116f")
    assert "there is no run '01a'" in message(place, "01a")  # too short for an id


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "other/1"}', "\0\0", "null"])
def test_a_file_that_is_no_run(place: Place, tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    assert f"{path} cannot be read" in message(place, str(path))


def test_a_report_of_another_version_says_so(place: Place, tmp_path: Path) -> None:
    content = REPORT.as_dict()
    content["run"] |= {"version": "9.9", "new": 1}
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert "written by carbonrun 9.9" in message(place, str(tmp_path / "x.json"))


def test_no_file(place: Place, tmp_path: Path) -> None:
    assert "No such file" in message(place, str(tmp_path / "x.json"))
    assert "it is no file" in message(place, "/dev/null") or "directory" in message(place, "/tmp/")


def test_a_run_whose_carbonrun_was_killed(place: Place) -> None:
    half = REPORT.replace(
        run=RUN.replace(ended_at=None, exit_code=None, duration_seconds=20.0), timeline=()
    )
    more = REPORT.replace(
        run=half.run.replace(duration_seconds=30.0),
        timeline=(),
        energy=ENERGY.replace(
            devices=(ENERGY.devices[0].replace(joules=1510.0), *ENERGY.devices[1:])
        ),
    )
    lines = (line("checkpoint", 1, report=r.as_dict()) for r in (half, more))
    lost_journal(place, start_line() + "".join(lines) + '{"type":"end","rep')
    report = found(place, "last")
    assert codes(report) == [RECOVERED]
    assert report.energy == more.energy
    assert find_run("last", str(place.state)).csv_path is None  # the row is not there yet
    (first, second) = report.timeline
    assert (first.start, first.end, second.end) == (0.0, 20.0, 30.0)
    assert first.watts == pytest.approx({"cpu": 60.5, "memory": 4.8})
    assert second.watts == pytest.approx({"cpu": 30.0, "memory": 0.0})


def test_a_run_that_had_just_begun(place: Place) -> None:
    lost_journal(place, start_line())
    report = found(place, RUN.id)
    assert codes(report) == [RECOVERED]
    assert "only the start is known" in report.notes[-1].message
    assert report.energy.joules is None
    assert report.timeline == ()


def test_a_run_that_goes_on(place: Place) -> None:
    checkpoint = line("checkpoint", 1, report=REPORT.as_dict())
    path = lost_journal(place, start_line() + checkpoint)
    with path.open("rb") as owned:
        fcntl.flock(owned, fcntl.LOCK_EX)
        assert codes(found(place, RUN.id)) == [UNFINISHED]
        assert "no run is over" in message(place, "last")


def test_a_run_of_another_machine(place: Place) -> None:
    content = {**json.loads(start_line()), "machine_id": "another"}
    lost_journal(place, json.dumps(content) + "\n")
    report = found(place, RUN.id)
    assert codes(report) == [UNFINISHED]
    assert "another machine" in report.notes[-1].message


def test_a_damaged_journal_tells_what_it_can(place: Place) -> None:
    path = keep(place, REPORT, "\0\0\0\n")
    assert codes(found(place, "last")) == [DAMAGED]
    text = path.read_text().splitlines(keepends=True)
    checkpoint = line("checkpoint", 1, report=REPORT.as_dict())
    path.write_text(text[0] + checkpoint + "damage\n")
    report = found(place, "last")
    assert codes(report) == [DAMAGED]
    assert "last checkpoint" in report.notes[-1].message
    path.write_text("damage\n")
    assert "nothing in it is readable" in message(place, RUN.id)
    assert "no run is over" in message(place, "last")


def test_a_journal_that_was_set_aside(place: Place) -> None:
    path = lost_journal(place, start_line() + "damage\n")
    path.rename(f"{path}.corrupt")
    assert codes(found(place, RUN.id)) == [DAMAGED]


def test_what_was_reconciled_counts(place: Place) -> None:
    later = REPORT.replace(emissions=REPORT.emissions.replace(grams_co2e=1.0))
    keep(place, REPORT, line("reconciled", 2, report=later.as_dict()))
    assert found(place, "last") == later
