"""Writes the whole report as JSON, schema ``carbonrun.report/1`` (``schema.json`` beside this)."""

from __future__ import annotations

import json
import os
import stat

from carbonrun.report.output import is_stream, own_descriptor, write_all, write_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

STANDARD_ERROR = 2
# For --json: not a file.
TO_STANDARD_ERROR = "-"


def to_json(report: Report) -> str:
    r"""Return the report as ASCII with a final newline; bytes that are no UTF-8 as ``\udcXX``.

    Raises:
        ValueError: it holds a number that is not finite.
    """
    return json.dumps(report.as_dict(), indent=2, allow_nan=False) + "\n"


def write_json(path: str, report: Report) -> None:
    """Write the report to a file, or to standard error for ``-``.

    A regular file gets it whole or not at all, unless its folder is protected or the file belongs
    to somebody else or has several names: then it is overwritten where it is.

    Raises:
        OSError: it could not be written.
        ValueError: it has no JSON form.
    """
    content = to_json(report).encode("ascii")
    if path == TO_STANDARD_ERROR:
        write_all(STANDARD_ERROR, content)
    elif own_descriptor(path) is not None or is_stream(path):
        write_stream(path, content)
    else:
        _write_file(os.path.realpath(path), content)


def _write_file(target: str, content: bytes) -> None:
    try:
        present = os.stat(target)  # noqa: PTH116
    except FileNotFoundError:
        present = None
    if _is_replaceable(target, present):
        _replace(target, content, present)
        return
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)


def _is_replaceable(target: str, present: os.stat_result | None) -> bool:
    """Tell whether a new file may take the place without anybody's noticing."""
    if not os.access(os.path.dirname(target), os.W_OK | os.X_OK):  # noqa: PTH120
        return False
    return present is None or (present.st_uid == os.geteuid() and present.st_nlink == 1)


def _replace(target: str, content: bytes, present: os.stat_result | None) -> None:
    temporary = f"{os.path.dirname(target)}/.carbonrun-{os.urandom(6).hex()}.tmp"  # noqa: PTH120
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            if present is not None:
                os.fchmod(descriptor, stat.S_IMODE(present.st_mode))
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)  # noqa: PTH105
    except OSError:
        os.unlink(temporary)  # noqa: PTH108
        raise
