"""Standard output and error of the subcommands; a run never writes to standard output."""

from __future__ import annotations

import os
import sys

from carbonrun.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.errors import CarbonrunError


def emit(text: str) -> None:
    """Write text to standard output; a reader that has gone had what it wanted.

    Raises:
        OutputError: standard output cannot be written.
    """
    try:
        _write(1, text)
    except BrokenPipeError:
        return
    except OSError as error:
        message = f"standard output cannot be written: {error.strerror}"
        raise OutputError(message) from None


def columns(environment: Mapping[str, str]) -> int:
    """Return how wide standard output is; 80 where that is not told."""
    given = environment.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


def emit_help(text: str) -> None:
    """Write help to standard output, coloured on a terminal.

    Raises:
        OutputError: standard output cannot be written.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        emit(text)
        return
    from rich.console import Console
    from rich.text import Text

    coloured = Text(text)
    coloured.highlight_regex(r"(?m)^[A-Z][A-Za-z ]*:", "bold")
    coloured.highlight_regex(r"(?<![\w-])--?[a-z][a-z-]*", "cyan")
    Console(highlight=False).print(coloured, soft_wrap=True, end="")


def complain(error: CarbonrunError) -> None:
    """Say on standard error what is wrong and what to do about it."""
    hint = f"  {error.hint}\n" if error.hint else ""
    try:
        _write(2, f"carbonrun: {error.message}\n{hint}")
    except OSError:
        return  # nobody listens; the exit status says it


def _write(descriptor: int, text: str) -> None:
    """Write all of the text, with nothing left in a buffer that could fail at exit."""
    content = text.encode("utf-8", "backslashreplace")
    while content:
        content = content[os.write(descriptor, content) :]
