"""Which forms a saved run can be shown in, and who makes each."""

from __future__ import annotations

from carbonrun.errors import UsageError
from carbonrun.record import Record
from carbonrun.suggestion import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.store.saved_run import SavedRun

TABLE, LINE, MARKDOWN, JSON, CSV = "table", "line", "markdown", "json", "csv"
FORMATS = (TABLE, LINE, MARKDOWN, JSON, CSV)
_ALIASES = {"text": TABLE, "md": MARKDOWN}
_BY_ENDING = {".json": JSON, ".csv": CSV, ".txt": TABLE}


class Style(Record):
    """How texts for people look: width, alphabet, colours."""

    columns: int
    unicode: bool
    colour: bool


def format_of(name: str | None, path: str | None) -> str:
    """Return the form that is asked for; without a name the ending of the file tells it.

    Raises:
        UsageError: there is no such form, or the file could become several.
    """
    if name is not None:
        known = _ALIASES.get(name.lower(), name.lower())
        if known not in FORMATS:
            message = f"report: --format {name!r} is none of {', '.join(FORMATS)}"
            raise UsageError(message, did_you_mean(known, FORMATS))
        return known
    ending = "" if path is None else path[path.rfind(".") :].lower()
    return _BY_ENDING.get(ending, TABLE)


def render(form: str, saved: SavedRun, style: Style) -> str:
    """Return the run in a form."""
    report = saved.report
    if form == JSON:
        from carbonrun.report.json import to_json

        return to_json(report)
    if form == CSV:
        from carbonrun.report.columns import cells, header_row
        from carbonrun.report.csv import csv_line

        return (csv_line(header_row()) + csv_line(cells(report))).decode()
    if form == MARKDOWN:
        from carbonrun.report.markdown import to_markdown

        return to_markdown(report)
    if form == LINE:
        from carbonrun.report.line import render_line
        from carbonrun.report.text import to_ascii

        line = render_line(report)
        return line if style.unicode else to_ascii(line)
    return _table(saved, style)


def _table(saved: SavedRun, style: Style) -> str:
    from carbonrun.report.summary import summarise

    summary = summarise(saved.report, saved.csv_path)
    if style.colour:
        from carbonrun.report.table import render_table

        return render_table(summary, style.columns, unicode=style.unicode)
    from carbonrun.report.plain import render_plain

    return render_plain(summary, style.columns, unicode=style.unicode)
