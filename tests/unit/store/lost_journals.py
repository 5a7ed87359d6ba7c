"""Journals that have lost their carbonrun, and what is recovered of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carbonrun.compact_json import dumps
from carbonrun.identity import machine_id
from carbonrun.store.recovery import recover_killed_runs
from tests.unit.report.sample_report import RUN

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.report.model import Report
    from tests.unit.store.real_run import Place


class Delivered:
    """Takes what is recovered."""

    def __init__(self) -> None:
        self.reports: list[tuple[Report, str | None]] = []

    def __call__(self, report: Report, csv_path: str | None) -> None:
        self.reports.append((report, csv_path))


def line(kind: str, sequence: int = 0, **content: Any) -> str:
    """Return a line of the journal of ``RUN`` on this machine."""
    ids = {"run_id": RUN.id, "machine_id": machine_id("/etc")}
    return dumps({"type": kind, "sequence": sequence, **ids, **content}) + "\n"


def start_line(csv_path: str | None = "/nowhere/runs.csv") -> str:
    return line("start", run=RUN.replace(ended_at=None).as_dict(), csv_path=csv_path)


def lost_journal(place: Place, content: str, name: str = RUN.id) -> Path:
    """Write a journal that nobody owns."""
    place.open.mkdir(parents=True, exist_ok=True)
    path = place.open / f"{name}.jsonl"
    path.write_text(content)
    return path


def recover(place: Place) -> list[tuple[Report, str | None]]:
    delivered = Delivered()
    count = recover_killed_runs(str(place.state), delivered)
    assert count == len(delivered.reports)
    return delivered.reports
