"""A comparison for the terminal and for logs. Pure."""

from __future__ import annotations

from carbonrun.compare.descriptive import summarise
from carbonrun.compare.figures import HEADINGS, known_metrics, summary_cells
from carbonrun.compare.model import judged_metrics
from carbonrun.compare.sentences import about_model, sentence
from carbonrun.notes import WARNING
from carbonrun.report.text import printable, shorten, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from carbonrun.compare.judgement import Judgement
    from carbonrun.compare.model import Session, Subject

_INDENT = "  "
_GAP, _LEAST_COLUMNS = len(_INDENT), 2


def comparison_text(session: Session, judgements: Sequence[Judgement], columns: int) -> str:
    """Return the lines, no wider than ``columns``; tables leave out what has no room."""
    lines: list[str] = wrap(_head(session), max(20, columns))
    for number, subject in enumerate(session.subjects):
        lines += ["", *_subject(session, number, subject, columns)]
    lines.append("")
    why = about_model(judged_metrics(session.samples)[0]) if judgements else None
    for text in [*([why] if why else []), *map(sentence, judgements)]:
        lines += wrap(printable(text), max(20, columns))
    for note in session.notes:
        label = "warning" if note.level == WARNING else "note"
        hint = f" ({note.hint})" if note.hint else ""
        first, *rest = wrap(printable(f"{note.message}{hint}"), max(20, columns - 10))
        lines += [f"{label:<8}{first}", *(f"        {line}" for line in rest)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _head(session: Session) -> str:
    rounds = len({sample.round for sample in session.samples})
    if len(session.subjects) == 1:
        return f"carbonrun compare: {_counted(rounds, 'run')}"
    return f"carbonrun compare: {_counted(rounds, 'round')} in random order, seed {session.seed}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _subject(session: Session, number: int, subject: Subject, columns: int) -> Iterator[str]:
    repeats = f" ({subject.repeats} times a run)" if subject.repeats > 1 else ""
    yield shorten(printable(f"{subject.name}: {subject.text}"), columns - len(repeats), "...") + (
        repeats
    )
    rows: list[tuple[str, ...]] = [HEADINGS]
    odd: set[int] = set()
    for metric in known_metrics(session):
        summary = summarise(session.values(number, metric.key))
        if summary is not None:
            rows.append(summary_cells(metric, summary))
            if metric.key in judged_metrics(session.samples):
                odd.update(summary.outliers)
    yield from aligned(rows, columns)
    if odd:
        shown = ", ".join(str(index + 1) for index in sorted(odd))
        runs = "run" if len(odd) == 1 else "runs"
        text = f"outliers: {runs} {shown}; they count like all others"
        yield from (f"{_INDENT}{line}" for line in wrap(text, max(20, columns - len(_INDENT))))


def aligned(rows: Iterable[tuple[str, ...]], columns: int) -> list[str]:
    """Return the rows with the first column to the left, figures to the right.

    Columns on the right that have no room are left out, but for the first figure.
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while len(widths) > _LEAST_COLUMNS and sum(widths) + _GAP * len(widths) > columns:
        widths.pop()
    return [
        _INDENT
        + row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(size) for cell, size in zip(row[1:], widths[1:], strict=False))
        for row in rows
    ]
