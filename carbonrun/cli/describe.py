"""How an option is written in documents: its names, its default, its environment variable. Pure."""

from __future__ import annotations

from carbonrun.option import FACTOR, FALSE, FLAG, NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.option import Option

PURPOSE = "What did this command cost in energy and carbon?"
SYNOPSES = ("carbonrun [OPTIONS] [--] COMMAND [ARG]...", "carbonrun SUBCOMMAND ...")
DESCRIPTION = (
    (
        "Runs COMMAND, measures the energy that its process tree uses, turns it into grams of CO2e "
        "and prints a table on standard error when it ends. COMMAND is not affected: its input, "
        "output, signals and exit status are as without carbonrun."
    ),
    (
        "Options stop at the first word that is none. That word is a subcommand if it names one, "
        "otherwise it is COMMAND; after -- it always is."
    ),
)
EXIT_STATUSES = (
    ("0-255", "the command's own; death by a signal is passed on as such"),
    ("122", "over a budget (--on-exceed), or worse than compare --fail-if-worse allows"),
    ("125", "carbonrun refused: bad option, bad configuration, unwritable output"),
    ("126", "the command cannot be executed"),
    ("127", "the command was not found"),
)
EXAMPLES = (
    ("carbonrun make -j8", "what a build costs"),
    ("carbonrun --zone FR --csv energy.csv -- python train.py", "keep a row for each training"),
    ("carbonrun compare 'make -j2' 'make -j8'", "which of both uses less, and how sure that is"),
)


def value_name(option: Option) -> str:
    """Return what stands for the value: ``PATH``, ``full|line|none``; empty for a switch."""
    return option.metavar or "|".join(option.choices)


def names(option: Option) -> list[str]:
    """Return the names with their values: ``["--csv PATH", "--no-csv"]``."""
    with_value = [f"{flag} {value_name(option)}" for flag in option.flags]
    return [*with_value, *(flag for flag, _text in option.switches)]


def switch_help(option: Option, text: str) -> str:
    """Return what a switch does that stands for the text."""
    if option.kind == FLAG and text == FALSE:
        return f"Undo {option.switches[0][0]} of a file or the environment."
    if option.flags:
        return f"The same as {option.flags[0]} {text}."
    return option.help


def default_of(option: Option) -> str | None:
    """Return the default as a reader wants to see it; None if there is nothing to say."""
    if option.default_text is not None:
        return option.default_text
    if option.kind == FLAG:
        return "on" if option.default else "off"
    if not option.default:
        return None
    if option.kind in {NUMBER, FACTOR}:
        return f"{option.default:g}"
    return str(option.default)


def remarks(option: Option) -> str:
    """Return environment variable and default: ``CARBONRUN_PUE, default 1``; may be empty."""
    default = default_of(option)
    parts = [option.environment, None if default is None else f"default: {default}"]
    return "; ".join(part for part in parts if part)
