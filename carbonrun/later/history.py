"""How long earlier runs of a command took: from the CSV, else from the journals."""

from __future__ import annotations

import csv
import os
from itertools import islice

from carbonrun.report.columns import command_cell
from carbonrun.report.csv import existing_files
from carbonrun.report.mask import MASK
from carbonrun.store.journal import EXTENSION, OPEN_FOLDER, journal_folder, parse_journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonrun.settings import Settings

# The newest count: commands change. Looking through more journals would be felt.
MOST_RUNS = 50
MOST_JOURNALS = 500
_GIANT_CELL = 1 << 24


def earlier_seconds(settings: Settings, masked: Sequence[str]) -> list[float]:
    """Return the durations of the newest runs of the same command line that succeeded.

    Args:
        settings: tell where the records are.
        masked: the command line as it is in them; nothing is known of one that is all masked.
    """
    if tuple(masked) == (MASK,):
        return []
    own = None if settings.state_dir is None else f"{settings.state_dir}/runs.csv"
    for path in dict.fromkeys((settings.csv_path, own)):
        found = [] if path is None else _in_rows(path, command_cell(masked))
        if found:
            return found[-MOST_RUNS:]
    if settings.state_dir is None:
        return []
    return list(islice(_in_journals(settings.state_dir, list(masked)), MOST_RUNS))


def _in_rows(path: str, cell: str) -> list[float]:
    wanted = cell.encode("utf-8", "backslashreplace").decode()
    csv.field_size_limit(_GIANT_CELL)
    found: list[float] = []
    for name in existing_files(path):
        if not os.path.isfile(name):  # noqa: PTH113 - reading a pipe would wait for its writer
            continue
        try:
            with open(name, newline="", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                found += [
                    seconds
                    for row in csv.DictReader(file)
                    if row.get("command") == wanted and row.get("exit_code") == "0"
                    if (seconds := _number(row.get("duration_s"))) is not None
                ]
        except (OSError, csv.Error):
            continue  # it is somebody's own file
    return found


def _in_journals(state_dir: str, command: list[str]) -> Iterator[float]:
    """Yield durations, those of the newest runs first."""
    for path in islice(_newest_journals(journal_folder(state_dir)), MOST_JOURNALS):
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
        except OSError:
            continue
        for record in parse_journal(last):
            report = record.get("report")
            run = report.get("run") if isinstance(report, dict) else None
            if isinstance(run, dict) and run.get("command") == command and run["exit_code"] == 0:
                yield float(run["duration_seconds"])


def _newest_journals(folder: str) -> Iterator[str]:
    for month in _names(folder):
        if month != OPEN_FOLDER:
            inside = f"{folder}/{month}"
            yield from (f"{inside}/{name}" for name in _names(inside) if name.endswith(EXTENSION))


def _names(folder: str) -> list[str]:
    """Return the names in a folder, the last first: run ids sort by time."""
    try:
        return sorted(os.listdir(folder), reverse=True)  # noqa: PTH208
    except OSError:
        return []


def _number(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None
