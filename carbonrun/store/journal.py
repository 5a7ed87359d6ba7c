"""The journal: an append-only file of JSON lines for each run, the truth that outputs come from.

Lines, in order: ``start`` (what is run), any number of ``checkpoint`` (the report so far), ``end``
(the final report). Each has ``run_id``, ``machine_id`` and a running ``sequence``. A line is
written by one ``write`` and is whole or, at the very end of a run that was killed, torn.

The file lives in ``journal/open`` and is locked while its carbonrun lives; after the ``end`` line
it moves to ``journal/YYYY-MM``. A file in ``open`` that nobody locks belongs to a carbonrun that
was killed, and is recovered by a later run (see :mod:`carbonrun.store.recovery`).
"""

from __future__ import annotations

import fcntl
import os

from carbonrun.compact_json import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPEN_FOLDER = "open"


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
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
        self.path = f"{folder}/{run_id}.jsonl"
        self._ids = {"run_id": run_id, "machine_id": machine_id}
        self._sequence = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        try_lock(self._descriptor)

    def write(self, kind: str, content: dict[str, Any]) -> None:
        """Append one line.

        Raises:
            OSError: it could not be written whole.
        """
        record = {"type": kind, "sequence": self._sequence, **self._ids, **content}
        append_record(self._descriptor, record)
        self._sequence += 1

    def close(self, ended_at: str) -> None:
        """Move the file to the folder of its month; ``ended_at`` is an ISO 8601 time.

        Raises:
            OSError: it could not be moved.
        """
        file_away(self.path, ended_at)
        os.close(self._descriptor)


def append_record(descriptor: int, record: dict[str, Any]) -> None:
    """Append one line by one write.

    Raises:
        OSError: it could not be written whole.
    """
    line = dumps(record).encode() + b"\n"
    if os.write(descriptor, line) != len(line):
        os.write(descriptor, b"\n")  # keep the next line apart from the torn one
        raise OSError("the journal line was not written whole")


def file_away(path: str, ended_at: str) -> str:
    """Move a finished journal out of ``open`` and return its new path."""
    folder = f"{os.path.dirname(os.path.dirname(path))}/{ended_at[:7]}"  # noqa: PTH120
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
    target = f"{folder}/{os.path.basename(path)}"  # noqa: PTH119
    os.rename(path, target)  # noqa: PTH104
    return target


def try_lock(descriptor: int) -> bool:
    """Lock a journal for its owner; False if it is owned by a carbonrun that lives.

    The kernel gives the lock back when the owner ends, however it ends. On file systems without
    locks every journal counts as owned.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read_journal(path: str) -> list[dict[str, Any]]:
    """Return the whole lines of a journal, torn ones left out.

    Raises:
        OSError: the file cannot be read.
    """
    import json

    with open(path, "rb") as file:  # noqa: PTH123
        lines = file.read().split(b"\n")
    records = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records
