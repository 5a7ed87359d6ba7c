"""The command line behind the fast path: help, version, subcommands, mistakes.

Responsible for: dispatch, and from exception to message and exit status.
Not responsible for: running commands (:mod:`carbonrun.launch`).

There is one parser of the run's options, :mod:`carbonrun.arguments`; typer gets the words behind
the name of a subcommand only. Its own ``--install-completion`` is left off: it would start Python
and typer at each press of TAB, and knows nothing of the wrapped command's own completion. The
static completions in ``share/`` do both.
"""

from __future__ import annotations

import os

from carbonrun.cli.context import Context
from carbonrun.errors import CarbonrunError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonrun.arguments import Arguments

# Name and purpose of each subcommand that this version has; its module has the same name.
READY = (
    ("compare", "tell which of several commands uses less, and how sure that is"),
    ("monitor", "measure the whole machine until Ctrl-C, or while a command runs"),
    ("attach", "measure a running process and its tree, from now on"),
    ("mark", "tell the carbonrun around this process that a phase begins or ends"),
    ("calibrate", "measure this machine's idle power and load curve, for later runs"),
    ("doctor", "show what can be measured here, and what would help"),
    ("intensity", "show carbon intensities, forecasts, sources; reconcile earlier runs"),
    ("report", "show a saved run again: table, page, badge, model card ..."),
    ("config", "show the settings, where each comes from, and the files"),
)


def main(argv: Sequence[str]) -> int:
    """Do what the words behind ``carbonrun`` ask for and return the exit status."""
    from carbonrun.cli.output import complain

    try:
        return _dispatch(argv, os.environ)
    except CarbonrunError as error:
        complain(error)
        return error.exit_status


def _dispatch(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    from carbonrun.arguments import parse
    from carbonrun.cli.output import emit, emit_help

    arguments = parse(argv)
    if arguments.wants_version:
        from carbonrun import __version__

        emit(f"carbonrun {__version__}\n")
        return 0
    if arguments.wants_help:
        from carbonrun.cli.help import help_text

        emit_help(help_text(READY))
        return 0
    return _subcommand(arguments, environment)


def _subcommand(arguments: Arguments, environment: Mapping[str, str]) -> int:
    name = arguments.subcommand
    if name is None:
        raise UsageError("a run does not belong here", "start it with the command 'carbonrun'")
    if name not in dict(READY):
        message = f"'{name}' is a carbonrun subcommand that this version does not have yet"
        raise UsageError(message, f"to run a command of that name: carbonrun -- {name}")
    from carbonrun.cli.subcommands import run_subcommand

    context = Context(
        flags=arguments.flags,
        environment=dict(environment),
        cwd=_working_directory(),
        home=environment.get("HOME"),
        words=arguments.command,
    )
    return run_subcommand(name, arguments.command, context)


def _working_directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return None  # it was deleted
