"""What is said when a flag, a variable, a key or a value is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ConfigError, UsageError
from tests.unit.settings_place import Place

if TYPE_CHECKING:
    from pathlib import Path

NO_NUMBER = "must be a number without a unit, from 0.01 to 60 seconds"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--interval 0", "--interval '0': must be from 0.01 to 60 seconds"),
        ("--interval nan", "--interval 'nan': must be from 0.01 to 60 seconds"),
        ("--interval inf", "--interval 'inf': must be from 0.01 to 60 seconds"),
        ("--interval 500ms", f"--interval '500ms': {NO_NUMBER}"),
        ("--interval 1_0", f"--interval '1_0': {NO_NUMBER}"),
        ("--intensity -3", "--intensity '-3': must be from 0 to 10000 g/kWh"),
        ("--pue 0.9", "--pue '0.9': must be from 1 to 100, or the word region"),
        ("--pue inf", "--pue 'inf': must be from 1 to 100, or the word region"),
        ("--scope tre", "--scope 'tre': must be tree or machine; did you mean tree?"),
        ("--summary wide", "--summary 'wide': must be full or line or none"),
        ("--tag x", "--tag 'x': must be KEY=VALUE, for example team=vision"),
        ("--tag =x", "--tag '=x': must be KEY=VALUE, for example team=vision"),
        ("--idle-watts 5", "--idle-watts '5': must be DEVICE=WATTS, for example package=12.5"),
        ("--idle-watts a=-1", "--idle-watts 'a=-1': must be from 0 to 100000 W"),
        ("--zone=", "--zone must not be empty"),
        ("--csv=", "--csv must not be empty"),
    ],
)  # fmt: skip
def test_bad_flags(place: Place, words: str, message: str) -> None:
    error = place.refusal(words)
    assert isinstance(error, UsageError)
    assert error.message == message


def test_every_flag_is_checked_not_only_the_last(place: Place) -> None:
    assert "'0'" in place.refusal("--interval 0 --interval 1").message


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("CARBONRUN_INTENSITY", "-3", "must be from 0 to 10000 g/kWh"),
        ("CARBONRUN_OFFLINE", "maybe", "must be 1 or 0 (also true, yes, on; false, no, off)"),
        ("CARBONRUN_SCOPE", "all", "must be tree or machine"),
        ("CARBONRUN_TAG", "a=b,c", "must be KEY=VALUE, for example team=vision"),
        ("CARBONRUN_MASK", "a{99999999999}", "is not a regular expression: "),
        ("CARBONRUN_MASK", "(", "is not a regular expression: missing ), unterminated subpattern"),
    ],
)
def test_bad_variables(place: Place, variable: str, text: str, message: str) -> None:
    error = place.refusal("", {variable: text})
    assert isinstance(error, ConfigError)
    assert error.message.startswith(f"{variable}={text!r}: {message}")


def test_other_variables_are_left_alone(place: Place) -> None:
    others = {"CARBONRUN_RUN_ID": "x", "CARBONRUN_SOCKET": "y", "CARBONRUN_BOGUS": "z"}
    assert place.resolve("", others) == place.resolve()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("wait_tree = true", "unknown key wait_tree: did you mean wait-tree?"),
        ("zonee = 'FR'", "unknown key zonee: did you mean zone?"),
        ("config = 'x'", "unknown key config"),
        ("[qq]\nzone = 'FR'", "unknown key qq"),
        ("interval = 0", "interval = 0: must be from 0.01 to 60 seconds"),
        ("interval = nan", "interval = nan: must be from 0.01 to 60 seconds"),
        ("interval = true", "interval = true: must be a number, without quotes"),
        ("interval = '1'", "interval = '1': must be a number, without quotes"),
        (f"pue = {10**400}", f"pue = {10**400}: must be from 1 to 100"),
        ("offline = 1", "offline = 1: must be true or false"),
        ("zone = 5", "zone = 5: must be a text in quotes"),
        ("scope = 'tre'", "scope = 'tre': must be tree or machine; did you mean tree?"),
        ("tag = 'a=b'", "tag = 'a=b': must be a table, for example { team = \"vision\" }"),
        ("tag = { a = [] }", "tag = {'a': []}: its values must be texts in quotes"),
        ("idle-watts = { a = -1 }", "idle-watts = {'a': -1}: must be from 0 to 100000 W"),
        ("mask = 'x'", "mask = 'x': must be a list of texts, for example ['key-[0-9]+']"),
        ("[profiles.ci]\npue = 0", "profiles.ci.pue = 0: must be from 1 to 100"),
        ("[profiles.ci]\npu = 0", "unknown key profiles.ci.pu: did you mean pue?"),
        ("[profiles.ci]\nprofile = 'x'", "a profile cannot choose a profile (profiles.ci.profile)"),
        ("profiles = 1", "profiles must be tables: [profiles.NAME]"),
    ],
)  # fmt: skip
def test_bad_keys_and_values_in_files(place: Place, content: str, message: str) -> None:
    place.project_file.write_text(content)
    error = place.refusal()
    assert isinstance(error, ConfigError)
    assert error.message == f"{place.project_file}: {message}"


def test_malformed_files_name_the_line(place: Place) -> None:
    place.project_file.write_text("pue = 1.1\nzone = \n")
    message = place.refusal().message
    assert message.startswith(f"{place.project_file} is not valid TOML: ")
    assert "line 2" in message
    place.project_file.write_bytes(b"pue = 1.1\n\nname = '\xff'\n")
    assert place.refusal().message == f"{place.project_file}: line 3 is not UTF-8"


def test_unknown_profiles_are_refused(place: Place) -> None:
    error = place.refusal("--profile ci")
    assert error.message == "unknown profile 'ci' (--profile)"
    assert "no configuration file" in (error.hint or "")
    place.project_file.write_text("[profiles.cli]\n[profiles.gpu]")
    error = place.refusal("", {"CARBONRUN_PROFILE": "ci"})
    assert error.message == "unknown profile 'ci' (CARBONRUN_PROFILE): did you mean cli?"
    assert error.hint == f"there is cli, gpu in {place.project_file}"
