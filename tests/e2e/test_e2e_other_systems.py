"""A run where there is no Linux kernel, as far as that can be shown on one.

The same promises as on Linux, kept by what macOS and Windows have;
``tests/machine/other_system.py`` says what is and what is not shown by that.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wrapper import PYTHON, SOURCE, Sandbox, require_carbonrun, wait_until
from tests.machine.sim_other_systems import POWER_LOG, make_power_log

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.recorder import Recorder

SYSTEMS = ["darwin", "win32"]
BURN = "import time\nwhile time.process_time() < {seconds}: pass"


def wrapper(system: str, *options: str) -> list[str]:
    """Return the words that start carbonrun as if on another system."""
    require_carbonrun()
    script = SOURCE / "tests" / "machine" / "other_system.py"
    return [sys.executable, str(script), system, *options, "--"]


def burn(seconds: float) -> list[str]:
    return [*PYTHON, "-c", BURN.format(seconds=seconds)]


def measured(sandbox: Sandbox, system: str, command: list[str]) -> dict[str, Any]:
    """Run a command and return its report."""
    path = sandbox.work / "report.json"
    done = sandbox.run([*wrapper(system, "-q", "--json", str(path)), *command], seconds=30)
    assert done.stderr == b""
    report: dict[str, Any] = json.loads(path.read_text())
    return report


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("status", [0, 1, 7, 125, 255])
def test_the_status_and_the_streams_are_the_command_s(
    sandbox: Sandbox, system: str, status: int
) -> None:
    command = ["sh", "-c", f"cat; echo err >&2; exit {status}"]
    result = sandbox.run([*wrapper(system, "-q"), *command], feed=b"one\ntwo\n")
    assert result == (status, b"one\ntwo\n", b"err\n")


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_not_there_is_127_and_what_cannot_run_is_126(sandbox: Sandbox, system: str) -> None:
    missing = sandbox.run([*wrapper(system), "no-such-command"])
    assert missing.status == 127
    assert b"no-such-command" in missing.stderr
    assert b"Traceback" not in missing.stderr
    assert sandbox.run([*wrapper(system, "-q"), "./"]).status == 126
    bad = sandbox.work / "bad"
    bad.write_text("#!/nothing\n" if system == "darwin" else "\x7fELF no program\n")
    bad.chmod(0o644 if system == "darwin" else 0o755)
    assert sandbox.run([*wrapper(system, "-q"), "./bad"]).status == 126


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_report_has_the_use_of_the_whole_tree(sandbox: Sandbox, system: str) -> None:
    children = " & ".join(["{python} -I -S -c '{burn}'"] * 2).format(
        python=sys.executable, burn=BURN.format(seconds=0.6)
    )
    report = measured(sandbox, system, ["sh", "-c", f"{children} & wait"])
    tree, host = report["tree"], report["run"]["host"]
    assert tree["cpu_accounting"] == "psutil"
    assert 1.1 <= tree["cpu_seconds"] < 2.0
    assert host["logical_cpus"] == os.cpu_count()
    assert host["memory_bytes"] > 0
    assert report["energy"]["joules"] > 0
    assert report["emissions"]["grams_co2e"] > 0
    assert {row["id"] for row in report["energy"]["unmeasured"]} == {"cpu", "gpu"}
    assert [note for note in report["notes"] if note["code"] == "fault"] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_processes_that_come_and_go_between_two_looks_count(sandbox: Sandbox, system: str) -> None:
    short = " ".join([*PYTHON, "-c", f"'{BURN.format(seconds=0.03)}'"])
    script = f"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do {short}; done"
    report = measured(sandbox, system, ["sh", "-c", script])
    assert 0.5 <= report["tree"]["cpu_seconds"] < 1.5


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_orphan_counts_as_long_as_the_run_lasts(sandbox: Sandbox, system: str) -> None:
    work = " ".join([*PYTHON, "-c", f'"{BURN.format(seconds=0.8)}"'])
    script = (
        f"(setsid sh -c '{work}; touch done' & sleep 1); until test -e done; do sleep 0.1; done"
    )
    report = measured(sandbox, system, ["sh", "-c", script])
    assert 0.7 <= report["tree"]["cpu_seconds"] < 2.0  # steps of a clock tick


@pytest.mark.parametrize("system", SYSTEMS)
def test_rows_and_journal_are_kept(sandbox: Sandbox, system: str) -> None:
    for _ in range(2):
        assert sandbox.run([*wrapper(system, "-q"), "true"]).status == 0
    state = sandbox.home / "state" / "carbonrun"
    with (state / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["exit_code"] for row in rows] == ["0", "0"]
    assert list((state / "journal" / "open").iterdir()) == []
    assert len(list((state / "journal").glob("2*/*.jsonl"))) == 2


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_killed_run_is_recovered_by_the_next(sandbox: Sandbox, system: str) -> None:
    running = sandbox.start([*wrapper(system, "-q"), "sleep", "9"])
    folder = sandbox.home / "state" / "carbonrun" / "journal" / "open"
    wait_until(lambda: has_checkpoint(folder), "a checkpoint")
    running.kill()
    sandbox.wait(running)
    assert sandbox.run([*wrapper(system, "-q"), "true"]).status == 0
    with (sandbox.home / "state" / "carbonrun" / "runs.csv").open(encoding="utf-8") as file:
        commands = [row["command"] for row in csv.DictReader(file)]
    assert sorted(commands) == ["sleep 9", "true"]


def has_checkpoint(folder: Path) -> bool:
    journals = list(folder.glob("*.jsonl")) if folder.is_dir() else []
    return any('"checkpoint"' in path.read_text() for path in journals)


@pytest.mark.parametrize("name", ["TERM", "INT", "KILL", "SEGV"])
def test_a_death_by_signal_is_passed_on_as_one(sandbox: Sandbox, name: str) -> None:
    command = ["sh", "-c", f"ulimit -c 0; kill -{name} $$"]
    number = signal.Signals[f"SIG{name}"]
    assert sandbox.run([*wrapper("darwin", "-q"), *command]).status == -number


@pytest.mark.parametrize("name", ["TERM", "HUP", "USR1", "INT", "QUIT", "WINCH", "CONT"])
def test_a_signal_to_the_wrapper_reaches_the_command_once(
    sandbox: Sandbox, recorder: Recorder, name: str
) -> None:
    running = sandbox.start([*wrapper("darwin", "-q"), *recorder.command])
    recorder.wait_ready()
    running.send_signal(signal.Signals[f"SIG{name}"])
    recorder.wait_for(name)
    time.sleep(0.1)
    assert recorder.received() == [name]
    recorder.finish()
    assert sandbox.wait(running) == recorder.status


def test_a_signal_to_the_whole_group_reaches_the_command_once(
    sandbox: Sandbox, recorder: Recorder
) -> None:
    running = sandbox.start([*wrapper("darwin", "-q"), *recorder.command])
    recorder.wait_ready()
    for name in ("TERM", "USR1", "INT"):
        os.killpg(running.pid, signal.Signals[f"SIG{name}"])
        recorder.wait_for(name)
    time.sleep(0.1)
    assert sorted(recorder.received()) == ["INT", "TERM", "USR1"]
    recorder.finish()
    assert sandbox.wait(running) == recorder.status
    sandbox.wait_until_empty()


def test_ctrl_c_ends_the_command_and_not_the_report(sandbox: Sandbox) -> None:
    """As the console of Windows gives it: to both."""
    running = sandbox.start([*wrapper("win32", "--summary", "line"), *burn(9)])
    folder = sandbox.home / "state" / "carbonrun" / "journal" / "open"
    wait_until(lambda: folder.is_dir() and list(folder.glob("*.jsonl")), "the journal")
    os.killpg(running.pid, signal.SIGINT)
    _, error = running.communicate(timeout=10)
    assert running.returncode == 128 + signal.SIGINT
    assert b"carbonrun" in error


def test_the_rest_of_the_tree_can_be_waited_for(sandbox: Sandbox) -> None:
    path = sandbox.work / "report.json"
    for system in SYSTEMS:
        options = ("-q", "--wait-tree", "--json", str(path))
        inner = " ".join([*burn(1.5)[:-1], f"'{burn(1.5)[-1]}'"])
        command = ["sh", "-c", f"{inner} & sleep 1; exit 3"]
        assert sandbox.run([*wrapper(system, *options), *command], seconds=30).status == 3
        report = json.loads(path.read_text())
        assert report["tree"]["left_running"] == 0
        assert report["tree"]["cpu_seconds"] >= 0.4


# A parent that takes orphans and reaps none of them: what has ended stays a zombie.
NEVER_REAPING = """
import ctypes, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


def test_what_has_ended_and_is_not_reaped_is_not_waited_for(sandbox: Sandbox) -> None:
    words = [*wrapper("darwin", "-q", "--wait-tree"), "sh", "-c", "sleep 1 & sleep .5; exit 3"]
    assert sandbox.run([sys.executable, "-c", NEVER_REAPING, *words], seconds=20).status == 3


APPLE_PACKAGE = """
import time
from types import SimpleNamespace

class AppleEnergyMonitor:
    def get_cumulative_energy(self):
        mj = int(time.monotonic() * 5000)  # 5 W
        return SimpleNamespace(cpu_total_mj=mj, dram_mj=mj // 10, gpu_mj=mj)
"""


def test_apple_s_counters_are_read_from_the_start_on(sandbox: Sandbox) -> None:
    (sandbox.work / "lib").mkdir()
    (sandbox.work / "lib" / "zeus_apple_silicon.py").write_text(APPLE_PACKAGE)
    path = f"{SOURCE}{os.pathsep}{sandbox.work / 'lib'}"
    report_path = sandbox.work / "report.json"
    words = [*wrapper("darwin", "-q", "--json", str(report_path)), *burn(1.0)]
    assert sandbox.run(words, env={"PYTHONPATH": path}, seconds=30).status == 0
    report = json.loads(report_path.read_text())
    devices = {each["id"]: each for each in report["energy"]["devices"]}
    assert devices["cpu"]["meter"] == "apple-ioreport"
    assert devices["cpu"]["method"] == "counter"
    seconds = report["run"]["duration_seconds"]
    # On a busy machine the readings are late by some tenths of a second.
    assert devices["cpu"]["machine_joules"] == pytest.approx(5.0 * seconds, rel=0.5)
    assert devices["memory"]["machine_joules"] == pytest.approx(0.5 * seconds, rel=0.5)
    assert [row["id"] for row in report["energy"]["unmeasured"] if row["kind"] == "gpu"] == ["gpu"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_tool_is_run_beside_the_command_and_is_no_part_of_it(
    sandbox: Sandbox, system: str
) -> None:
    folder = sandbox.work / "bin"
    make_power_log(folder, POWER_LOG, "PowerLog" if system == "darwin" else "PowerLog3.0.exe")
    path = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    report_path = sandbox.work / "report.json"
    options = ("-q", "--interval", "0.2", "--json", str(report_path))
    words = [*wrapper(system, *options), *burn(2.0)]
    assert sandbox.run(words, env=path, seconds=30).status == 0
    report = json.loads(report_path.read_text())
    devices = {each["id"]: each for each in report["energy"]["devices"]}
    assert devices["package-0"]["meter"] == "intel-power-gadget"
    seconds = report["run"]["duration_seconds"]
    assert devices["package-0"]["machine_joules"] == pytest.approx(10.0 * seconds, rel=0.2)
    assert "sh" not in [row["program"] for row in report["tree"]["programs"]]
    assert [note for note in report["notes"] if note["code"] == "fault"] == []
    sandbox.wait_until_empty()


@pytest.mark.parametrize("system", SYSTEMS)
def test_doctor_shows_the_sensors_of_the_system_and_no_others(
    sandbox: Sandbox, system: str
) -> None:
    done = sandbox.run([*wrapper(system)[:-1], "doctor", "--json"], seconds=30)
    assert done.status == 1
    names = [row["name"] for row in json.loads(done.stdout)["sensors"]]
    own = {
        "darwin": ["apple-ioreport", "powermetrics", "intel-power-gadget"],
        "win32": ["windows-emi", "intel-power-gadget"],
    }
    assert names == [*own[system], "redfish"]
