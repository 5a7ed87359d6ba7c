"""The terminal behind standard error, as something that is drawn on between two readings.

Writing must never hold us up: while the user has stopped the terminal with Ctrl-S nothing can be
written, and signals have to be passed on all the same. What does not fit stays for the next time.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

STANDARD_ERROR = 2
_DUMB = ("", "dumb", "unknown")
# Where the descriptor is shared and may block: so much always fits if anything does.
_SAFE_BYTES = 512


class Terminal:
    """Writes to a terminal without ever waiting for it."""

    def __init__(self, descriptor: int, *, may_block: bool) -> None:
        """Take over a descriptor; ``may_block`` if it was not opened by us."""
        self._descriptor = descriptor
        self._may_block = may_block
        self._left = b""

    @classmethod
    def open(cls, environment: Mapping[str, str]) -> Terminal | None:
        """Open the terminal of standard error; None if it is none, or cannot be drawn on.

        It is opened anew, since a descriptor that is shared must stay as others expect it.
        """
        if environment.get("TERM", "") in _DUMB or not os.isatty(STANDARD_ERROR):
            return None
        if sys.platform == "win32":
            return None  # nothing there tells whether writing would block
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            descriptor = os.open(f"/proc/self/fd/{STANDARD_ERROR}", flags)
        except OSError:  # it belongs to the user that we were before "su"
            return cls(STANDARD_ERROR, may_block=True)
        return cls(descriptor, may_block=False)

    def size(self) -> tuple[int, int]:
        """Return columns and rows; what cannot be told is 80 by 24."""
        try:
            size = os.get_terminal_size(self._descriptor)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def is_ours(self) -> bool:
        """Tell whether we are in the foreground; a terminal that is not our session's always is."""
        if sys.platform == "win32":
            return True
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            return True

    def write(self, text: str) -> bool:
        """Write what can be written now; False if something is left over."""
        self._left += text.encode("utf-8", "backslashreplace")
        try:
            while self._left and self._has_room():
                size = _SAFE_BYTES if self._may_block else len(self._left)
                self._left = self._left[os.write(self._descriptor, self._left[:size]) :]
        except BlockingIOError:
            pass
        except OSError:
            self._left = b""  # the terminal has gone
        return not self._left

    def close(self) -> None:
        """Give the descriptor back."""
        if not self._may_block:
            os.close(self._descriptor)

    def _has_room(self) -> bool:
        if sys.platform == "win32":
            return True
        import select

        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return any(events & select.POLLOUT for _, events in poll.poll(0))
