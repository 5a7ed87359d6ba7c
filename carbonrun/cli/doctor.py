"""``carbonrun doctor``: what a run would measure here, with what, and what would help."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from carbonrun.cli.output import columns, emit
from carbonrun.delivery import wants_colour
from carbonrun.settings import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.cli.context import Context

MEASURED, ESTIMATED_ONLY = 0, 1


def doctor(
    ctx: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Show all as JSON.")] = False,
) -> None:
    """Show every sensor, readable or not and why, and how a run would account here.

    Options before the word 'doctor' count: carbonrun --sysfs /host/sys doctor. The exit status is 0
    if the energy of the CPU can be measured, 1 if it can only be estimated.
    """
    context: Context = ctx.obj
    settings = resolve(context.flags, context.environment, cwd=context.cwd, home=context.home)
    from carbonrun.cli.diagnosis import diagnose

    found = diagnose(settings, context)
    if as_json:
        emit(json.dumps(found.as_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        from carbonrun.cli.diagnosis_text import render

        colour = wants_colour(context.environment, is_terminal=os.isatty(1))
        emit(render(found, columns=columns(context.environment), colour=colour))
    raise typer.Exit(MEASURED if found.is_measured else ESTIMATED_ONLY)
