"""How far a calibration is: a bar on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self


class ProgressLines:
    """One line on standard error for each step; a context manager."""

    def __init__(self, total_seconds: float) -> None:
        """Tell of ``total_seconds`` of work."""
        self._total_seconds = total_seconds
        self._what = ""

    def __enter__(self) -> Self:
        """Say how long it takes."""
        say(f"carbonrun: measuring for {self._total_seconds:.0f} s; leave the machine alone\n")
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to be tidied."""

    def show(self, what: str, done_seconds: float) -> None:
        """Say what is measured now, if that is new."""
        if what != self._what:
            self._what = what
            say(f"carbonrun: {done_seconds:.0f} s: {what}\n")


class ProgressBar:
    """A bar on a terminal, which goes when the work is done; a context manager."""

    def __init__(self, total_seconds: float) -> None:
        """Show ``total_seconds`` of work."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        # No thread of its own: it is drawn when there is news.
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("calibrating", total=total_seconds)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away and give the cursor back."""
        self._progress.stop()

    def show(self, what: str, done_seconds: float) -> None:
        """Draw the bar."""
        self._progress.update(self._task, description=what, completed=done_seconds, refresh=True)


def progress(total_seconds: float) -> ProgressLines | ProgressBar:
    """Return what suits standard error."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    if on_terminal and os.environ.get("TERM", "dumb") != "dumb":
        return ProgressBar(total_seconds)
    return ProgressLines(total_seconds)


def say(text: str) -> None:
    """Write to standard error, if anybody listens."""
    try:
        os.write(2, text.encode("utf-8", "backslashreplace"))
    except OSError:
        return
