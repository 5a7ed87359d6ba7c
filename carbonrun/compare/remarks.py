"""What the reader of a comparison has to know about the session. Pure."""

from __future__ import annotations

from carbonrun.compare.descriptive import drift
from carbonrun.compare.model import (
    BUSY,
    BY_KEY,
    FAILED,
    THROTTLED,
    UNSETTLED,
    judged_metrics,
)
from carbonrun.compare.series import least_pairs
from carbonrun.notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.compare.model import Session

_MARKS = (
    (BUSY, "other programs were busy during {}", "stop them, or --rerun-busy"),
    (THROTTLED, "the CPUs were slowed down by heat during {}", "cool the machine, or --settle 60s"),
    (UNSETTLED, "the machine had not come to rest before {}", "allow more with --settle 60s"),
    (FAILED, "the command failed in {}", None),
)
# Energy of a run that a model has part in.
_SOME_MODEL = 0.05
_ENOUGH = 10


def with_remarks(session: Session) -> Session:
    """Return the session with notes about what is unusual in its runs."""
    notes = Notes()
    for note in session.notes:
        notes.add(note, note.message)
    count = len(session.samples)
    for mark, message, hint in _MARKS:
        marked = sum(mark in sample.marks for sample in session.samples)
        if marked:
            notes.warn(f"compare-{mark}", message.format(f"{marked} of {count} runs"), hint)
    aside = len({sample.round for sample in session.set_aside})
    if aside:
        message = f"rounds that were disturbed and run again: {aside}; they do not count"
        notes.info("compare-set-aside", message)
    _note_drift(session, notes)
    _note_model(session, notes)
    rounds = len({sample.round for sample in session.samples})
    least = least_pairs(len(session.subjects))
    if len(session.subjects) > 1 and rounds < least:
        message = f"{rounds} rounds are too few for any verdict; {least} are the least"
        notes.warn("compare-few-runs", message, f"--runs {max(_ENOUGH, least)} or more")
    return session.replace(notes=notes.all())


def _note_drift(session: Session, notes: Notes) -> None:
    key = judged_metrics(session.samples)[0]
    change = drift([session.values(n, key) for n in range(len(session.subjects))])
    if change is None:
        return
    cancelled = "" if len(session.subjects) == 1 else "; the random order cancels it"
    message = f"the {BY_KEY[key].noun} of all commands drifted by {100 * change:+.0f} %{cancelled}"
    notes.warn("compare-drift", message, "more --warmup helps")


def _note_model(session: Session, notes: Notes) -> None:
    most = max((sample.modelled for sample in session.samples), default=0.0)
    if session.is_modelled and len(session.subjects) == 1:
        message = "no sensor measures the energy here: it is modelled from the CPU time"
        notes.info("compare-modelled", message)
    if not session.is_modelled and most > _SOME_MODEL:
        message = f"{100 * most:.0f} % of the joules come from a model, the rest from sensors"
        notes.info("compare-partly-modelled", message)
