"""A comparison as CSV: one row a run, so that everything can be computed again."""

from __future__ import annotations

import csv
import io

from carbonrun.compare.model import METRICS
from carbonrun.report.columns import defused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.compare.model import Session

_COLUMNS = ("command", "text", "round", "position", "started_s", "repeats", "exit_code")
_END_COLUMNS = ("modelled", "marks")
SET_ASIDE = "set-aside"


def to_csv(session: Session) -> str:
    """Return the rows in the order in which the commands ran; unknown is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*_COLUMNS, *(metric.key for metric in METRICS), *_END_COLUMNS])
    rows = [(sample, sample.marks) for sample in session.samples]
    rows += [(sample, (*sample.marks, SET_ASIDE)) for sample in session.set_aside]
    for sample, marks in sorted(rows, key=lambda row: row[0].started_seconds):
        subject = session.subjects[sample.subject]
        figures = [sample.figures.get(metric.key) for metric in METRICS]
        writer.writerow(
            [
                defused(subject.name),
                defused(subject.text),
                sample.round,
                sample.position,
                f"{sample.started_seconds:.3f}",
                subject.repeats,
                sample.exit_code,
                *("" if value is None else f"{value:.9g}" for value in figures),
                f"{sample.modelled:.3g}",
                " ".join(marks),
            ]
        )
    return out.getvalue()
