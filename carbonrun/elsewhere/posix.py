"""The measured command on macOS and other systems with POSIX signals, but not Linux's own calls.

As :mod:`carbonrun.child`, with what is missing there put together from what there is: instead of
``sigtimedwait`` each signal writes its number into a pipe that is waited at; instead of looking at
a zombie with ``waitid`` its end is taken at once (:mod:`carbonrun.elsewhere.commands`). Who sent a
signal is not told: what was sent to the whole group is told by the witness, and what the command
itself sends to us comes back to it.
"""

from __future__ import annotations

import os
import resource
import select
import sys
import time

from carbonrun import child
from carbonrun.child import (
    ENDS_WAITING,
    EXITED,
    INTERRUPTED,
    SENT_BY_TERMINAL,
    STOPPED_BY_TERMINAL,
    TICK,
    has_terminal,
)
from carbonrun.elsewhere.commands import End, command_with, remember
from carbonrun.entry import blockable, numbers
from carbonrun.exit_status import ExitStatus
from carbonrun.spawn import spawn as spawn_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from carbonrun.entry import EntryState
    from carbonrun.spawn import Environment
    from carbonrun.witness import GroupWitness
else:
    import _signal as signal

_MOST_SIGNALS = 4096
# Of ru_maxrss. Source: getrusage(2) of macOS, and of Linux and the BSDs.
_PEAK_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class PosixCommand:
    """A child that is waited for with ``wait4``."""

    def __init__(self, pid: int) -> None:
        """Watch a child that runs."""
        self.pid = pid
        self.end: End | None = None

    def poll(self) -> int | None:
        """See :class:`carbonrun.elsewhere.commands.Command`."""
        return self._wait(os.WNOHANG | os.WUNTRACED) if self.end is None else None

    def tree_cpu_seconds(self) -> float | None:
        """Return None: it is told at the end only, and without what still runs then."""
        return None

    def wait(self) -> End:
        """See :class:`carbonrun.elsewhere.commands.Command`."""
        while self.end is None:
            self._wait(0)
        return self.end

    def _wait(self, options: int) -> int | None:
        pid, status, usage = os.wait4(self.pid, options)
        if pid == 0:
            return None
        if os.WIFSTOPPED(status):
            return os.WSTOPSIG(status)
        self.end = End(
            status=ExitStatus.from_wait_status(status),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_memory_bytes=usage.ru_maxrss * _PEAK_UNIT_BYTES,
        )
        return None


def spawn(command: tuple[str, ...], environment: Environment, entry: EntryState) -> int:
    """Start the command as on Linux and return its process id.

    Raises:
        CommandNotFound: as for a shell's 127.
        CommandNotExecutable: as for a shell's 126.
    """
    return remember(PosixCommand(spawn_process(command, environment, entry)))


def bind_datagram_socket(path: bytes) -> int:
    """Return a socket that datagrams to a path arrive at; reading it never blocks.

    Raises:
        OSError: the path is too long, or cannot be made.
    """
    import socket

    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    mask = os.umask(0o177)  # the path is its owner's alone from the first moment on
    try:
        made.bind(path)
    except OSError:
        made.close()
        raise
    finally:
        os.umask(mask)
    made.setblocking(False)
    return made.detach()


def disable_core_dump() -> None:
    """Keep this process from leaving a core file when it dies of its command's signal."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


class Supervisor(child.Supervisor):
    """Waits for the command and passes signals on to it."""

    def __init__(
        self,
        pid: int,
        entry: EntryState,
        witness: GroupWitness,
        reap_others: Callable[[], None],
        drain: Callable[[], None],
    ) -> None:
        """See :class:`carbonrun.child.Supervisor`; hear of signals from now on."""
        super().__init__(pid, entry, witness, reap_others, drain)
        self._command = command_with(pid)
        self._came = bytearray()
        self._reading, writing = os.pipe()
        for descriptor in (self._reading, writing):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)
        # What stops who writes to the terminal from the background stays blocked, as on Linux: then
        # writing is allowed.
        heard = blockable() - entry.ignored - set(numbers("SIGTTIN", "SIGTTOU"))
        for number in heard:
            try:
                signal.signal(number, _note)
            except (OSError, ValueError):
                continue  # SIGKILL and SIGSTOP
        # What has come since the start of this process comes now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)

    def wait_until(self, deadline_seconds: float) -> str:
        """Handle signals until the command ends or the monotonic clock reaches the deadline.

        Returns:
            ``EXITED`` or ``TICK``.
        """
        while True:
            if self._has_ended():
                return EXITED
            number = self._next_signal(deadline_seconds)
            if number is None:
                return EXITED if self._has_ended() else TICK
            if number == signal.SIGIO:  # of a socket of ours
                self._drain()
            elif number != signal.SIGCHLD:
                self._pass_on(number)

    def wait_for_rest_until(self, deadline_seconds: float) -> str:
        """Wait for descendants after the command has ended, at most until the deadline.

        Returns:
            ``TICK``, or ``INTERRUPTED`` if a signal asks to end.
        """
        while True:
            number = self._next_signal(deadline_seconds)
            if number is None:
                return TICK
            if number == signal.SIGIO:
                self._drain()
            elif number in ENDS_WAITING:
                return INTERRUPTED
            elif number in STOPPED_BY_TERMINAL:
                self._stop_with_the_job()

    def _has_ended(self) -> bool:
        stopped_by = self._command.poll()
        if stopped_by is not None and (stopped_by in STOPPED_BY_TERMINAL or has_terminal()):
            self._stop_with_the_job()
        return self._command.end is not None

    def _next_signal(self, deadline_seconds: float) -> int | None:
        """Return the number of a signal that came, None if none comes before the deadline."""
        if not self._came:
            self._hear(max(0.0, deadline_seconds - time.monotonic()))
        return self._came.pop(0) if self._came else None

    def _hear(self, seconds: float) -> None:
        if self._poll.poll(seconds * 1000):
            self._came += os.read(self._reading, _MOST_SIGNALS)

    def _stop_with_the_job(self) -> None:
        """Let the shell see the job stopped; what has stopped it is dealt with by that.

        A signal that goes on waiting would stop the job again, since the witness forgets it too
        when it is continued.
        """
        super()._stop_with_the_job()
        self._hear(0.0)
        self._came = bytearray(n for n in self._came if n not in STOPPED_BY_TERMINAL)

    def _pass_on(self, number: int) -> None:
        if number == signal.SIGWINCH:
            self.clear_terminal()
        has_it = self._witness.saw(number)
        if has_it is None:
            has_it = number in SENT_BY_TERMINAL and has_terminal()
        if has_it:
            return
        try:
            os.kill(self.pid, number)
        except OSError:
            return  # it has just ended, or runs as another user: nothing we may do


def _note(*_: object) -> None:
    """Do nothing: the number was written to the pipe."""
