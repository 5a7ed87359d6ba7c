"""A report as a small HTML table, for notebooks: no script, no style but its own. Pure."""

from __future__ import annotations

from carbonrun.report.html_tables import phase_table, table
from carbonrun.report.summary import DEVICE_HEADINGS, summarise
from carbonrun.report.xml_text import element, xml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report


def html_table(report: Report) -> str:
    """Return the summary of a report as HTML; everything in it is escaped."""
    summary = summarise(report, None)
    name = report.run.name or "carbonrun"
    parts = [element("strong", xml(name)), xml(f" {summary.outcome}")]
    if summary.devices:
        rows = [tuple(map(xml, cells)) for cells in summary.devices]
        parts.append(table(DEVICE_HEADINGS, rows, ()))
    if summary.phases:
        parts.append(phase_table(summary.phases))
    lines = [
        element("th", xml(fact.label), scope="row")
        + element("td", xml(fact.value))
        + element("td", xml(fact.remark))
        for fact in summary.facts
    ]
    parts.append(element("table", "".join(element("tr", line) for line in lines)))
    if summary.remarks:
        items = "".join(element("li", xml(f"{label}: {text}")) for label, text in summary.remarks)
        parts.append(element("details", element("summary", "notes") + element("ul", items)))
    return element("div", "".join(parts), "carbonrun")
