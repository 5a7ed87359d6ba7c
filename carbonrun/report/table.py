"""The summary in colours; imports rich, as only the live view does besides."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from carbonrun.report import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.summary import Summary

STYLES = {
    layout.NAME: "bold",
    layout.COMMAND: "bold cyan",
    layout.SUCCESS: "green",
    layout.FAILURE: "red",
    layout.RULE: "dim",
    layout.HEADING: "dim",
    layout.LABEL: "dim",
    layout.WARNING: "yellow",
    layout.VALUE: "bold",
    layout.MEASURED: "green",
    layout.ESTIMATED: "yellow",
    layout.PLAIN: "",
}


def render_table(summary: Summary, columns: int, *, unicode: bool) -> str:
    """Return what :func:`carbonrun.report.plain.render_plain` returns, with ANSI colours."""
    out = io.StringIO()
    console = Console(
        file=out, width=layout.MOST_COLUMNS, force_terminal=True, color_system="standard",
        highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    for line in layout.lay_out(summary, columns, unicode=unicode):
        text = Text.assemble(*((words, STYLES[role]) for words, role in line))
        text.rstrip()
        console.print(text, no_wrap=True, overflow="ignore", crop=False)
    return out.getvalue()
