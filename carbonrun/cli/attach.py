"""``carbonrun attach``: what a process that is running already uses, from now on."""

from __future__ import annotations

from typing import Annotated

import typer

from carbonrun.cli.run_options import given
from carbonrun.cli.watching import seconds_of, settings_of
from carbonrun.options import OF_LATER_STARTS

# It is in some group already, and how it ends is not ours to say.
LEFT_OUT = ("cgroup", "on-exceed", *OF_LATER_STARTS)


def attach(
    ctx: typer.Context,
    *,
    pid: Annotated[int, typer.Argument(metavar="PID", help="The process.", min=1)],
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Measure no longer than: 90s, 10m, 2h."),
    ] = None,
) -> None:
    """Measure a running process and all that it has started, from now on, until it ends.

    Ctrl-C or --for end it earlier; the process is not touched. On a terminal the power of each
    device and program is shown meanwhile.
    """
    settings = settings_of(ctx.obj, given(ctx, ctx.obj.flags))
    seconds = seconds_of("--for", duration)
    from carbonrun.watch import watch_process

    watch_process(settings, pid, seconds)
