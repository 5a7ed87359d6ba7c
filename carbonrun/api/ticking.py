"""The thread that reads at each tick, and takes the marks of other processes."""

from __future__ import annotations

import os
import select
import threading
import time

from carbonrun.measuring import pause_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from carbonrun.api.costs import OwnCosts
    from carbonrun.clock import Instant
    from carbonrun.mark_socket import MarkSocket
    from carbonrun.rig import Rig

    class Work(Protocol):
        """What is to be done at a tick, or when marks have come."""

        def __call__(self, *, has_marks: bool) -> None:
            """Do it; must not fail."""


class Ticker:
    """A daemon thread; it ends when it is told to."""

    def __init__(
        self, rig: Rig, started: Instant, socket: MarkSocket | None, work: Work, costs: OwnCosts
    ) -> None:
        """Prepare the thread."""
        self._rig = rig
        self._started = started
        self._socket = socket
        self._work = work
        self._costs = costs
        self._is_told = threading.Event()
        self._thread = threading.Thread(target=self._run, name="carbonrun", daemon=True)
        self._waking: tuple[int, int] | None = None

    def start(self) -> None:
        """Let it run.

        Raises:
            RuntimeError: there is no thread to be had.
        """
        self._waking = os.pipe()
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end, and wait until it has."""
        self._is_told.set()
        if self._waking is not None:
            reading, writing = self._waking
            try:
                os.write(writing, b"x")
                self._thread.join()
                os.close(reading)
                os.close(writing)
            except OSError:
                self._thread.join()  # somebody has closed everything

    def forget(self) -> None:
        """Give the descriptors back, in a process that was forked, where there is no thread."""
        if self._waking is not None:
            for descriptor in self._waking:
                os.close(descriptor)

    def _run(self) -> None:
        self._costs.take_thread()
        try:
            poll = select.poll()
            sources = [self._waking[0]] if self._waking else []
            if self._socket is not None:
                sources.append(self._socket.descriptor)
            for descriptor in sources:
                poll.register(descriptor, select.POLLIN)
            while self._wait(poll, time.monotonic() + pause_seconds(self._rig, self._started)):
                self._work(has_marks=False)
        finally:
            self._costs.leave_thread()

    def _wait(self, poll: select.poll, deadline_seconds: float) -> bool:
        """Wait until a deadline, and take marks meanwhile; False if it is over."""
        while not self._is_told.is_set():
            left_seconds = deadline_seconds - time.monotonic()
            if left_seconds <= 0:
                return True
            for descriptor, what in poll.poll(left_seconds * 1000):
                if what & ~select.POLLIN:  # somebody has closed it
                    poll.unregister(descriptor)
                elif self._socket is not None and descriptor == self._socket.descriptor:
                    self._work(has_marks=True)
        return False
