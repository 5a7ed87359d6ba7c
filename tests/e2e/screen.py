"""What somebody sees: the screen that a terminal's bytes make, by a terminal emulator.

Responsible for: the picture, the lines that have scrolled away, the scrolling region and the
cursor. Not responsible for: the pseudo terminal that the bytes come from.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

try:
    import pyte
except ImportError as error:  # in CI, where everything can be installed, it must be there
    if os.environ.get("CI") == "true":
        raise
    pytest.skip(f"a terminal emulator is missing: {error}", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.pseudo_terminal import Terminal


class Screen:
    """The picture on a terminal, kept up to date by :meth:`look`."""

    def __init__(self, terminal: Terminal, rows: int = 24, columns: int = 80) -> None:
        """Start with an empty one."""
        self._terminal = terminal
        self._screen = pyte.HistoryScreen(columns, rows, history=1000, ratio=0.1)
        self._stream = pyte.ByteStream(self._screen)
        self._seen = 0
        terminal.resize(rows, columns)

    def resize(self, rows: int, columns: int) -> None:
        """Change the size of the window."""
        self.look()
        self._screen.resize(rows, columns)
        self._terminal.resize(rows, columns)

    def look(self) -> list[str]:
        """Take in what was shown meanwhile and return the rows."""
        self._terminal.read_now()
        self._stream.feed(self._terminal.shown[self._seen :])
        self._seen = len(self._terminal.shown)
        return [row.rstrip() for row in self._screen.display]

    def all_lines(self) -> list[str]:
        """Return the rows, those before them that have scrolled away."""
        rows = self.look()
        past = [
            "".join(row[column].data for column in range(self._screen.columns)).rstrip()
            for row in self._screen.history.top
        ]
        return past + rows

    def wait_for(self, condition: Callable[[list[str]], object], what: str) -> list[str]:
        """Look until the picture is as it should be."""
        end = time.monotonic() + 15
        while not condition(rows := self.look()):
            if time.monotonic() > end:
                pytest.fail(f"{what} was not shown; shown was:\n" + "\n".join(rows))
            time.sleep(0.02)
        return rows

    def is_whole(self) -> bool:
        """Tell whether all rows scroll."""
        self.look()
        margins = self._screen.margins
        return margins is None or (margins.top, margins.bottom) == (0, self._screen.lines - 1)

    def has_cursor(self) -> bool:
        """Tell whether the cursor can be seen."""
        self.look()
        return not self._screen.cursor.hidden
