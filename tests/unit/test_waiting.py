"""Waiting for a deadline, a signal, or the end of a process: in this very process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.waiting import ENDING, Outcome, Waiter

if TYPE_CHECKING:
    from collections.abc import Callable


def waiter(descriptor: int = -1, has_ended: Callable[[], bool] = lambda: False) -> Waiter:
    return Waiter(descriptor, has_ended, lambda: None)


def test_a_deadline_is_met() -> None:
    started = time.monotonic()
    with waiter() as waiting:
        assert waiting.wait_until(started + 0.25) is None
    assert 0.25 <= time.monotonic() - started < 2
    with waiter() as waiting:
        assert waiting.wait_until(started) is None, "one that has passed"


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_is_told_and_ends_nothing_else(number: int) -> None:
    before = signal.getsignal(number)
    with waiter() as waiting:
        os.kill(os.getpid(), number)
        assert waiting.wait_until(time.monotonic() + 5) == Outcome(signal=number)
        os.kill(os.getpid(), number)  # a second Ctrl-C, while the report is written
    assert signal.getsignal(number) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_that_comes_while_nobody_waits_is_not_lost() -> None:
    with waiter() as waiting:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
        assert waiting.wait_until(time.monotonic()) == Outcome(signal=signal.SIGTERM)


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with waiter() as waiting:
            os.kill(os.getpid(), signal.SIGHUP)
            assert waiting.wait_until(time.monotonic() + 0.1) is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_end_of_a_process_by_its_descriptor() -> None:
    process = subprocess.Popen(["sleep", "0.3"])
    descriptor = os.pidfd_open(process.pid)
    with waiter(descriptor) as waiting:
        assert waiting.wait_until(time.monotonic() + 5) == Outcome(has_ended=True)
    os.close(descriptor)
    process.wait()


def test_the_end_of_a_process_by_looking() -> None:
    end = time.monotonic() + 0.3
    with waiter(has_ended=lambda: time.monotonic() > end) as waiting:
        assert waiting.wait_until(time.monotonic() + 5) == Outcome(has_ended=True)
    assert time.monotonic() - end < 1


def test_a_stop_from_the_keyboard_stops_and_goes_on() -> None:
    source = (
        "import time\n"
        "from carbonrun.waiting import Waiter\n"
        "say = lambda text: print(text, flush=True)\n"
        "with Waiter(-1, lambda: False, lambda: say('cleared')) as waiting:\n"
        "    say('ready')\n"
        "    say(waiting.wait_until(time.monotonic() + 20))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", source], stdout=-1, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTSTP)
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
    assert process.stdout.readline() == "cleared\n"
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    assert "signal=15" in process.stdout.readline().replace("<Signals.SIGTERM: 15>", "15")
    assert process.wait() == 0
    process.stdout.close()
