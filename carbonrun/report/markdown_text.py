"""Texts that Markdown shows as they are. Pure."""

from __future__ import annotations

from carbonrun.report.text import printable

_SPECIAL = "\\`*_{}[]<>|~#$&@"


def escaped(text: str) -> str:
    """Return text on one line, in tables as well, without any effect of its characters."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in printable(text))


def code(text: str) -> str:
    """Return text as code in a table cell, whatever is in it."""
    shown = printable(text).replace("|", "\\|")
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
