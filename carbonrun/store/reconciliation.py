"""Brings runs of the journal up to what is known of their intensity by now.

Responsible for: which runs, and in which order their outputs are changed. Not responsible for: who
is asked (the caller passes that in), or the arithmetic (:mod:`carbonrun.report.reconcile`).

The CSV is changed before the journal says so: what is interrupted in between is done again the
next time, with the same result.
"""

from __future__ import annotations

import os
import time
from datetime import datetime

from carbonrun.descriptors import CLOSE_ON_EXEC, NO_FOLLOW, read_at
from carbonrun.intensity.feed import IntensityFound
from carbonrun.intensity.fitting import fit
from carbonrun.intensity.model import IntensityUnavailable, ZoneNotCovered
from carbonrun.intensity.zones import find_zone
from carbonrun.record import Record
from carbonrun.report.columns import cells, header_row
from carbonrun.report.csv_rewrite import replace_cells
from carbonrun.report.load import load_report
from carbonrun.report.reconcile import COLUMNS, may_become_surer, reconciled
from carbonrun.store.journal import (
    EXTENSION,
    OPEN_FOLDER,
    append_record,
    journal_folder,
    parse_journal,
    try_lock,
)
from carbonrun.timestamps import iso_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carbonrun.intensity.model import Point
    from carbonrun.report.model import Report

    Ask = Callable[[str, float, float], tuple[Point, ...]]

RECORD = "reconciled"
_WITH_REPORT = ("end", RECORD)
_LEAST_COVERED = 0.999


class Outcome(Record):
    """What became of one run.

    Attributes:
        run_id, started_at: which.
        before: its report; ``after`` the new one, None if nothing was surer.
        reason: why nothing was changed; None if something was, or would be.
        csv_problem: why its row could not be changed, None if it could, or there is none.
    """

    run_id: str
    started_at: str
    before: Report
    after: Report | None
    reason: str | None
    csv_problem: str | None = None


class _Candidate(Record):
    path: str
    csv_path: str | None
    outcome: Outcome


def reconcile_runs(
    state_dir: str,
    ask: Ask,
    *,
    since_unix_seconds: float,
    other_basis: bool = False,
    is_dry: bool = False,
) -> list[Outcome]:
    """Look at all runs that ended since then and may become surer; return what became of each.

    Args:
        state_dir: the state directory.
        ask: returns the points of a zone and period.
        since_unix_seconds: older runs are passed over.
        other_basis: take figures of another basis than the run's, too.
        is_dry: change nothing.
    """
    now = time.time()
    date = iso_time(now)[:10]
    candidates = []
    for path in _journals(state_dir, iso_time(max(0.0, since_unix_seconds))[:7]):
        read = _read(path)
        if read is None:
            continue
        report, csv_path = read
        if _unix(report.run.ended_at or report.run.started_at) >= since_unix_seconds:
            outcome = _outcome(report, ask, date, other_basis=other_basis)
            candidates.append(_Candidate(path=path, csv_path=csv_path, outcome=outcome))
    if is_dry:
        return [candidate.outcome for candidate in candidates]
    return _apply(candidates, now)


def _journals(state_dir: str, first_month: str) -> Iterator[str]:
    """Yield the journals that are filed away, from a month on."""
    folder = journal_folder(state_dir)
    for month in _names(folder):
        if month != OPEN_FOLDER and month >= first_month:
            for name in _names(f"{folder}/{month}"):
                if name.endswith(EXTENSION):
                    yield f"{folder}/{month}/{name}"


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []


def _read(path: str) -> tuple[Report, str | None] | None:
    """Return the newest report of a journal that may become surer, and where its row is."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            found = parse_journal(file.read())
        newest = [record for record in found if record.get("type") in _WITH_REPORT][-1]
        report = load_report(newest["report"])
        _unix(report.run.started_at)
    except (OSError, IndexError, KeyError, TypeError, ValueError, AttributeError):
        return None
    if not may_become_surer(report.intensity):
        return None
    csv_path = found[0].get("csv_path")
    return report, csv_path if isinstance(csv_path, str) else None


def _outcome(report: Report, ask: Ask, date: str, *, other_basis: bool) -> Outcome:
    after, reason = None, None
    try:
        after = _surer(report, ask, date, other_basis=other_basis)
    except IntensityUnavailable as error:
        reason = error.reason
    if after is None and reason is None:
        reason = "nothing surer is known yet"
    return Outcome(
        run_id=report.run.id,
        started_at=report.run.started_at,
        before=report,
        after=after,
        reason=reason,
    )


def _surer(report: Report, ask: Ask, date: str, *, other_basis: bool) -> Report | None:
    """Return the report with what is known now; None if that is not surer.

    Raises:
        IntensityUnavailable: nothing is known, or of another quantity.
    """
    used = report.intensity
    if used is None or used.grid_zone is None:
        return None
    start = _unix(report.run.started_at)
    end = start + report.run.duration_seconds
    fitted = fit(_asked(ask, used.grid_zone, start, end), start, end)
    if fitted.covered < _LEAST_COVERED:
        return None
    basis = fitted.points[0].basis
    if basis != used.basis and not other_basis:
        message = f"the service tells {basis} figures, the run has {used.basis} ones"
        raise IntensityUnavailable(message)
    found = IntensityFound(
        points=fitted.points,
        grid_zone=fitted.points[0].grid_zone or used.grid_zone,
        zone_source=used.zone_source,
    )
    return reconciled(report, found, start, date)


def _asked(ask: Ask, grid_zone: str, start: float, end: float) -> tuple[Point, ...]:
    """Return what a service tells of a zone; of a cloud region that it does not know, of its grid.

    Raises:
        IntensityUnavailable: it tells nothing.
    """
    try:
        return ask(grid_zone, start, end)
    except ZoneNotCovered:
        grid = _grid_of(grid_zone)
        if grid is None:
            raise
    return ask(grid, start, end)


def _grid_of(grid_zone: str) -> str | None:
    """Return what a cloud region draws from; None for a zone that is none, or is not known."""
    try:
        return find_zone(grid_zone).parent if ":" in grid_zone else None
    except KeyError:
        return None


def _apply(candidates: Sequence[_Candidate], now: float) -> list[Outcome]:
    """Change rows and journals; return the outcomes with what went wrong."""
    problems = _change_rows(candidates)
    outcomes = []
    for candidate in candidates:
        outcome = candidate.outcome
        problem = None if outcome.after is None else problems.get(candidate.csv_path or "")
        if outcome.after is not None and problem is None:
            try:
                _append(candidate.path, outcome.after, now)
            except OSError as error:
                reason = f"the journal cannot be written: {error.strerror or error}"
                outcome = outcome.replace(after=None, reason=reason)
        elif problem is not None:
            outcome = outcome.replace(after=None, reason=problem, csv_problem=problem)
        outcomes.append(outcome)
    return outcomes


def _change_rows(candidates: Sequence[_Candidate]) -> dict[str, str]:
    """Change the rows of each CSV file once; return what went wrong, by file."""
    by_file: dict[str, dict[str, dict[str, str]]] = {}
    for candidate in candidates:
        after, path = candidate.outcome.after, candidate.csv_path
        if after is not None and path is not None and os.path.isabs(path):  # noqa: PTH117
            row = dict(zip(header_row(), cells(after), strict=True))
            by_file.setdefault(path, {})[after.run.id] = {name: row[name] for name in COLUMNS}
    problems = {}
    for path, changes in by_file.items():
        try:
            replace_cells(path, changes)
        except OSError as error:
            problems[path] = f"{path} cannot be changed: {error.strerror or error}"
    return problems


def _append(path: str, report: Report, now: float) -> None:
    """Append what the run is now to its journal.

    Raises:
        OSError: that was not possible.
    """
    flags = os.O_RDWR | os.O_APPEND | CLOSE_ON_EXEC | NO_FOLLOW
    descriptor = os.open(path, flags)
    try:
        if not try_lock(descriptor):
            raise OSError(None, "another carbonrun works at it")
        last = parse_journal(read_at(descriptor, os.fstat(descriptor).st_size, 0))[-1]
        record = {
            "type": RECORD,
            "sequence": last["sequence"] + 1,
            "run_id": last["run_id"],
            "machine_id": last["machine_id"],
            "reconciled_at": iso_time(now),
            "report": report.as_dict(),
        }
        append_record(descriptor, record)
    finally:
        os.close(descriptor)


def _unix(text: str) -> float:
    """Return a time of a report in seconds since 1970.

    Raises:
        ValueError: it is none.
    """
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
