"""From what was typed to commands."""

from __future__ import annotations

import math
import subprocess
from typing import Any

import pytest

from carbonrun.compare.commands import Command, commands_of
from carbonrun.errors import UsageError

NO_SHELL = {"shell": "none"}


def parsed(*texts: str, **how: Any) -> list[Command]:
    given = {
        "words": [], "varied": [], "names": [], "work": [], "shell": "/bin/sh", **how,
    }  # fmt: skip
    return commands_of(texts, **given)


def test_texts_go_to_a_shell_and_get_letters() -> None:
    first, second = parsed("a | b", "c")
    assert first.words == ("/bin/sh", "-c", "a | b")
    assert [c.subject.name for c in (first, second)] == ["A", "B"]
    assert [c.subject.text for c in (first, second)] == ["a | b", "c"]


def test_without_a_shell_they_are_split() -> None:
    (command,) = parsed("a 'b c' \"d\"", **NO_SHELL)
    assert command.words == ("a", "b c", "d")
    with pytest.raises(UsageError, match="cannot be split"):
        parsed("a 'b", **NO_SHELL)
    with pytest.raises(UsageError, match="empty"):
        parsed("  ", **NO_SHELL)


def test_words_behind_the_dashes_are_one_command() -> None:
    (command,) = parsed(words=["prog", "a b", "--x"])
    assert command.words == ("prog", "a b", "--x")
    assert command.subject.text == "prog 'a b' --x"


def test_values_are_put_in() -> None:
    found = parsed(words=["make", "-j{n}", "{t}"], varied=["n=1,2", "t=x,y"])
    assert [c.words for c in found] == [
        ("make", "-j1", "x"), ("make", "-j1", "y"), ("make", "-j2", "x"), ("make", "-j2", "y"),
    ]  # fmt: skip
    assert found[1].subject.parameters == {"n": "1", "t": "y"}
    (text,) = parsed("echo {n}", varied=["n=5"])
    assert text.words[-1] == "echo 5"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, "no command was given"),
        ({"words": ["a"], "varied": ["n=1"]}, "has no {n} in it"),
        ({"words": ["a{n}"], "varied": ["n"]}, "must be NAME=VALUE"),
        ({"words": ["a{n}"], "varied": ["n=1", "n=2"]}, "twice for the same name"),
        ({"words": ["a"], "names": ["x", "y"]}, "2 names for 1 commands"),
        ({"words": ["a{n}"], "varied": ["n=1,2,3"], "work": [1.0, 2.0]}, "--work was given 2"),
        ({"words": ["a"], "work": [math.nan]}, "--work nan: must be a number above 0"),
        ({"words": ["a"], "work": [math.inf]}, "--work inf: must be a number above 0"),
        ({"words": ["a"], "work": [0.0]}, "--work 0: must be a number above 0"),
        ({"words": ["a{n}"], "varied": ["n=1,2"], "names": ["B"]}, "two commands are called 'B'"),
    ],
)
def test_mistakes(how: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(**how)
    assert message in caught.value.message


def test_names_and_work() -> None:
    found = parsed("a", "b", "c", names=["old"], work=[10.0])
    assert [c.subject.name for c in found] == ["old", "B", "C"]
    assert [c.subject.work for c in found] == [10.0] * 3
    assert [c.subject.work for c in parsed("a", "b", work=[1.0, 2.0])] == [1.0, 2.0]
    many = parsed(*["x"] * 28)
    assert many[27].subject.name == "B1"


def test_secrets_are_masked_in_what_is_shown_and_not_in_what_is_run() -> None:
    (text,) = parsed("curl --token=abc123 | sort")
    assert text.masked(()).subject.text == "curl --token=*** | sort"
    assert text.masked(()).words[-1] == "curl --token=abc123 | sort"
    words = parsed(words=["prog", "--password", "{p}", "a b"], varied=["p=hunter2,x"])[0]
    masked = words.masked(["hunter2"])
    assert masked.subject.text == "prog --password '***' 'a b'"
    assert masked.subject.parameters == {"p": "***"}
    assert masked.words == ("prog", "--password", "hunter2", "a b")
    (plain,) = parsed("a  b")
    assert plain.masked(()) is plain


def run(command: Command, *, goes_on: bool) -> tuple[int, str]:
    result = subprocess.run(
        command.run_words(goes_on=goes_on), capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout


def test_repeats_run_it_so_often_until_it_fails() -> None:
    (good,) = parsed("printf '%s.' a")
    assert run(good.with_repeats(3), goes_on=False) == (0, "a.a.a.")
    assert run(good, goes_on=False) == (0, "a.")
    (bad,) = parsed("printf b; exit 4")
    assert run(bad.with_repeats(3), goes_on=False) == (4, "b")
    assert run(bad.with_repeats(3), goes_on=True)[1] == "bbb"
