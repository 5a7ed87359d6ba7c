"""The text of ``carbonrun --help``, made from the option table. Pure."""

from __future__ import annotations

import textwrap

from carbonrun.cli.describe import (
    DESCRIPTION,
    EXAMPLES,
    EXIT_STATUSES,
    PURPOSE,
    SYNOPSES,
    names,
    remarks,
)
from carbonrun.option import SECTIONS
from carbonrun.options import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 79
_TEXT_COLUMN = 26


def help_text(subcommands: Sequence[tuple[str, str]]) -> str:
    """Return the help as plain text of at most 79 columns.

    Args:
        subcommands: names and purposes of those that this version has.
    """
    usage = [f"{'Usage:' if i == 0 else '      '} {line}" for i, line in enumerate(SYNOPSES)]
    blocks = ["\n".join(usage), PURPOSE, *(textwrap.fill(text, WIDTH) for text in DESCRIPTION)]
    for section in SECTIONS:
        rows = [
            (", ".join(names(o)), o.help + (f" [{remarks(o)}]" if remarks(o) else ""))
            for o in OPTIONS
            if o.section == section
        ]
        blocks.append(_block(f"{section}:", rows))
    blocks.append(_block("Subcommands:", subcommands))
    blocks.append(_block("Exit status:", EXIT_STATUSES))
    examples = [f"  {command}\n      {purpose}" for command, purpose in EXAMPLES]
    blocks.append("\n".join(["Examples:", *examples]))
    blocks.append(
        textwrap.fill(
            "Configuration: defaults, then ~/.config/carbonrun/config.toml, then carbonrun.toml or "
            "[tool.carbonrun] in the nearest pyproject.toml, then environment, then options. "
            "'carbonrun config' shows what counts and why; all is in the man page carbonrun(1).",
            WIDTH,
        )
    )
    return "\n\n".join(blocks) + "\n"


def _block(heading: str, rows: Sequence[tuple[str, str]]) -> str:
    """Set names in a left column and texts in a right one."""
    lines = [heading]
    for left, right in rows:
        wrapped = textwrap.wrap(
            right, WIDTH - _TEXT_COLUMN, break_on_hyphens=False, break_long_words=False
        )
        first = f"  {left}"
        if len(first) <= _TEXT_COLUMN - 2:
            lines.append(f"{first:<{_TEXT_COLUMN}}{wrapped[0]}")
            wrapped = wrapped[1:]
        else:
            lines.append(first)
        lines.extend(" " * _TEXT_COLUMN + line for line in wrapped)
    return "\n".join(lines)
