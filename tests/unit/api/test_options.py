"""The keyword arguments of ``track`` are the options of the command line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from carbonrun.api import options
from carbonrun.api.options import LEFT_OUT, settings_of
from carbonrun.errors import CarbonrunError, UsageError
from carbonrun.option import ACTION
from carbonrun.options import OPTIONS


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files and variables of this machine out of the way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "CARBONRUN_SUMMARY", "CARBONRUN_CSV"):
        monkeypatch.delenv(name, raising=False)


def declared() -> set[str]:
    """Return the keys of the typed dictionary, which is there for type checkers only."""
    tree = ast.parse(Path(options.__file__).read_text(encoding="utf-8"))
    (found,) = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    return {
        n.target.id
        for n in ast.walk(found)
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }


def test_every_option_is_declared() -> None:
    keys = {o.key.replace("-", "_") for o in OPTIONS if o.kind != ACTION and o.key not in LEFT_OUT}
    assert declared() == keys


def test_values_become_settings(tmp_path: Path) -> None:
    settings = settings_of(
        {
            "name": "n", "tag": {"a": 1, "b": "x"}, "csv": False, "json": Path("r.json"),
            "intensity": 44, "idle_watts": {"package": 6.5}, "offline": True, "board": False,
            "mask": ["a+", "b"], "project": None, "interval": 0.5,
        }
    )  # fmt: skip
    assert settings.tags == {"a": "1", "b": "x"}
    assert settings.csv_path is None
    assert settings.json_path == str(tmp_path / "r.json")
    assert settings.intensity_g_per_kwh == 44
    assert settings.idle_watts == {"package": 6.5}
    assert (settings.offline, settings.board, settings.project) == (True, False, None)
    assert settings.mask == ("a+", "b")
    assert settings.interval_seconds == 0.5


def test_nothing_is_printed_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARBONRUN_SUMMARY", "line")
    assert settings_of({}).summary == "none"
    assert settings_of({"summary": "full"}).summary == "full"


def test_what_needs_a_command_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CARBONRUN_CGROUP", "CARBONRUN_WAIT_TREE", "CARBONRUN_LIVE"):
        monkeypatch.setenv(name, "true")
    settings = settings_of({})
    assert (settings.cgroup, settings.wait_tree, settings.live) == (False, False, False)


def test_the_environment_and_files_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "carbonrun.toml").write_text('project = "shop"\nname = "file"\n')
    monkeypatch.setenv("CARBONRUN_NAME", "environment")
    settings = settings_of({"scope": "machine"})
    assert (settings.project, settings.name, settings.scope) == ("shop", "environment", "machine")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("nmae", "x", "name"),
        ("cgroup", True, "cgroup"),
        ("on_exceed", "stop", "on_exceed"),
        ("intensity", "much", "--intensity"),
        ("offline", "yes", "True or False"),
        ("scope", "galaxy", "--scope"),
        ("tag", {"": "x"}, "--tag"),
        ("name", "", "--name"),
        ("interval", -1, "--interval"),
    ],
)
def test_mistakes_are_refused(name: str, value: object, says: str) -> None:
    with pytest.raises(CarbonrunError, match=says):
        settings_of({name: value})


def test_an_unknown_option_has_a_remedy() -> None:
    with pytest.raises(UsageError) as error:
        settings_of({"zoen": "FR"})
    assert "zone" in error.value.message
    assert error.value.hint
