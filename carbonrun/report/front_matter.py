"""Changing one key of the YAML at the head of a Markdown file, every other byte as it was. Pure.

Only as much of YAML is understood as is needed to see where a key of the first level begins and
ends. What is written otherwise is refused, not guessed.

Source: huggingface_hub, how a card's metadata is found: a line ``---``, YAML, a line ``---``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FENCE = "---"
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_QUOTES = "\"'"


class Entry:
    """A key and the lines that it takes, its own line first."""

    def __init__(self, key: str, lines: list[str]) -> None:
        """Keep both."""
        self.key = key
        self.lines = lines


def split_head(text: str) -> tuple[list[str] | None, str]:
    """Return the lines between the fences, with their ends, and what is behind them.

    None is for a file that has no such head.
    """
    # Not splitlines(): it breaks at characters that the Hub does not take for an end of line.
    *whole, rest = text.removeprefix(_BYTE_ORDER_MARK).split("\n")
    lines = [*(f"{line}\n" for line in whole), *([rest] if rest else [])]
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None or lines[first].strip() != FENCE:
        return None, "".join(lines)
    for index in range(first + 1, len(lines)):
        if lines[index].rstrip("\r\n") == FENCE:
            return lines[first + 1 : index], "".join(lines[index + 1 :])
    return None, "".join(lines)


def entries_of(lines: Sequence[str], indent: int) -> list[Entry]:
    """Return the keys at one level with their lines; blank lines and comments have no key.

    Raises:
        ValueError: it is not written as one key a line.
    """
    entries: list[Entry] = []
    for line in lines:
        content = line.strip()
        depth = len(line) - len(line.lstrip(" "))
        is_own_line = depth == indent and content and content[0] not in "#-}]"
        if is_own_line:
            entries.append(Entry(_key(content), [line]))
        elif not content or content.startswith("#"):
            entries.append(Entry("", [line]))
        elif depth < indent or not any(entry.key for entry in entries):
            raise ValueError(_not_understood(content))
        else:
            _continue(entries, line)
    return entries


def _continue(entries: list[Entry], line: str) -> None:
    """Put a line to the last key; what stood between the two belongs to it as well."""
    at = max(index for index, entry in enumerate(entries) if entry.key)
    between = [other for entry in entries[at + 1 :] for other in entry.lines]
    entries[at].lines += [*between, line]
    del entries[at + 1 :]


def _key(content: str) -> str:
    """Return the key of a line ``key: value``, ``"key": value`` or ``key:``."""
    if content[0] in _QUOTES:
        name, quote, rest = content[1:].partition(content[0])
        if quote and rest.lstrip().startswith(":"):
            return name
    elif content[0] not in "{[|>&*!%@`":
        name, colon, rest = content.partition(":")
        if colon and (not rest or rest[0] in " \t") and name.strip():
            return name.strip()
    raise ValueError(_not_understood(content))


def _not_understood(content: str) -> str:
    return f"its front matter is not one key a line: {content[:40]!r}"


def with_key(text: str, key: str, block: Sequence[tuple[str, str]]) -> str:
    """Return the file with a key whose value is a block of keys; its older ones are kept.

    Args:
        text: of a Markdown file, with front matter or without; may be empty.
        key: of the first level.
        block: names and values, as YAML; they replace those of the same name.

    Raises:
        ValueError: the front matter is not written as one key a line.
    """
    # As the first line ends; further down there may be others, which stay.
    start = text.removeprefix(_BYTE_ORDER_MARK).lstrip()
    end = "\r\n" if start.partition("\n")[0].endswith("\r") else "\n"
    head, body = split_head(text)
    entries = entries_of(head or (), 0)
    old = [entry for entry in entries if entry.key == key]
    names = {name for name, _ in block}
    kept = [line for entry in old for line in _others(entry.lines[1:], names)]
    lines = [f"{key}:{end}", *(f"  {name}: {value}{end}" for name, value in block), *kept]
    at = entries.index(old[0]) if old else len(entries)
    rest = [entry for entry in entries if entry.key != key]
    before = [line for entry in rest[:at] for line in entry.lines]
    after = [line for entry in rest[at:] for line in entry.lines]
    gap = end if head is None and body.strip() and not body.startswith(("\n", "\r")) else ""
    return "".join([FENCE, end, *before, *lines, *after, FENCE, end, gap, body])


def _others(lines: Sequence[str], names: set[str]) -> list[str]:
    """Return what else stands in the block, indented as the new lines are."""
    depths = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
    if not depths or depths[0] == 0:
        return []
    kept = []
    for entry in entries_of(lines, depths[0]):
        if entry.key and entry.key not in names:
            kept += ["  " + line[depths[0] :] for line in entry.lines]
    return kept


def quoted(text: str) -> str:
    """Return a printable text as YAML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    """Return a number as YAML: without a point ``5e-05`` would be a text."""
    text = f"{value:.6g}"
    digits, exponent, power = text.partition("e")
    return f"{digits if '.' in digits else digits + '.0'}{exponent}{power}"
