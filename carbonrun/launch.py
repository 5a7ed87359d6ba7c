"""The entry point: from the command line to the running command with the standard library only.

A well-formed run line goes straight to :mod:`carbonrun.run`. Everything else (``--help``,
subcommands, mistakes) goes to :mod:`carbonrun.cli`, which may take its time.
"""

from __future__ import annotations

import gc
import os
import sys

from carbonrun.entry import enter, give_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from carbonrun.entry import EntryState
    from carbonrun.errors import CarbonrunError
    from carbonrun.rig import BeforeStart

REPORT_IT = "this is a fault of carbonrun; the command was not started"


def main() -> None:
    """Run ``carbonrun`` with the arguments and the environment of this process."""
    if sys.argv[1:2] == ["mark"]:  # many of them may be sent: nothing else is imported
        _mark_and_leave(sys.argv[2:])
    entry = enter()
    gc.disable()  # nothing to collect before the command runs; looking for it takes 0.7 ms
    from carbonrun.arguments import parse
    from carbonrun.errors import CarbonrunError
    from carbonrun.settings import resolve

    try:
        arguments = parse(sys.argv[1:])
        if arguments.subcommand or arguments.wants_help or arguments.wants_version:
            _leave_for_cli(entry)
        settings = resolve(
            arguments.flags, os.environ, cwd=_working_directory(), home=os.environ.get("HOME")
        )
        before: BeforeStart | None = None
        if settings.may_start_later:
            from carbonrun.later.start import wait_for_start

            before = wait_for_start(settings, arguments.command)
        from carbonrun.run import run

        run(settings, arguments.command, entry, before)
    except CarbonrunError as error:
        refuse(error, entry)
    except Exception as error:  # noqa: BLE001 - nobody is helped by a traceback in a build log
        problem = f"{type(error).__name__}: {error}"
        refuse(CarbonrunError(f"internal error before the start: {problem}", REPORT_IT), entry)


def _working_directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return None  # it was deleted; the command may not care


def _mark_and_leave(words: list[str]) -> None:
    """Send a mark and end; come back if the words need a closer look."""
    from carbonrun.mark import mark_and_tell, parse_words

    wanted = parse_words(words)
    if wanted is not None:
        mark_and_tell(*wanted, os.environ)
        os._exit(0)


def _leave_for_cli(entry: EntryState) -> NoReturn:
    """Give the signals back their usual effect and hand over to the typer application."""
    give_back(entry)
    gc.enable()
    from carbonrun.cli.app import main as cli_main

    sys.exit(cli_main(sys.argv[1:]))


def refuse(error: CarbonrunError, entry: EntryState) -> NoReturn:
    """Say what, why and what to do on standard error; end with the error's exit status."""
    give_back(entry)  # whoever does not read what is written there can still be left by Ctrl-C
    text = f"carbonrun: {error.message}\n"
    if error.hint:
        text += f"  {error.hint}\n"
    try:
        os.write(2, text.encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # nobody listens; the exit status says it
    os._exit(error.exit_status)
