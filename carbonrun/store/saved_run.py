"""What the journal of a run still tells: its newest report, marked if it is not the final one.

Responsible for: which record counts, what is said of records that cannot be read, and the power
over time of a run without an end. Not responsible for: finding journals
(:mod:`carbonrun.store.run_search`).
"""

from __future__ import annotations

from itertools import pairwise

from carbonrun.measurement.model import BOARD
from carbonrun.notes import INFO, WARNING, Note
from carbonrun.record import Record
from carbonrun.report.load import load_report
from carbonrun.report.model import TimelinePoint
from carbonrun.store.journal import parse_journal
from carbonrun.store.lost_run import FINAL, marked_as_lost, newest_report, what_is_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from carbonrun.report.model import Report

# How far the run of a journal has got, as far as that can be told from outside.
RUNNING, LOST, ELSEWHERE, FILED = "running", "lost", "elsewhere", "filed"
DAMAGED, UNFINISHED = "journal-damaged", "not-ended"
_CHECKPOINT = "checkpoint"


class SavedRun(Record):
    """A run as it was found.

    Attributes:
        report: the newest that there is, with notes on what is missing.
        path: where it was read from.
        csv_path: where its row is, None if there is none or nobody knows.
    """

    report: Report
    path: str
    csv_path: str | None


def read_journal(content: bytes, path: str, state: str) -> SavedRun:
    """Return the run of a journal.

    Args:
        content: of the file.
        path: of the file.
        state: how far the run has got: running, lost, elsewhere or filed.

    Raises:
        ValueError: nothing in it can be used.
    """
    records = parse_journal(content)
    report, kind = newest_report(records)
    if not report.timeline:
        report = report.replace(timeline=_power_of_checkpoints(records, report))
    damaged = _damage(content, len(records), is_open=state != FILED)
    if kind not in FINAL:
        report = _unfinished(report, kind, state)
        if state != FILED:
            report = _with_damage(report, damaged)
    else:
        report = _with_damage(report, damaged)
    csv_path = records[0].get("csv_path")
    is_known = isinstance(csv_path, str) and kind in FINAL
    return SavedRun(report=report, path=path, csv_path=csv_path if is_known else None)


def _damage(content: bytes, usable: int, *, is_open: bool) -> int:
    """Return how many lines cannot be read; the last one of an open journal may be torn."""
    lines = [line for line in content.split(b"\n") if line.strip()]
    torn = is_open and not content.endswith(b"\n")
    return max(0, len(lines) - usable - torn)


def _with_damage(report: Report, lines: int) -> Report:
    if not lines:
        return report
    count = "one line" if lines == 1 else f"{lines} lines"
    message = f"{count} of the journal cannot be read; these are the newest figures that can be"
    return _noted(report, DAMAGED, WARNING, message)


def _unfinished(report: Report, kind: str, state: str) -> Report:
    """Say why the report is not that of the whole run."""
    if state == LOST:
        return marked_as_lost(report, kind)
    known = what_is_known(kind)
    if state == RUNNING:
        return _noted(report, UNFINISHED, INFO, f"the run has not ended; {known}")
    if state == ELSEWHERE:
        message = f"no end is known: the run goes on on another machine, or was killed; {known}"
        return _noted(report, UNFINISHED, WARNING, message)
    message = f"the end of the journal cannot be read; {known}"
    return _noted(report, DAMAGED, WARNING, message)


def _noted(report: Report, code: str, level: str, message: str) -> Report:
    note = Note(code=code, level=level, message=message, hint=None)
    return report.replace(notes=(*report.notes, note))


def _power_of_checkpoints(
    records: list[dict[str, Any]], newest: Report
) -> tuple[TimelinePoint, ...]:
    """Return the mean power between checkpoints, which have no timeline of their own.

    A later checkpoint may take a little of an earlier one back: then there was no use in between.
    """
    used = newest.intensity
    points = [(0.0, dict[str, float]()), *_joules_by_kind(records)]
    return tuple(
        TimelinePoint(
            start=start,
            end=end,
            joules=sum(more.values()),
            watts={kind: joules / (end - start) for kind, joules in more.items()},
            g_per_kwh=None if used is None else used.g_per_kwh,
        )
        for (start, before), (end, after) in pairwise(points)
        if end > start
        for more in [{kind: max(0.0, after[kind] - before.get(kind, 0.0)) for kind in after}]
    )


def _joules_by_kind(records: list[dict[str, Any]]) -> Iterator[tuple[float, dict[str, float]]]:
    for record in records:
        if record.get("type") != _CHECKPOINT:
            continue
        try:
            report = load_report(record["report"])
        except (KeyError, TypeError, ValueError):
            continue
        by_kind: dict[str, float] = {}
        for device in report.energy.devices:
            if device.kind != BOARD:
                by_kind[device.kind] = by_kind.get(device.kind, 0.0) + device.joules
        yield report.run.duration_seconds, by_kind
