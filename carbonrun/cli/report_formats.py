"""Which forms a saved run can be shown in, and who makes each."""

from __future__ import annotations

from carbonrun.errors import UsageError
from carbonrun.record import Record
from carbonrun.suggestion import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report
    from carbonrun.store.saved_run import SavedRun

TABLE, LINE, MARKDOWN, JSON, CSV = "table", "line", "markdown", "json", "csv"
HTML, SVG, MODEL_CARD = "html", "svg", "model-card"
FLAME, SPEEDSCOPE, COLLAPSED = "flame", "speedscope", "collapsed"
FORMATS = (
    *(TABLE, LINE, MARKDOWN, JSON, CSV, HTML, SVG, MODEL_CARD),
    *(FLAME, SPEEDSCOPE, COLLAPSED),
)
_OF_CALLS = (FLAME, SPEEDSCOPE, COLLAPSED)
_ALIASES = {"text": TABLE, "md": MARKDOWN, "badge": SVG, "card": MODEL_CARD}
_BY_ENDING = {".json": JSON, ".csv": CSV, ".txt": TABLE, ".html": HTML, ".htm": HTML, ".svg": SVG}


class Card(Record):
    """What only a model card needs.

    Attributes:
        text: of the card so far; may be empty.
        training: ``pre-training`` or ``fine-tuning``, None if that was not said.
        location: in the user's words, None takes the name of the grid zone.
    """

    text: str
    training: str | None
    location: str | None


class Style(Record):
    """How texts for people look: width, alphabet, colours, how many programs are shown."""

    columns: int
    unicode: bool
    colour: bool
    top: int = 0


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
    if ending == ".md":
        message = f"report: {path} could become a report or get the key of a model card"
        raise UsageError(message, "say which: --format markdown or --format model-card")
    return _BY_ENDING.get(ending, TABLE)


def render(form: str, saved: SavedRun, style: Style, card: Card) -> str:
    """Return the run in a form.

    Raises:
        UsageError: there is no model card or flame graph to be made.
        AttributeError, TypeError, ValueError: the report holds something that no report holds.
    """
    if form == TABLE:
        return _table(saved, style)
    if form == LINE:
        return _line(saved.report, style)
    if form == MODEL_CARD:
        return _model_card(saved.report, card)
    if form in _OF_CALLS and not saved.report.tree.calls:
        message = f"report: --format {form}: this run does not know which program called which"
        raise UsageError(message, "a run with --top N or --flame PATH does")
    return _MAKERS[form](saved.report)


def _json(report: Report) -> str:
    from carbonrun.report.json import to_json

    return to_json(report)


def _csv(report: Report) -> str:
    from carbonrun.report.columns import cells, header_row
    from carbonrun.report.csv import csv_line

    return (csv_line(header_row()) + csv_line(cells(report))).decode()


def _markdown(report: Report) -> str:
    from carbonrun.report.markdown import to_markdown

    return to_markdown(report)


def _html(report: Report) -> str:
    from carbonrun.report.html import to_html

    return to_html(report)


def _badge(report: Report) -> str:
    from carbonrun.report.badge import to_badge

    return to_badge(report)


def _flame(report: Report) -> str:
    from carbonrun.report.flame_svg import to_flame_graph

    return to_flame_graph(report)


def _speedscope(report: Report) -> str:
    from carbonrun.report.flame import to_speedscope

    return to_speedscope(report)


def _collapsed(report: Report) -> str:
    from carbonrun.report.flame import to_collapsed

    return to_collapsed(report)


_MAKERS = {
    JSON: _json,
    CSV: _csv,
    MARKDOWN: _markdown,
    HTML: _html,
    SVG: _badge,
    FLAME: _flame,
    SPEEDSCOPE: _speedscope,
    COLLAPSED: _collapsed,
}


def _line(report: Report, style: Style) -> str:
    from carbonrun.report.line import render_line
    from carbonrun.report.text import to_ascii

    text = render_line(report)
    return text if style.unicode else to_ascii(text)


def _model_card(report: Report, card: Card) -> str:
    from carbonrun.report.model_card import with_emissions

    location = card.location or _place(report)
    try:
        return with_emissions(card.text, report, location, card.training)
    except ValueError as error:
        raise UsageError(f"report: there is no model card to be made: {error}") from None


def _place(report: Report) -> str | None:
    """Return the name of the grid zone; None where it is no place."""
    from carbonrun.intensity.zones import WORLD, find_zone

    code = None if report.intensity is None else report.intensity.grid_zone
    if code is None or code == WORLD:
        return None
    try:
        zone = find_zone(code)
    except KeyError:  # of another version
        return code
    return zone.name if zone.name == code else f"{zone.name} ({code})"


def _table(saved: SavedRun, style: Style) -> str:
    from carbonrun.report.summary import summarise

    summary = summarise(saved.report, saved.csv_path, style.top)
    if style.colour:
        from carbonrun.report.table import render_table

        return render_table(summary, style.columns, unicode=style.unicode)
    from carbonrun.report.plain import render_plain

    return render_plain(summary, style.columns, unicode=style.unicode)
