"""Ends work of ours that takes too long, such as a regular expression that never ends."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import NoReturn, TypeVar

    Result = TypeVar("Result")
else:
    import _signal as signal  # signal.py wraps this module in enums, which cost 5 ms to import


class TimeLimitExceeded(Exception):
    """The work was given up."""


def within(cpu_seconds: float, work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns; only in the main thread.

    Windows has no clock of CPU time that would interrupt; there it takes as long as it takes.
    The signal of the CPU time clock is let through meanwhile; all others stay blocked.

    Raises:
        TimeLimitExceeded: it has used more CPU time than that.
    """
    if sys.platform == "win32":
        return work()
    before = signal.signal(signal.SIGVTALRM, _give_up)
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGVTALRM,))
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_seconds)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(*_: object) -> NoReturn:
    raise TimeLimitExceeded
