"""The completion for zsh."""

from __future__ import annotations

from carbonrun.cli.describe import switch_help, value_name
from carbonrun.option import OUTPUT, PATH, Option
from carbonrun.options import OPTIONS

_HEAD = """\
#compdef carbonrun
# Completion of carbonrun for zsh. Made from the option table; do not edit.

"""

# "(-)" ends the options at the command; from there on the command's own completion goes on.
_TAIL = """\
  '(-)1:command: _alternative "own:subcommand:(@OWN@)" "any:command:_command_names -e"' \\
  '*::arguments: _normal'
"""


def zsh_completion(subcommands: tuple[str, ...]) -> str:
    """Return the script; ``subcommands`` are those that this version has."""
    lines = ["_arguments -S \\\n"]
    for option in OPTIONS:
        lines.extend(f"  {_with_value(option, flag)} \\\n" for flag in option.flags)
        lines.extend(
            f"  {flag}'[{_quoted(switch_help(option, text))}]' \\\n"
            for flag, text in option.switches
        )
    return _HEAD + "".join(lines) + _TAIL.replace("@OWN@", " ".join(subcommands))


def _with_value(option: Option, flag: str) -> str:
    repeat = "\\*" if option.is_collected else ""
    value = value_name(option).replace(":", "\\:")
    if option.choices:
        action = f"({' '.join(option.choices)})"
    elif option.kind in {PATH, OUTPUT}:
        action = "_files -/" if option.metavar == "DIR" else "_files"
    else:
        action = " "
    return f"{repeat}{flag}'=[{_quoted(option.help)}]:{value}:{action}'"


def _quoted(text: str) -> str:
    """Return text for single quotes and square brackets, to the end of its first sentence."""
    first = text.split(". ", maxsplit=1)[0].rstrip(".")
    first = first.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return first.replace("'", "'\\''")
