"""The line of a mark: what is one, who sends it, and what a flood of them comes to."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun import marking
from carbonrun.clock import Instant
from carbonrun.kernel import bind_datagram_socket
from carbonrun.mark import (
    BEGIN,
    END,
    MARK,
    MOST_NAME_CHARACTERS,
    SOCKET_VARIABLE,
    Mark,
    fault_of,
    parse,
    parse_words,
    send,
)
from carbonrun.mark_socket import MOST_DATAGRAM_BYTES, MarkSocket
from carbonrun.marking import Marking
from carbonrun.measurement.sampler import UNKNOWN_MACHINE, Moment
from carbonrun.notes import Notes
from carbonrun.rig import SOCKET_VARIABLE as RIG_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        (b"mark train", MARK, "train"),
        (b"mark train\n", MARK, "train"),
        (b"begin epoch 3", BEGIN, "epoch 3"),
        ("end d\u00e9part".encode(), END, "d\u00e9part"),
        (b"mark  a ", MARK, "a"),
        (b"mark a\thello pid=x =3 pid= \t", MARK, "a"),
    ],
)
def test_lines_of_the_protocol(line: bytes, kind: str, name: str) -> None:
    assert parse(line) == Mark(kind=kind, name=name)


def test_numbers_of_the_protocol() -> None:
    mark = parse(b"begin a b\tpid=12 frame=5 parent=0 other=9\n")
    assert mark == Mark(kind=BEGIN, name="a b", pid=12, frame=5, parent=0)


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"mark", b"mark ", b"stop it", b"mark a\nmark b", b"mark \x1b[31m", b"\0"]
)
def test_what_is_no_mark(line: bytes) -> None:
    assert parse(line) is None


@given(st.text(min_size=1, max_size=MOST_NAME_CHARACTERS))
def test_every_name_that_is_fit_arrives(name: str) -> None:
    line = f"mark {name}\n".encode("utf-8", "replace")
    assert len(line) <= MOST_DATAGRAM_BYTES // 2
    if fault_of(name) is None:
        assert parse(line) == Mark(kind=MARK, name=name.strip())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train"], (MARK, "train")),
        (["--", "train"], (MARK, "train")),
        (["--begin", "x y"], (BEGIN, "x y")),
        (["--end", "x"], (END, "x")),
        ([], None),
        ([""], None),
        (["--help"], None),
        (["--begin"], None),
        (["a", "b"], None),
        (["--begin=x"], None),
        (["x" * (MOST_NAME_CHARACTERS + 1)], None),
    ],
)
def test_words_of_the_fast_path(words: list[str], expected: tuple[str, str] | None) -> None:
    assert parse_words(words) == expected


def test_both_sides_have_the_same_words() -> None:
    assert SOCKET_VARIABLE.encode() == RIG_VARIABLE
    assert (marking._BEGIN, marking._END) == (BEGIN, END)


@pytest.fixture
def mark_socket(tmp_path: Path) -> Iterator[MarkSocket]:
    """Give the test a socket that nobody reads."""
    path = os.fsencode(tmp_path / "s")
    opened = MarkSocket(path, bind_datagram_socket(path))
    yield opened
    opened.close()


def environment(mark_socket: MarkSocket) -> dict[str, str]:
    return {SOCKET_VARIABLE: os.fsdecode(mark_socket.path)}


def test_the_socket_is_its_owners_alone_and_goes(mark_socket: MarkSocket) -> None:
    assert Path(os.fsdecode(mark_socket.path)).stat().st_mode & 0o777 == 0o600
    assert send(Mark(kind=BEGIN, name="a", pid=7), environment(mark_socket)) is None
    assert mark_socket.receive() == [b"begin a\tpid=7\n"]
    assert mark_socket.receive() == []
    mark_socket.close()
    mark_socket.close()
    assert not os.path.lexists(mark_socket.path)
    assert send(Mark(kind=END, name="a", pid=7), environment(mark_socket)) is None


def test_a_path_that_no_address_holds_is_refused() -> None:
    with pytest.raises(OSError, match="too long"):
        bind_datagram_socket(b"/tmp/" + b"x" * 110)


def test_nobody_waits_for_a_reader_that_is_stopped(mark_socket: MarkSocket) -> None:
    for _ in range(5):
        assert send(Mark(kind=MARK, name="a", pid=7), environment(mark_socket)) is None
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    path = os.fsdecode(mark_socket.path)
    with pytest.raises(BlockingIOError):
        all(sender.sendto(b"mark a", path) for _ in range(100_000))
    sender.close()
    assert send(Mark(kind=MARK, name="a", pid=7), environment(mark_socket)) is None


def test_another_user_is_told(mark_socket: MarkSocket, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    script = (
        "import os, sys, _socket; sys.path.insert(0, sys.argv[1])\n"
        "from carbonrun.mark import Mark, send\n"
        "os.chroot(sys.argv[2]); os.setuid(65534)\n"
        "print(send(Mark(kind='mark', name='a'), {'CARBONRUN_SOCKET': '/s'}))\n"
    )
    words = [sys.executable, "-c", script, str(ROOT), str(tmp_path)]
    assert b"another user" in subprocess.run(words, capture_output=True, check=True).stdout
    assert mark_socket.receive() == []


def test_outside_of_a_run_nothing_happens() -> None:
    assert send(Mark(kind=MARK, name="a", pid=7), {}) is None
    assert send(Mark(kind=MARK, name="a", pid=7), {SOCKET_VARIABLE: "/nowhere/at/all"}) is None
    assert send(Mark(kind=MARK, name="a", pid=7), {SOCKET_VARIABLE: "x" * 500}) is None


def moments() -> Iterator[Moment]:
    for number in itertools.count():
        yield Moment(
            now=Instant(monotonic_seconds=float(number), unix_seconds=0.0, boottime_seconds=0.0),
            machine=UNKNOWN_MACHINE,
            used_memory_bytes=0,
            tree_cpu_seconds=0.0,
            tree_memory_bytes=None,
            joules={},
        )


def taker_of(mark_socket: MarkSocket, notes: Notes) -> Marking:
    source = moments()
    return Marking(lambda: next(source), notes, mark_socket, time.monotonic())


def test_marks_come_with_a_reading_in_their_order(mark_socket: MarkSocket) -> None:
    notes = Notes()
    taker = taker_of(mark_socket, notes)
    for name in ("a", "b"):
        send(Mark(kind=MARK, name=name, pid=7), environment(mark_socket))
        taker.drain()
    taken = taker.take(0.0)
    assert [each.marks[0].name for each in taken] == ["a"]
    assert [each.marks[0].name for each in taker.take(5.0)] == ["b"]
    assert taker.take(5.0) == []
    taker.close()
    assert notes.all() == ()


def test_a_flood_is_bounded_and_noted(mark_socket: MarkSocket) -> None:
    notes, started = Notes(), time.monotonic()
    taker = taker_of(mark_socket, notes)
    for number in range(3000):
        send(Mark(kind=MARK, name=f"p{number}", pid=7), environment(mark_socket))
        taker.drain()
    send(Mark(kind=MARK, name="x", pid=7), environment(mark_socket))
    taken = taker.take(float("inf"))
    elapsed = time.monotonic() - started
    assert len(taken) <= marking.BURST_MARKS + marking.MARKS_PER_SECOND * elapsed
    taker.close()
    assert [note.code for note in notes.all()] == ["marks-dropped"]


def test_datagrams_that_are_no_marks_are_noted(mark_socket: MarkSocket) -> None:
    notes = Notes()
    taker = taker_of(mark_socket, notes)
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.sendto(b"hello", os.fsdecode(mark_socket.path))
    sender.close()
    taker.drain()
    taker.close()
    assert [note.code for note in notes.all()] == ["marks-unknown"]


def test_a_reading_that_fails_leaves_the_mark(mark_socket: MarkSocket) -> None:
    def fail() -> Moment:
        raise OSError("no sensor")

    notes = Notes()
    taker = Marking(fail, notes, mark_socket, 0.0)
    taker.submit(Mark(kind=MARK, name="a"))
    (taken,) = taker.take(float("inf"))
    assert taken.moment is None
    taker.close()
    assert {note.code for note in notes.all()} == {"carbonrun-failed", "marks-unread"}


def test_what_has_begun_may_end_however_many_marks_there_were(
    mark_socket: MarkSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marking, "MARKS_PER_SECOND", 0)  # no new ones while a machine is slow
    notes = Notes()
    taker = taker_of(mark_socket, notes)
    assert taker.submit(Mark(kind=BEGIN, name="whole"))
    while taker.submit(Mark(kind=MARK, name="x")):
        pass
    assert taker.submit(Mark(kind=END, name="whole"))
    assert not taker.submit(Mark(kind=END, name="whole"))
    kinds = [mark.kind for each in taker.take(float("inf")) for mark in each.marks]
    assert kinds[0] == BEGIN
    assert kinds[-1] == END
    taker.close()


# 1 is carbonrun, 2 a script, 3 and 4 what it has started, 5 below 4; 6 is of somewhere else.
TREE = {2: (2, 1), 3: (3, 2, 1), 4: (4, 2, 1), 5: (5, 4, 2, 1)}


def ancestors_of(*pids: int, ended: tuple[int, ...] = ()) -> list[set[int] | None]:
    """Begin phases of some processes, of which some end behind that; return what they may be in."""
    source, living = moments(), dict(TREE)
    taker = Marking(
        lambda: next(source), Notes(), None, time.monotonic(), lambda pid: living.get(pid, ())
    )
    for pid in pids:
        taker.submit(Mark(kind=BEGIN, name="a", pid=pid))
        if pid in ended:
            del living[pid]
    marks = [mark for each in taker.take(float("inf")) for mark in each.marks]
    return [None if mark.pid is None else set(mark.ancestors) for mark in marks]


def test_whose_phases_one_may_be_within() -> None:
    assert ancestors_of(2, 3, 4, 5) == [{2, 1}, {3, 2, 1}, {4, 2, 1}, {5, 4, 2, 1}]
    assert ancestors_of(6) == [None], "an unknown process may be within any"
    assert ancestors_of(3, 4, ended=(3,)) == [{3, 2, 1}, {4, 2, 1, 3}], "a script that only marks"
    assert ancestors_of(5, 3, ended=(5,)) == [{5, 4, 2, 1}, {3, 2, 1}], "its caller goes on"
