"""The measured command on Windows.

There are no signals to pass on: the console gives Ctrl-C and Ctrl-Break to every process in it, the
command included, and we only stay alive. How a process ends is a number of 32 bits.
"""

from __future__ import annotations

import errno
import os
import time

from carbonrun.child import EXITED, INTERRUPTED, TICK
from carbonrun.elsewhere.commands import End, command_with, remember
from carbonrun.elsewhere.windows_job import job_use, open_job
from carbonrun.entry import numbers
from carbonrun.errors import CommandNotExecutable, CommandNotFound
from carbonrun.exit_status import ExitStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import subprocess
    from collections.abc import Callable
    from typing import NoReturn

    from carbonrun.entry import EntryState
    from carbonrun.spawn import Environment
else:
    import _signal as signal

# Waiting for a process cannot be broken off, so what came from the console is looked at so often.
_STEP_SECONDS = 0.1
_SIGN_BIT = 1 << 31


class PopenCommand:
    """A process that was started through ``subprocess``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Watch a process that runs."""
        self.pid = process.pid
        self.end: End | None = None
        self._process = process
        self._job = open_job(int(getattr(process, "_handle", 0)))

    def poll(self) -> int | None:
        """See :class:`carbonrun.elsewhere.commands.Command`."""
        self._note(self._process.poll())
        return None

    def wait_for(self, seconds: float) -> bool:
        """Wait at most so long; tell whether it has ended."""
        from subprocess import TimeoutExpired

        try:
            self._note(self._process.wait(seconds))
        except TimeoutExpired:
            return False
        return True

    def tree_cpu_seconds(self) -> float | None:
        """See :class:`carbonrun.elsewhere.commands.Command`."""
        use = None if self._job is None else job_use(self._job)
        return None if use is None else use.cpu_seconds

    def wait(self) -> End:
        """See :class:`carbonrun.elsewhere.commands.Command`."""
        while self.end is None:
            self.wait_for(_STEP_SECONDS)
        return self.end

    def _note(self, code: int | None) -> None:
        if code is not None and self.end is None:
            is_signal = code < 0  # not on Windows
            self.end = End(
                status=ExitStatus(
                    code=None if is_signal else code, signal=-code if is_signal else None
                )
            )


def spawn(command: tuple[str, ...], environment: Environment, entry: EntryState) -> int:
    """Start the command in our console and return its process id.

    Raises:
        CommandNotFound: there is none of that name in PATH, with an extension of PATHEXT.
        CommandNotExecutable: the system refuses to run it.
    """
    from shutil import which
    from subprocess import Popen

    del entry
    for number in numbers("SIGINT", "SIGBREAK"):
        signal.signal(number, _stay)  # a handler, which the command does not inherit
    mapping = environment.mapping() or {}
    variables = {os.fsdecode(name): os.fsdecode(value) for name, value in mapping.items()}
    path = which(command[0], path=environment.decoded().get("PATH"))
    if path is None and os.path.exists(command[0]):  # noqa: PTH110
        path = command[0]  # the system knows best why it cannot be run
    if path is None:
        reason = os.strerror(errno.ENOENT)
        raise CommandNotFound(f"cannot run {command[0]!r}: {reason}")
    try:
        return remember(
            PopenCommand(Popen(command, executable=path, env=variables or None, close_fds=False))
        )
    except OSError as error:
        message = f"cannot run {command[0]!r}: {error.strerror}"
        raise CommandNotExecutable(message) from error


class Supervisor:
    """Waits for the command."""

    def __init__(
        self,
        pid: int,
        entry: EntryState,
        witness: GroupWitness,
        reap_others: Callable[[], None],
        drain: Callable[[], None],
    ) -> None:
        """See :class:`carbonrun.child.Supervisor`; there is nothing to pass on."""
        del entry, witness, reap_others, drain
        self.pid = pid
        command = command_with(pid)
        assert isinstance(command, PopenCommand)  # noqa: S101 - the only kind that is started here
        self._command = command
        self.clear_terminal: Callable[[], None] = lambda: None

    def wait_until(self, deadline_seconds: float) -> str:
        """Wait until the command ends or the monotonic clock reaches the deadline.

        Returns:
            ``EXITED`` or ``TICK``.
        """
        while True:
            left_seconds = max(0.0, deadline_seconds - time.monotonic())
            if self._command.wait_for(min(left_seconds, _STEP_SECONDS)):
                return EXITED
            if left_seconds <= _STEP_SECONDS:
                return TICK

    def wait_for_rest_until(self, deadline_seconds: float) -> str:
        """Wait for descendants after the command has ended, at most until the deadline.

        Returns:
            ``TICK``, or ``INTERRUPTED`` if the console asks to end.
        """
        while (left_seconds := deadline_seconds - time.monotonic()) > 0:
            if _came:
                return INTERRUPTED
            time.sleep(min(left_seconds, _STEP_SECONDS))
        return TICK


class GroupWitness:
    """Nobody: there is nothing to tell apart."""

    def __init__(self, procfs: str, strangers: set[int]) -> None:
        """Need nothing."""
        del procfs, strangers

    def start(self) -> None:
        """Do nothing."""

    def dismiss(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


def disable_core_dump() -> None:
    """Do nothing: there are none."""


def leave(status: ExitStatus, disable_core_dump: Callable[[], None]) -> NoReturn:
    """End this process with the status of the command; does not return."""
    del disable_core_dump
    code = 128 + status.signal if status.signal is not None else status.code or 0
    # exit() takes the number as a signed one; what the system keeps is the same 32 bits.
    os._exit(code - (1 << 32) if code & _SIGN_BIT else code)


_came: list[int] = []


def _stay(number: int, _frame: object) -> None:
    """Note that the console wants us to end, and do not."""
    _came.append(number)
