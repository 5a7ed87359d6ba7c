"""Texts that are safe to print, and how wide they are on a terminal. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TAKEN_AS_IT_IS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
)


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


def shell_quoted(word: str) -> str:
    """Return the word as a shell reads it; as :func:`shlex.quote`, which imports ``re``: 3 ms."""
    if word and _TAKEN_AS_IT_IS.issuperset(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def width(text: str) -> int:
    """Return how many columns the text takes; East Asian characters take two."""
    if text.isascii():
        return len(text)
    return sum(_widths(text))


def _widths(text: str) -> Iterator[int]:
    from unicodedata import combining, east_asian_width

    for char in text:
        if combining(char):
            yield 0
        else:
            yield 2 if east_asian_width(char) in "WF" else 1


def beginning(text: str, columns: int) -> str:
    """Return as much of the text as fits into ``columns``."""
    if text.isascii():
        return text[:columns]
    used = 0
    for index, char_columns in enumerate(_widths(text)):
        used += char_columns
        if used > columns:
            return text[:index]
    return text


def shorten(text: str, columns: int, mark: str) -> str:
    """Return the text cut to at most ``columns``; a cut is shown by ``mark``."""
    if beginning(text, max(0, columns)) == text:
        return text
    head = beginning(text, max(0, columns - len(mark))).rstrip()
    return beginning(head + mark, max(0, columns))


def wrap(text: str, columns: int) -> list[str]:
    """Return lines of at most ``columns`` (2 or more), broken at spaces, inside words if need be.

    ``textwrap`` does not know of characters that are two columns wide.
    """
    lines = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= columns:
            line = longer
            continue
        lines += [line] if line else []
        line = word
        while width(line) > columns:
            head = beginning(line, columns)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line]


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
