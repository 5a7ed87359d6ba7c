"""Refuses an output file that cannot be written before the command is started, not an hour later.

A file that is not there yet is tried with another one beside it, which is removed again:
permissions alone do not tell (read-only mounts, quotas). The file itself is not made: a command
that does not exist leaves no empty report, and another carbonrun may be writing its first row.
"""

from __future__ import annotations

import os
import stat

from carbonrun.descriptors import CLOSE_ON_EXEC
from carbonrun.errors import OutputError


def check_writable(path: str, option: str) -> None:
    """Check that ``path`` can be written when the run has ended.

    Args:
        path: an existing file, or one to be made in an existing folder.
        option: where the path was given, for the message.

    Raises:
        OutputError: with what is wrong and what to do.
    """
    try:
        if _exists(path):
            _try_existing(path)
        else:
            _try_new(path)
    except IsADirectoryError:
        hint = f"name a file: {option} {path.rstrip('/')}/FILE"
        raise _refusal(path, option, "it is a directory", hint) from None
    except FileNotFoundError as error:
        folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
        if os.path.isdir(folder):  # noqa: PTH112
            raise _refusal(path, option, str(error.strerror)) from None
        shown = folder if os.path.islink(path) else os.path.dirname(path) or "."  # noqa: PTH114, PTH120
        hint = f"make the folder first: mkdir -p {shown}"
        raise _refusal(path, option, f"there is no folder {shown}", hint) from None
    except (OSError, ValueError) as error:
        raise _refusal(path, option, getattr(error, "strerror", None) or str(error)) from None


def _exists(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return False
    return True


def _try_existing(path: str) -> None:
    mode = os.stat(path).st_mode  # noqa: PTH116
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | CLOSE_ON_EXEC))
    elif not os.access(path, os.W_OK):  # opening a pipe and closing it would end its reader
        raise PermissionError(None, "Permission denied")


def _try_new(path: str) -> None:
    if path.endswith("/"):
        raise IsADirectoryError
    folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    probe = f"{folder}/.carbonrun-{os.urandom(6).hex()}.tmp"
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSE_ON_EXEC, 0o600))
    os.unlink(probe)  # noqa: PTH108


def _refusal(path: str, option: str, why: str, hint: str | None = None) -> OutputError:
    shown = path.encode("utf-8", "backslashreplace").decode()
    message = f"{option} {shown} cannot be written: {why}"
    return OutputError(message, hint or f"choose another file with {option}, or leave it out")
