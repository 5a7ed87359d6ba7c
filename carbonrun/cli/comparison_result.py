"""What becomes of a comparison: text, files, the exit status."""

from __future__ import annotations

from carbonrun.ci.github import MOST_ANNOTATIONS, annotation, fits
from carbonrun.ci.shared_file import append_to
from carbonrun.cli.calibration_progress import say
from carbonrun.cli.output import emit
from carbonrun.compare.csv import to_csv
from carbonrun.compare.gate import UNJUDGED_NOTES, Against, against_baseline, worse_than
from carbonrun.compare.judgement import judge
from carbonrun.compare.markdown import to_markdown
from carbonrun.compare.saved import from_json, to_json
from carbonrun.compare.svg import to_svg
from carbonrun.compare.text import comparison_text
from carbonrun.errors import EXIT_OVER_LIMIT, OutputError, UsageError
from carbonrun.report.writable import check_writable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.cli.comparison_session import Wishes
    from carbonrun.compare.judgement import Judgement
    from carbonrun.compare.model import Session
    from carbonrun.notes import Note


def check_files(files: Sequence[tuple[str, str, str]]) -> None:
    """Refuse files that cannot be written, before anything was run.

    Raises:
        OutputError: one of them cannot be.
    """
    for flag, _kind, path in files:
        check_writable(path, flag)


def load_baseline(path: str) -> Session:
    """Return a saved comparison.

    Raises:
        UsageError: there is none.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return from_json(file.read())
    except OSError as error:
        message = f"compare: --baseline {path}: {error.strerror}"
    except ValueError as error:
        message = f"compare: --baseline {path}: {error}"
    raise UsageError(message, "carbonrun compare --save FILE makes one")


def present(
    session: Session,
    baseline: Session | None,
    wishes: Wishes,
    columns: int,
    step_summary: str | None,
) -> int:
    """Show and write the result; return the exit status.

    Args:
        session: of now.
        baseline: of an earlier time, or None.
        wishes: of the user.
        columns: of standard output.
        step_summary: a file of the build service that gets the tables as well, or None.
    """
    judgements = judge(session, wishes.band)
    gated = judgements
    if baseline is not None:
        against: Against = against_baseline(session, baseline, wishes.band)
        session = session.replace(notes=(*session.notes, *against.notes))
        gated = against.judgements
        judgements = (*judgements, *gated)
    emit(comparison_text(session, judgements, columns))
    for flag, kind, path in wishes.files:
        _write(flag, path, _content(kind, session, judgements))
    worse = [] if wishes.allowed is None else worse_than(gated, wishes.allowed)
    for text in worse:
        emit(f"{text}\n")
    if step_summary is not None:
        _tell_service(step_summary, to_markdown(session, judgements), worse, session.notes)
    return EXIT_OVER_LIMIT if worse else 0


def _tell_service(path: str, text: str, worse: Sequence[str], notes: Sequence[Note]) -> None:
    """Append the tables to the step's summary; annotate what is worse, or could not be judged."""
    heading = "\n#### Comparison of energy (carbonrun)\n\n"
    try:
        append_to(path, lambda before: heading + text if fits(before, heading + text) else "")
    except OSError as error:
        say(f"carbonrun: {path} could not be written: {error.strerror}\n")
    for each in worse[:MOST_ANNOTATIONS]:
        emit(annotation(each, is_error=True))
    unjudged = [note.message for note in notes if note.code in UNJUDGED_NOTES]
    for message in unjudged[:MOST_ANNOTATIONS]:
        emit(annotation(message, is_error=False))


def _content(kind: str, session: Session, judgements: Sequence[Judgement]) -> str:
    if kind == "csv":
        return to_csv(session)
    make = {"json": to_json, "markdown": to_markdown, "svg": to_svg}[kind]
    return make(session, judgements)


def _write(flag: str, path: str, content: str) -> None:
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:  # noqa: PTH123
            file.write(content)
    except OSError as error:
        message = f"compare: {flag} {path}: {error.strerror}"
        raise OutputError(message) from None
