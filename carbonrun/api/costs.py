"""What carbonrun itself uses in a process that is not its own, so that it can be taken off."""

from __future__ import annotations

import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self


class OwnCosts:
    """CPU time of one thread of ours, and of pieces of work in threads of others.

    As a context manager it takes a piece of work, in whatever thread; pieces do not nest.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self._pieces = threading.local()
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._clock: int | None = None
        self._thread_before = 0.0

    def take_thread(self) -> None:
        """Take the thread that calls this for ours, from its start."""
        try:
            self._clock = time.pthread_getcpuclockid(threading.get_ident())
        except (AttributeError, OSError):
            self._clock = None

    def leave_thread(self) -> None:
        """Take note of what our thread has used; it calls this as the last thing that it does."""
        seconds = time.thread_time()
        with self._lock:
            self._clock = None
            self._seconds += seconds

    def seconds(self) -> float:
        """Return CPU seconds so far."""
        begun = getattr(self._pieces, "begun", None)
        with self._lock:
            seconds = self._seconds
            if self._clock is not None:
                seconds += time.clock_gettime(self._clock)
        return seconds if begun is None else seconds + time.thread_time() - begun

    def __enter__(self) -> Self:
        """Begin a piece of work."""
        self._pieces.begun = time.thread_time()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        begun, self._pieces.begun = self._pieces.begun, None
        with self._lock:
            self._seconds += time.thread_time() - begun
