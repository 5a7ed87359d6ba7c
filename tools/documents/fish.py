"""The completion for fish."""

from __future__ import annotations

from carbonrun.cli.describe import switch_help
from carbonrun.option import OUTPUT, PATH, Option
from carbonrun.options import OPTIONS

_HEAD = """\
# Completion of carbonrun for fish. Made from the option table; do not edit.

# Succeeds as long as the command has not begun.
function __carbonrun_in_options
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        if contains -- $words[1] @WITH_VALUE@
            set -e words[1]
            set -q words[1]; or return 0
        else if test "$words[1]" = --; or not string match -q -- '-*' $words[1]
            return 1
        end
        set -e words[1]
    end
    return 0
end

complete -c carbonrun -x -a "(__fish_complete_subcommand -- @WITH_VALUE@)"
complete -c carbonrun -n __carbonrun_in_options -x -a "@SUBCOMMANDS@" -d Subcommand
"""


def fish_completion(subcommands: tuple[str, ...]) -> str:
    """Return the script; ``subcommands`` are those that this version has."""
    with_value = " ".join(flag for option in OPTIONS for flag in option.flags)
    head = _HEAD.replace("@WITH_VALUE@", with_value).replace("@SUBCOMMANDS@", " ".join(subcommands))
    lines: list[str] = []
    for option in OPTIONS:
        lines.extend(_line(flag, _value(option), option.help) for flag in option.flags)
        lines.extend(_line(f, "", switch_help(option, text)) for f, text in option.switches)
    return head + "\n".join(lines) + "\n"


def _line(flag: str, value: str, help_text: str) -> str:
    name = f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
    first = help_text.split(". ", maxsplit=1)[0].rstrip(".")
    quoted = first.replace("\\", "\\\\").replace("'", "\\'")
    return f"complete -c carbonrun -n __carbonrun_in_options {name}{value} -d '{quoted}'"


def _value(option: Option) -> str:
    if option.choices:
        return f" -x -a '{' '.join(option.choices)}'"
    if option.kind in {PATH, OUTPUT}:
        return " -x -a '(__fish_complete_directories)'" if option.metavar == "DIR" else " -r -F"
    return " -x"
