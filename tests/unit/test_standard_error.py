"""Standard error may be anything by the time the summary is written."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.report.output import STALL_SECONDS
from tests.unit.store.real_run import ROOT, Place

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


def stuck_pipe() -> tuple[int, int]:
    """Return both ends of a pipe that is full."""
    receive, send = os.pipe()
    os.set_blocking(send, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(send, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(send, True)
    return receive, send


def end_of(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Return the status and how long it took."""
    start = time.monotonic()
    try:
        status = process.wait(10)
    finally:
        process.kill()
    return status, time.monotonic() - start


@pytest.mark.parametrize("options", [(), ("--json", "-")], ids=str)
def test_a_standard_error_that_nobody_reads_is_given_up(
    place: Place, options: tuple[str, ...]
) -> None:
    receive, send = stuck_pipe()
    with place.start(*options, "--", "sh", "-c", "exit 6", stderr=send) as process:
        status, seconds = end_of(process)
    os.close(send)
    os.close(receive)
    assert status == 6
    assert seconds < 2 * STALL_SECONDS + 2
    assert len(place.rows()) == 1
    if options:
        assert "does not read" in journalled(place)["json-not-written"]


def test_a_socket_that_nobody_reads_is_given_up(place: Place) -> None:
    left, right = socket.socketpair()
    with left, right:
        left.setblocking(False)
        try:
            while True:
                left.send(b"x" * 4096)
        except BlockingIOError:
            left.setblocking(True)
        with place.start("--", "sh", "-c", "exit 6", stderr=left.fileno()) as process:
            status, seconds = end_of(process)
    assert status == 6
    assert seconds < STALL_SECONDS + 2


def test_a_reader_that_is_slow_to_begin_gets_everything(place: Place) -> None:
    receive, send = stuck_pipe()
    with place.start("--", "true", stderr=send) as process:
        os.close(send)
        time.sleep(0.6)
        with os.fdopen(receive, "rb") as pipe:
            shown = pipe.read().lstrip(b"x")
        assert process.wait(10) == 0
    assert shown.startswith(b" carbonrun  true")
    assert unwrapped(shown.decode()).endswith(f"{place.csv}\n")


def test_a_standard_error_that_does_not_block_gets_everything(place: Place) -> None:
    """Whoever shares the pipe may have set it so; what does not fit at once must not be lost."""
    receive, send = stuck_pipe()
    os.set_blocking(send, False)
    with place.start("--", "true", stderr=send) as process:
        os.close(send)
        time.sleep(0.6)
        with os.fdopen(receive, "rb") as pipe:
            shown = pipe.read()
        assert process.wait(10) == 0
    assert unwrapped(shown.decode()).endswith(f"{place.csv}\n")


@pytest.mark.parametrize("command", ["exit 6", "kill -TERM $$"])
def test_a_reader_that_has_gone(place: Place, command: str) -> None:
    receive, send = os.pipe()
    os.close(receive)
    with place.start("--json", "-", "--", "sh", "-c", command, stderr=send) as process:
        os.close(send)
        assert process.wait(10) == (6 if "exit" in command else -signal.SIGTERM)
    assert len(place.rows()) == 1
    assert "Broken pipe" in journalled(place)["json-not-written"]


def test_a_full_disk_behind_standard_error(place: Place) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        options = ("--json", "-")
        with place.start(*options, "--", "sh", "-c", "exit 6", stderr=full) as process:
            assert process.wait(10) == 6
    assert "No space left" in journalled(place)["json-not-written"]


def test_no_standard_error_at_all(place: Place) -> None:
    command = f'exec 2>&-; cd {ROOT}; exec "$0" -m carbonrun --state-dir "$1" -- sh -c "exit 6"'
    words = ["sh", "-c", command, sys.executable, str(place.state)]
    assert subprocess.run(words, check=False, cwd=place.work).returncode == 6
    assert len(place.rows()) == 1


def test_a_terminal_that_is_stopped_is_waited_for(place: Place) -> None:
    master, slave = pty.openpty()
    termios.tcflow(slave, termios.TCOOFF)
    with place.start("--", "sh", "-c", "exit 6", stderr=slave) as process:
        time.sleep(STALL_SECONDS + 1)
        assert process.poll() is None
        termios.tcflow(slave, termios.TCOON)
        shown = b""
        while b"runs.csv" not in shown:
            shown += os.read(master, 4096)
        assert process.wait(10) == 6
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("environment", "summary", "is_ascii"),
    [
        ({"LC_ALL": "C"}, "full", True),
        ({"LC_ALL": "C"}, "line", True),
        ({"LC_ALL": "C", "FORCE_COLOR": "1"}, "full", True),
        ({"LC_ALL": "C.UTF-8"}, "full", False),
        ({"LC_ALL": "C.UTF-8"}, "line", False),
        ({"LC_ALL": "C.UTF-8", "COLUMNS": "\u00b2"}, "full", False),
    ],
    ids=str,
)
def test_only_who_speaks_unicode_gets_it(
    tmp_path: Path, environment: dict[str, str], summary: str, *, is_ascii: bool
) -> None:
    place = Place(tmp_path, environment)
    options = ("--summary", summary, "--", "echo", "caf\u00e9")
    with place.start(*options) as process:
        err = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert err.isascii() is is_ascii
    assert (b"caf\\xe9" if is_ascii else "caf\u00e9".encode()) in err
