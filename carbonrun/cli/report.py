"""``carbonrun report``: shows a run that was saved again, in any form."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from carbonrun.cli.output import columns, emit
from carbonrun.cli.report_formats import (
    FORMATS,
    JSON,
    MODEL_CARD,
    TABLE,
    Card,
    Style,
    format_of,
    render,
)
from carbonrun.delivery import speaks_unicode, wants_colour
from carbonrun.errors import OutputError, UsageError
from carbonrun.intensity.cloud_regions import PROVIDER_NAMES
from carbonrun.report.model_card import TRAINING_TYPES
from carbonrun.report.output import write_output
from carbonrun.settings import resolve
from carbonrun.spawn import environment_block
from carbonrun.store.run_search import find_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.cli.context import Context
    from carbonrun.report.model import Report

_STANDARD_OUTPUT = "-"


def report(  # noqa: PLR0913 - one parameter for each option
    ctx: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="'last', the beginning of an id, a name, or a JSON report or journal.",
            show_default=False,
        ),
    ] = "last",
    *,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="|".join(FORMATS), help="What to make of it."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to a file; a model card that is there gets the key and stays as it is.",
        ),
    ] = None,
    where: Annotated[
        bool,
        typer.Option("--where", help="Show what it would have emitted elsewhere, at other hours."),
    ] = False,
    cloud: Annotated[
        str | None,
        typer.Option(metavar="|".join(PROVIDER_NAMES), help="With --where: rank its regions."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    training_type: Annotated[
        str | None,
        typer.Option(metavar="|".join(TRAINING_TYPES), help="For a model card."),
    ] = None,
    location: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="For a model card; else the grid zone."),
    ] = None,
) -> None:
    """Show a saved run again: a table, one line, Markdown, JSON, CSV, a page, a badge.

    Nothing is measured. A run whose carbonrun was killed is shown as far as it is known.
    """
    context: Context = ctx.obj
    path = None if output == _STANDARD_OUTPUT else output
    kind = JSON if as_json and form is None else format_of(form, path)
    if where and kind not in (TABLE, JSON):
        raise UsageError(f"report: --where has no format {kind}", "--format table or json")
    if training_type is not None and training_type not in TRAINING_TYPES:
        known = " or ".join(TRAINING_TYPES)
        raise UsageError(f"report: --training-type {training_type!r} is not {known}")
    settings = resolve(context.flags, context.environment, cwd=context.cwd, home=context.home)
    saved = find_run(run, settings.state_dir)
    style = _style(path).replace(top=settings.top)
    before = _present(path) if kind == MODEL_CARD and path is not None else ""
    card = Card(text=before, training=training_type, location=location)
    try:
        if where:
            text = _where(saved.report, cloud, settings.state_dir, kind, style)
        else:
            text = render(kind, saved, style, card)
    except (TypeError, ValueError, AttributeError) as error:
        message = f"report: {saved.path} holds what no report does ({error})"
        raise UsageError(message) from None
    if path is None:
        emit(text)
    else:
        _write(path, text)


def _where(
    report: Report, cloud: str | None, state_dir: str | None, kind: str, style: Style
) -> str:
    from carbonrun.cli.where import answer_where, where_json
    from carbonrun.report.elsewhere_text import where_text
    from carbonrun.report.text import to_ascii

    answer = answer_where(report, cloud, state_dir)
    if kind == JSON:
        return where_json(report, answer)
    text = where_text(report, answer, style.columns)
    return text if style.unicode else to_ascii(text)


def _style(path: str | None) -> Style:
    """Return how texts for people are to look."""
    if path is not None:
        return Style(columns=80, unicode=True, colour=False)
    # As it came in: Python may have put a locale of its own into its copy.
    environment = environment_block().decoded()
    return Style(
        columns=columns(environment),
        unicode=speaks_unicode(environment),
        colour=wants_colour(environment, is_terminal=os.isatty(1)),
    )


def _present(path: str) -> str:
    """Return the model card as it is; empty if there is none yet.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"report: {path} cannot be read: {reason}") from None


def _write(path: str, text: str) -> None:
    try:
        write_output(path, text.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"report: {path} could not be written: {reason}"
        raise OutputError(message) from None
