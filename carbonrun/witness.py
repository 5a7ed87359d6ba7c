"""Tells whether a signal was sent to the whole process group or to carbonrun alone.

The command is in our process group. A signal that a process sends to the group has reached the
command already and must not be passed on; one sent to us alone must be. The signal itself does not
say which it was. So a second process of ours lives in the group, with every signal blocked: what
was sent to the group is pending there too.

It is a fork that never runs anything: it blocks in reading a pipe until carbonrun ends, however
that ends. The kernel delivers a group's signal to its youngest members first, so when carbonrun
has it, the witness has.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal


# The usual soft limit; a descriptor above it stays open in the witness, which does no harm.
_HIGHEST_DESCRIPTOR = 1024


class GroupWitness:
    """The second process; there is none before :meth:`start`."""

    def __init__(self, procfs: str, strangers: set[int]) -> None:
        """Prepare; the witness puts itself among the ``strangers``, who are not of the tree.

        Whoever reaps a stranger takes it out again.
        """
        self._procfs = procfs
        self._strangers = strangers
        self._pipe = -1
        self._seen: set[int] = set()
        self.pid = -1

    def start(self) -> None:
        """Fork the witness.

        Raises:
            OSError: no process can be made; signals are then all taken as sent to us alone.
        """
        reading, writing = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(writing)
            os.close(reading)
            raise
        if pid == 0:
            _wait_for_end_of(reading)
        os.close(reading)
        self.pid, self._pipe = pid, writing
        self._strangers.add(pid)

    def saw(self, number: int) -> bool | None:
        """Tell whether the witness got signal ``number`` too; None if there is no witness."""
        if self.pid not in self._strangers:
            return None  # none was made, or somebody has killed it
        pending = self._pending()
        if pending:
            self._seen |= pending
            self.stop()
            try:
                self.start()  # a new one, with nothing pending
            except OSError:
                pass  # no process can be made: we go on without
        seen = number in self._seen
        self._seen.discard(number)
        return seen

    def _pending(self) -> set[int]:
        try:
            with open(f"{self._procfs}/{self.pid}/status", "rb") as file:  # noqa: PTH123
                text = file.read()
            bits = int(text.split(b"\nShdPnd:", 1)[1].split(None, 1)[0], 16)
        except (OSError, IndexError, ValueError):
            return set()
        return {number for number in range(1, 65) if bits >> (number - 1) & 1}

    def freeze(self) -> None:
        """Stop with the rest of the job; what continues the job continues the witness too."""
        if self.pid in self._strangers:
            os.kill(self.pid, signal.SIGSTOP)

    def dismiss(self) -> None:
        """Let the witness end while something else is done: :meth:`stop` need not wait then."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def stop(self) -> None:
        """End the witness and wait for it."""
        if self.pid < 0:
            return
        self.dismiss()
        if self.pid in self._strangers:  # who is reaped is taken out
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._strangers.discard(self.pid)
        self.pid = -1


def _wait_for_end_of(pipe: int) -> None:
    """Hold nothing but the pipe, so that nobody waits for us to close his; does not return."""
    try:
        os.closerange(0, pipe)
        os.closerange(pipe + 1, _HIGHEST_DESCRIPTOR)
        os.read(pipe, 1)
    finally:
        os._exit(0)
