"""How far a comparison is: a bar with an estimate on a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self


class Silence:
    """Shows nothing; a context manager."""

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def show(self, what: str, done: int, total: int) -> None:
        """Show nothing."""


class Bar:
    """A bar on standard error, which goes when the work is done; a context manager."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        # No thread of its own, which would use CPU time while a command is measured.
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("comparing", total=None)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away and give the cursor back."""
        self._progress.stop()

    def show(self, what: str, done: int, total: int) -> None:
        """Draw the bar; ``total`` are the most runs that there may be."""
        self._progress.update(
            self._task, description=what, completed=done, total=total, refresh=True
        )


def progress(*, is_wanted: bool) -> Bar | Silence:
    """Return what suits standard error."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    if is_wanted and on_terminal and os.environ.get("TERM", "dumb") != "dumb":
        return Bar()
    return Silence()
