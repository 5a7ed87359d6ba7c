"""Budgets with real processes and a sensor whose energy is known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine import workloads
from tests.machine.energy_simulator import SimulatedSensor
from tests.machine.measured_run import ROOT, Bench, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDLE_WATTS, WATTS_PER_CPU = 6.0, 10.0
OVER = 122


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[SimulatedSensor]:
    """Give the test a sensor that moves."""
    with SimulatedSensor(
        tmp_path / "sys", idle_watts=IDLE_WATTS, watts_per_cpu=WATTS_PER_CPU
    ) as simulated:
        yield simulated


def run(
    bench: Bench, sensor: SimulatedSensor, command: list[str], *options: str, **how: Any
) -> Measured:
    common = ("--sysfs", sensor.sysfs, "--idle-watts", f"package={IDLE_WATTS}", "--interval", "0.2")
    return bench.run(command, *common, *options, **how)


def burn(cpu_seconds: float) -> list[str]:
    return list(workloads.command("steady", cpu_seconds))


def test_below_the_budget_nothing_happens(bench: Bench, sensor: SimulatedSensor) -> None:
    limits = ("--max-energy", "1Wh", "--max-co2e", "1kg", "--on-exceed", "stop")
    measured = run(bench, sensor, burn(0.5), *limits)
    assert measured.status == 0
    assert measured.note("budget-exceeded") is None


@pytest.mark.parametrize(("on_exceed", "status"), [("warn", 0), ("fail", OVER)])
def test_above_it_there_is_a_warning_or_a_status(
    bench: Bench, sensor: SimulatedSensor, on_exceed: str, status: int
) -> None:
    measured = run(bench, sensor, burn(0.4), "--max-energy", "1J", "--on-exceed", on_exceed)
    assert measured.status == status
    note = measured.note("budget-exceeded")
    assert note is not None
    assert note["level"] == "warning"
    assert note["message"].startswith("over budget: used ")
    # The report says how the command itself ended.
    assert measured.report["run"]["exit_code"] == 0


def test_emissions_have_a_budget_too(bench: Bench, sensor: SimulatedSensor) -> None:
    options = ("--intensity", "500", "--on-exceed", "fail")
    # 4 J and more at 500 g/kWh are 0.56 mg and more.
    measured = run(bench, sensor, burn(0.4), *options, "--max-co2e", "0.4mg")
    assert measured.status == OVER
    assert "CO2e allowed" in (measured.note("budget-exceeded") or {})["message"]
    assert run(bench, sensor, burn(0.4), *options, "--max-co2e", "40mg").status == 0


def test_the_commands_own_failure_is_what_counts(bench: Bench, sensor: SimulatedSensor) -> None:
    failing = ["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exit 7"]
    assert run(bench, sensor, failing, "--max-energy", "1mJ", "--on-exceed", "fail").status == 7


def test_the_command_is_stopped(bench: Bench, sensor: SimulatedSensor) -> None:
    started = time.monotonic()
    measured = run(bench, sensor, burn(60), "--max-energy", "15J", "--on-exceed", "stop")
    assert time.monotonic() - started < 20
    assert measured.status == -signal.SIGTERM
    assert measured.note("budget-stopped") is not None
    assert measured.note("budget-exceeded") is not None
    # Readings are gathered for up to two seconds before they are attributed.
    assert 15 < measured.report["energy"]["joules"] < 15 + 3 * (WATTS_PER_CPU + IDLE_WATTS)


def test_a_command_that_ends_well_after_term_is_over_the_limit(
    bench: Bench, sensor: SimulatedSensor
) -> None:
    tidy = "import signal, sys\nsignal.signal(15, lambda *_: sys.exit(0))\nwhile True: pass"
    command = [sys.executable, "-I", "-S", "-c", tidy]
    measured = run(bench, sensor, command, "--max-energy", "15J", "--on-exceed", "stop")
    assert measured.status == OVER
    assert measured.report["run"]["exit_code"] == 0


def test_what_the_stopped_command_leaves_is_stopped_as_well(
    bench: Bench, sensor: SimulatedSensor
) -> None:
    pid_file = bench.folder / "pid"
    script = f"yes >/dev/null & echo $! >{pid_file}; wait"
    measured = run(
        bench, sensor, ["sh", "-c", script], "--max-energy", "15J", "--on-exceed", "stop"
    )
    assert measured.status == -signal.SIGTERM
    pid = int(pid_file.read_text())
    end = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:  # noqa: PTH110
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{pid}")  # noqa: PTH110


DEAF = """
import os, signal, subprocess, sys, time
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.table import ProcessTable
from carbonrun.notes import Notes
from carbonrun.stopping import Stopper
deaf = "trap '' TERM; (trap '' TERM; sleep 60) & echo ready; sleep 60; sleep 60"
command = subprocess.Popen(["sh", "-c", deaf], stdout=subprocess.PIPE)
command.stdout.readline()
table = ProcessTable(ProcfsReader("/proc"), os.getpid(), frozenset(), b"")
table.command_pid = command.pid
stopper = Stopper(table, Notes(), grace_seconds=1.0)
stopper.stop(10.0)
stopper.stop(10.9)
time.sleep(0.2)
assert command.poll() is None
table.scan()
living = list(table.live)
assert len(living) >= 3, living
stopper.stop(11.0)
assert command.wait(5) == -signal.SIGKILL
time.sleep(0.2)
def runs(pid):
    try:
        return "Z" not in open(f"/proc/{pid}/stat").read().rpartition(")")[2]
    except OSError:
        return False
left = [pid for pid in living if runs(pid)]
assert not left, left
stopper.stop(12.0)
"""


def test_a_tree_that_does_not_listen_is_killed_after_the_grace() -> None:
    result = subprocess.run(
        [sys.executable, "-c", DEAF],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")


def test_a_bad_budget_is_refused(bench: Bench, sensor: SimulatedSensor) -> None:
    measured = run(bench, sensor, ["true"], "--max-energy", "10")
    assert measured.status == 125
    assert "--max-energy '10': must be a number above 0 with one of the units" in measured.stderr
