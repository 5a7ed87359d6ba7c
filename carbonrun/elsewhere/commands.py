"""The command as a process of ours: has it ended, how, and what did it use.

Only Linux tells of an end and leaves the process where it is. Elsewhere whoever hears of the end
has taken everything that will ever be told, so it is kept here, for the one who waits and for the
one who counts.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from carbonrun.exit_status import ExitStatus
else:
    Protocol = object


class End(Record):
    """What the system told at the end of the command.

    Attributes:
        status: how it ended.
        cpu_seconds: its own and that of all descendants that were waited for; None if not told.
        peak_memory_bytes: of the largest of them; None if that is not told.
    """

    status: ExitStatus
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None


class Command(Protocol):
    """A process that we have started."""

    pid: int
    end: End | None

    def poll(self) -> int | None:
        """Look whether it has ended; return the signal that has stopped it since, if any."""

    def tree_cpu_seconds(self) -> float | None:
        """Return what the system has counted so far of it and all it started; None if it does not.

        Its end is no end of that: what it has left running goes on counting.
        """

    def wait(self) -> End:
        """Wait for its end, however long that takes."""


_started: dict[int, Command] = {}


def remember(command: Command) -> int:
    """Keep a command that was started; return its process id."""
    _started[command.pid] = command
    return command.pid


def command_with(pid: int) -> Command:
    """Return the command with that process id.

    Raises:
        KeyError: it was not started by us.
    """
    return _started[pid]
