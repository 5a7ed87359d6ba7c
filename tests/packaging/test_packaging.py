"""What is built, and what an installation puts where."""

from __future__ import annotations

import email
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
BUILD_TOOLS = ("build", "hatchling")
DEPENDENCIES = {"typer", "rich", "psutil", "nvidia-ml-py", "httpx", "pydantic", "tomli"}
# Where a file of the repository is in an installation, relative to its prefix.
SHARED = {
    "man/carbonrun.1": "share/man/man1/carbonrun.1",
    "completions/carbonrun.bash": "share/bash-completion/completions/carbonrun",
    "completions/_carbonrun": "share/zsh/site-functions/_carbonrun",
    "completions/carbonrun.fish": "share/fish/vendor_completions.d/carbonrun.fish",
}
IN_SDIST = (
    "LICENSE",
    "NOTICE",
    "CHANGELOG.md",
    "README.md",
    "config.example.toml",
    "noxfile.py",
    "pyproject.toml",
    "tools/generate_docs.py",
    "tests/packaging/test_packaging.py",
    *SHARED,
)
NOT_CODE = {".tsv", ".toml", ".json", ".txt", ".typed"}


class Built(NamedTuple):
    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a wheel and an sdist, both from the repository."""
    for tool in BUILD_TOOLS:
        if importlib.util.find_spec(tool) is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no {tool} here")
    place = tmp_path_factory.mktemp("dist")
    build(ROOT, place, "--sdist", "--wheel")
    (wheel,) = place.glob("carbonrun-*-py3-none-any.whl")
    (sdist,) = place.glob("carbonrun-*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="module")
def prefix(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, without any dependency, into an environment of its own."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", str(place)])
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python")]
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(built.wheel)])
    return place


def run(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return its output; fail with all of it if the command fails."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


def build(source: Path, place: Path, *what: str) -> None:
    """Build without a fresh environment, which would need a package index."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place), *what]
    run([*command, str(source)])


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def version() -> str:
    text = (ROOT / "carbonrun" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found
    return found[1]


def test_the_wheel_has_all_files_that_are_not_code(built: Built) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "carbonrun").rglob("*")
        if path.suffix in NOT_CODE
    }
    assert "carbonrun/py.typed" in package
    assert any(name.endswith(".tsv") for name in package)
    assert package <= members(built.wheel).keys()


def test_the_wheel_has_man_page_completions_and_licence(built: Built) -> None:
    content = members(built.wheel)
    base = f"carbonrun-{version()}"
    for source, target in SHARED.items():
        assert content[f"{base}.data/data/{target}"] == (ROOT / source).read_bytes()
    for name in ("LICENSE", "NOTICE"):
        assert content[f"{base}.dist-info/licenses/{name}"] == (ROOT / name).read_bytes()


def test_the_wheel_has_nothing_else(built: Built) -> None:
    """No tests, no caches: the package, what is shared, and the metadata."""
    tops = {name.partition("/")[0] for name in members(built.wheel)}
    base = f"carbonrun-{version()}"
    assert tops == {"carbonrun", f"{base}.data", f"{base}.dist-info"}
    assert not [name for name in members(built.wheel) if "__pycache__" in name]


def test_the_dependencies_are_the_allowed_ones(built: Built) -> None:
    metadata = email.message_from_bytes(
        members(built.wheel)[f"carbonrun-{version()}.dist-info/METADATA"]
    )
    required = [line for line in metadata.get_all("Requires-Dist", ()) if "extra ==" not in line]
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in required}
    assert names == DEPENDENCIES
    conditional = {line.partition(";")[2].strip() for line in required if ";" in line}
    assert {text.replace("'", '"') for text in conditional} == {'python_version < "3.11"'}
    assert [line for line in required if ";" in line and line.startswith("tomli")]
    assert metadata["Version"] == version()


def test_the_extras_that_are_named_are_there(built: Built) -> None:
    """Installers leave out one that is not, and only warn."""
    metadata = email.message_from_bytes(
        members(built.wheel)[f"carbonrun-{version()}.dist-info/METADATA"]
    )
    texts = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("carbonrun/**/*.py")]
    named = re.findall(r"carbonrun\[(\w+)\]", "".join(path.read_text("utf-8") for path in texts))
    assert set(named) <= set(metadata.get_all("Provides-Extra", ()))
    assert named


def test_the_sdist_makes_the_same_wheel(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(tmp_path, filter="data")
        else:
            archive.extractall(tmp_path)  # noqa: S202 - our own archive
    source = tmp_path / f"carbonrun-{version()}"
    absent = [name for name in IN_SDIST if not (source / name).is_file()]
    assert absent == []
    build(source, tmp_path / "dist", "--wheel")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert members(wheel) == members(built.wheel)


def test_the_installed_program_runs_without_dependencies(prefix: Path, tmp_path: Path) -> None:
    program = str(prefix / "bin" / "carbonrun")
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONSAFEPATH": "1"}
    assert run([program, "--version"], environment) == f"carbonrun {version()}\n"


def test_shared_files_are_installed_where_programs_look_for_them(prefix: Path) -> None:
    for source, target in SHARED.items():
        assert (prefix / target).read_bytes() == (ROOT / source).read_bytes(), target
