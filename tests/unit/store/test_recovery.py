"""What becomes of the journals of killed runs, whatever is in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from carbonrun.delivery import append_recovered
from carbonrun.identity import machine_id
from carbonrun.report.csv import append_row
from carbonrun.store import recovery
from carbonrun.store.journal import Journal
from carbonrun.store.recovery import recover_killed_runs
from tests.machine.unprivileged import public_folder, run_unprivileged
from tests.unit.report.sample_report import REPORT, RUN
from tests.unit.store.lost_journals import Delivered, line, lost_journal, recover, start_line
from tests.unit.store.real_run import ROOT, Place, records_of


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_last_checkpoint_counts(place: Place) -> None:
    first = REPORT.replace(run=RUN.replace(duration_seconds=1.0))
    last = REPORT.replace(run=RUN.replace(duration_seconds=2.0))
    lost_journal(
        place,
        start_line()
        + line("checkpoint", 1, report=first.as_dict())
        + line("checkpoint", 2, report=last.as_dict()),
    )
    ((report, csv_path),) = recover(place)
    assert report.run.duration_seconds == 2.0
    assert report.notes[:-1] == REPORT.notes
    assert csv_path == "/nowhere/runs.csv"
    assert recover(place) == []


def test_a_torn_last_line_is_left_out_and_the_end_stays_apart(place: Place) -> None:
    torn = line("checkpoint", 2, report=REPORT.as_dict())[:700]
    whole = start_line() + line("checkpoint", 1, report=REPORT.as_dict())
    journal = lost_journal(place, whole + torn)
    assert len(recover(place)) == 1
    (filed,) = place.filed(journal.name)
    lines = filed.read_text().splitlines()
    assert lines[2] == torn
    assert json.loads(lines[3])["type"] == "end"


def test_a_finished_run_is_only_filed_away(place: Place) -> None:
    """It was killed between the last two steps; its row is written."""
    journal = lost_journal(place, start_line() + line("end", 1, report=REPORT.as_dict()))
    assert recover(place) == []
    (filed,) = place.filed(journal.name)
    assert len(records_of(filed)) == 2


def test_a_recovery_that_was_killed_itself_is_repeated(place: Place) -> None:
    ended = line("end", 1, recovered=True, report=REPORT.as_dict())
    journal = lost_journal(place, start_line() + ended)
    assert len(recover(place)) == 1
    (filed,) = place.filed(journal.name)
    assert filed.read_text() == start_line() + ended


def test_a_row_that_is_there_is_not_written_twice(place: Place, tmp_path: Path) -> None:
    """The run was killed between its row and the end of its journal."""
    path = tmp_path / "mine.csv"
    append_row(str(path), REPORT)
    before = path.read_bytes()
    lost_journal(place, start_line(str(path)) + line("checkpoint", 1, report=REPORT.as_dict()))
    assert recover_killed_runs(str(place.state), append_recovered) == 1
    assert path.read_bytes() == before
    assert place.journals() == []


@pytest.mark.parametrize(
    "target", ["fifo", "/dev/stderr", "/dev/full", "missing/runs.csv", "folder", None]
)
def test_a_row_that_has_nowhere_to_go_holds_nothing_up(
    place: Place, tmp_path: Path, target: str | None
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    path = None if target is None else os.path.join(tmp_path, target)  # noqa: PTH118
    lost_journal(place, start_line(path))
    start = time.monotonic()
    assert recover_killed_runs(str(place.state), append_recovered) == 1
    assert time.monotonic() - start < 0.5
    assert place.journals() == []
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\0" * 4096,
        "{}\n",
        '{"type":"start"}\n',
        line("start", run={"id": "x"}),
        line("checkpoint", report={"schema": "carbonrun.report/99"}),
        line("checkpoint", report={**REPORT.as_dict(), "run": None}),
        line("checkpoint", report={**REPORT.as_dict(), "run": {**RUN.as_dict(), "started_at": 5}}),
    ],
    ids=range(8),
)
def test_what_is_unusable_is_set_aside(place: Place, content: str) -> None:
    bad = lost_journal(place, content, name="bad")
    lost_journal(place, start_line(), name="good")
    recover_killed_runs(str(place.state), append_recovered)
    assert bad.with_name("bad.jsonl.corrupt").read_text() == content
    assert place.filed("good.jsonl")
    assert place.journals() == []


def test_journals_of_other_machines_are_left_to_them(place: Place) -> None:
    """Where locks hold on one machine only, a run there may well be alive."""
    content = start_line().replace(json.dumps(machine_id("/etc")), '"another"')
    journal = lost_journal(place, content)
    assert recover(place) == []
    assert journal.read_text() == content


def test_whatever_lies_about_is_passed_over(place: Place, tmp_path: Path) -> None:
    journal = lost_journal(place, start_line())
    (place.open / "folder.jsonl").mkdir()
    os.mkfifo(place.open / "fifo.jsonl")
    (place.open / "dangling.jsonl").symlink_to("nowhere")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(start_line())
    (place.open / "link.jsonl").symlink_to(elsewhere)
    (place.open / "notes.txt").write_text("mine")
    (place.open / "run.jsonl.new").touch()
    before = {path.name for path in place.open.iterdir()} - {journal.name}
    assert len(recover(place)) == 1
    assert {path.name for path in place.open.iterdir()} == before
    assert elsewhere.read_text() == start_line()


def test_what_may_not_be_read_is_passed_over() -> None:
    with public_folder() as folder:
        place = Place(folder / "place")
        path = lost_journal(place, start_line())
        path.chmod(0)

        def look() -> int:
            return recover_killed_runs(str(place.state), Delivered())

        if os.geteuid() == 0:
            assert run_unprivileged(look) == 0
        assert path.exists()
        path.chmod(0o600)


def test_the_own_journal_is_never_taken(place: Place) -> None:
    own = Journal(str(place.state), "own", machine_id("/etc"))
    own.write("start", {"run": RUN.as_dict(), "csv_path": None})
    assert recover(place) == []
    assert place.journals() == [Path(own.path)]


def test_nothing_there_is_nothing_to_do(place: Place) -> None:
    assert recover(place) == []
    assert not place.state.exists()


def test_a_journal_that_is_filed_away_meanwhile_is_not_delivered(place: Place) -> None:
    """Two carbonruns have both opened it; the second gets the lock when the first is done."""
    for number in range(60):
        lost_journal(place, start_line(), name=f"run-{number}")
    code = """
import sys
from carbonrun.store.recovery import recover_killed_runs
found = []
recover_killed_runs(sys.argv[1], lambda report, path: found.append(1))
print(len(found))
"""
    words = [sys.executable, "-c", code, str(place.state)]
    runs = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert sum(int(run.communicate(timeout=60)[0]) for run in runs) == 60
    assert len(place.filed("run-*.jsonl")) == 60


def test_a_lock_that_comes_too_late_is_none(place: Place) -> None:
    """Between opening and locking, another carbonrun has filed the journal away."""
    path = lost_journal(place, start_line())
    descriptor = os.open(path, os.O_RDWR)
    assert recovery._is_lost(str(path), descriptor)
    path.rename(path.with_name("elsewhere"))
    lost_journal(place, start_line())
    assert not recovery._is_lost(str(path), descriptor)
    os.close(descriptor)


def test_looking_costs_next_to_nothing(place: Place) -> None:
    living = [Journal(str(place.state), f"run-{n}", machine_id("/etc")) for n in range(100)]
    start = time.process_time()
    assert recover(place) == []
    assert time.process_time() - start < 0.1
    assert len(place.journals()) == len(living)
    for journal in living:
        journal.forget()


def test_very_many_lost_runs_do_not_hold_up_the_exit(place: Place) -> None:
    report = REPORT.replace(timeline=REPORT.timeline * 300).as_dict()
    content = start_line() + line("checkpoint", 1, report=report) * 5
    for number in range(400):
        lost_journal(place, content, name=f"run-{number:03}")
    start = time.monotonic()
    first = len(recover(place))
    assert time.monotonic() - start < 2.5
    assert first > 0
    assert len(place.journals()) == 400 - first
