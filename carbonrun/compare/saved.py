"""A comparison as JSON, and back: nothing is rounded, so everything can be computed again. Pure."""

from __future__ import annotations

import json
import math

from carbonrun.compare.descriptive import summarise
from carbonrun.compare.figures import known_metrics
from carbonrun.compare.model import SCHEMA, Sample, Session, Subject
from carbonrun.compare.sentences import sentence
from carbonrun.notes import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from carbonrun.compare.judgement import Judgement


def to_json(session: Session, judgements: Sequence[Judgement]) -> str:
    """Return the session with summaries and verdicts, which are not read back."""
    content = {
        **session.as_dict(),
        "summaries": [
            {
                "subject": subject.name,
                "metric": metric.key,
                **summary.as_dict(),
            }
            for number, subject in enumerate(session.subjects)
            for metric in known_metrics(session)
            if (summary := summarise(session.values(number, metric.key))) is not None
        ],
        "judgements": [{**j.as_dict(), "sentence": sentence(j)} for j in judgements],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def from_json(text: str) -> Session:
    """Return a saved session.

    Raises:
        ValueError: it is none, or of another schema.
    """
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ValueError(f"it is no comparison of schema {SCHEMA}")
    try:
        session = _session({key: content[key] for key in Session._fields if key in content})
    except (KeyError, TypeError, AttributeError) as error:
        message = f"it is incomplete: {error}"
        raise ValueError(message) from None
    _check(session)
    return session


def _check(session: Session) -> None:
    """Refuse what would fail only after everything was run."""
    if not session.samples:
        raise ValueError("it has no runs")
    for sample in session.samples:
        if not 0 <= sample.subject < len(session.subjects):
            raise ValueError("it has runs of a command that it does not name")
        for key, value in sample.figures.items():
            is_number = isinstance(value, (int, float)) and math.isfinite(value)
            if value is not None and not is_number:
                message = f"its {key} {value!r} is no number"
                raise ValueError(message)


def _samples(rows: list[dict[str, Any]]) -> tuple[Sample, ...]:
    return tuple(Sample(**{**row, "marks": tuple(row["marks"])}) for row in rows)


def _session(content: dict[str, Any]) -> Session:
    return Session(
        **{
            **content,
            "subjects": tuple(Subject(**subject) for subject in content["subjects"]),
            "samples": _samples(content["samples"]),
            "set_aside": _samples(content.get("set_aside", [])),
            "notes": tuple(Note(**note) for note in content["notes"]),
        }
    )
