"""The measured command as a process: spawn it, relay signals to it, wait for it, end as it ended.

Responsible for: being invisible. The command stays in the caller's process group and session,
inherits every descriptor, the signal mask, the dispositions and the environment block as they
came in, and gets each signal once. Not responsible for: measuring.

How it works: every signal that can be blocked is blocked before the spawn, and
``sigtimedwait`` over the blocked set is event loop and sampling clock in one. It alone tells who
sent a signal: one that a process sent to carbonrun is passed on, one that the kernel's terminal
driver sent was already given to the whole foreground group, the command included.
"""

from __future__ import annotations

import errno
import os
import time

from carbonrun.errors import CommandNotExecutable, CommandNotFound
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable, Mapping
    from typing import NoReturn
else:
    import _signal as signal  # signal.py wraps this module in enums, which cost 5 ms to import

# Signals that a thread brings upon itself; blocking them would hide our own crashes.
_SYNCHRONOUS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")
# Python sets these to "ignore" at start-up; the command must get them as they came in.
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_STOPPED_BY_TERMINAL = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)

# What ends waiting for the rest of the tree once the command itself has ended.
_ENDS_WAITING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

TICK = "tick"
EXITED = "exited"
INTERRUPTED = "interrupted"


class EntryState(Record):
    """What carbonrun found when it was started and the command must find again.

    Attributes:
        mask: signals blocked on entry.
        ignored: signals ignored on entry, as far as Python still knows.
        pipe_ignored: SIGPIPE was ignored on entry, as far as the parent process shows.
    """

    mask: frozenset[int]
    ignored: frozenset[int]
    pipe_ignored: bool


def enter(procfs: str = "/proc") -> EntryState:
    """Block every signal that can be blocked and return the state before; call it first."""
    everything = signal.valid_signals() - {
        getattr(signal, name) for name in _SYNCHRONOUS if hasattr(signal, name)
    }
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, everything)
    ignored = {n for n in everything if _is_ignored(n)} - set(_IGNORED_BY_PYTHON)
    _hold_standard_descriptors()
    return EntryState(
        mask=frozenset(int(n) for n in mask),
        ignored=frozenset(int(n) for n in ignored),
        pipe_ignored=_parent_ignores_pipe_only(procfs),
    )


def give_back(entry: EntryState) -> None:
    """Restore the signal mask that was found, for work that is no wrapping."""
    signal.pthread_sigmask(signal.SIG_SETMASK, entry.mask)


def _is_ignored(number: int) -> bool:
    try:
        return signal.getsignal(number) == signal.SIG_IGN
    except ValueError:
        return False


def _hold_standard_descriptors() -> None:
    """Keep our own files off 0, 1 and 2 where these came in closed; the command finds them closed.

    Python opens every descriptor close-on-exec, so the placeholder does not reach the command.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one


def _parent_ignores_pipe_only(procfs: str) -> bool:
    """Guess whether SIGPIPE was ignored on entry: Python overwrote the answer at its start.

    A shell with ``trap '' PIPE`` ignores it and its children inherit that. A Python parent
    ignores SIGPIPE and SIGXFSZ, but its subprocess module gives both back their default.
    """
    try:
        with open(f"{procfs}/{os.getppid()}/status", "rb") as file:  # noqa: PTH123
            text = file.read()
        ignored = int(text.split(b"\nSigIgn:", 1)[1].split(None, 1)[0], 16)
    except (OSError, IndexError, ValueError):
        return False
    pipe = ignored >> (signal.SIGPIPE - 1) & 1
    xfsz = ignored >> (signal.SIGXFSZ - 1) & 1
    return bool(pipe and not xfsz)


def environment_block(procfs: str = "/proc") -> dict[bytes, bytes]:
    """Return the environment as carbonrun got it, byte for byte.

    ``os.environ`` is not that: under the C locale Python adds ``LC_CTYPE`` to it (PEP 538).
    """
    try:
        with open(f"{procfs}/self/environ", "rb") as file:  # noqa: PTH123
            entries = file.read().split(b"\0")
    except OSError:
        return dict(os.environb)
    block: dict[bytes, bytes] = {}
    for entry in entries:
        name, separator, value = entry.partition(b"=")
        if separator and name:
            block.setdefault(name, value)  # as getenv(3): the first of two wins
    return block


def spawn(
    command: tuple[str, ...], environment: Mapping[bytes, bytes], entry: EntryState
) -> int:
    """Start the command and return its process id.

    Raises:
        CommandNotFound: as for a shell's 127.
        CommandNotExecutable: as for a shell's 126.
    """
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        # An ignored SIGCHLD would make the kernel throw the exit status away.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    default = [n for n in _IGNORED_BY_PYTHON if not (entry.pipe_ignored and n == signal.SIGPIPE)]
    failure: OSError = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    for path in _candidates(command[0], environment):
        try:
            return _spawn_path(path, command, environment, entry.mask, default)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                failure = error
                if error.errno != errno.EACCES:
                    break
    raise _refusal(command[0], failure)


def _candidates(name: str, environment: Mapping[bytes, bytes]) -> Iterable[str]:
    """Yield the paths that execvp(3) would try, in its order."""
    if "/" in name or not name:
        yield name
        return
    # Source: execvp(3) of glibc: without PATH, /bin and /usr/bin are searched.
    search = os.fsdecode(environment.get(b"PATH", b"/bin:/usr/bin"))
    for folder in search.split(":"):
        path = f"{folder}/{name}" if folder else name
        if os.path.lexists(path):
            yield path


def _spawn_path(
    path: str,
    command: tuple[str, ...],
    environment: Mapping[bytes, bytes],
    mask: Iterable[int],
    default: Iterable[int],
) -> int:
    try:
        return os.posix_spawn(path, command, environment, setsigmask=mask, setsigdef=default)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A text file without "#!": execvp(3) and every shell hand it to sh.
    script = ("/bin/sh", path, *command[1:])
    return os.posix_spawn("/bin/sh", script, environment, setsigmask=mask, setsigdef=default)


def _refusal(name: str, error: OSError) -> CommandNotFound | CommandNotExecutable:
    shown = name.encode("utf-8", "backslashreplace").decode()
    message = f"cannot run {shown!r}: {error.strerror}"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        missing_interpreter = bool(name) and "/" in name and os.path.exists(name)  # noqa: PTH110
        hint = "its interpreter (first line, '#!') does not exist" if missing_interpreter else None
        return CommandNotFound(message, hint)
    return CommandNotExecutable(message)


class ExitStatus(Record):
    """How the command ended: an exit code from 0 to 255, or the signal that killed it."""

    code: int | None
    signal: int | None

    @classmethod
    def from_wait_status(cls, status: int) -> ExitStatus:
        """Decode the status of wait4(2)."""
        if os.WIFSIGNALED(status):
            return cls(code=None, signal=os.WTERMSIG(status))
        return cls(code=os.WEXITSTATUS(status), signal=None)


class Supervisor:
    """Waits for the command and passes signals on to it."""

    def __init__(
        self,
        pid: int,
        entry: EntryState,
        reap_others: Callable[[], None],
        was_sent_to_group: Callable[[int], bool],
    ) -> None:
        """Watch process ``pid``.

        Args:
            pid: the command.
            entry: the state on entry; signals ignored then stay ignored.
            reap_others: called when some other child may have ended.
            was_sent_to_group: tells for a signal number whether a process sent it to the whole
                process group, so that the command has it already.
        """
        self.pid = pid
        self._reap_others = reap_others
        self._was_sent_to_group = was_sent_to_group
        self._awaited = signal.pthread_sigmask(signal.SIG_BLOCK, ()) - entry.ignored

    def wait_until(self, deadline_seconds: float) -> str:
        """Handle signals until the command ends or the monotonic clock reaches the deadline.

        Returns:
            ``EXITED`` (the command is a zombie, not yet reaped) or ``TICK``.
        """
        while True:
            timeout_seconds = max(0.0, deadline_seconds - time.monotonic())
            info = signal.sigtimedwait(self._awaited, timeout_seconds)
            if info is None:
                return TICK
            if info.si_signo != signal.SIGCHLD:
                self._relay(info)
            elif self._command_has_ended():
                return EXITED

    def wait_for_rest_until(self, deadline_seconds: float) -> str:
        """Wait for descendants after the command was reaped, at most until the deadline.

        Returns:
            ``TICK``, or ``INTERRUPTED`` if a signal asks to end.
        """
        while True:
            timeout_seconds = max(0.0, deadline_seconds - time.monotonic())
            info = signal.sigtimedwait(self._awaited, timeout_seconds)
            if info is None:
                return TICK
            if info.si_signo == signal.SIGCHLD:
                self._reap_others()
            elif info.si_signo in _ENDS_WAITING:
                return INTERRUPTED

    def _command_has_ended(self) -> bool:
        self._reap_others()
        options = os.WEXITED | os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        state = os.waitid(os.P_PID, self.pid, options)
        if state is None:
            return False
        if state.si_code != os.CLD_STOPPED:
            return True
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG)  # take the news of the stop
        if state.si_status in _STOPPED_BY_TERMINAL or _has_terminal():
            # The shell has to see the job stopped; SIGCONT of `fg` resumes both.
            os.kill(os.getpid(), signal.SIGSTOP)
        return False

    def _relay(self, info: signal.struct_siginfo) -> None:
        number = info.si_signo
        in_group = self._was_sent_to_group(number)
        if info.si_code > 0 and number != signal.SIGALRM:
            # From the kernel: the terminal gave it to the whole group. SIGALRM is different:
            # a timer set before `exec carbonrun ...` was meant for the command.
            return
        if in_group or info.si_pid == self.pid:
            return
        try:
            os.kill(self.pid, number)
        except OSError:
            return  # it has just ended, or runs as another user: nothing we may do


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def leave(status: ExitStatus, disable_core_dump: Callable[[], None]) -> NoReturn:
    """End this process as the command ended; does not return.

    Death by a signal is passed on as a real death by that signal: an interactive shell stops a
    loop on Ctrl-C only if the foreground command was killed by SIGINT. Process 1 of a PID
    namespace cannot kill itself and exits with 128 + N instead.
    """
    if status.signal is not None:
        disable_core_dump()
        try:
            signal.signal(status.signal, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # SIGKILL and SIGSTOP cannot be set, and need not be
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (status.signal,))
        os.kill(os.getpid(), status.signal)
        os._exit(128 + status.signal)
    os._exit(status.code or 0)
