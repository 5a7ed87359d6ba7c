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


def comparison_text(session: Session, judgements: Sequence[Judgement], columns: int) -> str:
    """Return the lines, no wider than ``columns`` but for the tables."""
    lines: list[str] = [_head(session)]
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
        return f"carbonrun compare: {rounds} runs"
    return f"carbonrun compare: {rounds} rounds in random order, seed {session.seed}"


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
    yield from aligned(rows)
    if odd:
        shown = ", ".join(str(index + 1) for index in sorted(odd))
        runs = "run" if len(odd) == 1 else "runs"
        yield f"{_INDENT}outliers: {runs} {shown}; they count like all others"


def aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the rows with the first column to the left, figures to the right."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        _INDENT
        + row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(size) for cell, size in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
