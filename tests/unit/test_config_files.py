"""Which configuration files count, and what is done about those that cannot be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ConfigError
from tests.unit.settings_place import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_chosen_file_replaces_the_others(place: Place, tmp_path: Path) -> None:
    place.user_file.write_text('zone = "a"')
    place.project_file.write_text("nonsense =")
    chosen = tmp_path / "ci.toml"
    chosen.write_text('name = "ci"')
    settings = place.resolve(f"--config {chosen}")
    assert (settings.zone, settings.name) == (None, "ci")
    assert place.resolve("", {"CARBONRUN_CONFIG": str(chosen)}).name == "ci"
    assert place.resolve(f"--config {chosen}", {"CARBONRUN_CONFIG": "/nowhere"}).name == "ci"
    assert place.resolve("--config /dev/null").zone is None


def test_pyproject_counts_if_it_has_our_table(place: Place) -> None:
    place.pyproject.write_text('[tool.carbonrun]\nzone = "FR"\n[tool.x]\ncarbonrun = 1')
    assert place.resolve().zone == "FR"
    nearer = place.project / "src" / "pyproject.toml"
    nearer.write_text('[project]\ndependencies = ["carbonrun"]\n[tool.x]')
    assert place.resolve().zone == "FR"
    nearer.write_text('[ tool . "carbonrun" ]\nzone = "DE"')
    assert place.resolve().zone == "DE"
    nearer.write_text('[tool]\ncarbonrun.zone = "IT"')
    assert place.resolve().zone == "IT"
    (place.project / "src" / "carbonrun.toml").write_text('zone = "ES"')
    assert place.resolve().zone == "ES"
    assert place.resolve("--config " + str(place.pyproject)).zone == "FR"


def test_a_pyproject_of_others_is_not_parsed(place: Place) -> None:
    place.pyproject.write_text('this is = [no TOML, but names "carbonrun"')
    assert place.resolve().config_files == ()


def test_files_of_strangers_are_passed_over(place: Place) -> None:
    place.project_file.write_text('json = "/etc/passwd"')
    owner = os.stat(place.project_file).st_uid  # noqa: PTH116
    if owner == 0:
        os.chown(place.project_file, 12345, -1)
        stranger = 54321
    else:
        pytest.skip("only root can give a file away")
    assert place.resolve(uid=stranger).json_path is None
    assert place.resolve(uid=12345).json_path == "/etc/passwd"
    os.chown(place.cwd, 12345, -1)
    assert place.resolve(uid=stranger).json_path == "/etc/passwd"


def test_a_deleted_working_directory_passes_over_the_project(place: Place) -> None:
    place.user_file.write_text('name = "a"')
    place.project_file.write_text('zone = "FR"')
    settings = place.resolve(cwd=None)
    assert (settings.name, settings.zone) == ("a", None)


def test_a_chosen_file_must_be_readable(place: Place) -> None:
    error = place.refusal("--config /nowhere/x.toml")
    assert error.message.endswith("/nowhere/x.toml cannot be read: No such file or directory")
    assert "cannot be read: Is a directory" in place.refusal("--config /").message


def test_special_files_on_the_way_up_are_passed_over(place: Place) -> None:
    os.mkfifo(place.project / "carbonrun.toml")  # opening it would block
    (place.cwd / "pyproject.toml").mkdir()
    assert place.resolve().config_files == ()


def test_the_table_in_pyproject_must_be_a_table(place: Place) -> None:
    place.pyproject.write_text("[tool]\ncarbonrun = 1")
    error = place.refusal()
    assert isinstance(error, ConfigError)
    assert error.message.endswith("tool.carbonrun must be a table: [tool.carbonrun]")


def test_a_user_file_that_exists_must_be_readable(place: Place) -> None:
    place.user_file.mkdir()
    assert "config.toml cannot be read: Is a directory" in place.refusal().message


def test_a_place_that_cannot_be_looked_into_refuses_nothing(place: Place) -> None:
    """As the home of another user under su; here the name is longer than any can be."""
    environment = {"XDG_CONFIG_HOME": "/" + "x" * 5000}
    assert place.resolve("", environment).config_files == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_project_files(place: Place) -> None:
    place.pyproject.write_text("[tool.carbonrun]")
    place.pyproject.chmod(0)
    assert place.resolve().config_files == ()
    place.project_file.write_text("")
    place.project_file.chmod(0)
    assert "carbonrun.toml cannot be read: Permission denied" in place.refusal().message
