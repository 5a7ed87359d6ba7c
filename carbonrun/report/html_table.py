"""A report as a small HTML table, for notebooks: no script, no style but its own. Pure."""

from __future__ import annotations

from html import escape

from carbonrun.report.summary import DEVICE_HEADINGS, PHASE_HEADINGS, summarise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from carbonrun.report.model import Report

_HEAD_STYLE = "text-align:left"
_INDENT = "&nbsp;"


def html_table(report: Report) -> str:
    """Return the summary of a report as HTML; everything in it is escaped."""
    summary = summarise(report, None)
    name = report.run.name or "carbonrun"
    parts = [f"<strong>{escape(name)}</strong> {escape(summary.outcome)}"]
    if summary.devices:
        parts.append(_table(DEVICE_HEADINGS, summary.devices))
    if summary.phases:
        parts.append(_table(PHASE_HEADINGS, summary.phases))
    facts = [(fact.label, fact.value, fact.remark) for fact in summary.facts]
    parts.append(_table((), facts))
    remarks = "".join(
        f"<li>{escape(label)}: {escape(text)}</li>" for label, text in summary.remarks
    )
    if remarks:
        parts.append(f"<details><summary>notes</summary><ul>{remarks}</ul></details>")
    return f'<div class="carbonrun">{"".join(parts)}</div>'


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th style="{_HEAD_STYLE}">{escape(text)}</th>' for text in headings)
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    top = f"<thead><tr>{head}</tr></thead>" if headings else ""
    return f"<table>{top}<tbody>{body}</tbody></table>"


def _cells(row: Sequence[str]) -> Iterator[str]:
    for text in row:
        indent = len(text) - len(text.lstrip(" "))
        yield f'<td style="{_HEAD_STYLE}">{_INDENT * indent}{escape(text.lstrip(" "))}</td>'
