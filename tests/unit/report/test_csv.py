"""A CSV file gets one header and whole rows, whatever else happens to it."""

from __future__ import annotations

import csv
import fcntl
import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.columns import cells, header_row
from carbonrun.report.csv import LOCK_SECONDS, append_row, has_row
from tests.unit.report.sample_report import REPORT, RUN, with_command

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ",".join(header_row()) + "\n"
OLD_HEADER = "run_id,started_at,duration_s\n"
NEWER_HEADER = HEADER[:-1] + ",one_more\n"


def rows_of(path: Path) -> list[list[str]]:
    """Return all rows as another program reads them."""
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.reader(file, strict=True))


def test_the_first_row_brings_the_header(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    for _ in range(3):
        assert append_row(str(path), REPORT) is None
    rows = rows_of(path)
    assert rows == [list(header_row()), *[list(cells(REPORT))] * 3]
    assert path.read_bytes().endswith(b"\n")
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize(
    "word",
    ['say "hi"', "a,b", "two\nlines", "cr\rlf\r\n", '",\n"', "'", "", " x ", "caf\u00e9", "\u65e5"],
    ids=ascii,
)
def test_quoting_is_that_of_rfc_4180(tmp_path: Path, word: str) -> None:
    path = tmp_path / "runs.csv"
    report = with_command("echo", word).replace(run=RUN.replace(name=word, command=("echo", word)))
    append_row(str(path), report)
    append_row(str(path), REPORT)
    assert rows_of(path)[1:] == [list(cells(report)), list(cells(REPORT))]


# No argument can hold a NUL, and readers before Python 3.11 refuse it.
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@given(st.lists(st.text(LETTERS, max_size=20), min_size=1, max_size=4))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "runs.csv"
    report = REPORT.replace(run=RUN.replace(name=words[0], command=tuple(words)))
    append_row(str(path), report)
    assert rows_of(path) == [list(header_row()), list(cells(report))]


def test_bytes_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    append_row(str(path), with_command("cat", "caf\udce9", "\ud800"))
    content = path.read_bytes().decode("utf-8")
    assert "caf\\udce9" in content
    assert "\\ud800" in content


@pytest.mark.parametrize("header", [OLD_HEADER, NEWER_HEADER, "something else"], ids=len)
def test_other_columns_are_never_broken(tmp_path: Path, header: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(header + "x,y,z\n")
    before = path.read_bytes()
    note = append_row(str(path), REPORT)
    append_row(str(path), REPORT)
    assert path.read_bytes() == before
    beside = tmp_path / "runs-2.csv"
    assert rows_of(beside) == [list(header_row()), *[list(cells(REPORT))] * 2]
    assert note is not None
    assert note.code == "csv-other-columns"
    assert str(beside) in note.message


def test_the_file_beside_it_may_have_other_columns_too(tmp_path: Path) -> None:
    for name in ("runs.csv", "runs-2.csv"):
        (tmp_path / name).write_text(OLD_HEADER)
    note = append_row(str(tmp_path / "runs.csv"), REPORT)
    assert note is not None
    assert "runs-3.csv" in note.message
    assert len(rows_of(tmp_path / "runs-3.csv")) == 2


@pytest.mark.parametrize(
    "torn", ["x,y", 'x,"y', 'x,"y ""z"" ', 'x,"y ""z', 'x,"two\nlines', "x,y\n"], ids=ascii
)
def test_a_torn_last_row_does_not_spoil_the_next(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(HEADER + torn)
    append_row(str(path), REPORT)
    rows = rows_of(path)
    assert len(rows) == 3
    assert rows[1][0] == "x"
    assert rows[2] == list(cells(REPORT))


def test_a_lock_held_for_ever_delays_a_little_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    append_row(str(path), REPORT)
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        start = time.monotonic()
        append_row(str(path), REPORT)
        seconds = time.monotonic() - start
    assert LOCK_SECONDS <= seconds < LOCK_SECONDS + 1
    assert len(rows_of(path)) == 3


def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        append_row("/dev/full", REPORT)


def test_a_row_that_does_not_fit_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    append_row(str(path), REPORT)
    before = path.read_bytes()
    assert errors_under_a_size_limit(path, len(before) + 40) == b"1"
    assert path.read_bytes() == before


def test_a_header_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    assert errors_under_a_size_limit(path, 100) == b"1"
    assert path.read_bytes() == b""


def errors_under_a_size_limit(path: Path, limit_bytes: int) -> bytes:
    """Append under RLIMIT_FSIZE in a child and return how often that was refused."""
    import resource

    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = b"0"
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
            append_row(str(path), REPORT)
        except OSError:
            answer = b"1"
        finally:
            os.write(send, answer)
            os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        append_row(str(tmp_path / "missing" / "runs.csv"), REPORT)


def test_a_pipe_gets_header_and_row(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    append_row(str(fifo), REPORT)
    content = os.read(reader, 100_000).decode()
    os.close(reader)
    assert list(csv.reader(content.splitlines())) == [list(header_row()), list(cells(REPORT))]


def test_a_descriptor_that_was_passed_in() -> None:
    receive, send = os.pipe()
    append_row(f"/dev/fd/{send}", REPORT)
    os.close(send)
    with os.fdopen(receive, encoding="utf-8") as pipe:
        assert pipe.readline() == HEADER
        assert len(pipe.readlines()) == 1


def test_whether_a_run_has_its_row(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    assert not has_row(str(path), RUN.id)
    append_row(str(path), REPORT.replace(run=RUN.replace(id="other", name=RUN.id)))
    assert not has_row(str(path), RUN.id)
    assert has_row(str(path), "other")
    append_row(str(path), REPORT)
    assert has_row(str(path), RUN.id)
    assert not has_row(str(path), RUN.id[:-1])


def test_a_row_beside_an_older_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(OLD_HEADER)
    append_row(str(path), REPORT)
    assert has_row(str(path), RUN.id)
