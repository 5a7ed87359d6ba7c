"""Writing to pipes, sockets and terminals that may block."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.report.output import (
    STALL_SECONDS,
    is_stream,
    own_descriptor,
    write_all,
)

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(256)) * 2000
LETTERS = (b"a", b"b", b"c", b"d")


def read_slowly(descriptor: int, into: bytearray, pause_seconds: float) -> None:
    while part := os.read(descriptor, 16_384):
        into += part
        time.sleep(pause_seconds)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_slow_reader_gets_everything(*, blocking: bool) -> None:
    """It may take longer than the deadline in all, as long as it goes on taking something."""
    receive, send = os.pipe()
    os.set_blocking(send, blocking)
    got = bytearray()
    reader = threading.Thread(target=read_slowly, args=(receive, got, 0.03))
    reader.start()
    start = time.monotonic()
    write_all(send, CONTENT, 0.5)
    assert time.monotonic() - start > 0.5
    os.close(send)
    reader.join()
    os.close(receive)
    assert bytes(got) == CONTENT


@pytest.mark.parametrize("blocking", [True, False])
def test_several_writers_lose_nothing(*, blocking: bool) -> None:
    receive, send = os.pipe()
    os.set_blocking(send, blocking)
    got = bytearray()
    reader = threading.Thread(target=read_slowly, args=(receive, got, 0.0005))
    reader.start()
    writers = [
        threading.Thread(target=write_all, args=(send, letter * 1_000_000)) for letter in LETTERS
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    os.close(send)
    reader.join()
    os.close(receive)
    assert [got.count(letter) for letter in LETTERS] == [1_000_000] * len(LETTERS)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_reader_that_takes_nothing_is_given_up(*, blocking: bool) -> None:
    receive, send = os.pipe()
    os.set_blocking(send, blocking)
    start, cpu = time.monotonic(), time.process_time()
    with pytest.raises(TimeoutError):
        write_all(send, CONTENT, 0.3)
    assert 0.3 <= time.monotonic() - start < 1
    assert time.process_time() - cpu < 0.2, "it waits, it does not spin"
    assert os.get_blocking(send) is blocking, "others share the descriptor"
    os.close(receive)
    os.close(send)


def test_without_a_deadline_it_waits() -> None:
    receive, send = os.pipe()
    got = bytearray()
    late = threading.Timer(STALL_SECONDS + 0.5, read_slowly, args=(receive, got, 0))
    late.start()
    write_all(send, CONTENT, None)
    os.close(send)
    late.join()
    os.close(receive)
    assert bytes(got) == CONTENT


def test_a_reader_that_has_gone() -> None:
    receive, send = os.pipe()
    os.close(receive)
    with pytest.raises(BrokenPipeError):
        write_all(send, b"x")
    os.close(send)


def test_a_socket_that_nobody_reads() -> None:
    left, right = socket.socketpair()
    with left, right, pytest.raises(TimeoutError):
        write_all(left.fileno(), CONTENT * 10, 0.2)


def test_nothing_is_written_at_once() -> None:
    write_all(-1, b"")


def test_what_is_a_stream(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("fifo")
    streams = [
        name for name in ("fifo", "link", "file", "missing") if is_stream(f"{tmp_path}/{name}")
    ]
    assert streams == ["fifo", "link"]
    assert is_stream("/dev/null")


def test_own_descriptors_by_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/fd/7")
    (tmp_path / "7").touch()
    (tmp_path / "loop").symlink_to("loop")
    known = {
        "/dev/fd/63": 63,
        "/dev/stdin": 0,
        "/dev/stdout": 1,
        "/dev/stderr": 2,
        "/proc/self/fd/5": 5,
        f"/proc/{os.getpid()}/fd/5": 5,
        "/dev/fd/../fd/3": 3,
        f"{tmp_path}/link": 7,
        f"{tmp_path}/7": None,
        f"{tmp_path}/loop": None,
        "/dev/fd/x": None,
        "/dev/null": None,
        f"/proc/{os.getppid()}/fd/1": None,
        "7": None,
    }
    assert {path: own_descriptor(path) for path in known} == known
