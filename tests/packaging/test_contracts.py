"""The contracts of import-linter in ``pyproject.toml`` cover what they are about."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


def contract(name: str) -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (found,) = [
        one for one in project["tool"]["importlinter"]["contracts"] if one["name"].startswith(name)
    ]
    return dict(found)


def says_pure(path: Path) -> bool:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n\n")[0].endswith(" Pure.")


def test_every_module_that_says_pure_is_held_to_it() -> None:
    saying = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "carbonrun").rglob("*.py")
        if says_pure(path)
    }
    assert saying == set(contract("Pure modules")["source_modules"])
