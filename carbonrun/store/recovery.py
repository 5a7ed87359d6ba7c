"""Runs whose carbonrun was killed: their last checkpoint becomes their report, marked as such.

A journal in ``journal/open`` that nobody holds the lock of has lost its carbonrun. What its last
checkpoint says is true; what came after it is unknown, and so is how the command ended.
"""

from __future__ import annotations

import os

from carbonrun.notes import WARNING, Note
from carbonrun.report.load import load_report
from carbonrun.store.journal import (
    OPEN_FOLDER,
    append_record,
    file_away,
    journal_folder,
    read_journal,
    try_lock,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from carbonrun.report.model import Report

RECOVERED = Note(
    code="recovered",
    level=WARNING,
    message="carbonrun was killed during this run; the figures are those of its last checkpoint",
    hint=None,
)


def recover_killed_runs(state_dir: str, deliver: Callable[[Report, str | None], None]) -> int:
    """Close the journals of killed runs and deliver their reports.

    Args:
        state_dir: the state directory.
        deliver: is given each report and the CSV file that the run would have written to.

    Returns:
        How many runs were recovered.
    """
    folder = f"{journal_folder(state_dir)}/{OPEN_FOLDER}"
    count = 0
    for name in sorted(os.listdir(folder)):  # noqa: PTH208
        path = f"{folder}/{name}"
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            if name.endswith(".jsonl") and try_lock(descriptor):
                count += _recover(path, descriptor, deliver)
        finally:
            os.close(descriptor)
    return count


def _recover(
    path: str, descriptor: int, deliver: Callable[[Report, str | None], None]
) -> bool:
    records = read_journal(path)
    report = last_report(records)
    if report is None:
        os.replace(path, f"{path}.corrupt")  # noqa: PTH105
        return False
    append_record(descriptor, {"type": "end", "recovered": True, "report": report.as_dict()})
    file_away(path, report.run.started_at)
    deliver(report, records[0].get("csv_path"))
    return True


def last_report(records: list[dict[str, Any]]) -> Report | None:
    """Return the report of the last record that has a usable one, marked as recovered."""
    for record in reversed(records):
        try:
            report = load_report(record["report"])
        except (KeyError, TypeError, ValueError):
            continue
        return report.replace(notes=(*report.notes, RECOVERED))
    return None
