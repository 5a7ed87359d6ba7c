"""How far a comparison is: a bar with an estimate on a terminal, nothing elsewhere."""

from __future__ import annotations

from carbonrun.cli.progress_bar import ProgressBar, has_room

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


def progress(*, is_wanted: bool) -> ProgressBar | Silence:
    """Return what suits standard error; a bar has the most runs that there may be as its total."""
    return ProgressBar("comparing", counts=True) if is_wanted and has_room() else Silence()
