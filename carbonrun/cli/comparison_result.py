"""What becomes of a comparison: text, files, the exit status."""

from __future__ import annotations

from carbonrun.cli.output import emit
from carbonrun.compare.csv import to_csv
from carbonrun.compare.gate import Against, against_baseline, worse_than
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


def present(session: Session, baseline: Session | None, wishes: Wishes, columns: int) -> int:
    """Show and write the result; return the exit status."""
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
    if wishes.allowed is None:
        return 0
    worse = worse_than(gated, wishes.allowed)
    for text in worse:
        emit(f"{text}\n")
    return EXIT_OVER_LIMIT if worse else 0


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
