"""Refuses an output file that cannot be written before the command is started, not an hour later.

Nothing is created: a command that does not exist leaves no empty report behind.
"""

from __future__ import annotations

import errno
import os
import stat

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
        mode = os.stat(path).st_mode  # noqa: PTH116
    except FileNotFoundError:
        _check_folder(path, option)
        return
    except (OSError, ValueError) as error:
        raise _refusal(path, option, getattr(error, "strerror", None) or str(error)) from None
    if stat.S_ISDIR(mode):
        raise _refusal(path, option, "it is a directory", f"name a file: {option} {path}/FILE")
    if not _may(path, os.W_OK):
        raise _refusal(path, option, _why_not(path))


def _check_folder(path: str, option: str) -> None:
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    if path.endswith("/") or not os.path.basename(path):  # noqa: PTH119
        raise _refusal(path, option, "it names no file")
    if not os.path.isdir(folder):  # noqa: PTH112
        hint = f"make the folder first: mkdir -p {folder}"
        raise _refusal(path, option, f"there is no folder {folder}", hint)
    if not _may(folder, os.W_OK | os.X_OK):
        raise _refusal(path, option, _why_not(folder))


def _may(path: str, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _why_not(path: str) -> str:
    """Return the kernel's reason, which ``access`` keeps for itself: permissions or read-only."""
    try:
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return os.strerror(errno.EROFS)
    except OSError:
        pass
    return os.strerror(errno.EACCES)


def _refusal(path: str, option: str, why: str, hint: str | None = None) -> OutputError:
    shown = path.encode("utf-8", "backslashreplace").decode()
    message = f"{option} {shown} cannot be written: {why}"
    return OutputError(message, hint or f"choose another file with {option}, or leave it out")
