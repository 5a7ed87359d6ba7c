"""Hands a finished report to every output: CSV, JSON, journal, summary on standard error.

Each output is on its own: one that fails leaves a note in those that come after it, and the
summary, which comes last, names them all.
"""

from __future__ import annotations

import os

from carbonrun.entry import numbers
from carbonrun.notes import WARNING, Note
from carbonrun.report.output import STALL_SECONDS, is_stream, own_descriptor, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbonrun.report.model import Report
    from carbonrun.settings import Settings

STANDARD_ERROR = 2
# Codes of notes that say that the journal does not have the report either.
NO_JOURNAL = ("no-state-dir", "no-journal", "journal-incomplete")


def modules_of_outputs(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is imported for the outputs of a run, beyond what every run needs.

    The largest parts of it come first, so that each takes its own time.
    """
    modules: tuple[str, ...] = ()
    if settings.names_programs:
        modules += ("carbonrun.report.calls", "carbonrun.report.top")
    if settings.flame_path is not None:
        modules += ("carbonrun.report.flame",)
    if settings.summary == "full" and wants_colour(
        environment, is_terminal=os.isatty(STANDARD_ERROR)
    ):
        modules += ("rich.text", "rich.console", "rich.table", "carbonrun.report.table")
    return modules


def deliver_files(report: Report, settings: Settings) -> Report:
    """Write CSV row, JSON report and flame graph; return the report with the notes of all."""
    if settings.csv_path is not None:
        report = _append_csv(report, settings.csv_path, make_folder=not settings.csv_explicit)
    if settings.json_path is not None:
        report = _write_json(report, settings.json_path)
    if settings.flame_path is not None:
        report = _write_flame(report, settings.flame_path)
    return report


def _append_csv(report: Report, path: str, *, make_folder: bool) -> Report:
    from carbonrun.report.csv import append_row

    try:
        if make_folder:
            from carbonrun.store.folders import make_private_folder

            make_private_folder(os.path.dirname(path))  # noqa: PTH120
        note = append_row(path, report)
    except (OSError, ValueError) as error:
        note = _failure(report, "csv-not-written", path, error)
    return report if note is None else report.replace(notes=(*report.notes, note))


def _write_json(report: Report, path: str) -> Report:
    from carbonrun.report.json import write_json

    try:
        write_json(path, report)
    except (OSError, ValueError) as error:
        note = _failure(report, "json-not-written", path, error)
        return report.replace(notes=(*report.notes, note))
    return report


def _write_flame(report: Report, path: str) -> Report:
    from carbonrun.report.flame import render_flame
    from carbonrun.report.flame_forms import SVG, form_of
    from carbonrun.report.output import write_output

    try:
        text = render_flame(form_of(path) or SVG, report)
        write_output(path, text.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError) as error:
        note = _failure(report, "flame-not-written", path, error)
        return report.replace(notes=(*report.notes, note))
    return report


def deliver_to_ci(
    report: Report, settings: Settings, environment: Mapping[str, str]
) -> tuple[Report, list[str]]:
    """Give the report to the build service; return it with notes, and annotations to show."""
    is_github = settings.ci != "none" and bool(environment.get("GITHUB_ACTIONS"))
    if settings.metrics_path is None and settings.junit_path is None and not is_github:
        return report, []
    from carbonrun.ci import deliver

    annotations: list[str] = []

    def summarise_step(path: str) -> None:
        annotations.extend(deliver.write_step_summary(path, report, settings))

    outputs: tuple[tuple[str, str | None, Callable[[str], None]], ...] = (
        ("metrics", settings.metrics_path, lambda path: deliver.write_metrics(path, report)),
        ("junit", settings.junit_path, lambda path: deliver.write_junit(path, report, settings)),
        ("step-summary", deliver.wants_step_summary(settings, environment), summarise_step),
    )
    for name, path, write in outputs:
        if path is None:
            continue
        try:
            write(path)
        except OSError as error:
            note = _failure(report, f"{name}-not-written", path, error)
            report = report.replace(notes=(*report.notes, note))
    return report, annotations


def append_recovered(report: Report, csv_path: str | None) -> None:
    """Append the row of a run that was recovered to the file it would have written to.

    Not a second time, not to a pipe (it went with the run), and not to a path that began where the
    run was started.
    """
    from carbonrun.report.csv import has_row

    if csv_path is None or not os.path.isabs(csv_path):  # noqa: PTH117
        return
    is_file = own_descriptor(csv_path) is None and not is_stream(csv_path)
    if is_file and not has_row(csv_path, report.run.id):
        _append_csv(report, csv_path, make_folder=False)


def _failure(report: Report, code: str, path: str, error: OSError | ValueError) -> Note:
    shown = "standard error" if path == "-" else path
    reason = getattr(error, "strerror", None) or str(error)
    has_journal = not any(note.code in NO_JOURNAL for note in report.notes)
    hint = "the whole report is in the journal of the state directory" if has_journal else None
    message = f"{shown} could not be written: {reason}"
    return Note(code=code, level=WARNING, message=message, hint=hint)


def show_summary(report: Report, settings: Settings, environment: Mapping[str, str]) -> None:
    """Write the summary to standard error, whatever that is by now."""
    if settings.summary == "none":
        return
    is_terminal = os.isatty(STANDARD_ERROR)
    text = _render(report, settings, environment, is_terminal=is_terminal)
    if is_terminal and report.run.signal in numbers("SIGINT", "SIGQUIT"):
        text = "\n" + text  # the terminal has echoed "^C" and stands behind it
    write_standard_error(text)


def _render(
    report: Report, settings: Settings, environment: Mapping[str, str], *, is_terminal: bool
) -> str:
    """Return the summary in the style that was asked for; rich is imported for colours only."""
    unicode = speaks_unicode(environment)
    if settings.summary == "line":
        from carbonrun.report.line import render_line
        from carbonrun.report.text import to_ascii

        return render_line(report) if unicode else to_ascii(render_line(report))
    from carbonrun.report.summary import summarise

    summary = summarise(report, settings.csv_path, settings.top)
    columns = _columns(environment, is_terminal=is_terminal)
    if wants_colour(environment, is_terminal=is_terminal):
        from carbonrun.report.table import render_table

        return render_table(summary, columns, unicode=unicode)
    from carbonrun.report.plain import render_plain

    return render_plain(summary, columns, unicode=unicode)


def wants_colour(environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Tell whether to use colours. Source: no-color.org, force-color.org, bixense.com/clicolors."""
    if environment.get("NO_COLOR"):
        return False
    if any(
        environment.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")
    ):
        return True
    return is_terminal and environment.get("TERM", "dumb") not in ("", "dumb")


def _columns(environment: Mapping[str, str], *, is_terminal: bool) -> int:
    given = environment.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    if is_terminal:
        try:
            return os.get_terminal_size(STANDARD_ERROR).columns or 80
        except OSError:
            pass
    return 80


def speaks_unicode(environment: Mapping[str, str]) -> bool:
    """Tell from the locale, as the command's environment has it, whether UTF-8 is understood."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environment.get(name, "")
        if value:
            return "utf-8" in value.lower() or "utf8" in value.lower()
    return False


def write_standard_error(text: str) -> None:
    """Write all of ``text``; a reader that has gone or a full disk is not our business.

    A terminal that its user has stopped is waited for, a pipe that nobody reads is not.
    """
    stall_seconds = None if os.isatty(STANDARD_ERROR) else STALL_SECONDS
    try:
        write_all(STANDARD_ERROR, text.encode("utf-8", "backslashreplace"), stall_seconds)
    except OSError:
        return
