"""``carbonrun monitor``: what the whole machine uses, for some time or while a command runs."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from carbonrun.cli.run_options import given, words_of
from carbonrun.cli.watching import seconds_of, settings_of
from carbonrun.errors import UsageError
from carbonrun.options import OF_LATER_STARTS
from carbonrun.spawn import environment_block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEFT_OUT = ("scope", *OF_LATER_STARTS)


def monitor(
    ctx: typer.Context,
    *,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="Measure while this runs."),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Measure so long: 90s, 10m, 2h."),
    ] = None,
) -> None:
    """Measure the whole machine until Ctrl-C, for some time, or while a command runs.

    The report is that of a run with --scope machine. On a terminal the power of each device and
    program is shown meanwhile.
    """
    flags = given(ctx, ctx.obj.flags)
    if flags.get("scope", ("machine",))[-1] != "machine":
        raise UsageError("monitor measures the whole machine, so there is no --scope tree")
    flags["scope"] = ("machine",)
    seconds = seconds_of("--for", duration)
    if command:
        if seconds is not None:
            message = "monitor: give --for or a command, not both"
            raise UsageError(message, "with a command it is measured as long as that runs")
        _become_run(flags, command)
    settings = settings_of(ctx.obj, flags)
    from carbonrun.watch import watch_machine

    watch_machine(settings, seconds)


def _become_run(flags: Mapping[str, tuple[str, ...]], command: Sequence[str]) -> NoReturn:
    """Start over as a run of the command, which has nothing of a subcommand in its way.

    The environment is as it came in; Python may have added to its own copy.
    """
    words = [*words_of(flags), "--no-delay", "--", *command]
    before = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv[1:])]
    if sys.platform == "win32":  # where no process becomes another
        import subprocess

        sys.exit(subprocess.call([sys.executable, *before[1:], *words]))
    block = environment_block().mapping()
    os.execve(sys.executable, [*before, *words], os.environb if block is None else block)  # noqa: S606
