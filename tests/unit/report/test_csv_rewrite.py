"""Cells are replaced; all other bytes stay, whoever appends meanwhile."""

from __future__ import annotations

import csv
import fcntl
import io
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.csv import append_row, csv_line
from carbonrun.report.csv_rewrite import records, replace_cells, rewritten
from tests.unit.report.sample_report import REPORT

if TYPE_CHECKING:
    from carbonrun.report.model import Report

CHANGE = {"co2e_g": "1.5", "intensity_provider": "neso"}


def named(run_id: str) -> Report:
    return REPORT.replace(run=REPORT.run.replace(id=run_id))


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["run_id"]: row for row in csv.DictReader(file)}


def test_only_the_cells_of_that_run_are_changed(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    for run_id in ("a", "b", "c"):
        append_row(str(path), named(run_id))
    path.chmod(0o640)
    before, lines = rows(path), path.read_bytes().split(b"\n")
    assert replace_cells(str(path), {"b": CHANGE, "z": CHANGE}) == 1
    after = rows(path)
    assert after["b"] == {**before["b"], **CHANGE}
    assert (after["a"], after["c"]) == (before["a"], before["c"])
    assert [i for i, line in enumerate(path.read_bytes().split(b"\n")) if line != lines[i]] == [2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["runs.csv"]


def test_what_is_there_already_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    append_row(str(path), named("a"))
    replace_cells(str(path), {"a": CHANGE})
    inode = path.stat().st_ino
    assert replace_cells(str(path), {"a": CHANGE}) == 0
    assert path.stat().st_ino == inode


def test_the_files_beside_it_and_links_are_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "runs.csv"
    append_row(str(real), named("a"))
    link.symlink_to(real)
    append_row(str(tmp_path / "runs-2.csv"), named("b"))
    assert replace_cells(str(link), {"a": CHANGE, "b": CHANGE}) == 2
    assert link.is_symlink()
    assert rows(real)["a"]["co2e_g"] == "1.5"
    assert rows(tmp_path / "runs-2.csv")["b"]["co2e_g"] == "1.5"


def test_no_file_is_no_failure(tmp_path: Path) -> None:
    assert replace_cells(str(tmp_path / "none.csv"), {"a": CHANGE}) == 0
    assert replace_cells("/dev/null", {"a": CHANGE}) == 0


def test_it_waits_for_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    append_row(str(path), named("a"))
    with path.open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = threading.Event()

        def work() -> None:
            replace_cells(str(path), {"a": CHANGE})
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert not done.wait(0.2)
        fcntl.flock(held, fcntl.LOCK_UN)
    thread.join(5)
    assert rows(path)["a"]["co2e_g"] == "1.5"


def test_no_row_is_lost_that_is_appended_meanwhile(tmp_path: Path) -> None:
    path, count, writers = tmp_path / "runs.csv", 40, 3
    append_row(str(path), named("first"))
    code = (
        "import sys\n"
        "from carbonrun.report.csv import append_row\n"
        "from tests.unit.report.test_csv_rewrite import named\n"
        f"for i in range({count}): append_row({str(path)!r}, named(f'{{sys.argv[1]}}-{{i}}'))\n"
    )
    root = Path(__file__).resolve().parents[3]
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(n)], cwd=root) for n in range(writers)
    ]
    changed = 0
    while any(process.poll() is None for process in processes):
        changed += 1
        replace_cells(str(path), {"first": {"co2e_g": str(changed)}})
    assert [process.wait() for process in processes] == [0] * writers
    found = rows(path)
    assert changed > 3
    assert len(found) == 1 + count * writers
    assert found["first"]["co2e_g"] == str(changed)


TEXT = st.text(alphabet=st.sampled_from('ab,"\n\r é;'), max_size=8)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=6), TEXT)
def test_quotes_and_line_ends_inside_of_cells_are_kept(
    others: list[tuple[str, str]], new: str
) -> None:
    table = [(f"r{i}", left, right) for i, (left, right) in enumerate(others)]
    lines = [("run_id", "text", "co2e_g"), *table, ("wanted", "x\ny", "1")]
    content = b"".join(map(csv_line, lines))
    assert b"".join(records(content)) == content
    result, count = rewritten(content, {"wanted": {"co2e_g": new}})
    read = list(csv.reader(io.StringIO(result.decode(), newline="")))
    assert count == (new != "1")
    assert read[1:-1] == [list(row) for row in table]
    assert read[-1] == ["wanted", "x\ny", new]
    assert result.startswith(content[: content.rindex(b"wanted")])


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"run_id,co2e_g\nb\n", b'run_id,co2e_g\n"b,1\n', b"id,co2e_g\nb,1\n"],
)
def test_what_is_no_table_of_ours_stays(content: bytes) -> None:
    assert rewritten(content, {"b": CHANGE}) == (content, 0)


def test_bytes_that_are_no_text_stay() -> None:
    content = b"run_id,name,co2e_g\nb,caf\xe9,1\n"
    assert rewritten(content, {"b": {"co2e_g": "2"}})[0] == b"run_id,name,co2e_g\nb,caf\xe9,2\n"
