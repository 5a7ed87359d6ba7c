"""Waits for a deadline, a signal, or the end of somebody else's process, whichever comes first.

For work that wraps no command: signals have their usual meaning, but that they are noted here and
dealt with between two readings.
"""

from __future__ import annotations

import os
import select
import signal
import time

from carbonrun.entry import numbers
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

# Any of these is a way to say "that is enough".
ENDING = numbers("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_NOTED = numbers("SIGTSTP", "SIGWINCH")
# Where the kernel cannot tell us of the end of a process, we look for it.
LOOK_SECONDS = 0.1


class Outcome(Record):
    """Why waiting has ended before its deadline: a signal, or the end of the process."""

    signal: int | None = None
    has_ended: bool = False


class Waiter:
    """Waits; a context manager that gives the signals back at its end."""

    def __init__(
        self,
        descriptor: int,
        has_ended: Callable[[], bool] | None,
        before_stop: Callable[[], None],
        also: tuple[int, ...] = (),
    ) -> None:
        """Wait for a process.

        Args:
            descriptor: of the process, -1 if there is none.
            has_ended: tells whether it has ended; asked where there is no descriptor. None waits
                for no process at all.
            before_stop: called before this process is stopped from the keyboard.
            also: further signals that end the waiting.
        """
        self._ending = (*ENDING, *also)
        self._has_ended = has_ended
        self._before_stop = before_stop
        self._process = descriptor
        self._poll = select.poll()
        self._reading = self._writing = -1
        self._before: dict[int, object] = {}
        self._old_wakeup = -1

    def __enter__(self) -> Self:
        """Take note of signals from now on."""
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._poll.register(self._reading, select.POLLIN)
        if self._process >= 0:
            self._poll.register(self._process, select.POLLIN)
        self._old_wakeup = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in {*self._ending, *_NOTED}:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup, or a background job of a script
                self._before[number] = signal.signal(number, _note)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._old_wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        os.close(self._reading)
        os.close(self._writing)

    def wait_until(self, deadline_seconds: float) -> Outcome | None:
        """Wait until the monotonic clock reaches the deadline.

        Returns:
            None at the deadline; else why there is nothing more to wait for.
        """
        while True:
            look = self._has_ended if self._process < 0 else None
            if look is not None and look():
                return Outcome(has_ended=True)
            left_seconds = max(0.0, deadline_seconds - time.monotonic())
            step_seconds = left_seconds if look is None else min(left_seconds, LOOK_SECONDS)
            ready = [number for number, _ in self._poll.poll(step_seconds * 1000)]
            if self._reading in ready:
                number = self._take_signals()
                if number is not None:
                    return Outcome(signal=number)
            if self._process in ready:
                return Outcome(has_ended=True)
            if time.monotonic() >= deadline_seconds:
                return None

    def _take_signals(self) -> int | None:
        """Deal with the signals that came; return one that asks to end."""
        came = os.read(self._reading, 4096)
        for number in self._ending:
            if number in came:
                return number
        if signal.SIGTSTP in came:
            self._before_stop()
            os.kill(os.getpid(), signal.SIGSTOP)
        return None


def _note(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: that it came is written to the pipe."""
