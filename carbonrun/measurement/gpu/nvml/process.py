"""The helper as a child process: started, written to, read from, ended.

It is no part of the measured tree, has none of the command's descriptors, and stands in a process
group of its own, so that what the terminal sends is for the command.
"""

from __future__ import annotations

import _thread
import os
import sys
import time

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.meters.background_command import STOPPING, inheritable_descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal

    from carbonrun.measurement.meters.background_command import Helpers
else:
    import _signal as signal

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "helper.py")  # noqa: PTH100, PTH118, PTH120
# The directory that the package is in.
_ROOT = os.path.abspath(os.path.join(os.path.dirname(PROGRAM), *[os.pardir] * 4))  # noqa: PTH100, PTH118, PTH120
# Whether the kernel ends the helper with us, even within a call that hangs.
BOUND, UNBOUND = "bound", "unbound"
_MOST_BYTES = 1 << 16
_MOST_LINE_BYTES = 1 << 22


class HelperProcess:
    """One helper; its lines as they come.

    Attributes:
        has_ended: it has closed its end.
    """

    def __init__(self, helpers: Helpers, words: tuple[str, ...] | None = None) -> None:
        """Start it.

        Args:
            helpers: who waits for our own children.
            words: the program; None for the helper.

        Raises:
            MeterUnavailable: it cannot be started.
        """
        self._helpers = helpers
        self._rest = b""
        self.has_ended = False
        theirs_in, self._input = os.pipe2(os.O_CLOEXEC)
        self._output, theirs_out = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._output, False)
        try:
            self._pid = _spawn(words or _words(), theirs_in, theirs_out)
        except OSError as error:
            os.close(self._input)
            os.close(self._output)
            raise MeterUnavailable(f"the helper cannot be started: {error.strerror}") from error
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        helpers.adopt(self._pid)

    def lines(self) -> list[bytes]:
        """Return the whole lines that have come; never waits."""
        while not self.has_ended:
            try:
                more = os.read(self._output, _MOST_BYTES)
            except BlockingIOError:
                break
            except OSError:
                more = b""
            self._rest += more
            self.has_ended = not more or len(self._rest) > _MOST_LINE_BYTES
        *lines, self._rest = self._rest.split(b"\n")
        return lines

    def wait(self, end_seconds: float) -> bool:
        """Wait until something comes; False if a moment of the monotonic clock has come first."""
        import select

        seconds = max(0.0, end_seconds - time.monotonic())
        return bool(select.select([self._output], [], [], seconds)[0])

    def write(self, message: bytes) -> None:
        """Write to it; nothing happens if it has ended."""
        try:
            os.write(self._input, message)
        except OSError:
            self.has_ended = True

    def close(self) -> None:
        """End it, whatever it does; it is not waited for."""
        if self._output < 0:
            return
        os.close(self._input)
        os.close(self._output)
        self._output, self.has_ended = -1, True
        if self._helpers.has(self._pid):
            try:
                os.killpg(self._pid, signal.SIGKILL)
            except OSError:
                return  # it is just gone


def _words() -> tuple[str, ...]:
    """Return the command: isolated, without ``site``, whose hooks cost time and may print."""
    if not sys.executable:
        raise MeterUnavailable("the interpreter does not know its own path")
    paths = [path for path in sys.path if path.startswith("/") and path != _ROOT]
    # The kernel tells of the end of a thread: one of the program's may end before its run does.
    is_main = _thread.get_native_id() == os.getpid()
    bond = BOUND if is_main else UNBOUND
    return (sys.executable, "-I", "-S", PROGRAM, bond, _ROOT, *paths)


def _spawn(words: tuple[str, ...], reading: int, writing: int) -> int:
    actions = [
        (os.POSIX_SPAWN_DUP2, reading, 0),
        (os.POSIX_SPAWN_DUP2, writing, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in inheritable_descriptors()),
    ]
    return os.posix_spawn(
        words[0],
        words,
        os.environ,
        file_actions=actions,
        setpgroup=0,
        setsigmask=STOPPING,
        setsigdef=(signal.SIGPIPE,),
    )
