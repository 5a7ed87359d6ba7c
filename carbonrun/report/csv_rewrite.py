"""Replaces cells of rows that are in a CSV file already; all else stays, byte for byte.

The new file takes the place of the old one at once, under the lock that those who append hold; who
waited for that lock looks whether the file is still the one, and opens it again if not
(:mod:`carbonrun.report.csv`).
"""

from __future__ import annotations

import csv
import io
import os
import stat
import sys

from carbonrun.descriptors import CLOSE_ON_EXEC
from carbonrun.report.csv import csv_line, existing_files
from carbonrun.report.lock import lock_within
from carbonrun.report.output import is_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Cells = Mapping[str, str]

LOCK_SECONDS = 5.0
_ID = "run_id"


def replace_cells(path: str, changes: Mapping[str, Cells]) -> int:
    """Replace cells in a file and those beside it; return how many rows were changed.

    Args:
        path: of the CSV file of the runs.
        changes: for the id of a run, cells by the names of their columns.

    Raises:
        OSError: a file cannot be read, locked or written; it is as it was before.
    """
    if is_stream(path):
        return 0
    return sum(_rewrite(os.path.realpath(target), changes) for target in existing_files(path))


def _rewrite(path: str, changes: Mapping[str, Cells]) -> int:
    descriptor = os.open(path, os.O_RDWR | CLOSE_ON_EXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123
        if not lock_within(descriptor, LOCK_SECONDS):
            raise OSError(None, f"{path} is locked by another program")
        content = file.read()
        new, count = rewritten(content, changes)
        status = os.fstat(descriptor)
        if count and sys.platform != "win32":
            _replace(path, new, status)
    if count and sys.platform == "win32":  # where nothing that is open can be replaced
        _replace(path, new, status)
    return count


def _replace(path: str, content: bytes, status: os.stat_result) -> None:
    temporary = f"{path}.{os.getpid()}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSE_ON_EXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            if sys.platform != "win32":
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError:
        os.unlink(temporary)  # noqa: PTH108
        raise


def rewritten(content: bytes, changes: Mapping[str, Cells]) -> tuple[bytes, int]:
    """Return the content with the cells replaced, and how many rows were changed."""
    parts, count = [], 0
    names: list[str] | None = None
    for record in records(content):
        row = _fields(record)
        if names is None:
            names = row
        elif row and row[0] in changes and names[:1] == [_ID] and len(row) == len(names):
            cells = changes[row[0]]
            new = [cells.get(name, old) for name, old in zip(names, row, strict=True)]
            if new != row:
                parts.append(csv_line(new, "surrogateescape"))
                count += 1
                continue
        parts.append(record)
    return b"".join(parts), count


def records(content: bytes) -> Iterator[bytes]:
    """Yield the rows as they are, each with its end of line; quoted ones may have more inside."""
    begin, at = 0, 0
    while at < len(content):
        end = content.find(b"\n", at)
        end = len(content) if end < 0 else end + 1
        if content.count(b'"', begin, end) % 2 == 0 or end == len(content):
            yield content[begin:end]
            begin = end
        at = end


def _fields(record: bytes) -> list[str]:
    text = record.decode("utf-8", "surrogateescape")
    try:
        return next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except csv.Error:
        return []
