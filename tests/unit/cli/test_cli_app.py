"""Help, version, subcommands and mistakes, in a process of their own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from carbonrun import __version__
from carbonrun.cli.app import READY
from carbonrun.cli.help import help_text
from carbonrun.options import OPTIONS, SUBCOMMANDS

ROOT = Path(__file__).resolve().parents[3]
CODE = "import sys; from carbonrun.cli.app import main; sys.exit(main(sys.argv[1:]))"


def carbonrun(tmp_path: Path, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
        **how.pop("environment", {}),
    }
    return subprocess.run(
        [sys.executable, "-c", CODE, *words],
        env=environment,
        check=False,
        **{"cwd": tmp_path, "capture_output": True, "text": True, **how},
    )


def test_help_is_complete_and_fits() -> None:
    text = help_text(READY)
    assert max(len(line) for line in text.splitlines()) < 80
    assert text.isascii()
    for option in OPTIONS:
        for flag in [*option.flags, *(flag for flag, _text in option.switches)]:
            assert f"{flag} " in text or f"{flag}," in text or f"{flag}\n" in text, flag
        assert not option.environment or option.environment in text
    for part in ("125", "126", "127", "Examples:", "Usage:", "--zone FR"):
        assert part in text


def test_help_goes_to_standard_output_plain(tmp_path: Path) -> None:
    environment = {"FORCE_COLOR": "1", "GITHUB_ACTIONS": "true"}
    result = carbonrun(tmp_path, "-q", "--help", "--whatever", environment=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == help_text(READY)


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_help_on_a_terminal(tmp_path: Path, variables: dict[str, str], coloured: bool) -> None:
    ours, theirs = pty.openpty()
    environment = {"TERM": "xterm", **variables}
    result = carbonrun(
        tmp_path, "--help", environment=environment, capture_output=False, stdout=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:  # the end of a pseudo-terminal on Linux
        pass
    os.close(ours)
    assert result.returncode == 0
    assert (b"\x1b[36m--csv" in shown) == coloured
    assert (b"\x1b[" in shown) or not coloured


def test_version(tmp_path: Path) -> None:
    result = carbonrun(tmp_path, "--version")
    assert (result.returncode, result.stdout) == (0, f"carbonrun {__version__}\n")


@pytest.mark.parametrize("name", [name for name in SUBCOMMANDS if name not in dict(READY)])
def test_reserved_subcommands_are_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    from carbonrun.cli.app import main

    assert main([name, "--json"]) == 125
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors == (
        f"carbonrun: '{name}' is a carbonrun subcommand that this version does not have yet\n"
        f"  to run a command of that name: carbonrun -- {name}\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no command was given"),
        (["--zoen", "FR", "x"], "unknown option --zoen: did you mean --zone?"),
        (["config", "--bogus"], "config: no such option: --bogus"),
        (["config", "surplus"], "config: got unexpected extra argument"),
        (["config", "--json", "--path"], "config: give one of --json, --path, --example"),
        (["--pue", "0", "config"], "--pue '0': must be from 1 to 100"),
        (["x"], "a run does not belong here"),
    ],
)
def test_mistakes_are_125_on_standard_error(tmp_path: Path, words: list[str], message: str) -> None:
    result = carbonrun(tmp_path, *words)
    assert (result.returncode, result.stdout) == (125, "")
    assert result.stderr.startswith(f"carbonrun: {message}")
    assert len(result.stderr.splitlines()) <= 2


def test_a_full_or_closed_standard_output(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        result = carbonrun(
            tmp_path, "--help", capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert result.returncode == 125
    assert (
        result.stderr == "carbonrun: standard output cannot be written: No space left on device\n"
    )
    ours, theirs = os.pipe()
    os.close(ours)
    result = carbonrun(
        tmp_path, "--help", capture_output=False, stdout=theirs, stderr=subprocess.PIPE
    )
    os.close(theirs)
    assert (result.returncode, result.stderr) == (0, "")


def test_config_shows_value_and_origin(tmp_path: Path) -> None:
    (tmp_path / "carbonrun.toml").write_text('zone = "FR"\n[profiles.ci]\nsummary = "line"\n')
    environment = {"CARBONRUN_PUE": "1.3"}
    words = ["--profile", "ci", "--tag", "a=b", "config"]
    result = carbonrun(tmp_path, *words, environment=environment)
    assert (result.returncode, result.stderr) == (0, "")
    rows = {
        line.split()[0]: line.split(maxsplit=2)[1:] for line in result.stdout.splitlines() if line
    }
    file = f"config file {tmp_path}/carbonrun.toml"
    assert rows["zone"] == ["FR", file]
    assert rows["summary"] == ["line", file]
    assert rows["pue"] == ["1.3", "CARBONRUN_PUE"]
    assert rows["tag"] == ["a=b", "--tag"]
    assert rows["scope"] == ["tree", "default"]
    assert rows["json"] == ["-", "default"]
    assert rows["read"] == [f"{tmp_path}/carbonrun.toml"]
    assert rows["absent"] == [f"{tmp_path}/.config/carbonrun/config.toml"]


def test_config_tells_no_secret_of_a_url(tmp_path: Path) -> None:
    url = "https://joe:s3cr3t@bmc.example/redfish?token=s3cr3t"
    for more in ((), ("--json",)):
        result = carbonrun(tmp_path, "--redfish-url", url, "config", *more)
        assert result.returncode == 0
        assert "https://joe:***@bmc.example/redfish?token=***" in result.stdout
        assert "s3cr3t" not in result.stdout


def test_config_as_json(tmp_path: Path) -> None:
    result = carbonrun(tmp_path, "--zone", "FR", "config", "--json")
    shown = json.loads(result.stdout)
    assert list(shown["settings"]) == [option.key for option in OPTIONS if option.config]
    assert shown["settings"]["zone"] == {"value": "FR", "origin": "--zone"}
    assert shown["settings"]["interval"] == {"value": 1.0, "origin": "default"}
    assert shown["files"][0]["state"] == "absent"


def test_config_path_looks_where_a_run_looks(tmp_path: Path) -> None:
    chosen = tmp_path / "c.toml"
    chosen.write_text("pue = 1.5")
    assert (
        carbonrun(tmp_path, "--config", "c.toml", "config", "--path").stdout == "read    c.toml\n"
    )
    result = carbonrun(tmp_path, "config", "--path")
    assert result.stdout.splitlines() == [
        f"absent  {tmp_path}/.config/carbonrun/config.toml",
        "absent  carbonrun.toml or [tool.carbonrun] here or above",
    ]


def test_config_example_is_the_file_in_the_repository(tmp_path: Path) -> None:
    shown = carbonrun(tmp_path, "config", "--example").stdout
    assert shown == (ROOT / "config.example.toml").read_text(encoding="utf-8")


def test_help_of_a_subcommand(tmp_path: Path) -> None:
    result = carbonrun(tmp_path, "config", "--help", environment={"GITHUB_ACTIONS": "true"})
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: carbonrun config")
    assert "\x1b" not in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
