"""``monitor`` and ``attach`` where there is no Linux kernel, as far as that can be shown on one."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import pytest

from tests.e2e.wrapper import PYTHON, SOURCE, Sandbox, require_carbonrun, wait_until

SYSTEMS = ["darwin", "win32"]
BURN = "import time\nwhile time.process_time() < {seconds}: pass"


def subcommand(system: str, *words: str) -> list[str]:
    require_carbonrun()
    script = SOURCE / "tests" / "machine" / "other_system.py"
    return [sys.executable, str(script), system, *words]


def report_of(sandbox: Sandbox) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((sandbox.work / "report.json").read_text())
    return report


def test_both_watch_in_the_form_of_their_system(sandbox: Sandbox) -> None:
    for system in SYSTEMS:
        words = ["--json", "report.json", "-q", "monitor", "--for", "1s"]
        done = sandbox.run(subcommand(system, *words), seconds=30)
        assert (done.status, done.stderr) == (0, b"")
        report = report_of(sandbox)
        assert report["run"]["scope"] == "machine"
        assert report["run"]["duration_seconds"] >= 1.0
        assert 0 < report["tree"]["cpu_seconds"] <= 30 * (os.cpu_count() or 1)
        assert report["tree"]["cpu_accounting"] == "psutil"
        assert [note for note in report["notes"] if note["code"] == "fault"] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_ctrl_c_ends_monitoring_with_a_report(sandbox: Sandbox, system: str) -> None:
    words = ["--json", "report.json", "-q", "monitor"]
    running = sandbox.start(subcommand(system, *words))
    folder = sandbox.home / "state" / "carbonrun" / "journal" / "open"
    wait_until(lambda: folder.is_dir() and list(folder.glob("*.jsonl")), "the journal", 30)
    wait_until(lambda: '"checkpoint"' in next(folder.glob("*.jsonl")).read_text(), "a reading", 30)
    running.send_signal(signal.SIGINT)
    assert sandbox.wait(running) == 0
    assert report_of(sandbox)["energy"]["joules"] > 0


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_running_process_is_measured_until_it_ends(sandbox: Sandbox, system: str) -> None:
    wait = "import sys; sys.stdin.read(1)\n"
    target = sandbox.start([*PYTHON, "-c", wait + BURN.format(seconds=1.0)], stdin=-1)
    words = ["--json", "report.json", "-q", "attach", str(target.pid)]
    running = sandbox.start(subcommand(system, *words))
    folder = sandbox.home / "state" / "carbonrun" / "journal" / "open"
    wait_until(lambda: folder.is_dir() and list(folder.glob("*.jsonl")), "the journal", 30)
    assert target.stdin is not None
    target.stdin.write(b"x")
    target.stdin.flush()
    assert sandbox.wait(target, 30) == 0
    assert sandbox.wait(running, 30) == 0
    report = report_of(sandbox)
    assert report["run"]["command"][0] == PYTHON[0]
    assert 0.3 <= report["tree"]["cpu_seconds"] < 2.0


COUNTERS = """
import time
from types import SimpleNamespace

import psutil

class AppleEnergyMonitor:
    def get_cumulative_energy(self):
        used = psutil.cpu_times()
        joules = 3 * time.monotonic() + 5 * (used.user + used.system)
        return SimpleNamespace(cpu_total_mj=int(joules * 1000), dram_mj=None)
"""


def test_calibrate_measures_with_the_sensors_of_the_system(sandbox: Sandbox) -> None:
    (sandbox.work / "zeus_apple_silicon.py").write_text(COUNTERS)
    path = f"{SOURCE}{os.pathsep}{sandbox.work}"
    words = ["calibrate", "--force", "--idle-seconds", "0.5", "--step-seconds", "0.5"]
    done = sandbox.run(subcommand("darwin", *words), env={"PYTHONPATH": path}, seconds=60)
    assert b"measuring for" in done.stderr
    # Somebody else's load may leave nothing to be told of this machine.
    stored = list((sandbox.home / "state" / "carbonrun").glob("calibration-*.json"))
    assert bool(stored) == (done.status == 0)
    assert b"idle power is unknown" in done.stderr or done.status == 0
    refused = sandbox.run(subcommand("win32", *words), seconds=30)
    assert (refused.status, b"Windows" in refused.stderr) == (125, True)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_cannot_be_attached_to_is_refused(sandbox: Sandbox, system: str) -> None:
    ended = sandbox.start(["true"])
    sandbox.wait(ended)
    done = sandbox.run(subcommand(system, "attach", str(ended.pid)), seconds=30)
    assert done.status == 125
    assert b"there is no process" in done.stderr
