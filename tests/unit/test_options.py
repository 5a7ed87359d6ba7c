"""The option table itself: complete, without contradictions, cheap."""

from __future__ import annotations

import subprocess
import sys

import pytest

from carbonrun.option import ACTION, CHOICE, NUMBER, OUTPUT, SECTIONS, WATTS, Option
from carbonrun.options import OPTIONS, SUBCOMMANDS
from carbonrun.values import from_text

# As the contract with the users has them.
CONTRACT_FLAGS = (
    "--csv",
    "--no-csv",
    "--json",
    "--summary",
    "-q",
    "--name",
    "--project",
    "--tag",
    "--scope",
    "--zone",
    "--intensity",
    "--provider",
    "--offline",
    "--interval",
    "--cgroup",
    "--wait-tree",
    "--idle-watts",
    "--pue",
    "--max-energy",
    "--max-co2e",
    "--on-exceed",
    "--config",
    "--profile",
    "--sysfs",
    "--procfs",
    "--state-dir",
    "--version",
    "--help",
)


def flags_of(option: Option) -> list[str]:
    return [*option.flags, *(flag for flag, _text in option.switches)]


def test_all_names_are_there_and_unique() -> None:
    flags = [flag for option in OPTIONS for flag in flags_of(option)]
    assert set(CONTRACT_FLAGS) <= set(flags)
    assert len(flags) == len(set(flags))
    keys = [option.key for option in OPTIONS]
    variables = [option.environment for option in OPTIONS if option.environment]
    assert len(keys) == len(set(keys))
    assert len(variables) == len(set(variables))


def test_the_subcommands_are_those_of_the_contract() -> None:
    names = (
        "compare monitor attach mark doctor calibrate intensity report history dashboard serve "
        "sync config"
    )
    assert sorted(SUBCOMMANDS) == sorted(names.split())


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_every_option_is_described(option: Option) -> None:
    assert option.section in SECTIONS
    assert option.help.endswith(".")
    assert flags_of(option)
    assert bool(option.flags) == bool(option.metavar or option.choices)
    assert bool(option.choices) == (option.kind == CHOICE)
    if option.kind != ACTION:
        assert option.environment == "CARBONRUN_" + option.key.upper().replace("-", "_")
    if option.kind in {NUMBER, WATTS}:
        assert 0 <= option.minimum < option.maximum < float("inf")
    if option.is_collected:
        assert option.separator


@pytest.mark.parametrize(
    "option", [o for o in OPTIONS if isinstance(o.default, (str, float))], ids=lambda o: o.key
)
def test_every_default_is_a_value_that_may_be_given(option: Option) -> None:
    assert from_text(option, str(option.default)) == option.default


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.example], ids=lambda o: o.key)
def test_every_example_is_a_value_that_may_be_given(option: Option) -> None:
    assert from_text(option, option.example or "") is not None


@pytest.mark.parametrize(
    "option", [o for o in OPTIONS if o.switches and o.kind != ACTION], ids=lambda o: o.key
)
def test_every_switch_stands_for_a_valid_text(option: Option) -> None:
    for _flag, text in option.switches:
        value = from_text(option, text)
        assert value == "" if option.kind == OUTPUT else value is not None


def test_the_fast_path_imports_nothing_slow() -> None:
    code = (
        "import os, sys; before = set(sys.modules)\n"
        "from carbonrun.arguments import parse\n"
        "from carbonrun.settings import resolve\n"
        "flags = parse(['--zone', 'FR', '--tag', 'a=b', 'make']).flags\n"
        "resolve(flags, {'CARBONRUN_PUE': '1.2'}, cwd='/', home='/nowhere')\n"
        "print(sorted(n for n in set(sys.modules) - before if not n.startswith('carbonrun')))\n"
    )
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.')\n{code}"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(eval(result.stdout)) <= {"__future__"}  # noqa: S307 - our own list
