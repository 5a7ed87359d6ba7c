"""How far a calibration is: a bar on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import os

from carbonrun.cli.progress_bar import ProgressBar, has_room

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


def progress(total_seconds: float) -> ProgressLines | ProgressBar:
    """Return what suits standard error."""
    if has_room():
        return ProgressBar("calibrating", total_seconds)
    return ProgressLines(total_seconds)


def say(text: str) -> None:
    """Write to standard error, if anybody listens."""
    try:
        os.write(2, text.encode("utf-8", "backslashreplace"))
    except OSError:
        return
