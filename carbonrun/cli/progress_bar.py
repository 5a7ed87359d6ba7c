"""A bar on a terminal for work that takes long."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self


class ProgressBar:
    """A bar on standard error, which goes when the work is done; a context manager."""

    def __init__(self, task: str, total: float | None = None, *, counts: bool = False) -> None:
        """Draw nothing yet.

        Args:
            task: what is being done.
            total: how much of it there is; None while that is not known.
            counts: the work comes in pieces, of which the number is shown.
        """
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        # No thread of its own, which would use CPU time while something is measured.
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            *((MofNCompleteColumn(),) if counts else ()),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(task, total=total)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away and give the cursor back."""
        self._progress.stop()

    def show(self, what: str, done: float, total: float | None = None) -> None:
        """Draw the bar; ``total`` is new if it is given."""
        self._progress.update(
            self._task, description=what, completed=done, total=total, refresh=True
        )


def has_room() -> bool:
    """Tell whether standard error is a terminal on which a bar can be drawn and taken away."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    return on_terminal and os.environ.get("TERM", "dumb") != "dumb"
