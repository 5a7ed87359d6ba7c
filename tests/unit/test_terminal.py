"""Writing to a terminal that may be held, gone, or somebody else's."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pair:
    """Both ends of a pseudo terminal, ours opened so that it never blocks."""

    def __init__(self) -> None:
        self.keyboard, self.slave = pty.openpty()
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
        self.terminal = Terminal(os.open(os.ttyname(self.slave), flags), may_block=False)

    def shown(self) -> bytes:
        os.set_blocking(self.keyboard, False)
        shown = b""
        try:
            while block := os.read(self.keyboard, 65536):
                shown += block
        except OSError:
            pass
        return shown


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.terminal.close()
    os.close(made.slave)
    if made.keyboard >= 0:
        os.close(made.keyboard)


def test_what_is_written_is_shown(pair: Pair) -> None:
    assert pair.terminal.write("µW")
    assert pair.shown() == "µW".encode()


def test_a_held_terminal_holds_nobody_up(pair: Pair) -> None:
    termios.tcflow(pair.slave, termios.TCOOFF)  # what Ctrl-S does
    started = time.monotonic()
    assert not pair.terminal.write("first ")
    assert not pair.terminal.write("second")
    assert time.monotonic() - started < 1
    termios.tcflow(pair.slave, termios.TCOON)
    assert pair.terminal.write("")
    assert pair.shown() == b"first second"


def test_a_terminal_that_nobody_reads_holds_nobody_up(pair: Pair) -> None:
    text = "x" * 500_000
    started = time.monotonic()
    assert not pair.terminal.write(text)
    assert time.monotonic() - started < 1
    shown, end = b"", time.monotonic() + 5
    while len(shown) < len(text) and time.monotonic() < end:
        shown += pair.shown()
        pair.terminal.write("")
    assert shown == text.encode()


def test_a_terminal_that_has_gone_is_no_failure(pair: Pair) -> None:
    os.close(pair.keyboard)
    pair.keyboard = -1
    assert pair.terminal.write("nobody sees this")
    assert pair.terminal.size() in {(80, 24), (0, 0)} or pair.terminal.size()[0] > 0


def test_the_size_is_that_of_the_window(pair: Pair) -> None:
    fcntl.ioctl(pair.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    assert pair.terminal.size() == (111, 33)
    fcntl.ioctl(pair.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    assert pair.terminal.size() == (80, 24)


def test_one_that_is_not_our_sessions_is_drawn_on(pair: Pair) -> None:
    assert pair.terminal.is_ours()


@pytest.mark.parametrize(
    ("term", "is_terminal", "opens"),
    [("xterm", True, True), ("dumb", True, False), ("", True, False), ("xterm", False, False)],
)
def test_what_can_be_drawn_on(pair: Pair, term: str, is_terminal: bool, opens: bool) -> None:
    source = (
        "import sys\nfrom carbonrun.terminal import Terminal\n"
        f"print(Terminal.open({{'TERM': {term!r}}}) is not None)"
    )
    errors = pair.slave if is_terminal else subprocess.PIPE
    result = subprocess.run(
        [sys.executable, "-c", source], stdout=-1, stderr=errors, text=True, check=True
    )
    assert result.stdout == f"{opens}\n"


def test_a_descriptor_that_is_shared_is_left_as_it_is(pair: Pair) -> None:
    shared = Terminal(pair.slave, may_block=True)
    assert shared.write("y" * 1000)
    shared.close()
    assert os.get_blocking(pair.slave)
    assert pair.shown() == b"y" * 1000
