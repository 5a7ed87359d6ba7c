"""``carbonrun mark``: help and mistakes; a well-formed one does not come here."""

from __future__ import annotations

from typing import Annotated

import typer

from carbonrun.errors import UsageError
from carbonrun.mark import BEGIN, END, MARK, fault_of, mark_and_tell


def mark(
    ctx: typer.Context,
    *,
    name: Annotated[
        str | None, typer.Argument(help="The phase that begins here; the one before it ends.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--begin", metavar="NAME", help="Begin a phase within the one that is open."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--end", metavar="NAME", help="End a phase that was begun.")
    ] = None,
) -> None:
    """Tell the carbonrun around this process that a phase of the work begins or ends.

    The report has energy, time and emissions of each. Outside of a run it does nothing.
    """
    given = [(MARK, name), (BEGIN, begin), (END, end)]
    wanted = [(kind, text) for kind, text in given if text is not None]
    if len(wanted) != 1:
        message = "mark: give one of NAME, --begin NAME and --end NAME"
        raise UsageError(message, "see carbonrun mark --help")
    ((kind, text),) = wanted
    fault = fault_of(text)
    if fault is not None:
        message = f"mark {text!r}: {fault}"
        raise UsageError(message)
    mark_and_tell(kind, text, ctx.obj.environment)
