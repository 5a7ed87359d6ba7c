"""The socket that marks of phases come to: ``CARBONRUN_SOCKET`` of the command.

It has a path, not an abstract name: a path can be protected (it is its owner's alone), be mounted
into a container, and is seen from other network namespaces. Datagrams, since each is a mark of its
own, whoever sends them at the same time, and a sender has nobody to wait for.

It is made before the command is started (:func:`carbonrun.rig.prepare`), by the C library: 0.1 ms.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.marking import Marked, Marking

# Twice what a mark needs: a line that is cut is longer than any mark, and is none.
MOST_DATAGRAM_BYTES = 1024
# Of one call: signals wait meanwhile.
MOST_AT_ONCE = 1000


class MarkSocket:
    """An open socket.

    Attributes:
        path: what goes into the environment.
        descriptor: becomes readable when a mark has come; -1 when it is closed.
    """

    def __init__(self, path: bytes, descriptor: int) -> None:
        """Take over a socket that is bound."""
        self.path = path
        self.descriptor = descriptor

    def send_signals(self) -> None:
        """Let the kernel send SIGIO to this process when a mark comes; it must be blocked."""
        if sys.platform == "win32":
            return
        import fcntl

        fcntl.fcntl(self.descriptor, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(self.descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self.descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)

    def receive(self) -> list[bytes]:
        """Return the datagrams that have come, in their order."""
        datagrams: list[bytes] = []
        while self.descriptor >= 0 and len(datagrams) < MOST_AT_ONCE:
            try:
                datagrams.append(os.read(self.descriptor, MOST_DATAGRAM_BYTES))
            except OSError:
                break  # that were all
        return datagrams

    def forget(self) -> None:
        """Close it, in a process that was forked; the path stays its owner's."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def close(self) -> None:
        """Close it and remove its path; a mark that comes later does nothing."""
        if self.descriptor < 0:
            return
        self.forget()
        try:
            os.unlink(self.path)  # noqa: PTH108
        except OSError:
            return  # somebody has tidied up already


class MarkInbox:
    """The marks of a run from the first one on: most runs have none, and import nothing for them.

    Stands for the :class:`carbonrun.marking.Marking` that is made then.
    """

    def __init__(self, socket: MarkSocket, make: Callable[[], Marking]) -> None:
        """Listen to a socket; ``make`` returns what takes the marks."""
        self._socket = socket
        self._make = make
        self._marking: Marking | None = None

    @property
    def has_marks(self) -> bool:
        """Tell whether any was heeded so far."""
        return self._marking is not None and self._marking.has_marks

    def drain(self) -> None:
        """Take what has come to the socket."""
        datagrams = self._socket.receive()
        if datagrams:
            self._marking = self._marking or self._make()
            self._marking.take_in(datagrams)

    def take(self, until_seconds: float) -> list[Marked]:
        """Return, once, the marks that were made before a moment of the monotonic clock."""
        return [] if self._marking is None else self._marking.take(until_seconds)

    def close(self) -> None:
        """Take no more marks; say what was left out."""
        (self._marking or self._socket).close()
