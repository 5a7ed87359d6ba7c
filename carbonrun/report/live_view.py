"""Draws the live view on a terminal; beside the summary the only module that imports rich.

Two ways. Where nobody else writes to the terminal, rich's ``Live`` has a screen of its own, and
gives the old one back. Under a running command the view is pinned to the bottom rows, and the
command's output scrolls above it: it loses no line and no colour of its own.

Nothing here has a thread: it is drawn when it is called.
"""

from __future__ import annotations

import io

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from carbonrun.report.table import STYLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbonrun.report.layout import Line

    Write = Callable[[str], bool]

_SAVE, _RESTORE = "\x1b7", "\x1b8"
_WHOLE_SCREEN = "\x1b[r"
_CLEAR_LINE, _CLEAR_BELOW = "\x1b[2K", "\x1b[J"
_DOWN_OR_SCROLL = "\x1bD"


class OwnScreen:
    """The view on a screen of its own."""

    def __init__(self, write: Write, *, colour: bool) -> None:
        """Draw by ``write``."""
        self._buffer = io.StringIO()
        self._write = write
        self._console = _console(self._buffer, colour=colour)
        self._live: Live | None = None

    def draw(self, lines: Sequence[Line], columns: int, rows: int) -> None:
        """Show the lines on a terminal of this size, instead of those before."""
        self._console.width, self._console.height = columns, rows
        shown = Group(*(_text(line) for line in lines))
        if self._live is None:
            self._live = Live(
                shown, console=self._console, screen=True, auto_refresh=False,
                redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self._live.start()
        self._live.update(shown, refresh=True)
        self._flush()

    def hide(self, columns: int, rows: int) -> None:
        """Give the old screen and the cursor back on a terminal that now has this size."""
        self._console.width, self._console.height = columns, rows
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._flush()

    def _flush(self) -> None:
        self._write(self._buffer.getvalue())
        self._buffer.seek(0)
        self._buffer.truncate()


class PinnedToBottom:
    """The view in the last rows of a screen that somebody else writes to.

    The rows above are made the terminal's scrolling region (DECSTBM), as package managers do for
    their progress bar. The cursor stays where the other one has it. A program that takes the whole
    screen, or saves the cursor itself, does not get along with that.
    Source: ECMA-48 and the VT100's manual; ESC 7, ESC 8, ESC D, CSI r.
    """

    def __init__(self, write: Write, *, colour: bool) -> None:
        """Draw by ``write``."""
        self._write = write
        self._colour = colour
        self._size = (0, 0)
        self._height = 0

    def draw(self, lines: Sequence[Line], columns: int, rows: int) -> None:
        """Show the lines on a terminal of this size, instead of those before."""
        out = ""
        if self._height and (self._size != (columns, rows) or len(lines) > self._height):
            out += self._released(columns, rows)
        if not self._height:
            out += self._pinned(len(lines), columns, rows)
        rendered = _rendered(lines, columns, colour=self._colour)
        rendered += [""] * (self._height - len(rendered))
        below = "".join(
            f"\x1b[{self._top + index};1H{_CLEAR_LINE}{line}" for index, line in enumerate(rendered)
        )
        self._write(f"{out}{_SAVE}{below}{_RESTORE}")

    def hide(self, columns: int, rows: int) -> None:
        """Give the rows back on a terminal that now has this size."""
        if self._height:
            self._write(self._released(columns, rows))

    @property
    def _top(self) -> int:
        return self._size[1] - self._height + 1

    def _pinned(self, height: int, columns: int, rows: int) -> str:
        """Return what makes room below the cursor and keeps it free."""
        self._height, self._size = height, (columns, rows)
        room = _DOWN_OR_SCROLL * height + f"\x1b[{height}A"
        return f"{room}{_SAVE}\x1b[1;{rows - height}r{_RESTORE}"

    def _released(self, columns: int, rows: int) -> str:
        """Return what takes the view away.

        After a change of size nobody knows where it stands but that it is below the cursor.
        """
        is_in_place = self._size == (columns, rows)
        clear = f"\x1b[{self._top};1H" if is_in_place else f"{_RESTORE}{_DOWN_OR_SCROLL}\r"
        self._height = 0
        return f"{_SAVE}{_WHOLE_SCREEN}{clear}{_CLEAR_BELOW}{_RESTORE}"


def _rendered(lines: Sequence[Line], columns: int, *, colour: bool) -> list[str]:
    out = io.StringIO()
    console = _console(out, colour=colour)
    console.width = columns
    for line in lines:
        console.print(_text(line), no_wrap=True, overflow="ignore", crop=True)
    return out.getvalue().splitlines()


def _console(file: io.StringIO, *, colour: bool) -> Console:
    return Console(
        file=file, force_terminal=True, color_system="standard" if colour else None,
        no_color=not colour, highlight=False, markup=False, emoji=False, legacy_windows=False,
        width=80, height=24, _environ={},
    )  # fmt: skip


def _text(line: Line) -> Text:
    return Text.assemble(*((words, STYLES[role]) for words, role in line), no_wrap=True)
