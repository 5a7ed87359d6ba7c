"""Comparison with an earlier session, and the limit that a build may fail at. Pure."""

from __future__ import annotations

from carbonrun.compare.judgement import judge_against
from carbonrun.compare.model import BY_KEY, TIME
from carbonrun.compare.sentences import interval_text
from carbonrun.notes import Notes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.compare.judgement import Judgement
    from carbonrun.compare.model import Session
    from carbonrun.notes import Note


ELSEWHERE, UNKNOWN_COMMAND = "baseline-elsewhere", "baseline-unknown"
# A gate that has not judged must not look like one that was passed.
UNJUDGED_NOTES = frozenset({ELSEWHERE, UNKNOWN_COMMAND})


class Against(Record):
    """Verdicts on a session and an earlier one, and why there may be none."""

    judgements: tuple[Judgement, ...]
    notes: tuple[Note, ...]


def against_baseline(session: Session, baseline: Session, band: float) -> Against:
    """Compare each command with that of the same name, or of the same text, in the baseline."""
    notes = Notes()
    reason = _incomparable(session, baseline)
    if reason is not None:
        hint = "make a new baseline on this machine with --save"
        notes.warn(ELSEWHERE, f"not compared with the baseline: {reason}", hint)
        return Against(judgements=(), notes=notes.all())
    pairs = _pairs(session, baseline)
    for number, subject in enumerate(session.subjects):
        if number not in dict(pairs):
            message = f"the baseline has no command that is {subject.name} or {subject.text!r}"
            notes.warn(UNKNOWN_COMMAND, message, about=subject.name)
    return Against(judgements=judge_against(session, baseline, pairs, band), notes=notes.all())


def worse_than(judgements: Sequence[Judgement], allowed: float) -> list[str]:
    """Return what is worse for certain: where the whole interval is above the limit.

    Args:
        judgements: of them, those on energy (or on what stands for it) count.
        allowed: 0.05 is 5 % more.
    """
    return [
        f"worse than allowed: {judged.subject} {BY_KEY[judged.metric].verb} more "
        f"{BY_KEY[judged.metric].noun} than {judged.reference} by more than {100 * allowed:g} % "
        f"({interval_text(judged.effect)})"
        for judged in judgements
        if judged.metric != TIME
        and judged.effect is not None
        and judged.effect.low_ratio is not None
        and judged.effect.low_ratio > 1 + allowed
    ]


def _incomparable(session: Session, baseline: Session) -> str | None:
    here, there = session.cpu_model, baseline.cpu_model
    if here != there:
        return f"it was measured on {there or 'an unknown CPU'}, this is {here or 'unknown'}"
    if session.logical_cpus != baseline.logical_cpus:
        return f"it had {baseline.logical_cpus} CPUs, here are {session.logical_cpus}"
    if session.is_modelled != baseline.is_modelled:
        return "one of both was measured by a sensor, the other one is modelled"
    return None


def _pairs(session: Session, baseline: Session) -> list[tuple[int, int]]:
    """Return the numbers of the commands that belong together, now and then."""
    texts = {subject.text: number for number, subject in enumerate(baseline.subjects)}
    names = {
        subject.name: number
        for number, subject in enumerate(baseline.subjects)
        if len(subject.name) > 1  # a letter only tells the place in the list
    }
    found = []
    for number, subject in enumerate(session.subjects):
        then = names.get(subject.name, texts.get(subject.text))
        if then is not None:
            found.append((number, then))
    return found
