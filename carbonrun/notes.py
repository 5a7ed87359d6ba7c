"""Notes: what the reader of a report has to know about how its numbers came about."""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Result = TypeVar("Result")

INFO = "info"
WARNING = "warning"
FAULT = "carbonrun-failed"


class Note(Record):
    """One remark in a report.

    Attributes:
        code: stable, lower case, words joined by hyphens; scripts may match on it.
        level: ``info`` (a fact about the method) or ``warning`` (the figures are affected).
        message: one sentence.
        hint: what to do about it, or None.
    """

    code: str
    level: str
    message: str
    hint: str | None = None


class Notes:
    """An ordered collection that keeps one note per code and device: the first one."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_key: dict[tuple[str, str], Note] = {}

    def add(self, note: Note, about: str = "") -> None:
        """Keep the note unless one with the same code about the same thing is already there."""
        self._by_key.setdefault((note.code, about), note)

    def info(self, code: str, message: str, hint: str | None = None, about: str = "") -> None:
        """Add a fact about the method."""
        self.add(Note(code=code, level=INFO, message=message, hint=hint), about)

    def warn(self, code: str, message: str, hint: str | None = None, about: str = "") -> None:
        """Add something that affects the figures."""
        self.add(Note(code=code, level=WARNING, message=message, hint=hint), about)

    def guard(self, what: str, action: Callable[[], Result]) -> Result | None:
        """Do something of ours that must not touch the command; a failure becomes a note."""
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - this is the guard
            self.warn(FAULT, f"{what}: {type(error).__name__}: {error}", about=what)
            return None

    def all(self) -> tuple[Note, ...]:
        """Return the notes in the order in which they were first made."""
        return tuple(self._by_key.values())
