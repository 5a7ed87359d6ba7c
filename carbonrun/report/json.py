"""Writes the whole report as JSON, schema ``carbonrun.report/1`` (``schema.json`` beside this)."""

from __future__ import annotations

import json
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

STANDARD_ERROR = 2
# For --json: not a file.
TO_STANDARD_ERROR = "-"


def to_json(report: Report) -> str:
    """Return the report as ASCII text with a final newline; bytes that are no UTF-8 as ``\\udcXX``."""
    return json.dumps(report.as_dict(), indent=2, allow_nan=False) + "\n"


def write_json(path: str, report: Report) -> None:
    """Write the report to a file, whole or not at all, or to standard error for ``-``.

    Raises:
        OSError: it could not be written.
    """
    content = to_json(report).encode("ascii")
    if path == TO_STANDARD_ERROR:
        _write_all(STANDARD_ERROR, content)
        return
    target = os.path.realpath(path)
    if _is_replaceable(target):
        _replace(target, content)
        return
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        _write_all(descriptor, content)
    finally:
        os.close(descriptor)


def _is_replaceable(target: str) -> bool:
    """Tell whether a new file may take the place: not for a pipe, nor in a protected folder."""
    if not os.access(os.path.dirname(target), os.W_OK):  # noqa: PTH120
        return False
    try:
        return stat.S_ISREG(os.stat(target).st_mode)  # noqa: PTH116
    except OSError:
        return True


def _replace(target: str, content: bytes) -> None:
    temporary = f"{target}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)  # noqa: PTH105
    except OSError:
        os.unlink(temporary)  # noqa: PTH108
        raise


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
