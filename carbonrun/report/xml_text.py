"""Texts in HTML and SVG: nothing in them is ever taken for markup. Pure."""

from __future__ import annotations

from carbonrun.report.text import printable


def xml(text: str) -> str:
    """Return a text for use between tags or in quoted attributes.

    What is not printable is shown as an escape: XML has no form for most of it, and some of it
    turns the direction of the text around it.
    """
    shown = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return shown.replace('"', "&quot;").replace("'", "&#39;")


def element(tag: str, inner: str, style: str = "", **attributes: str) -> str:
    """Return an element around ``inner``, which is markup; attributes are texts."""
    more = "".join(f' {name.replace("_", "-")}="{xml(v)}"' for name, v in attributes.items())
    return f"<{tag}{_class(style)}{more}>{inner}</{tag}>"


def text_line(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    """Return a line of text of an SVG picture."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{xml(text)}</text>'


def _class(style: str) -> str:
    return f' class="{xml(style)}"' if style else ""
