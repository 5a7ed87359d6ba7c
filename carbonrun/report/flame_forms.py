"""Which file of calls is written, told by the ending of its name. Pure."""

from __future__ import annotations

SVG, SPEEDSCOPE, COLLAPSED = "svg", "speedscope", "collapsed"
_BY_ENDING = {
    ".svg": SVG,
    ".json": SPEEDSCOPE,
    ".txt": COLLAPSED,
    ".folded": COLLAPSED,
    ".collapsed": COLLAPSED,
}
ENDINGS = tuple(_BY_ENDING)


def form_of(path: str) -> str | None:
    """Return what a file is to hold, by its name; None if that tells nothing."""
    _, dot, ending = path.rpartition(".")
    return _BY_ENDING.get(dot + ending.lower())
