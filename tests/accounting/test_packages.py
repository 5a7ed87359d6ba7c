"""Each package's energy goes by what ran on it: two simulated packages, real processes.

The first two CPUs are a package each. A neighbour keeps one busy, the command runs on the other, or
on both: by a share of the whole machine each package's figure would be wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine import workloads
from tests.machine.measured_run import REFUSE_TRACE
from tests.machine.two_packages import IDLE_WATTS, TwoPackages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.machine.measured_run import Bench, Measured

pytestmark = pytest.mark.skipif(os.cpu_count() != 2, reason="the other CPUs would be on none")

WAYS = {"counters of each CPU": (), "last CPU": REFUSE_TRACE}
# Ticks of 10 ms on each CPU tell who was busy.
TOLERANCE = 0.08
# Burns CPU time on one CPU after the other: the words are pairs of CPU and seconds.
WORK = """
import os, sys, time
for cpu, seconds in zip(sys.argv[1::2], sys.argv[2::2]):
    os.sched_setaffinity(0, {int(cpu)})
    end = time.process_time() + float(seconds)
    while time.process_time() < end: pass
"""
# Two threads at once, each on a CPU of its own; only work outside of Python's lock runs at once.
THREADS = """
import hashlib, os, sys, threading, time
def burn(cpu):
    os.sched_setaffinity(0, {cpu})
    end, block = time.thread_time() + 0.7, bytes(1 << 20)
    while time.thread_time() < end: hashlib.sha256(block)
threads = [threading.Thread(target=burn, args=(cpu,)) for cpu in (0, 1)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[TwoPackages]:
    with TwoPackages(tmp_path / "sys") as simulated:
        yield simulated


@contextmanager
def neighbour_on(cpu: int) -> Iterator[None]:
    def bind() -> None:
        os.sched_setaffinity(0, {cpu})

    with subprocess.Popen(workloads.command("steady", 1000), preexec_fn=bind) as process:  # noqa: PLW1509
        try:
            yield
        finally:
            process.kill()


def run(bench: Bench, sensor: TwoPackages, way: str, code: str, *words: str) -> Measured:
    idle = [f"--idle-watts=package-{number}={IDLE_WATTS[number]}" for number in (0, 1)]
    command = [sys.executable, "-I", "-S", "-c", code, *words]
    return bench.run(command, "--sysfs", sensor.sysfs, *idle, prefix=WAYS[way])


def joules(measured: Measured) -> list[float]:
    devices: list[dict[str, Any]] = measured.report["energy"]["devices"]
    return [
        next(device["joules"] for device in devices if device["id"] == f"package-{number}")
        for number in (0, 1)
    ]


def codes(measured: Measured) -> set[str]:
    return {note["code"] for note in measured.report["notes"]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cpu", [0, 1])
def test_a_command_on_one_package_beside_a_neighbour_on_the_other(
    bench: Bench, sensor: TwoPackages, way: str, cpu: int
) -> None:
    with neighbour_on(1 - cpu):
        measured = run(bench, sensor, way, WORK, str(cpu), "1.0")
    expected = sensor.tree_joules(cpu, measured.tree["cpu_seconds"])
    found = joules(measured)
    assert found[cpu] == pytest.approx(expected, rel=TOLERANCE)
    assert found[1 - cpu] < 0.05 * expected
    assert ("packages-by-last-cpu" in codes(measured)) == (way == "last CPU")


@pytest.mark.parametrize("way", WAYS)
def test_a_command_that_moves(bench: Bench, sensor: TwoPackages, way: str) -> None:
    measured = run(bench, sensor, way, WORK, "0", "0.8", "1", "0.8")
    allowed = 0.5 if way == "last CPU" else 2.5 * TOLERANCE
    for number, found in enumerate(joules(measured)):
        assert found == pytest.approx(sensor.tree_joules(number, 0.8), rel=allowed)


@pytest.mark.parametrize("way", WAYS)
def test_threads_on_both(bench: Bench, sensor: TwoPackages, way: str) -> None:
    allowed = 0.4 if way == "last CPU" else 2 * TOLERANCE  # looks are few, and ticks are coarse
    measured = run(bench, sensor, way, THREADS)
    for number, found in enumerate(joules(measured)):
        assert found == pytest.approx(sensor.tree_joules(number, 0.72), rel=allowed)


def test_one_package_is_not_told_apart(bench: Bench, tmp_path: Path) -> None:
    from tests.machine.energy_simulator import SimulatedSensor

    with SimulatedSensor(tmp_path / "sys") as sensor:
        measured = bench.run(["true"], "--sysfs", sensor.sysfs, prefix=REFUSE_TRACE)
    assert "packages-by-last-cpu" not in codes(measured)
