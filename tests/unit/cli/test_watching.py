"""``monitor`` and ``attach`` on the command line: options of the one table, mistakes, refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from carbonrun.cli.attach import LEFT_OUT as NOT_OF_ATTACH
from carbonrun.cli.context import Context
from carbonrun.cli.monitor import LEFT_OUT as NOT_OF_MONITOR
from carbonrun.cli.watching import settings_of
from carbonrun.option import ACTION
from carbonrun.options import OPTIONS

ROOT = Path(__file__).resolve().parents[3]


def carbonrun(folder: Path, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "CARBONRUN_ZONE": "FR",
        **how.pop("environment", {}),
    }
    return subprocess.run(
        [sys.executable, "-m", "carbonrun", *words],
        env=environment,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        **how,
    )


def report_of(folder: Path, *words: str, **how: Any) -> dict[str, Any]:
    result = carbonrun(folder, "-q", "--no-csv", "--json", "r.json", *words, **how)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    report: dict[str, Any] = json.loads((folder / "r.json").read_text())
    return report


@pytest.mark.parametrize(
    ("name", "left_out"), [("monitor", NOT_OF_MONITOR), ("attach", NOT_OF_ATTACH)]
)
def test_every_option_of_a_run_is_there(
    tmp_path: Path, name: str, left_out: tuple[str, ...]
) -> None:
    text = carbonrun(tmp_path, name, "--help").stdout
    words = [line.split()[0] for line in text.splitlines() if line.startswith("  -")]
    for option in OPTIONS:
        flags = [*option.flags, *(flag for flag, _text in option.switches)]
        if option.kind == ACTION:
            continue
        for flag in flags:
            assert (flag in words) == (option.key not in left_out), flag
    assert "--for" in words


def test_options_before_and_behind_the_name_count(tmp_path: Path) -> None:
    words = ["--name", "first", "--tag", "a=1", "monitor", "--for", "0.2s", "--tag=b=2"]
    report = report_of(tmp_path, *words, "--name", "second", "--pue", "1.5")
    assert report["run"]["name"] == "second"
    assert report["run"]["tags"] == {"a": "1", "b": "2"}
    assert report["emissions"]["pue"] == 1.5


def test_of_two_switches_the_last_counts(tmp_path: Path) -> None:
    carbonrun(tmp_path, "monitor", "-q", "--for", "0.1s", "--no-csv", "--csv", "rows.csv")
    assert (tmp_path / "rows.csv").exists()
    carbonrun(tmp_path, "monitor", "-q", "--for", "0.1s", "--csv", "other.csv", "--no-csv")
    assert not (tmp_path / "other.csv").exists()


def test_monitor_is_of_the_machine_whatever_the_configuration_says(tmp_path: Path) -> None:
    environment = {"CARBONRUN_SCOPE": "tree", "CARBONRUN_CGROUP": "1", "CARBONRUN_WAIT_TREE": "1"}
    report = report_of(tmp_path, "monitor", "--for", "0.2s", environment=environment)
    assert report["run"]["scope"] == "machine"


def test_attach_may_bill_the_machine(tmp_path: Path) -> None:
    report = report_of(tmp_path, "attach", "--scope", "machine", "--for", "0.3s", str(os.getpid()))
    assert report["run"]["scope"] == "machine"
    assert report["energy"]["joules"] == report["energy"]["machine_joules"]


def test_a_monitor_in_a_run_is_its_child(tmp_path: Path) -> None:
    report = report_of(
        tmp_path, "monitor", "--for", "0.1s", environment={"CARBONRUN_RUN_ID": "outer"}
    )
    assert report["run"]["parent_id"] == "outer"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["attach"], "attach: missing argument 'PID'"),
        (["attach", "make"], "attach: invalid value for 'PID'"),
        (["attach", "0"], "attach: invalid value for 'PID'"),
        (["attach", "-1"], "attach: no such option: -1"),
        (["attach", str(2**31)], f"there is no process {2**31}"),
        (["attach", "1", "2"], "attach: got unexpected extra argument"),
        (["attach", "--for", "soon", "1"], "--for 'soon': must be a time above 0"),
        (["attach", "--cgroup", "1"], "attach: no such option: --cgroup"),
        (["monitor", "--for", "0"], "--for '0': must be a time above 0"),
        (["monitor", "--for"], "monitor: option '--for' requires an argument"),
        (["monitor", "--pue", "0"], "--pue '0': must be from 1 to 100"),
        (["monitor", "--csv", ""], "--csv must not be empty"),
        (["monitor", "--zone", "XX-YY-ZZ"], "--zone: "),
        (["--scope", "tree", "monitor"], "monitor measures the whole machine"),
        (["monitor", "--for", "1s", "--", "true"], "monitor: give --for or a command, not both"),
        (["monitor", "--csv", "/no/such/folder/x.csv"], "--csv /no/such/folder/x.csv cannot"),
    ],
    ids=str,
)
def test_mistakes_are_125_with_what_and_why(tmp_path: Path, words: list[str], message: str) -> None:
    result = carbonrun(tmp_path, *words)
    assert (result.returncode, result.stdout) == (125, "")
    assert result.stderr.startswith(f"carbonrun: {message}")
    assert len(result.stderr.splitlines()) <= 2
    assert "Traceback" not in result.stderr


def test_the_view_is_open_unless_somebody_has_closed_it() -> None:
    def live(flags: dict[str, tuple[str, ...]], environment: dict[str, str]) -> bool:
        context = Context(flags=flags, environment=environment, cwd=None, home="/nowhere")
        return settings_of(context, flags).live

    assert live({}, {})
    assert not live({"live": ("false",)}, {})
    assert not live({}, {"CARBONRUN_LIVE": "0"})
    assert live({"live": ("true",)}, {"CARBONRUN_LIVE": "0"})
