r"""Appends a run to a CSV file that any number of carbonruns write to at the same time.

A row is one ``write`` to a descriptor opened for appending, under a lock, so rows are never torn
and the header stands there once. A row that could not be written whole is taken back. A file whose
header is of an older version keeps it; the row goes to a new file beside it.

Source of the format: RFC 4180, with ``\n`` at the end of a line.
"""

from __future__ import annotations

import os
from itertools import takewhile

from carbonrun.descriptors import CLOSE_ON_EXEC, read_at
from carbonrun.notes import INFO, Note
from carbonrun.report.columns import cells, header_row
from carbonrun.report.lock import lock_within
from carbonrun.report.output import is_stream, write_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.report.model import Report

OTHER_COLUMNS = "csv-other-columns"

# A writer holds the lock for less than a millisecond. Whoever holds it longer must not hold us up:
# an append is whole without the lock too, only two first rows might both bring a header.
LOCK_SECONDS = 1.0
_MOST_FILES = 1000
_MOST_TRIES = 100
_QUOTED = frozenset('",\r\n')


def append_row(path: str, report: Report) -> Note | None:
    """Append the row of ``report``; return a Note if it went to another file.

    A pipe or a device gets the header and the row.

    Raises:
        OSError: the row could not be written; the file is as it was before.
    """
    header, row = csv_line(header_row()), csv_line(cells(report))
    if is_stream(path):
        write_stream(path, header + row)
        return None
    for target in _targets(path):
        if _append_to(target, header, row):
            return None if target == path else _moved(path, target)
    raise OSError(None, "none of the files beside it has the columns of this version")


def existing_files(path: str) -> Iterable[str]:
    """Yield the file and those beside it, as far as they are there."""
    return takewhile(os.path.exists, _targets(path))


def has_row(path: str, run_id: str) -> bool:
    """Tell whether the row of a run is in the file, or in one of those beside it."""
    mark = f"\n{run_id},".encode()
    for target in _targets(path):
        try:
            with open(target, "rb") as file:  # noqa: PTH123
                if mark in file.read():
                    return True
        except OSError:
            return False
    return False


def _targets(path: str) -> Iterable[str]:
    """Yield the file, then ``runs-2.csv``, ``runs-3.csv`` ... beside it."""
    yield path
    stem, extension = os.path.splitext(path)  # noqa: PTH122
    for number in range(2, _MOST_FILES):
        yield f"{stem}-{number}{extension}"


def _moved(path: str, target: str) -> Note:
    return Note(
        code=OTHER_COLUMNS,
        level=INFO,
        message=f"{path} has the columns of another version; the row is in {target}",
        hint=None,
    )


def _append_to(target: str, header: bytes, row: bytes) -> bool:
    """Append to the file that has this name when the lock is held; see :func:`_append`."""
    for _ in range(_MOST_TRIES):
        descriptor = os.open(target, os.O_RDWR | os.O_APPEND | os.O_CREAT | CLOSE_ON_EXEC, 0o666)
        try:
            lock_within(descriptor, LOCK_SECONDS)
            if _is_still(target, descriptor):
                return _append(descriptor, header, row)
        finally:
            os.close(descriptor)
    raise OSError(None, "it is replaced again and again")


def _is_still(target: str, descriptor: int) -> bool:
    """Tell whether the file was not replaced while its lock was waited for (csv_rewrite)."""
    try:
        return os.path.samestat(os.stat(target), os.fstat(descriptor))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _append(descriptor: int, header: bytes, row: bytes) -> bool:
    """Write the row, and the header first into an empty file; False if the header differs."""
    size = os.fstat(descriptor).st_size
    if size == 0:
        _write_whole(descriptor, header + row, size)
        return True
    if read_at(descriptor, len(header), 0) != header:
        return False
    _write_whole(descriptor, _end_of_line(descriptor, size) + row, size)
    return True


def _end_of_line(descriptor: int, size: int) -> bytes:
    """Return what ends the last line: a disk was full, a machine lost power, an editor cut it."""
    if read_at(descriptor, 1, size - 1) == b"\n":
        return b""
    is_inside_quotes = read_at(descriptor, size, 0).count(b'"') % 2
    return b'"\n' if is_inside_quotes else b"\n"


def _write_whole(descriptor: int, content: bytes, size: int) -> None:
    """Append by one write; take back what was written if that was not all of it."""
    written = os.write(descriptor, content)
    if written != len(content):
        if os.fstat(descriptor).st_size == size + written:  # nobody has written since
            os.ftruncate(descriptor, size)
        raise OSError(None, "the disk is full")


def csv_line(fields: Iterable[str], errors: str = "backslashreplace") -> bytes:
    """Return a row as it is written; ``errors`` is how bytes that are no UTF-8 were read."""
    line = ",".join(_field(field) for field in fields) + "\n"
    return line.encode("utf-8", errors)


def _field(text: str) -> str:
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'
