"""A tool that runs beside the measured command on Windows, and is never waited for.

As :class:`carbonrun.measurement.meters.background_command.BackgroundCommand`. What it writes goes
to a file without a name, since nothing there tells whether reading from a pipe would block.
"""

from __future__ import annotations

import subprocess
import tempfile

from carbonrun.errors import ReadFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from carbonrun.measurement.meters.background_command import Helpers

# No window of its own, and no Ctrl-C, which is for the command.
# Source: process creation flags, CREATE_NEW_PROCESS_GROUP and CREATE_NO_WINDOW.
_FLAGS: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(
    subprocess, "CREATE_NO_WINDOW", 0
)


class WindowsCommand:
    """One tool that may be run again and again, one at a time."""

    def __init__(
        self, words: Sequence[str], deadline_seconds: float, helpers: Helpers, most_bytes: int
    ) -> None:
        """Prepare to run ``words``, whose first is a path, for at most ``deadline_seconds``."""
        self._words = tuple(words)
        self._deadline_seconds = deadline_seconds
        self._helpers = helpers
        self._most_bytes = most_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._end_seconds = 0.0

    @property
    def is_running(self) -> bool:
        """Return whether there is an answer to wait for."""
        return self._process is not None

    def start(self, now_seconds: float) -> None:
        """Start it; the time is that of any clock that :meth:`poll` is given too.

        Raises:
            ReadFailed: it cannot be started.
        """
        output = None
        try:
            output = tempfile.TemporaryFile()  # noqa: SIM115 - it is read at a later tick
            process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                creationflags=_FLAGS,
            )
        except OSError as error:
            if output is not None:
                output.close()
            raise ReadFailed(f"{self._words[0]}: {error.strerror or error}") from error
        self._helpers.adopt(process.pid)
        self._process, self._output = process, output
        self._end_seconds = now_seconds + self._deadline_seconds

    def poll(self, now_seconds: float) -> str | None:
        """Return what it has written once it has ended, None while it has not; never waits.

        Raises:
            ReadFailed: it has reached its deadline, and was killed.
        """
        if self._process is None or self._output is None:
            return None
        if self._process.poll() is not None:
            self._output.seek(0)
            content = self._output.read(self._most_bytes)
            self.close()
            return content.decode("utf-8", "replace")
        if now_seconds >= self._end_seconds:
            self.close()
            raise ReadFailed(f"{self._words[0]} gave no answer within {self._deadline_seconds:g} s")
        return None

    def close(self) -> None:
        """End it if it still runs."""
        process, output = self._process, self._output
        self._process = self._output = None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        if output is not None:
            output.close()
