"""Texts that are safe to print, and how wide they are on a terminal. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text with everything that could steer a terminal shown as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte that is no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return repr(char)[1:-1]


def width(text: str) -> int:
    """Return how many columns the text takes; East Asian characters take two."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def shorten(text: str, columns: int, mark: str) -> str:
    """Return the text cut to at most ``columns``; a cut is shown by ``mark``."""
    if width(text) <= columns:
        return text
    room = max(0, columns - len(mark))
    while text and width(text) > room:
        text = text[: min(len(text) - 1, room)]
    return (text.rstrip() + mark)[: max(0, columns)]


def to_ascii(text: str) -> str:
    """Return the text for a terminal that has no UTF-8."""
    if text.isascii():
        return text
    text = text.replace("\N{MICRO SIGN}", "u")
    return text.encode("ascii", "backslashreplace").decode()


def signal_name(number: int) -> str:
    """Return ``SIGTERM`` for 15; ``signal 99`` for a number without a name."""
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
