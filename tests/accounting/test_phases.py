"""Phases against the truth: the CPU time of each, and the joules of a simulated sensor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine.energy_simulator import SimulatedSensor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machine.measured_run import Bench

# Works in phases whose CPU time it chooses; children do some of the work.
PROGRAM = """
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def mark(line):
    s.sendto(line.encode(), os.environ["CARBONRUN_SOCKET"])
    time.sleep(0.2)  # on a busy machine carbonrun may have to wait for its turn
def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
def child(seconds):
    pid = os.fork()
    if pid == 0:
        work(seconds)
        os._exit(0)
    os.waitpid(pid, 0)
for _ in range(2):
    mark("mark light"); time.sleep(0.1); work(0.1)
    mark("mark heavy"); work(0.3); child(0.1)
mark("mark off")
work(0.05)
"""
# The simulated sensor's own error: steps of 10 ms on each CPU, and what a hypervisor takes away.
SENSOR_JOULES = 0.3
TRUTH_SECONDS = {"light": 0.2, "heavy": 0.8, "off": 0.05}


def phases_of(bench: Bench, *options: str) -> dict[str, dict[str, Any]]:
    measured = bench.run([sys.executable, "-I", "-S", "-c", PROGRAM], *options)
    return {phase["path"]: phase for phase in measured.report["phases"]}


def test_cpu_time_and_joules_of_each_phase(bench: Bench, tmp_path: Path) -> None:
    with SimulatedSensor(tmp_path / "sys") as sensor:
        phases = phases_of(
            bench, "--sysfs", sensor.sysfs, "--idle-watts", f"package={sensor.idle_watts}"
        )
        assert set(phases) == set(TRUTH_SECONDS)
        for name, seconds in TRUTH_SECONDS.items():
            phase = phases[name]
            # The fork, the marks and the end of the interpreter cost a little.
            assert phase["cpu_seconds"] == pytest.approx(seconds, rel=0.03, abs=0.025)
            joules = sensor.tree_joules(phase["cpu_seconds"])
            # What neighbours do is known for half a second of CPU time, which spans phases.
            assert phase["joules"] == pytest.approx(joules, rel=0.5, abs=0.1)
            assert phase["low_joules"] - SENSOR_JOULES < joules
            assert phase["high_joules"] + SENSOR_JOULES > joules
        assert phases["light"]["times"] == phases["heavy"]["times"] == 2


def test_under_the_scope_of_the_machine(bench: Bench, tmp_path: Path) -> None:
    with SimulatedSensor(tmp_path / "sys") as sensor:
        phases = phases_of(bench, "--sysfs", sensor.sysfs, "--scope", "machine")
    for phase in phases.values():
        least = phase["duration_seconds"] * sensor.idle_watts
        assert phase["joules"] > 0.9 * least
