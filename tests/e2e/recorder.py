"""A command that writes down every signal it gets, and lives until it is told to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.wrapper import probe, wait_until

if TYPE_CHECKING:
    from pathlib import Path

# What carbonrun passes on, and what a terminal sends.
HANDLED = ("TERM", "HUP", "USR1", "USR2", "INT", "QUIT", "ALRM", "WINCH", "CONT")


class Recorder:
    """One such command: its command line, and what it has recorded so far.

    The signals that are not named keep their default effect; TSTP in particular stops it.
    """

    def __init__(
        self,
        directory: Path,
        signals: tuple[str, ...] = HANDLED,
        *,
        status: int = 7,
        name: str = "recorder",
    ) -> None:
        """Choose the files; ``status`` is what the command will return."""
        self._log = directory / f"{name}.log"
        self._end = directory / f"{name}.end"
        self.status = status
        self.command = probe(
            "record_signals.py", str(self._log), str(self._end), str(status), *signals
        )

    def lines(self) -> list[str]:
        """Return all complete lines of the record."""
        try:
            text = self._log.read_text()
        except FileNotFoundError:
            return []
        return text[: text.rfind("\n") + 1].splitlines()

    def wait_ready(self, seconds: float | None = None) -> int:
        """Wait until the handlers are installed; return the process id."""
        wait_until(self.lines, "the recorder's start", seconds)
        return self.pid

    @property
    def pid(self) -> int:
        """The process id of the recorder itself."""
        return int(self.lines()[0].split()[1])

    @property
    def parent(self) -> int:
        """The process that it was started by."""
        return int(self.lines()[0].split()[2])

    def received(self, name: str | None = None) -> list[str]:
        """Return the signals in the order in which they came, or those of one name."""
        names = [line.split()[0] for line in self.lines()[1:]]
        return [one for one in names if name is None or one == name]

    def wait_for(self, name: str, count: int = 1, seconds: float = 3.0) -> None:
        """Wait until a signal was received ``count`` times."""
        wait_until(lambda: len(self.received(name)) >= count, f"SIG{name}, {count} times", seconds)

    def finish(self) -> None:
        """Tell the command to end by itself."""
        self._end.touch()
