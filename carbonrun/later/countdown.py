"""Waits for the start, with a countdown where there is a terminal to show it on.

The wall clock decides: it goes on while the machine is suspended, and may be set. It is read again
after each step; a step is short, as the clock that steps are measured with stops in a suspend.
"""

from __future__ import annotations

import time

from carbonrun.entry import numbers
from carbonrun.later.text import countdown
from carbonrun.terminal import Terminal
from carbonrun.waiting import Waiter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# For a clock that is set, or a machine that was asleep, without a terminal to keep up to date.
STEP_SECONDS = 5.0
_SECOND = 1.0
_CLEAR = "\r\x1b[K"
START_NOW = numbers("SIGUSR1")  # none where there are no such signals


def wait_for(
    until_unix_seconds: float,
    start_unix_seconds: float,
    environment: Mapping[str, str],
    *,
    is_quiet: bool,
    now: Callable[[], float] = time.time,
) -> int | None:
    """Wait; return the signal that has ended the waiting before its time, None if none has.

    Args:
        until_unix_seconds: until when.
        start_unix_seconds: what is counted down to, then or later.
        environment: tells about the terminal.
        is_quiet: show nothing.
        now: returns the time, seconds since 1970.
    """
    terminal = None if is_quiet else Terminal.open(environment)
    view = _View(terminal)
    try:
        with Waiter(-1, None, view.clear, also=START_NOW) as waiter:
            while (left := until_unix_seconds - (at := now())) > 0:
                to_start = start_unix_seconds - at
                view.show(to_start)
                # On a terminal the step ends where the next second begins.
                step = STEP_SECONDS if terminal is None else to_start % _SECOND or _SECOND
                outcome = waiter.wait_until(time.monotonic() + min(left, step))
                if outcome is not None:
                    return outcome.signal
        return None
    finally:
        view.clear()
        if terminal is not None:
            terminal.close()


class _View:
    """The line with the countdown; without a terminal it shows nothing."""

    def __init__(self, terminal: Terminal | None) -> None:
        self._terminal = terminal
        self._is_shown = False

    def show(self, left_seconds: float) -> None:
        if self._terminal is None or not self._terminal.is_ours():
            return
        columns, _ = self._terminal.size()
        self._terminal.write(_CLEAR + countdown(left_seconds)[: columns - 1])
        self._is_shown = True

    def clear(self) -> None:
        if self._terminal is not None and self._is_shown:
            self._terminal.write(_CLEAR)
            self._is_shown = False
