"""The summary in colours; the only module that imports rich for a run."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from carbonrun.report.plain import LABEL_COLUMNS, LEAST_COLUMNS, MOST_COLUMNS
from carbonrun.report.summary import DEVICE_HEADINGS, WARN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.summary import Summary

_NARROW = 66
_NARROW_HEADINGS = ("device", "energy", "how")


def render_table(summary: Summary, columns: int, *, unicode: bool) -> str:
    """Return the summary with ANSI colours, no line wider than ``columns`` (20 at the least)."""
    columns = min(MOST_COLUMNS, max(LEAST_COLUMNS, columns))
    out = io.StringIO()
    console = Console(
        file=out, width=columns, force_terminal=True, color_system="standard", highlight=False,
        markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    # rich asks the file for its encoding to choose its ellipsis and boxes.
    console.print(Padding(_title(summary), (0, 1)))
    if summary.devices:
        console.print(_devices(summary, columns, unicode=unicode))
    console.print(Padding(_facts(summary, columns), (0, 1)))
    text = "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
    if unicode:
        return text
    from carbonrun.report.text import to_ascii

    return "".join(to_ascii(part) for part in text)


def _title(summary: Summary) -> Table:
    title = Table.grid(expand=True, padding=(0, 2, 0, 0))
    title.add_column(no_wrap=True)
    title.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    title.add_column(justify="right")
    title.add_row(
        Text("carbonrun", style="bold"),
        Text(summary.command, style="bold cyan"),
        Text(summary.outcome, style="green" if summary.succeeded else "red"),
    )
    return title


def _devices(summary: Summary, columns: int, *, unicode: bool) -> Table:
    headings = DEVICE_HEADINGS if columns >= _NARROW else _NARROW_HEADINGS
    table = Table(
        box=box.HORIZONTALS if unicode else box.ASCII2, expand=True, border_style="dim",
        header_style="dim", show_edge=True, pad_edge=True, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for heading in headings:
        is_text = heading in ("device", "how")
        table.add_column(
            heading, justify="left" if is_text else "right", no_wrap=True,
            overflow="ellipsis" if unicode else "crop", ratio=1 if heading == "device" else None,
        )  # fmt: skip
    for row in summary.devices:
        cells = dict(zip(DEVICE_HEADINGS, row, strict=True))
        style = "yellow" if cells["how"].startswith("estimated") else "green"
        styles = {"how": style, "energy": "bold"}
        table.add_row(*(Text(cells[name], style=styles.get(name, "")) for name in headings))
    return table


def _facts(summary: Summary, columns: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(min_width=min(LABEL_COLUMNS - 2, columns // 4), no_wrap=True, style="dim")
    grid.add_column()
    for fact in summary.facts:
        text = Text(fact.value, style="bold")
        if fact.remark:
            text.append(" " * max(2, 22 - len(fact.value)) + fact.remark, style="not bold")
        grid.add_row(fact.label, text)
    for label, remark in summary.remarks:
        grid.add_row(Text(label, style="yellow" if label == WARN else "dim"), Text(remark))
    return grid
