"""The live view: when it is drawn, and when it has to go.

It is drawn between two readings, at most once a second, and only on a terminal of which we are in
the foreground. Nothing of it may be left when the command is stopped or has ended.
"""

from __future__ import annotations

import time

from carbonrun.delivery import speaks_unicode, wants_colour
from carbonrun.progress import Progress
from carbonrun.report.live import LEAST_COLUMNS, live_lines, rows_for, ruled
from carbonrun.report.live_view import OwnScreen, PinnedToBottom
from carbonrun.terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.recording import SoFar
    from carbonrun.report.live import Snapshot

LEAST_SECONDS = 1.0
# Under a command: this many programs, and never more than half of the terminal.
PINNED_PROGRAMS = 3
LEAST_PINNED_ROWS = 8
_SLACK_SECONDS = 0.05


class LiveView:
    """The view on one terminal."""

    def __init__(
        self, terminal: Terminal, environment: Mapping[str, str], *, has_own_screen: bool
    ) -> None:
        """Draw on ``terminal``; nothing is drawn yet."""
        self._terminal = terminal
        self._progress = Progress()
        self._unicode = speaks_unicode(environment)
        self._is_pinned = not has_own_screen
        colour = wants_colour(environment, is_terminal=True)
        view = OwnScreen if has_own_screen else PinnedToBottom
        self._view: OwnScreen | PinnedToBottom = view(terminal.write, colour=colour)
        self._next_seconds = 0.0
        self.was_shown = False

    def show(self, so_far: SoFar, tree: TreeAccountant) -> None:
        """Take in what is known, and draw it if it is time to."""
        snapshot = self._progress.snapshot(so_far, tree)
        now_seconds = time.monotonic()
        if snapshot is None or now_seconds < self._next_seconds:
            return
        if not self._terminal.write("") or not self._terminal.is_ours():
            return
        self._next_seconds = now_seconds + LEAST_SECONDS - _SLACK_SECONDS
        columns, rows = self._terminal.size()
        if columns < LEAST_COLUMNS:
            self.hide()
            return
        self._draw(snapshot, columns, rows)

    def hide(self) -> None:
        """Take the view away; it comes back with the next reading."""
        self._view.hide(*self._terminal.size())
        self._next_seconds = 0.0

    def close(self) -> None:
        """Take the view away for good."""
        self.hide()
        self._terminal.close()

    def _draw(self, snapshot: Snapshot, columns: int, rows: int) -> None:
        if not self._is_pinned:
            lines = live_lines(snapshot, columns, rows, unicode=self._unicode)
        elif rows >= LEAST_PINNED_ROWS:
            most = min(rows // 2 - 1, rows_for(len(snapshot.devices), PINNED_PROGRAMS))
            lines = live_lines(snapshot, columns, most, unicode=self._unicode)
            lines = ruled(lines, columns, unicode=self._unicode)
        else:
            self.hide()
            return
        self._view.draw(lines, columns, rows)
        self.was_shown = True


def open_view(environment: Mapping[str, str], *, has_own_screen: bool) -> LiveView | None:
    """Return the view, None where standard error is no terminal that can be drawn on."""
    terminal = Terminal.open(environment)
    if terminal is None:
        return None
    return LiveView(terminal, environment, has_own_screen=has_own_screen)
