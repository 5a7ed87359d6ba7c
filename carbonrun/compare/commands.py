"""From what was typed to the commands that are compared. Pure."""

from __future__ import annotations

import math
import shlex
from itertools import product

from carbonrun.compare.model import Subject
from carbonrun.errors import UsageError
from carbonrun.record import Record
from carbonrun.report.mask import mask_command
from carbonrun.report.text import shell_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NO_SHELL = "none"
# SHELL -c TEXT
_SHELL_WORDS = 3
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Runs a command several times; $1 is how often. Each failure ends it, or none does.
_LOOP = 'n=$1; shift; while [ "$n" -gt 0 ]; do "$@"%s; n=$((n - 1)); done'


class Command(Record):
    """A command: what is shown of it, and the words that are executed."""

    subject: Subject
    words: tuple[str, ...]

    def with_repeats(self, repeats: int) -> Command:
        """Return the same command, to be executed so often in one run."""
        return self.replace(subject=self.subject.replace(repeats=repeats))

    def masked(self, patterns: Iterable[str]) -> Command:
        """Return the same command, without secrets in what is shown and recorded of it."""
        masked = mask_command(self.words, patterns)
        if masked == self.words:
            return self
        by_shell = self.words[1:2] == ("-c",) and len(self.words) == _SHELL_WORDS
        text = masked[-1] if by_shell else " ".join(map(shell_quoted, masked))
        parameters = {
            name: mask_command((value,), patterns)[0]
            for name, value in self.subject.parameters.items()
        }
        return self.replace(subject=self.subject.replace(text=text, parameters=parameters))

    def run_words(self, *, goes_on: bool) -> tuple[str, ...]:
        """Return the words of one run; ``goes_on`` repeats it even if it fails."""
        repeats = self.subject.repeats
        if repeats == 1:
            return self.words
        loop = _LOOP % ("" if goes_on else " || exit")
        return ("/bin/sh", "-c", loop, "sh", str(repeats), *self.words)


def commands_of(  # noqa: PLR0913, PLR0917 - each is an option
    texts: Sequence[str],
    words: Sequence[str],
    varied: Sequence[str],
    names: Sequence[str],
    work: Sequence[float],
    shell: str,
) -> list[Command]:
    """Return all commands, in the order in which they were given.

    Args:
        texts: whole command lines, for the shell.
        words: of one more command, which needs no shell; may be empty.
        varied: ``NAME=VALUE,VALUE``; every ``{NAME}`` is replaced by each of the values.
        names: what the commands are called; may be fewer.
        work: units of work of each, or one figure for all, or none.
        shell: the program that runs the texts; ``none`` splits them as a shell would.

    Raises:
        UsageError: what was given does not fit together.
    """
    choices = [
        dict(zip(_names(varied), values, strict=True)) for values in product(*_values(varied))
    ]
    found = [_filled(text, chosen, shell) for text in texts for chosen in choices]
    if words:
        found += [_filled_words(words, chosen) for chosen in choices]
    _check_counts(len(found), names, work)
    commands = [
        Command(
            subject=Subject(
                name=names[number] if number < len(names) else _letter(number),
                text=text,
                parameters=chosen,
                work=None if not work else work[number if len(work) > 1 else 0],
                repeats=1,
            ),
            words=run,
        )
        for number, (text, run, chosen) in enumerate(found)
    ]
    _check_names([command.subject.name for command in commands])
    return commands


def _check_names(names: Sequence[str]) -> None:
    """Refuse two commands of one name: sentences and baselines know them by it."""
    for number, name in enumerate(names):
        if name in names[:number]:
            message = f"compare: two commands are called {name!r}"
            raise UsageError(message, "give each another one with --command-name")


def _check_counts(count: int, names: Sequence[str], work: Sequence[float]) -> None:
    if not count:
        raise UsageError(
            "compare: no command was given", "carbonrun compare 'COMMAND A' 'COMMAND B'"
        )
    if len(names) > count:
        message = f"compare: {len(names)} names for {count} commands"
        raise UsageError(message)
    if len(work) not in {0, 1, count}:
        message = f"compare: --work was given {len(work)} times for {count} commands"
        raise UsageError(message, "give it once for all, or once for each")
    for units in work:
        if not 0 < units < math.inf:
            raise UsageError(f"compare: --work {units:g}: must be a number above 0")


Filled = tuple[str, tuple[str, ...], dict[str, str]]


def _filled(text: str, chosen: dict[str, str], shell: str) -> Filled:
    filled = _replaced(text, chosen)
    _check_all_used([text], chosen)
    if shell != NO_SHELL:
        return filled, (shell, "-c", filled), chosen
    try:
        words = tuple(shlex.split(filled))
    except ValueError as error:
        message = f"compare: {filled!r} cannot be split into words: {error}"
        raise UsageError(message) from None
    if not words:
        raise UsageError("compare: a command is empty")
    return filled, words, chosen


def _filled_words(words: Sequence[str], chosen: dict[str, str]) -> Filled:
    _check_all_used(words, chosen)
    filled = tuple(_replaced(word, chosen) for word in words)
    return " ".join(map(shell_quoted, filled)), filled, chosen


def _replaced(text: str, chosen: dict[str, str]) -> str:
    for name, value in chosen.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _check_all_used(words: Sequence[str], chosen: dict[str, str]) -> None:
    for name in chosen:
        if not any(f"{{{name}}}" in word for word in words):
            message = f"compare: --vary {name}: the command has no {{{name}}} in it"
            raise UsageError(message, f"write {{{name}}} where its values belong")


def _names(varied: Sequence[str]) -> list[str]:
    names = [text.partition("=")[0] for text in varied]
    if len(set(names)) < len(names):
        raise UsageError("compare: --vary was given twice for the same name")
    return names


def _values(varied: Sequence[str]) -> list[list[str]]:
    values = []
    for text in varied:
        name, _, listed = text.partition("=")
        if not name or not listed:
            message = f"compare: --vary {text!r}: must be NAME=VALUE,VALUE, for example jobs=1,2,4"
            raise UsageError(message)
        values.append(listed.split(","))
    return values


def _letter(number: int) -> str:
    """Return A to Z, then A1, B1 ..."""
    turn, letter = divmod(number, len(_LETTERS))
    return _LETTERS[letter] + (str(turn) if turn else "")
