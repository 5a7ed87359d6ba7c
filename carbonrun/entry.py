"""What carbonrun finds when it is started and the command must find again: signals, descriptors.

Python overwrites some of it before our first line; what can be told all the same is told here.
Until the command is about to be started a signal has its usual effect, so that a start that hangs
(a configuration file on a dead network disk) can be broken off; then all are blocked.
"""

from __future__ import annotations

import os
import sys

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # signal.py wraps this module in enums, which cost 5 ms to import


def numbers(*names: str) -> tuple[int, ...]:
    """Return the numbers of those signals that the system has."""
    return tuple(int(getattr(signal, name)) for name in names if hasattr(signal, name))


# Signals that a thread brings upon itself; blocking them would hide our own crashes.
_SYNCHRONOUS = numbers("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")
# Python sets these to "ignore" at start-up; the command must get them as they came in.
IGNORED_BY_PYTHON = numbers("SIGPIPE", "SIGXFSZ")


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
    """Return the state on entry; call it first. SIGINT ends this process from now on."""
    if sys.platform == "win32":
        return EntryState(mask=frozenset(), ignored=frozenset(), pipe_ignored=False)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    # SIGCHLD is ours: we have to hear of it whatever it was on entry.
    ours = {*IGNORED_BY_PYTHON, signal.SIGCHLD}
    ignored = {n for n in blockable() if _is_ignored(n)} - ours
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _hold_standard_descriptors()
    return EntryState(
        mask=frozenset(int(n) for n in mask),
        ignored=frozenset(int(n) for n in ignored),
        pipe_ignored=_parent_ignores_pipe_only(procfs),
    )


def block_signals() -> None:
    """Keep every signal that can be blocked from this thread, to be passed on to the command."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, blockable())


def give_back(entry: EntryState) -> None:
    """Restore the signal mask that was found, and Python's way with Ctrl-C."""
    if sys.platform == "win32":
        return
    signal.pthread_sigmask(signal.SIG_SETMASK, entry.mask)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def blockable() -> set[int]:
    """Return the signals that are kept to be passed on."""
    return {int(n) for n in signal.valid_signals()}.difference(_SYNCHRONOUS)


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
    if sys.platform == "win32":
        return False
    pipe = ignored >> (signal.SIGPIPE - 1) & 1
    xfsz = ignored >> (signal.SIGXFSZ - 1) & 1
    return bool(pipe and not xfsz)
