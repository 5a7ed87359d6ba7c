"""Where each part of the summary stands, for a given number of columns. Pure.

Lines are made of spans: a text and what it is, so that colours can be added without moving
anything. Not responsible for: colours (:mod:`carbonrun.report.table`) and words
(:mod:`carbonrun.report.summary`).
"""

from __future__ import annotations

from carbonrun.report.summary import (
    DEVICE_HEADINGS,
    PHASE_HEADINGS,
    PROGRAM_HEADINGS,
    WARN,
    in_ascii,
)
from carbonrun.report.text import shorten, width, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.report.facts import Fact
    from carbonrun.report.summary import Summary

    Line = list[tuple[str, str]]

LEAST_COLUMNS = 20
MOST_COLUMNS = 100
LABEL_COLUMNS = 12
VALUE_COLUMNS = 22
_GAP = 2
_NAME_COLUMNS = 10
_ENERGY_COLUMN = 1  # of all tables
# What is left out first where the columns are few; device, energy and how stay.
_SPARED = ("idle", "active", "of machine")
_SPARED_OF_PHASES = ("CPU time", "emissions")
_SPARED_OF_PROGRAMS = ("share", "CPU time")

# What a span is.
PLAIN, NAME, COMMAND, SUCCESS, FAILURE = "plain", "name", "command", "success", "failure"
RULE, HEADING, VALUE, LABEL, WARNING = "rule", "heading", "value", "label", "warning"
MEASURED, ESTIMATED = "measured", "estimated"


def lay_out(summary: Summary, columns: int, *, unicode: bool) -> list[Line]:
    """Return the lines, none wider than ``columns`` (20 at the least)."""
    columns = min(MOST_COLUMNS, max(LEAST_COLUMNS, columns))
    summary = summary if unicode else in_ascii(summary)
    mark = "\N{HORIZONTAL ELLIPSIS}" if unicode else "..."
    dash = "\N{BOX DRAWINGS LIGHT HORIZONTAL}" if unicode else "-"
    rule = [(" " + dash * (columns - 2), RULE)]
    lines = [*_title(summary, columns, mark), rule]
    if summary.devices:
        lines += [*_table(DEVICE_HEADINGS, _SPARED, summary.devices, columns, mark), rule]
    if summary.phases:
        phases = _table(PHASE_HEADINGS, _SPARED_OF_PHASES, summary.phases, columns, mark)
        lines += [*phases, rule]
    if summary.programs:
        programs = _table(PROGRAM_HEADINGS, _SPARED_OF_PROGRAMS, summary.programs, columns, mark)
        lines += [*programs, rule]
    for fact in summary.facts:
        lines += _fact(fact, columns)
    for label, text in summary.remarks:
        lines += _labelled(label, "", text, columns)
    return lines


def _title(summary: Summary, columns: int, mark: str) -> list[Line]:
    head: Line = [(" carbonrun  ", NAME)]
    outcome = SUCCESS if summary.succeeded else FAILURE
    room = columns - _width(head) - len(summary.outcome) - _GAP - 1
    if room >= min(width(summary.command), LABEL_COLUMNS):
        command = shorten(summary.command, room, mark)
        gap = " " * (room - width(command) + _GAP)
        return [[*head, (command, COMMAND), (gap, PLAIN), (summary.outcome, outcome)]]
    command = shorten(summary.command, columns - _width(head), mark)
    below = [[(f" {line}", outcome)] for line in wrap(summary.outcome, columns - 1)]
    return [[*head, (command, COMMAND)], *below]


def _table(
    headings: Sequence[str],
    spare: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: int,
    mark: str,
) -> list[Line]:
    """Return a table; columns that do not fit are left out, the last one is cut."""
    shown = list(range(len(headings)))
    table = [headings, *rows]
    widths = [max(width(row[index]) for row in table) for index in shown]
    spared = list(spare)
    while _least_width(shown, widths) > columns and spared:
        shown.remove(headings.index(spared.pop(0)))
    others = sum(widths[index] + _GAP for index in shown[1:])
    widths[0] = max(_NAME_COLUMNS, min(widths[0], columns - others - 1))
    heading, *lines = [_row(row, shown, widths, columns, mark) for row in table]
    return [[("".join(text for text, _ in heading), HEADING)], *lines]


def _least_width(shown: Sequence[int], widths: Sequence[int]) -> int:
    name = min(widths[0], 2 * _NAME_COLUMNS)
    return 1 + name + sum(widths[index] + _GAP for index in shown[1:])


def _row(
    row: Sequence[str], shown: Sequence[int], widths: Sequence[int], columns: int, mark: str
) -> Line:
    """Return one line; the first cell stands left, the last one behind, others right."""
    name = shorten(row[0], widths[0], mark)
    line = [(" " + name + " " * (widths[0] - width(name)), PLAIN)]
    last = shown[-1]
    for index in shown[1:-1]:
        padding = " " * (_GAP + widths[index] - width(row[index]))
        line.append((padding + row[index], VALUE if index == _ENERGY_COLUMN else PLAIN))
    how = ESTIMATED if row[-1].startswith("estimated") else MEASURED
    rest = shorten(row[last], columns - _width(line) - _GAP, mark)
    return [*line, (" " * _GAP, PLAIN), (rest, how)]


def _fact(fact: Fact, columns: int) -> list[Line]:
    value = width(fact.value)
    if columns < LABEL_COLUMNS + 2 * VALUE_COLUMNS or value > VALUE_COLUMNS - _GAP:
        return _labelled(fact.label, fact.value, f"; {fact.remark}" if fact.remark else "", columns)
    indent = 1 + LABEL_COLUMNS + VALUE_COLUMNS
    first, *more = wrap(fact.remark, columns - indent)
    head = (f" {fact.label:<{LABEL_COLUMNS}}", LABEL)
    gap = " " * (VALUE_COLUMNS - value)
    below = [[(" " * indent + line, PLAIN)] for line in more]
    return [[head, (fact.value, VALUE), (gap + first, PLAIN)], *below]


def _labelled(label: str, value: str, text: str, columns: int) -> list[Line]:
    """Return a label, and behind it a value and a text that may need several lines."""
    indent = 1 + min(LABEL_COLUMNS, columns // 3)
    first, *more = wrap(value + text, columns - indent)
    spans: Line = [(first[: len(value)], VALUE), (first[len(value) :], PLAIN)]
    below: list[Line] = [[(" " * indent + line, PLAIN)] for line in more]
    head = (f" {label:<{indent - 1}}", WARNING if label == WARN else LABEL)
    if len(head[0]) > indent:
        return [[head], [(" " * indent, PLAIN), *spans], *below]
    return [[head, *spans], *below]


def _width(line: Line) -> int:
    return sum(width(text) for text, _ in line)
