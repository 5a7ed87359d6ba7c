"""What is known of a run whose carbonrun was killed: the report that its journal still gives."""

from __future__ import annotations

from carbonrun.notes import WARNING, Note
from carbonrun.report.load import load_report
from carbonrun.report.model import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbonrun.report.model import Report

RECOVERED = "recovered"
START = "start"
# Types of records whose report is that of the whole run.
FINAL = ("end", "reconciled")
_FROM_CHECKPOINT = "the figures are those of its last checkpoint"
_FROM_START = "it had not got to its first checkpoint, so that only the start is known"


def last_report(records: list[dict[str, Any]]) -> Report:
    """Return the report of the last record that has a usable one, marked if it is not the end.

    Raises:
        ValueError: there is none.
    """
    report, kind = newest_report(records)
    return report if kind in FINAL else marked_as_lost(report, kind)


def newest_report(records: list[dict[str, Any]]) -> tuple[Report, str]:
    """Return the report of the last record that has a usable one, and the type of that record.

    Raises:
        ValueError: there is none.
    """
    for record in reversed(records):
        try:
            kind = str(record["type"])
            report = load_report(_unknown(record["run"]) if kind == START else record["report"])
            _check_month(report.run.started_at)
        except (KeyError, TypeError, ValueError):
            continue
        return report, kind
    raise ValueError("no record has a usable report")


def _check_month(started_at: str) -> None:
    """Refuse what would be no name for the folder that the journal is filed away in."""
    if not started_at[:7].replace("-", "").isdecimal():
        raise ValueError(f"{started_at!r} is no time")


def marked_as_lost(report: Report, kind: str) -> Report:
    """Return the report with a note that its carbonrun was killed; ``kind`` is of its record."""
    message = f"carbonrun was killed during this run; {what_is_known(kind)}"
    note = Note(code=RECOVERED, level=WARNING, message=message, hint=None)
    return report.replace(notes=(*report.notes, note))


def what_is_known(kind: str) -> str:
    """Return how much a record that is not the final one tells."""
    return _FROM_START if kind == START else _FROM_CHECKPOINT


def _unknown(run: dict[str, Any]) -> dict[str, Any]:
    """Return a report that knows its ``run`` block and nothing else."""
    tree = (
        *("cpu_seconds", "cpu_accounting", "processes", "left_running", "peak_memory_bytes"),
        *("memory_byte_seconds", "io_read_bytes", "io_write_bytes"),
    )
    energy = (
        *("joules", "low_joules", "high_joules"),
        *("active_joules", "idle_joules", "machine_joules"),
    )
    return {
        "schema": SCHEMA,
        "run": run,
        "tree": {**dict.fromkeys(tree), "programs": []},
        "energy": {**dict.fromkeys(energy), "devices": [], "unmeasured": []},
        "intensity": None,
        "emissions": dict.fromkeys(("grams_co2e", "low_grams_co2e", "high_grams_co2e", "pue")),
        "overhead": dict.fromkeys(("cpu_seconds", "joules", "peak_memory_bytes")),
        "timeline": [],
        "notes": [],
    }
