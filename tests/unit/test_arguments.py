"""The hand-written parser, alone and against typer's."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonrun.arguments import Arguments, parse
from carbonrun.errors import UsageError
from carbonrun.option import ACTION, Option
from carbonrun.options import OPTIONS, SUBCOMMANDS

RUN_OPTIONS = [option for option in OPTIONS if option.kind != ACTION]


@pytest.mark.parametrize(
    ("line", "flags", "command"),
    [
        (["make", "-j8"], {}, ("make", "-j8")),
        (["--", "make"], {}, ("make",)),
        (["-q", "cmd", "--help", "-q"], {"summary": ("none",)}, ("cmd", "--help", "-q")),
        (["--", "--", "x"], {}, ("--", "x")),
        (["cmd", "--", "x"], {}, ("cmd", "--", "x")),
        (["--", "report"], {}, ("report",)),
        (["--zone=", "x"], {"zone": ("",)}, ("x",)),
        (["--csv=a=b", "x"], {"csv": ("a=b",)}, ("x",)),
        (["--csv=--json", "x"], {"csv": ("--json",)}, ("x",)),
        (["--zone", "", "x"], {"zone": ("",)}, ("x",)),
        (["--intensity", "-3", "x"], {"intensity": ("-3",)}, ("x",)),
        (["--tag", "a=1", "--tag=b=2", "x"], {"tag": ("a=1", "b=2")}, ("x",)),
        (["-q", "--summary", "line", "x"], {"summary": ("none", "line")}, ("x",)),
        (["--csv", "a", "--no-csv", "x"], {"csv": ("a", "none")}, ("x",)),
        (["-", "x"], {}, ("-", "x")),
        ([""], {}, ("",)),
        (["--name", "\udcff", "\udc80"], {"name": ("\udcff",)}, ("\udc80",)),
    ],
    ids=repr,
)
def test_lines(
    line: list[str], flags: dict[str, tuple[str, ...]], command: tuple[str, ...]
) -> None:
    assert parse(line) == Arguments(flags=flags, command=command)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_subcommand_gets_the_rest(name: str) -> None:
    expected = Arguments(
        flags={"zone": ("FR",)}, subcommand=name, command=("--json", "--", "x", "-q")
    )
    assert parse(["--zone", "FR", name, "--json", "--", "x", "-q"]) == expected


def test_a_subcommand_behind_the_double_dash_is_a_command() -> None:
    assert parse(["-q", "--", "doctor"]).subcommand is None


@pytest.mark.parametrize(
    ("word", "field"), [("--help", "wants_help"), ("--version", "wants_version")]
)
def test_help_and_version_win_over_what_follows(word: str, field: str) -> None:
    assert getattr(parse([word, "--nonsense"]), field)
    assert not getattr(parse(["ls", word]), field)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ([], "no command was given", "COMMAND"),
        (["-q"], "no command was given", "COMMAND"),
        (["--"], "no command was given", "COMMAND"),
        (["--jsn", "x"], "unknown option --jsn: did you mean --json?", "--help"),
        (["--jsn=a", "x"], "unknown option --jsn: did you mean --json?", "--help"),
        (["--cs", "x"], "unknown option --cs: did you mean --csv?", "--help"),
        (["-h"], "unknown option -h: did you mean --help?", "--help"),
        (["-x"], "unknown option -x", "--help"),
        (["-qq", "x"], "unknown option -qq: did you mean -q?", "--help"),
        (["--xyzzy"], "unknown option --xyzzy", "--help"),
        (["--\x1b[31m"], r"unknown option '--\x1b[31m'", "--help"),
        (["--csv"], "option --csv needs a value: --csv PATH", None),
        (["--summary"], "option --summary needs a value: --summary full|line|none", None),
        (["--csv", "--", "x"], "option --csv needs a value: --csv PATH", "--csv=--"),
        (["--csv", "--json", "x"], "option --csv needs a value: --csv PATH", "--csv=--json"),
        (["-q=1", "x"], "option -q takes no value, but was given '1'", None),
        (["--offline=yes", "x"], "option --offline takes no value, but was given 'yes'", None),
    ],
    ids=repr,
)
def test_mistakes(line: list[str], message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert caught.value.message == message
    assert caught.value.exit_status == 125
    if hint is None:
        assert caught.value.hint is None
    else:
        assert hint in (caught.value.hint or "")


def parameter(name: str, kind: type, *declarations: str, default: Any) -> inspect.Parameter:
    option = typer.Option(*declarations)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def parameters(option: Option) -> list[inspect.Parameter]:
    """Declare an option to typer: one parameter for its flags, one for each of its switches."""
    name = option.key.replace("-", "_")
    made = []
    if option.flags and option.is_collected:
        made.append(parameter(name, list[str], *option.flags, default=[]))
    elif option.flags:
        made.append(parameter(name, str, *option.flags, default=None))
    for number, (flag, _text) in enumerate(option.switches):
        made.append(parameter(f"{name}_switch_{number}", bool, flag, default=False))
    return made


def typer_parse(line: list[str]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Parse a run line with typer, from the same table."""
    found: dict[str, Any] = {}

    def run(**values: Any) -> None:
        found.update(values)

    command = inspect.Parameter(
        "command",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[list[str], typer.Argument()],
    )
    declared = [command, *(p for option in RUN_OPTIONS for p in parameters(option))]
    run.__signature__ = inspect.Signature(declared)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in declared}
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings={"allow_interspersed_args": False})(run)
    typer.main.get_command(app).main(args=line, standalone_mode=False)
    flags: dict[str, tuple[str, ...]] = {}
    for option in RUN_OPTIONS:
        name = option.key.replace("-", "_")
        given = found.get(name)
        texts = list(given) if isinstance(given, (list, tuple)) else [given] if given else []
        texts += [
            text
            for number, (_flag, text) in enumerate(option.switches)
            if found[f"{name}_switch_{number}"]
        ]
        if texts:
            flags[option.key] = tuple(texts)
    return flags, tuple(found["command"])


# No value starts with a dash: there carbonrun asks whether the value was forgotten.
VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda text: not text.startswith("-")
)
WORDS = st.one_of(VALUES, st.sampled_from(["--", "-q", "--help", "--csv=x", "-", ""]))


@st.composite
def options(draw: st.DrawFn) -> list[str]:
    """Draw options with values in both spellings; only collected ones more than once.

    typer does not tell in which order different options came; the examples above do.
    """
    words = []
    for option in draw(st.lists(st.sampled_from(RUN_OPTIONS), unique_by=lambda o: o.key)):
        names = [*option.flags, *(flag for flag, _text in option.switches)]
        flag = draw(st.sampled_from(names))
        for _ in range(draw(st.integers(1, 3)) if option.is_collected else 1):
            if flag not in option.flags:
                words.append(flag)
            elif draw(st.booleans()):
                words.append(f"{flag}={draw(VALUES)}")
            else:
                words.extend([flag, draw(VALUES)])
    return words


@settings(max_examples=60, deadline=None)
@given(options(), st.booleans(), VALUES, st.lists(WORDS, max_size=5))
def test_typer_understands_every_line_in_the_same_way(
    given_options: list[str], dashes: bool, command: str, rest: list[str]
) -> None:
    line = [*given_options, *(["--"] if dashes else []), command, *rest]
    if not dashes and command in SUBCOMMANDS:
        return
    parsed = parse(line)
    assert (parsed.flags, parsed.command) == typer_parse(line)


@given(st.lists(st.text(max_size=5), max_size=6))
def test_everything_behind_the_double_dash_arrives(words: list[str]) -> None:
    assert parse(["--", "x", *words]).command == ("x", *words)


@given(st.lists(st.text(max_size=6)))
def test_any_line_is_parsed_or_refused(line: list[str]) -> None:
    try:
        command = parse(line).command
    except UsageError:
        return  # anything else than this is a failure
    assert command == tuple(line[len(line) - len(command) :])
