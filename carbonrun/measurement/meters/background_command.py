"""A tool that runs beside the measured command and is never waited for.

Responsible for starting it, for its answer, and for ending it at its deadline. It is no part of the
measured tree: whoever accounts for processes is told of it (:class:`Helpers`).
"""

from __future__ import annotations

import os
import sys

from carbonrun.entry import numbers
from carbonrun.errors import ReadFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence
    from typing import Protocol
else:
    import _signal as signal

    Protocol = object

_MOST_BYTES = 1 << 16
_FIRST_OTHER = 3
# A helper is born in our group. Were it stopped with the job before it has left that, whoever
# spawns it would wait for it, and could pass no signal on: these stay blocked in it.
STOPPING = numbers("SIGTSTP", "SIGTTIN", "SIGTTOU")
_OPEN_FILES = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"


class Helpers(Protocol):
    """Who waits for our own child processes."""

    def adopt(self, pid: int) -> None:
        """Take note of a helper."""

    def has(self, pid: int) -> bool:
        """Tell whether a helper was not yet waited for, so that its number is still its own."""


class OwnHelpers:
    """Waits for helpers where nobody else waits for processes."""

    def __init__(self) -> None:
        """Start without any."""
        self._pids: set[int] = set()

    def adopt(self, pid: int) -> None:
        """Take note of a helper."""
        self._pids.add(pid)

    def has(self, pid: int) -> bool:
        """Tell whether a helper is there; takes its status if it has ended."""
        if pid in self._pids and os.waitpid(pid, os.WNOHANG)[0] == pid:
            self._pids.discard(pid)
        return pid in self._pids


class BackgroundCommand:
    """One tool that may be run again and again, one at a time."""

    def __init__(
        self,
        words: Sequence[str],
        deadline_seconds: float,
        helpers: Helpers,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        """Prepare to run ``words``, whose first is a path, for at most ``deadline_seconds``."""
        self._most_bytes = most_bytes
        self._words = tuple(words)
        self._deadline_seconds = deadline_seconds
        self._helpers = helpers
        self._pid = self._pipe = -1
        self._output = b""
        self._end_seconds = 0.0

    @property
    def is_running(self) -> bool:
        """Return whether there is an answer to wait for."""
        return self._pipe >= 0

    def start(self, now_seconds: float) -> None:
        """Start it; the time is that of any clock that :meth:`poll` is given too.

        Raises:
            ReadFailed: it cannot be started.
        """
        reading, writing = os.pipe()  # neither is for the command
        os.set_blocking(reading, False)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_DUP2, writing, 2),
            *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in inheritable_descriptors()),
        ]
        try:
            self._pid = os.posix_spawn(
                self._words[0],
                self._words,
                os.environ,
                file_actions=actions,
                setpgroup=0,  # what the terminal sends is for the command
                setsigmask=STOPPING,
                setsigdef=(signal.SIGPIPE,),
            )
        except OSError as error:
            os.close(reading)
            raise ReadFailed(f"{self._words[0]}: {error.strerror}") from error
        finally:
            os.close(writing)
        self._helpers.adopt(self._pid)
        self._pipe, self._output = reading, b""
        self._end_seconds = now_seconds + self._deadline_seconds

    def poll(self, now_seconds: float) -> str | None:
        """Return what it has written once it has ended, None while it has not; never waits.

        Raises:
            ReadFailed: it has reached its deadline, and was killed.
        """
        if not self.is_running:
            return None
        while True:
            try:
                more = os.read(self._pipe, _MOST_BYTES)
            except BlockingIOError:
                break
            self._output += more
            if not more or len(self._output) > self._most_bytes:
                self.close()
                return self._output.decode("utf-8", "replace")
        if now_seconds >= self._end_seconds:
            self.close()
            name = self._words[0].rpartition("/")[2]
            raise ReadFailed(f"{name} gave no answer within {self._deadline_seconds:g} s")
        return None

    def close(self) -> None:
        """End it if it still runs."""
        if self._pipe < 0:
            return
        os.close(self._pipe)
        self._pipe = -1
        if self._helpers.has(self._pid):
            try:
                os.killpg(self._pid, signal.SIGKILL)  # with what it may have started itself
            except OSError:
                return  # it runs as somebody else by now, or is just gone


def inheritable_descriptors() -> list[int]:
    """Return the descriptors that came in open and are the command's business."""
    try:
        numbers = [int(name) for name in os.listdir(_OPEN_FILES)]  # noqa: PTH208
    except OSError:
        return []
    return [number for number in numbers if number >= _FIRST_OTHER and _is_inheritable(number)]


def _is_inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False  # that of the listing itself
