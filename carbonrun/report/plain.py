"""The summary as plain text: for logs, pipes, and terminals that want no colours. Pure."""

from __future__ import annotations

import textwrap

from carbonrun.report.summary import DEVICE_HEADINGS
from carbonrun.report.text import shorten, to_ascii, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.report.summary import Summary

LEAST_COLUMNS = 20
MOST_COLUMNS = 100
LABEL_COLUMNS = 12
VALUE_COLUMNS = 22
_GAP = 2
_NAME_COLUMNS = 10
# What is left out first where the columns are few; device, energy and how stay.
_SPARED = ("idle", "active", "of machine")


def render_plain(summary: Summary, columns: int, *, unicode: bool) -> str:
    """Return the lines, each ending in a newline, none wider than ``columns`` (20 at the least)."""
    columns = min(MOST_COLUMNS, max(LEAST_COLUMNS, columns))
    mark = "\N{HORIZONTAL ELLIPSIS}" if unicode else "..."
    rule = " " + ("\N{BOX DRAWINGS LIGHT HORIZONTAL}" if unicode else "-") * (columns - 2)
    lines = [*_title(summary, columns, mark), rule]
    if summary.devices:
        lines += [*_devices(summary.devices, columns, mark), rule]
    for fact in summary.facts:
        lines += _fact(fact.label, fact.value, fact.remark, columns)
    for label, text in summary.remarks:
        lines += _labelled(label, text, columns)
    text = "".join(f"{line.rstrip()}\n" for line in lines)
    return text if unicode else to_ascii(text)


def _title(summary: Summary, columns: int, mark: str) -> list[str]:
    name = " carbonrun  "
    room = columns - len(name) - len(summary.outcome) - _GAP - 1
    if room >= min(width(summary.command), LABEL_COLUMNS):
        command = shorten(summary.command, room, mark)
        padding = " " * (room - width(command) + _GAP)
        return [f"{name}{command}{padding}{summary.outcome}"]
    command = shorten(summary.command, columns - len(name), mark)
    return [f"{name}{command}", *_wrap(summary.outcome, columns, " ")]


def _devices(rows: Sequence[Sequence[str]], columns: int, mark: str) -> list[str]:
    """Return the table; columns that do not fit are left out, the last one is cut."""
    shown = list(range(len(DEVICE_HEADINGS)))
    table = [DEVICE_HEADINGS, *rows]
    widths = [max(width(row[index]) for row in table) for index in shown]
    spared = list(_SPARED)
    while _least_width(shown, widths) > columns and spared:
        shown.remove(DEVICE_HEADINGS.index(spared.pop(0)))
    others = sum(widths[index] + _GAP for index in shown[1:])
    widths[0] = max(_NAME_COLUMNS, min(widths[0], columns - others - 1))
    return [_row(row, shown, widths, columns, mark) for row in table]


def _least_width(shown: Sequence[int], widths: Sequence[int]) -> int:
    name = min(widths[0], 2 * _NAME_COLUMNS)
    return 1 + name + sum(widths[index] + _GAP for index in shown[1:])


def _row(
    row: Sequence[str], shown: Sequence[int], widths: Sequence[int], columns: int, mark: str
) -> str:
    name = shorten(row[0], widths[0], mark)
    text = " " + name + " " * (widths[0] - width(name))
    for index in shown[1:]:
        cell = row[index]
        is_last = index == len(row) - 1
        text += " " * _GAP + (cell if is_last else " " * (widths[index] - width(cell)) + cell)
    return shorten(text, columns, mark)


def _fact(label: str, value: str, remark: str, columns: int) -> list[str]:
    if columns < LABEL_COLUMNS + 2 * VALUE_COLUMNS:
        return _labelled(label, f"{value}; {remark}" if remark else value, columns)
    padded = value + " " * max(_GAP, VALUE_COLUMNS - width(value)) if remark else value
    head = f" {label:<{LABEL_COLUMNS}}{padded}"
    if width(head + remark) <= columns:
        return [head + remark]
    indent = " " * (1 + LABEL_COLUMNS + VALUE_COLUMNS)
    wrapped = _wrap(remark, columns, indent)
    return [head + wrapped[0][len(indent) :], *wrapped[1:]]


def _labelled(label: str, text: str, columns: int) -> list[str]:
    indent = " " * (1 + min(LABEL_COLUMNS, columns // 3))
    lines = _wrap(text, columns, indent)
    first = f" {label:<{len(indent) - 1}}"
    if len(first) > len(indent):
        return [first, *lines]
    return [first + lines[0][len(indent) :], *lines[1:]]


def _wrap(text: str, columns: int, indent: str) -> list[str]:
    wrapped = textwrap.wrap(
        text, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return wrapped or [indent]
