"""A pseudo terminal: the test is the person at the keyboard.

Responsible for: starting a command as the leader of a session on a terminal of its own, typing,
reading, resizing, hanging up. Not responsible for: ending processes (the sandbox does).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import select
import struct
import termios
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from tests.e2e.wrapper import Sandbox

CTRL_C = b"\x03"
CTRL_BACKSLASH = b"\x1c"
CTRL_Z = b"\x1a"
BASH = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
PROMPT = "at-your-command> "


class Terminal:
    """One terminal and what was shown on it."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Open the terminal: 24 rows of 80 columns."""
        self._sandbox = sandbox
        self._master, self._slave = os.openpty()
        self.name = os.ttyname(self._slave)
        self.shown = b""
        self._read_up_to = 0
        self.resize(24, 80)

    def start(self, argv: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:
        """Start a command on the terminal, in a new session and in the foreground."""

        def take_the_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        slave = self._slave
        process = self._sandbox.start(
            argv, entry=take_the_terminal, stdin=slave, stdout=slave, stderr=slave, **how
        )
        os.close(slave)
        self._slave = -1
        return process

    def start_shell(self) -> subprocess.Popen[bytes]:
        """Start an interactive bash with job control and wait for its prompt."""
        process = self.start(BASH, env={"PS1": PROMPT})
        self.expect(re.escape(PROMPT))
        return process

    def resize(self, rows: int, columns: int) -> None:
        """Change the size of the window."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def foreground(self) -> int:
        """Return the process group in the foreground."""
        return os.tcgetpgrp(self._master)

    def type(self, keys: bytes | str) -> None:
        """Type on the keyboard; a string is a line and is ended by Return."""
        os.write(self._master, f"{keys}\n".encode() if isinstance(keys, str) else keys)

    def expect(self, pattern: str, seconds: float = 10.0) -> re.Match[bytes]:
        """Read on until a pattern is shown that was not matched before."""
        compiled = re.compile(pattern.encode())
        end = time.monotonic() + seconds
        while not (match := compiled.search(self.shown, self._read_up_to)):
            left = end - time.monotonic()
            if left <= 0 or not self._read(left):
                pytest.fail(f"{pattern!r} was not shown; shown was {self.shown!r}")
        self._read_up_to = match.end()
        return match

    def read_all(self, seconds: float = 10.0) -> bytes:
        """Read until nobody has the terminal open any more, and return all that was shown."""
        end = time.monotonic() + seconds
        while self._read(end - time.monotonic()):
            if time.monotonic() > end:
                pytest.fail(f"the terminal is still in use; shown was {self.shown!r}")
        return self.shown

    def read_now(self) -> None:
        """Read what has been shown up to now."""
        before = -1
        while before < len(self.shown):
            before = len(self.shown)
            if not self._read(0.0):
                return

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """Free the descriptors."""
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)

    def _read(self, seconds: float) -> bool:
        """Read what is there or comes in time; tell whether more may come."""
        if not select.select([self._master], [], [], max(0.0, min(seconds, 0.2)))[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:  # the last user has closed the terminal
                return False
            raise
        self.shown += data
        return bool(data)
