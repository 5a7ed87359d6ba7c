"""Generated documents: up to date, complete, and true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from carbonrun.options import OPTIONS
from carbonrun.settings import resolve

ROOT = Path(__file__).resolve().parents[3]
FLAGS = [f for o in OPTIONS for f in (*o.flags, *(flag for flag, _text in o.switches))]
BASH = ROOT / "completions" / "carbonrun.bash"


def require(tool: str) -> None:
    """Skip the test where a tool is missing; in CI, where it must be there, let it fail."""
    if shutil.which(tool) is not None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{tool} is not installed")
    pytest.skip(f"{tool} is not installed")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_all_generated_files_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "generate_docs.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_check_notices_a_stale_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "carbonrun").symlink_to(ROOT / "carbonrun")
    (tmp_path / "README.md").write_text("a\n<!-- options -->\nold\n<!-- /options -->\nb\n")
    command = [sys.executable, str(tmp_path / "tools" / "generate_docs.py")]
    result = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "man/carbonrun.1 is out of date" in result.stderr
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run([*command, "--check"], check=True)
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith("a\n<!-- options -->\n| option |")
    assert readme.endswith("|\n<!-- /options -->\nb\n")
    assert all(flag in readme for flag in FLAGS)


def test_uncommented_example_equals_the_defaults(tmp_path: Path) -> None:
    example = read("config.example.toml")
    everything = re.sub(r"(?m)^#(?=[a-z\[])", "", example)
    assert everything != example
    file = tmp_path / "config.toml"
    file.write_text(everything)
    with_file = resolve({"config": (str(file),)}, {}, cwd="/", home="/nowhere")
    without = resolve({}, {}, cwd=None, home="/nowhere")
    assert with_file.config_files == (str(file),)
    assert with_file.replace(config_files=(), origins={}) == without.replace(origins={})


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.config], ids=lambda o: o.key)
def test_every_key_is_in_the_example(option: object) -> None:
    key = getattr(option, "key", "")
    assert f"\n#{key} = " in read("config.example.toml")


def test_the_man_page_names_everything() -> None:
    page = read("man/carbonrun.1").replace("\\-", "-")
    for flag in FLAGS:
        assert f"\\fB{flag}\\fR" in page, flag
    for option in OPTIONS:
        assert not option.environment or f'"{option.environment}"' in page
    headings = re.findall(r"(?m)^\.SH (.+)$", page)
    assert headings == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "SUBCOMMANDS", "OPTIONS", "ENVIRONMENT", "FILES",
        "EXIT STATUS", "EXAMPLES", "NOTES", "SEE ALSO",
    ]  # fmt: skip


def test_the_man_page_is_understood() -> None:
    require("groff")
    command = ["groff", "-ww", "-man", "-Tascii", str(ROOT / "man" / "carbonrun.1")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert "carbonrun make" in re.sub(".\b", "", result.stdout)


@pytest.mark.parametrize("name", ["carbonrun.bash", "_carbonrun", "carbonrun.fish"])
def test_every_flag_is_completed(name: str) -> None:
    script = read(f"completions/{name}")
    for flag in FLAGS:
        fish = f"-l {flag[2:]} " if flag.startswith("--") else f"-s {flag[1:]} "
        assert (fish in script) if name.endswith("fish") else (flag in script), flag


@pytest.mark.parametrize(("shell", "name"), [("zsh", "_carbonrun"), ("fish", "carbonrun.fish")])
def test_completions_of_other_shells_parse(shell: str, name: str) -> None:
    require(shell)
    subprocess.run([shell, "-n", str(ROOT / "completions" / name)], check=True)


def complete(words: list[str], cwd: Path, before: str = "") -> list[str]:
    """Return what bash offers for the last of the words, split as readline splits them."""
    script = (
        f'{before}\nsource {BASH}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n'
        "_carbonrun\nprintf '%s\\n' \"${COMPREPLY[@]}\""
    )
    command = ["bash", "--norc", "-c", script, "bash", "carbonrun", *words]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return [line for line in result.stdout.splitlines() if line]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "some.toml").touch()
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["--su"], ["--summary"]),
        (["-"], FLAGS),
        (["--summary", ""], ["full", "line", "none"]),
        (["--summary", "li"], ["line"]),
        (["--summary", "=", "li"], ["line"]),
        (["--summary", "="], ["full", "line", "none"]),
        (["--csv", "so"], ["some.toml"]),
        (["--state-dir", "s"], ["sub"]),
        (["--zone", "F"], []),
        (["-q", "--sc"], ["--scope"]),
        (["--csv", "=", "x", "--sc"], ["--scope"]),
        (["--zone", "aws", ":", "eu", "--sc"], ["--scope"]),
        (["--tag", "a", "=", "b", "--sc"], ["--scope"]),
        (["confi"], ["config"]),
        (["--zone", "FR", "config", "--p"], ["--path"]),
        (["--zone", "FR", "calibrate", "--fo"], ["--force", "--forget"]),
        (["--", "calibrate", "so"], ["some.toml"]),
        (["doctor", "--j"], ["--json"]),
        (["monitor", "--fo"], ["--for"]),
        (["compare", "--fai"], ["--fail-if-worse"]),
        (["attach", "--li"], ["--live"]),
        (["--", "monitor", "so"], ["some.toml"]),
        (["make", "so"], ["some.toml"]),
        (["make", "--sc"], []),
        (["--", "make", "so"], ["some.toml"]),
        (["--", "config", "so"], ["some.toml"]),
    ],
    ids=str,
)
def test_bash_completion(folder: Path, words: list[str], offered: list[str]) -> None:
    # Only this folder and the builtins count as commands, whatever is installed.
    before = "PATH=."
    assert sorted(complete(words, folder, before)) == sorted(offered)


def test_bash_offers_processes_to_attach_to(folder: Path) -> None:
    assert str(os.getpid()) in complete(["attach", str(os.getpid())[:1]], folder)


def test_bash_offers_commands(folder: Path) -> None:
    assert "printf" in complete(["printf"[:5]], folder)
    assert "printf" in complete(["-q", "--", "printf"[:5]], folder)
    assert "printf" in complete(["monitor", "printf"[:5]], folder)


@pytest.mark.parametrize(
    ("words", "offset"),
    [(["make", "x"], 1), (["-q", "--zone", "FR", "make", "x"], 4), (["-q", "--", "make", "x"], 3)],
    ids=str,
)
def test_bash_delegates_to_the_commands_own_completion(
    folder: Path, words: list[str], offset: int
) -> None:
    delegate = '_command_offset() { COMPREPLY=("delegated to $1"); }'
    assert complete(words, folder, delegate) == [f"delegated to {offset}"]
