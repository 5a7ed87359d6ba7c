"""The wall clock decides when it is time, whatever happens to it meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from carbonrun.later.countdown import STEP_SECONDS, wait_for
from carbonrun.later.text import countdown


class Clock:
    """A wall clock that somebody may set; a suspend looks the same."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def now(self) -> float:
        return time.time() + self.ahead_seconds


def test_it_waits_until_then() -> None:
    started = time.monotonic()
    assert wait_for(time.time() + 0.3, time.time() + 0.3, {}, is_quiet=True) is None
    assert time.monotonic() - started >= 0.29


def test_what_has_passed_is_not_waited_for() -> None:
    started = time.monotonic()
    assert wait_for(time.time() - 5, time.time() - 5, {}, is_quiet=True) is None
    assert time.monotonic() - started < 2


def test_a_clock_that_jumps_forward_is_noticed_at_the_next_look() -> None:
    clock = Clock()

    def jump() -> None:
        clock.ahead_seconds = 8 * 3600.0

    timer = threading.Timer(0.2, jump)
    started = time.monotonic()
    timer.start()
    assert (
        wait_for(clock.now() + 8 * 3600, clock.now() + 8 * 3600, {}, is_quiet=True, now=clock.now)
        is None
    )
    timer.join()
    assert 0.2 <= time.monotonic() - started < STEP_SECONDS + 5


def test_a_clock_that_jumps_back_is_waited_for() -> None:
    clock = Clock()

    def jump() -> None:
        clock.ahead_seconds = -1.0

    timer = threading.Timer(0.1, jump)
    started = time.monotonic()
    timer.start()
    assert wait_for(clock.now() + 0.5, clock.now() + 0.5, {}, is_quiet=True, now=clock.now) is None
    timer.join()
    assert time.monotonic() - started >= 1.4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_is_told(number: int) -> None:
    before = signal.getsignal(number)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
    timer.start()
    try:
        assert wait_for(time.time() + 60, time.time() + 60, {}, is_quiet=True) == number
    finally:
        timer.join()
    assert signal.getsignal(number) == before


@pytest.mark.parametrize(
    ("left", "clock"),
    [(0.0, "0:00:00"), (0.2, "0:00:01"), (59.0, "0:00:59"), (3661.0, "1:01:01"),
     (26 * 3600.0, "26:00:00"), (-3.0, "0:00:00")],
)  # fmt: skip
def test_what_the_countdown_shows(left: float, clock: str) -> None:
    assert countdown(left).startswith(f"carbonrun: starts in {clock};")
