"""The options as a Markdown table, for the README."""

from __future__ import annotations

from carbonrun.cli.describe import default_of, names
from carbonrun.options import OPTIONS

BEGIN = "<!-- options -->"
END = "<!-- /options -->"


def options_markdown() -> str:
    """Return the table of all options."""
    lines = ["| option | environment | meaning | default |", "| --- | --- | --- | --- |"]
    for option in OPTIONS:
        shown = ", ".join(f"`{name}`" for name in names(option))
        variable = f"`{option.environment}`" if option.environment else ""
        cells = (shown, variable, option.help, default_of(option) or "")
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def with_options(readme: str) -> str:
    """Return the README with the table between its markers; unchanged if it has none."""
    before, begin, rest = readme.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        return readme
    return f"{before}{BEGIN}\n{options_markdown()}{END}{after}"
