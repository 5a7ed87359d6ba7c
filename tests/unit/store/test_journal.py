"""The journal has whole lines, an owner while it lives, and no readers but its owner's user."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from carbonrun.report import model
from carbonrun.report.load import load_report
from carbonrun.store.folders import make_private_folder
from carbonrun.store.journal import Journal, append_record, parse_journal, try_lock
from tests.machine.unprivileged import public_folder, run_unprivileged
from tests.unit.store.real_run import ROOT, Place, records_of

RUN_ID = "01a2116f-6418-7ba5-bf65-f7f11f1da94b"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_lines_in_order_with_their_ids(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), RUN_ID, "m1")
    journal.write("start", {"a": [1, None, "x\ny", "caf\udce9"]})
    journal.write("end", {})
    path = tmp_path / "journal" / "open" / f"{RUN_ID}.jsonl"
    assert path.read_bytes().count(b"\n") == 2
    assert records_of(path) == [
        {
            "type": "start",
            "sequence": 0,
            "run_id": RUN_ID,
            "machine_id": "m1",
            "a": [1, None, "x\ny", "caf\udce9"],
        },
        {"type": "end", "sequence": 1, "run_id": RUN_ID, "machine_id": "m1"},
    ]


def test_a_finished_journal_is_filed_under_its_month(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), RUN_ID, None)
    journal.write("end", {})
    journal.close("2026-11-25T06:40:42.534Z")
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.jsonl*")] == [
        f"journal/2026-11/{RUN_ID}.jsonl"
    ]


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    state = tmp_path / "a" / "b" / "state"
    old = os.umask(0)
    try:
        journal = Journal(str(state), RUN_ID, None)
        journal.close("2026-11")
    finally:
        os.umask(old)
    folders = [state.parent.parent, state.parent, state, state / "journal"]
    folders += [state / "journal" / "open", state / "journal" / "2026-11"]
    assert {str(path): oct(mode(path)) for path in folders} == {str(p): "0o700" for p in folders}
    assert mode(state / "journal" / "2026-11" / f"{RUN_ID}.jsonl") == 0o600


def test_a_folder_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_private_folder(str(tmp_path))
    make_private_folder(str(tmp_path / "x"))
    assert (mode(tmp_path), mode(tmp_path / "x")) == (0o755, 0o700)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in ("file", "file/x"):
        with pytest.raises(OSError, match=r"exists|Not a directory"):
            make_private_folder(str(tmp_path / path))


def test_a_state_directory_that_is_not_writable() -> None:
    with public_folder() as folder:
        folder.chmod(0o555)

        def error() -> str:
            try:
                Journal(str(folder / "state"), RUN_ID, None)
            except OSError as caught:
                return str(caught.strerror)
            return ""

        assert run_unprivileged(error) == "Permission denied"


# Says "yes" if it gets the lock of the journal.
TRY = """
import os, sys
from carbonrun.store.journal import try_lock
print("yes" if try_lock(os.open(sys.argv[1], os.O_RDWR)) else "no")
"""


def another_gets_the_lock(path: str) -> bool:
    words = [sys.executable, "-c", TRY, path]
    found = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return found.stdout == "yes\n"


def test_the_lock_is_its_owners_until_it_ends(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), RUN_ID, None)
    assert not another_gets_the_lock(journal.path)
    # nor does another descriptor of the same process
    descriptor = os.open(journal.path, os.O_RDWR)
    assert not try_lock(descriptor)
    os.close(descriptor)
    os.close(journal._descriptor)
    assert another_gets_the_lock(journal.path)


def test_the_command_does_not_inherit_the_lock(tmp_path: Path) -> None:
    place = Place(tmp_path)
    journal = place.kill_one(after="start")
    with journal.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# Starts and ends runs, or looks for lost ones, as fast as it can.
BUSY = """
import os, sys, time
from carbonrun.store.journal import Journal
from carbonrun.store.recovery import recover_killed_runs
state, number = sys.argv[1:]
end = time.monotonic() + 1.5
run = 0
while time.monotonic() < end:
    if number == "looker":
        recover_killed_runs(state, lambda report, path: None)
    else:
        journal = Journal(state, f"{number}-{run}", None)
        journal.write("end", {})
        journal.close("2026-11")
    run += 1
"""


def test_a_journal_is_never_taken_for_a_lost_one(tmp_path: Path) -> None:
    words = [sys.executable, "-c", BUSY, str(tmp_path)]
    names = ("looker", "1", "looker", "2")
    runs = [subprocess.Popen([*words, name], cwd=ROOT) for name in names]
    assert [run.wait(60) for run in runs] == [0] * len(runs)
    folders = {path.parent.name for path in tmp_path.rglob("*.jsonl*")}
    assert folders == {"2026-11"}, "none was set aside, none was left"


def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    code = f"""
import os, resource
from carbonrun.store.journal import append_record
descriptor = os.open({str(path)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
append_record(descriptor, {{"n": 1}})
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 100))
try:
    append_record(descriptor, {{"n": "x" * 60}})
except OSError:
    append_record(descriptor, {{"n": 3}})
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert path.read_bytes() == b'{"n":1}\n{"n":3}\n'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b'{"n":1}\n', [{"n": 1}]),
        (b'{"n":1}\n{"n":', [{"n": 1}]),
        (b'{"n":1}\n{"n":\n{"n":3}\n', [{"n": 1}, {"n": 3}]),
        (b'\n\n[1]\n"x"\nnull\n{"n":1}', [{"n": 1}]),
        (b'\xff\xfe\n{"n":1}\n', [{"n": 1}]),
        (b"\0" * 5000, []),
    ],
    ids=len,
)
def test_torn_lines_are_left_out(content: bytes, expected: list[object]) -> None:
    assert parse_journal(content) == expected


def test_a_number_that_json_has_not_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file, pytest.raises(ValueError, match="JSON"):
        append_record(file.fileno(), {"n": float("inf")})
    assert (tmp_path / "x").read_bytes() == b""


def test_the_journal_of_a_real_run(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.run("-q", "--interval", "0.1", "--", "sleep", "1.3")[0] == 0
    assert place.journals() == []
    (path,) = place.open.parent.rglob("*.jsonl")
    records = records_of(path)
    assert [record["type"] for record in records] == ["start", "checkpoint", "end"]
    assert [record["sequence"] for record in records] == [0, 1, 2]
    assert {record["run_id"] for record in records} == {path.stem}
    schema = json.loads(Path(model.__file__).with_name("schema.json").read_text())
    for record in records[1:]:
        jsonschema.validate(record["report"], schema, jsonschema.Draft202012Validator)
    final = load_report(records[-1]["report"])
    assert (final.run.exit_code, final.run.command) == (0, ("sleep", "1.3"))
    assert mode(path) == 0o600
    assert mode(place.state) == 0o700
