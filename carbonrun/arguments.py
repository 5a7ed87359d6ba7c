"""The argument parser of the fast path. Pure: a list of words in, a record out.

Responsible for: where the options end and the command starts, and which texts were given for which
option. Options stop at the first word that is none; behind them everything belongs to the command,
byte for byte.
Not responsible for: what the texts mean (:mod:`carbonrun.settings`).
"""

from __future__ import annotations

from carbonrun.errors import UsageError
from carbonrun.options import OPTIONS, SUBCOMMANDS
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SYNOPSIS = "carbonrun [OPTIONS] [--] COMMAND [ARG]..."
END_OF_OPTIONS = "--"

_TAKES_VALUE = {flag: option for option in OPTIONS for flag in option.flags}
_SWITCHES = {flag: (o.key, text) for o in OPTIONS for flag, text in o.switches}


class Arguments(Record):
    """A command line, taken apart.

    Attributes:
        flags: the texts that were given for each option's key, in their order.
        command: the command and its arguments; behind a subcommand, the arguments of that.
        subcommand: its name, or None.
        wants_help: ``--help`` was met; what follows it was not looked at.
        wants_version: the same for ``--version``.
    """

    flags: dict[str, tuple[str, ...]]
    command: tuple[str, ...] = ()
    subcommand: str | None = None
    wants_help: bool = False
    wants_version: bool = False


def parse(argv: Sequence[str]) -> Arguments:
    """Take the words behind ``carbonrun`` apart.

    Raises:
        UsageError: an unknown option, a missing or unexpected value, or no command.
    """
    flags: dict[str, tuple[str, ...]] = {}
    at = 0
    while at < len(argv):
        word = argv[at]
        if word == END_OF_OPTIONS:
            return _with_command(flags, argv[at + 1 :])
        if word == "-" or not word.startswith("-"):
            if word in SUBCOMMANDS:
                return Arguments(flags=flags, command=tuple(argv[at + 1 :]), subcommand=word)
            return _with_command(flags, argv[at:])
        key, text, used = _option(argv, at)
        if key in ("help", "version"):
            return Arguments(flags=flags, wants_help=key == "help", wants_version=key == "version")
        flags[key] = (*flags.get(key, ()), text)
        at += used
    return _with_command(flags, ())


def _with_command(flags: dict[str, tuple[str, ...]], command: Sequence[str]) -> Arguments:
    if not command:
        raise UsageError("no command was given", f"usage: {SYNOPSIS}; see carbonrun --help")
    return Arguments(flags=flags, command=tuple(command))


def _option(argv: Sequence[str], at: int) -> tuple[str, str, int]:
    """Return key and text of the option at a position, and how many words it takes."""
    name, equals, text = argv[at].partition("=")
    if name in _SWITCHES:
        if equals:
            message = f"option {name} takes no value, but was given {text!r}"
            raise UsageError(message)
        return (*_SWITCHES[name], 1)
    option = _TAKES_VALUE.get(name)
    if option is None:
        raise _unknown(name)
    if equals:
        return option.key, text, 1
    following = argv[at + 1] if at + 1 < len(argv) else None
    if following is None or following in (END_OF_OPTIONS, *_TAKES_VALUE, *_SWITCHES):
        value = option.metavar or "|".join(option.choices)
        hint = None if following is None else f"if the value is {following}: {name}={following}"
        message = f"option {name} needs a value: {name} {value}"
        raise UsageError(message, hint)
    return option.key, following, 2


def _unknown(name: str) -> UsageError:
    from carbonrun.suggestion import did_you_mean

    near = did_you_mean(name, (*_TAKES_VALUE, *_SWITCHES))
    shown = name if name.isprintable() else repr(name)
    message = f"unknown option {shown}" + (f": {near}" if near else "")
    return UsageError(message, "see carbonrun --help; options of the command stand behind it")
