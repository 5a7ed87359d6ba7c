"""A home, a project and an environment in which settings are resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.arguments import parse
from carbonrun.errors import CarbonrunError
from carbonrun.settings import Settings, resolve

if TYPE_CHECKING:
    from pathlib import Path


class Place:
    """A home with a user configuration and a project with subdirectories."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.project = root / "project"
        self.cwd = self.project / "src" / "deep"
        self.user_file = self.home / ".config" / "carbonrun" / "config.toml"
        self.project_file = self.project / "carbonrun.toml"
        self.pyproject = self.project / "pyproject.toml"
        self.cwd.mkdir(parents=True)
        self.user_file.parent.mkdir(parents=True)

    def resolve(
        self, words: str = "", environment: dict[str, str] | None = None, **changes: Any
    ) -> Settings:
        surroundings = {"cwd": str(self.cwd), "home": str(self.home), **changes}
        flags = parse([*words.split(), "--", "true"]).flags
        return resolve(flags, environment or {}, **surroundings)

    def refusal(self, words: str = "", environment: dict[str, str] | None = None) -> CarbonrunError:
        with pytest.raises(CarbonrunError) as caught:
            self.resolve(words, environment)
        assert caught.value.exit_status == 125
        return caught.value
