"""The journal: an append-only file of JSON lines for each run, the truth that outputs come from.

Lines, in order: ``start`` (what is run), any number of ``checkpoint`` (the report so far), ``end``
(the final report). Each has ``run_id``, ``machine_id`` and a running ``sequence``. A line is
written by one ``write`` and is whole or, at the very end of a run that was killed, torn.

The file lives in ``journal/open`` and is locked while its carbonrun lives; after the ``end`` line
it moves to ``journal/YYYY-MM``. A file in ``open`` that nobody locks belongs to a carbonrun that
was killed, and is recovered by a later run (see :mod:`carbonrun.store.recovery`).
"""

from __future__ import annotations

import os
import sys

from carbonrun.compact_json import dumps
from carbonrun.descriptors import CLOSE_ON_EXEC, lock
from carbonrun.store.folders import make_private_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPEN_FOLDER = "open"
EXTENSION = ".jsonl"


def journal_folder(state_dir: str) -> str:
    """Return where the journals of a state directory are."""
    return f"{state_dir}/journal"


class Journal:
    """The open journal of this run."""

    def __init__(self, state_dir: str, run_id: str, machine_id: str | None) -> None:
        """Create and lock the file.

        Raises:
            OSError: the state directory is not writable, or the disk is full.
        """
        folder = f"{journal_folder(state_dir)}/{OPEN_FOLDER}"
        make_private_folder(folder)
        self.path = f"{folder}/{run_id}{EXTENSION}"
        self._ids = {"run_id": run_id, "machine_id": machine_id}
        self._sequence = 0
        # It gets its name when it is locked: another carbonrun must not take it for a lost one.
        # Windows renames no open file; there it has its name a moment before.
        unnamed = self.path if sys.platform == "win32" else f"{self.path}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | CLOSE_ON_EXEC
        self._descriptor = os.open(unnamed, flags, 0o600)
        try_lock(self._descriptor)
        if unnamed != self.path:
            os.rename(unnamed, self.path)  # noqa: PTH104

    def write(self, kind: str, content: dict[str, Any]) -> None:
        """Append one line.

        Raises:
            OSError: it could not be written whole.
        """
        record = {"type": kind, "sequence": self._sequence, **self._ids, **content}
        append_record(self._descriptor, record)
        self._sequence += 1

    def forget(self) -> None:
        """Close it in a process that was forked: the file stays its owner's."""
        os.close(self._descriptor)

    def close(self, started_at: str) -> None:
        """Move the file to the folder of its month; ``started_at`` is an ISO 8601 time.

        Raises:
            OSError: it could not be moved.
        """
        if sys.platform == "win32":
            os.close(self._descriptor)
            file_away(self.path, started_at)
            return
        file_away(self.path, started_at)
        os.close(self._descriptor)


def append_record(descriptor: int, record: dict[str, Any]) -> None:
    """Append one line by one write; take it back if that was not all of it.

    Raises:
        OSError: it could not be written whole.
    """
    line = dumps(record).encode() + b"\n"
    written = os.write(descriptor, line)
    if written != len(line):
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise OSError(None, "the disk is full")


def file_away(path: str, started_at: str) -> None:
    """Move a finished journal out of ``open`` to the folder of its month.

    Raises:
        OSError: it could not be moved.
    """
    folder = f"{os.path.dirname(os.path.dirname(path))}/{started_at[:7]}"  # noqa: PTH120
    make_private_folder(folder)
    os.rename(path, f"{folder}/{os.path.basename(path)}")  # noqa: PTH104, PTH119


def try_lock(descriptor: int) -> bool:
    """Lock a journal for its owner; False if it is owned by a carbonrun that lives.

    The kernel gives the lock back when the owner ends, however it ends. On file systems without
    locks every journal counts as owned.
    """
    try:
        lock(descriptor)
    except OSError:
        return False
    return True


def parse_journal(content: bytes) -> list[dict[str, Any]]:
    """Return the whole lines of a journal; torn ones are left out."""
    import json

    records = []
    for line in content.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records
