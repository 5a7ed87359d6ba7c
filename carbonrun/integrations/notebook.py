"""The cell magic ``%%carbonrun`` of IPython and Jupyter.

::

    %load_ext carbonrun

    %%carbonrun --name training --zone FR
    model.fit(...)

Options are those of the command line. The value of the cell is the tracker.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from carbonrun.api.options import LEFT_OUT
from carbonrun.api.tracker import Tracker
from carbonrun.arguments import parse
from carbonrun.errors import CarbonrunError, UsageError

if TYPE_CHECKING:
    from carbonrun.api.options import Flags

_CELL = "cell"


class CellFailed(Exception):
    """The cell has failed and said so; with this, what comes after it is not run."""

    def _render_traceback_(self) -> list[str]:
        """Show one line instead of a traceback: that of the cell stands above."""
        return [str(self)]


def register(shell: Any) -> None:
    """Add the magic to a shell of IPython."""

    def carbonrun(line: str, cell: str) -> Tracker:
        """Measure what the cell costs in energy and carbon: %%carbonrun [OPTIONS]."""
        try:
            tracker = Tracker.of_flags(flags_of(line)).start()
        except CarbonrunError as error:
            from IPython.core.error import UsageError as CellUsageError

            raise CellUsageError(f"%%carbonrun: {error.message}") from None
        result: Any = None
        try:
            result = shell.run_cell(cell)
        finally:
            tracker.stop(None if result is None else result.error_in_exec)
        if not result.success:
            raise CellFailed(repr(tracker))
        return tracker

    shell.register_magic_function(carbonrun, "cell", "carbonrun")


def flags_of(line: str) -> Flags:
    """Return the options of the line as the parser of the command line returns them.

    Raises:
        UsageError: an option that there is not, or something else than options.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        message = f"{line!r}: {error}"
        raise UsageError(message) from None
    arguments = parse([*words, "--", _CELL])
    strange = [key for key in arguments.flags if key in LEFT_OUT]
    if arguments.command != (_CELL,) or strange:
        given = f"--{strange[0]}" if strange else shlex.join(words)
        raise UsageError(f"takes no {given}", "it takes options, and the code stands below")
    return arguments.flags
