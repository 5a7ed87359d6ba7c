"""The man page, in the man macros that groff and mandoc both understand."""

from __future__ import annotations

from carbonrun.cli.describe import (
    DESCRIPTION,
    EXAMPLES,
    EXIT_STATUSES,
    PURPOSE,
    default_of,
    value_name,
)
from carbonrun.option import FACTOR, NUMBER, SECTIONS, WATTS, Option
from carbonrun.options import OPTIONS, SUBCOMMANDS
from carbonrun.values import range_text

_FILES = (
    ("$XDG_CONFIG_HOME/carbonrun/config.toml", "Your configuration; else ~/.config/carbonrun."),
    (
        "carbonrun.toml, pyproject.toml",
        (
            "The project's configuration: the nearest carbonrun.toml, or pyproject.toml with a "
            "table [tool.carbonrun], in the working directory or above it, up to the root. One "
            "that belongs neither to you, nor to root, nor to the owner of the working directory "
            "is passed over."
        ),
    ),
    (
        "$XDG_STATE_HOME/carbonrun",
        (
            "The state directory, else ~/.local/state/carbonrun: runs.csv, journals, idle floors, "
            "calibrations."
        ),
    ),
)

_NOTES = (
    (
        "Precedence: defaults, then your configuration file, then the project's, then the "
        "environment, then options. In each file the chosen profile counts for more than the keys "
        "outside of it. An unknown key or a bad value is an error that names its source; relative "
        "paths in a file start at its directory. carbonrun config shows what counts, and where "
        "it comes from."
    ),
    (
        "An empty environment variable counts as not set. Of several times the same option, the "
        "last one counts; --tag, --idle-watts and --mask are collected instead, over configuration "
        "files, environment and command line. In CARBONRUN_TAG and CARBONRUN_IDLE_WATTS commas "
        "separate several values, in CARBONRUN_MASK line ends do."
    ),
    (
        "A file of the name 'none' is given to --csv and --json as ./none, since the word switches "
        "the output off."
    ),
    (
        "carbonrun calibrate measures what this machine draws when idle and under load, for about "
        "a minute and a half (--quick: half a minute), and keeps it in the state directory; later "
        "runs divide the energy by it. The machine must have nothing else to do, or it is refused. "
        "Where the processors have no counter but the whole board has one, it fits the model of "
        "the processors to that. --show shows what was kept, --forget removes it. "
        "The exit status is 1 where there is nothing to measure, or to show."
    ),
    (
        "carbonrun report RUN shows a saved run again: as table, line, Markdown, JSON, CSV, page, "
        "badge, flame graph, or in a model card. RUN is last, the beginning of an id, a name, or "
        "the path of a JSON report or journal. --where tells what it would have emitted in other "
        "zones, in the regions of a cloud provider (--cloud), and at other hours."
    ),
    (
        "carbonrun compare runs commands in turns, each round in a random order, and tells by how "
        "much the others differ from the first one, with an interval that has the truth in it in "
        "95 % of all cases. Energy and time are judged apart. A difference is claimed where rank "
        "tests find one, equality where the whole interval is within --equivalence. Where "
        "no sensor measures the energy, the verdict is on the CPU time. The exit status is 1 if a "
        "command fails, 122 if one is worse than --fail-if-worse allows."
    ),
    (
        "A budget (--max-energy, --max-co2e) is checked at each reading, from the first second "
        "on, against what is attributed to the command by then; that can be two seconds late. "
        "With --on-exceed fail or stop the exit status is 122 if the command itself exits with 0; "
        "any other status or death by a signal is passed on. stop sends TERM to the command, and "
        "to what it leaves behind, and kills all of its processes ten seconds later."
    ),
    (
        "A run writes nothing to standard output. A failure of carbonrun after the command was "
        "started becomes a note in the report; it never changes the command's exit status."
    ),
)


def manual(version: str, subcommands: tuple[tuple[str, str], ...]) -> str:
    """Return the source of carbonrun(1); ``subcommands`` are those that this version has."""
    parts = [
        f'.TH CARBONRUN 1 "" "carbonrun {version}" "User Commands"\n.nh\n.ad l\n',
        ".SH NAME\ncarbonrun \\- measure what a command costs in energy and carbon\n",
        (
            ".SH SYNOPSIS\n.B carbonrun\n"
            "[\\fIOPTIONS\\fR] [\\-\\-] \\fICOMMAND\\fR [\\fIARG\\fR]...\n"
            ".br\n.B carbonrun\n\\fISUBCOMMAND\\fR ...\n"
        ),
        ".SH DESCRIPTION\n" + _paragraphs((PURPOSE, *DESCRIPTION)),
        (
            ".PP\nThese words are subcommands, or reserved for them in later versions:\n"
            f"{escape(', '.join(SUBCOMMANDS))}.\n"
        ),
        ".SH SUBCOMMANDS\n" + _list(_with_help(subcommands), "B"),
        ".SH OPTIONS\n" + "".join(_section(section) for section in SECTIONS),
        ".SH ENVIRONMENT\n" + _environment(),
        ".SH FILES\n" + _list(_FILES, "I"),
        ".SH EXIT STATUS\n" + _list(EXIT_STATUSES, "B"),
        ".SH EXAMPLES\n" + _list(EXAMPLES, "B"),
        ".SH NOTES\n" + _paragraphs(_NOTES),
        ".SH SEE ALSO\n.BR time (1),\n.BR nice (1),\n.BR timeout (1)\n",
    ]
    return "".join(parts)


def _with_help(subcommands: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return name and purpose as sentences that say where there is more."""
    return tuple(
        (name, f"{purpose[0].upper()}{purpose[1:]}. See carbonrun {name} --help.")
        for name, purpose in subcommands
    )


def escape(text: str) -> str:
    """Return text that roff shows as it is; also at the beginning of a line."""
    shown = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("~", "\\(ti")
    )
    shown = shown.replace("^", "\\(ha").replace("`", "\\(ga")
    return "\\&" + shown if shown.startswith(".") else shown


def _paragraphs(texts: tuple[str, ...]) -> str:
    return "\n.PP\n".join(escape(text) for text in texts) + "\n"


def _list(rows: tuple[tuple[str, str], ...], font: str) -> str:
    return "".join(f'.TP\n.{font} "{escape(name)}"\n{escape(text)}\n' for name, text in rows)


def _section(section: str) -> str:
    options = (option for option in OPTIONS if option.section == section)
    return f".SS {section}\n" + "".join(_option(option) for option in options)


def _option(option: Option) -> str:
    values = value_name(option)
    if option.choices:
        value = "|\\:".join(f"\\fB{escape(choice)}\\fR" for choice in option.choices)
    else:
        value = f"\\fI{escape(values)}\\fR"
    tags = [f"\\fB{escape(flag)}\\fR {value}" for flag in option.flags]
    tags += [f"\\fB{escape(flag)}\\fR" for flag, _text in option.switches]
    text = [option.help]
    if option.kind in {NUMBER, FACTOR, WATTS}:
        text.append(f"{range_text(option)[0].upper()}{range_text(option)[1:]}.")
    default = default_of(option)
    if default is not None:
        text.append(f"Default: {default}.")
    if option.example:
        text.append(f"Example: {(option.flags or ('',))[0]} {option.example}")
    return f".TP\n{', '.join(tags)}\n{escape(' '.join(text))}\n"


def _environment() -> str:
    """Return each variable with the option that it stands for."""
    rows = []
    for option in OPTIONS:
        if option.environment:
            name = (option.flags or tuple(flag for flag, _text in option.switches))[0]
            how = "" if option.flags else " (1 or 0)"
            rows.append((option.environment, f"As {name}{how}."))
    rows.append(
        (
            "CARBONRUN_<PROVIDER>_KEY",
            (
                "Your key of a service; else [keys] in your configuration file. See carbonrun "
                "intensity sources."
            ),
        )
    )
    rows.append(
        (
            "CARBONRUN_RUN_ID",
            "Set for the command: the id of the run. A carbonrun in it records that as its parent.",
        )
    )
    rows.append(("NO_COLOR, FORCE_COLOR, TERM, COLUMNS", "As usual, for the summary."))
    return _list(tuple(rows), "B")
