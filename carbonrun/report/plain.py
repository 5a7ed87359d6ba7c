"""The summary as plain text: for logs, pipes, and terminals that want no colours. Pure."""

from __future__ import annotations

from carbonrun.report.layout import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.summary import Summary


def render_plain(summary: Summary, columns: int, *, unicode: bool) -> str:
    """Return the lines, each ending in a newline, none wider than ``columns`` (20 at the least)."""
    lines = lay_out(summary, columns, unicode=unicode)
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
