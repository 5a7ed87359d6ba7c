"""Waits for a deadline or for the console of Windows to ask for the end.

As :mod:`carbonrun.waiting`, where a signal can interrupt nothing: it is looked for again and again.
"""

from __future__ import annotations

import signal
import time

from carbonrun.entry import numbers
from carbonrun.waiting import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

_STEP_SECONDS = 0.1


class Waiter:
    """Waits; a context manager that gives Ctrl-C and Ctrl-Break back at its end."""

    def __init__(
        self, descriptor: int, has_ended: Callable[[], bool], before_stop: Callable[[], None]
    ) -> None:
        """See :class:`carbonrun.waiting.Waiter`; there are no descriptors of processes."""
        del descriptor, before_stop
        self._has_ended = has_ended
        self._came: list[int] = []
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Take note of what the console says from now on."""
        for number in numbers("SIGINT", "SIGBREAK", "SIGTERM"):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def wait_until(self, deadline_seconds: float) -> Outcome | None:
        """Wait until the monotonic clock reaches the deadline.

        Returns:
            None at the deadline; else why there is nothing more to wait for.
        """
        while True:
            if self._came:
                return Outcome(signal=self._came[0])
            if self._has_ended():
                return Outcome(has_ended=True)
            left_seconds = deadline_seconds - time.monotonic()
            if left_seconds <= 0:
                return None
            time.sleep(min(left_seconds, _STEP_SECONDS))

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._came.append(number)
