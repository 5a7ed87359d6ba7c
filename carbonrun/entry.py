"""What carbonrun finds when it is started and the command must find again: signals, descriptors.

Python overwrites some of it before our first line; what can be told all the same is told here.
"""

from __future__ import annotations

import os

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # signal.py wraps this module in enums, which cost 5 ms to import

# Signals that a thread brings upon itself; blocking them would hide our own crashes.
_SYNCHRONOUS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")
# Python sets these to "ignore" at start-up; the command must get them as they came in.
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


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
    # SIGCHLD is ours: we have to hear of it whatever it was on entry.
    ours = {*IGNORED_BY_PYTHON, signal.SIGCHLD}
    ignored = {n for n in everything if _is_ignored(n)} - ours
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
