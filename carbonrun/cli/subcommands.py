"""The typer application: one command for each subcommand that this version has."""

from __future__ import annotations

import sys

import typer

from carbonrun.cli import attach, monitor
from carbonrun.cli.calibrate import calibrate
from carbonrun.cli.compare import LEFT_OUT as NOT_OF_COMPARE
from carbonrun.cli.compare import compare
from carbonrun.cli.config import config
from carbonrun.cli.doctor import doctor
from carbonrun.cli.mark import mark
from carbonrun.cli.run_options import with_run_options
from carbonrun.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.cli.context import Context

# The base of all mistakes in arguments. typer carries its own copy of click since 0.26, so there
# is no other name for it that all versions have.
_Mistake: type[BaseException] = typer.BadParameter.__bases__[0]


def run_subcommand(name: str, words: Sequence[str], context: Context) -> int:
    """Run a subcommand with the words behind its name; return the exit status.

    Raises:
        CarbonrunError: it was refused.
    """
    command = typer.main.get_command(_application(name))
    try:
        status = command.main(
            args=[name, *words], prog_name="carbonrun", standalone_mode=False, obj=context
        )
    except _Mistake as error:
        raise _usage_error(name, error) from None
    return status if isinstance(status, int) else 0


def _application(name: str) -> typer.Typer:
    # Off a terminal the help is plain text, also where CI services ask for colours.
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if on_terminal else None,
    )
    app.callback()(_root)
    app.command("calibrate")(calibrate)
    app.command("config")(config)
    app.command("doctor")(doctor)
    if name == "report":
        from carbonrun.cli.report import report

        app.command("report")(report)
    app.command("mark")(mark)
    app.command("compare")(with_run_options(compare, NOT_OF_COMPARE))
    if name == "intensity":  # it imports more than all others
        from carbonrun.cli.intensity import application

        app.add_typer(application(), name="intensity")
    app.command("attach")(with_run_options(attach.attach, attach.LEFT_OUT))
    # Behind the first word of a command everything belongs to the command.
    app.command("monitor", context_settings={"allow_interspersed_args": False})(
        with_run_options(monitor.monitor, monitor.LEFT_OUT)
    )
    return app


def _root() -> None:
    """Keep the name of the only subcommand; typer would drop it."""


def _usage_error(name: str, error: BaseException) -> UsageError:
    describe = getattr(error, "format_message", None)
    text = str(describe() if describe else error).rstrip(".")
    message = f"{name}: {text[:1].lower()}{text[1:]}"
    return UsageError(message, f"see carbonrun {name} --help")
