"""A comparison as Markdown. Pure."""

from __future__ import annotations

from carbonrun.compare.descriptive import summarise
from carbonrun.compare.figures import figure_text, known_metrics
from carbonrun.compare.judgement import UNJUDGED
from carbonrun.compare.model import BY_KEY, judged_metrics
from carbonrun.compare.sentences import (
    about_model,
    change_text,
    interval_text,
    p_text,
    sentence,
)
from carbonrun.report.markdown_text import code, escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonrun.compare.judgement import Judgement
    from carbonrun.compare.model import Session


def to_markdown(session: Session, judgements: Sequence[Judgement]) -> str:
    """Return a table of medians with their ranges, one of the verdicts, and the sentences."""
    lines = [*_figures(session), ""]
    if judgements:
        lines += [*_verdicts(judgements), ""]
    why = about_model(judged_metrics(session.samples)[0]) if judgements else None
    lines += [f"{text}\n" for text in ([why] if why else [])]
    lines += [f"- {escaped(sentence(judged))}" for judged in judgements]
    lines += [f"- {note.level}: {escaped(note.message)}" for note in session.notes]
    rounds = len({sample.round for sample in session.samples})
    lines += [
        "",
        f"{rounds} runs of each, in random order, seed {session.seed}; median, min to max",
    ]
    return "\n".join(lines) + "\n"


def _figures(session: Session) -> Iterator[str]:
    metrics = list(known_metrics(session))
    yield "| command | " + " | ".join(metric.title for metric in metrics) + " |"
    yield "| --- |" + " ---: |" * len(metrics)
    for number, subject in enumerate(session.subjects):
        cells = [f"{escaped(subject.name)}: {code(subject.text)}"]
        for metric in metrics:
            summary = summarise(session.values(number, metric.key))
            if summary is None:
                cells.append("")
                continue
            middle, least, most = (
                figure_text(metric.key, value)
                for value in (summary.median, summary.least, summary.most)
            )
            cells.append(f"{middle} ({least} to {most})")
        yield "| " + " | ".join(cells) + " |"


def _verdicts(judgements: Sequence[Judgement]) -> Iterator[str]:
    yield "| | compared with | in | change | 95 % interval | p | verdict |"
    yield "| --- | --- | --- | ---: | ---: | ---: | --- |"
    for judged in judgements:
        effect = judged.effect
        cells = [escaped(judged.subject), escaped(judged.reference), BY_KEY[judged.metric].noun]
        if effect is None:
            cells += ["", "", "", UNJUDGED]
        else:
            shown = (change_text(effect), interval_text(effect), p_text(judged.p_value))
            cells += [*shown, judged.verdict]
        yield "| " + " | ".join(cells) + " |"
