"""Joules end to end: a simulated sensor on a real machine, real processes, the whole program.

The sensor's energy is a known function of the machine's CPU time, so the true energy of a tree
whose CPU time the kernel tells is known too, with and without a neighbour. The bar is 2 % for
longer runs (``benchmarks/attribution.py``); these are short.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine import workloads
from tests.machine.energy_simulator import SimulatedSensor
from tests.machine.sim_sysfs import RANGE_UJ
from tests.machine.stolen_time import StolenTime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.machine.measured_run import Bench, Measured

TOLERANCE = 0.05
AMOUNTS = {"steady": 0.8, "parallel": 0.5, "short": 700, "daemon": 0.8, "bursts": 0.3}
NEIGHBOURS = (None, "steady", "bursts")


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[SimulatedSensor]:
    """Give the test a sensor that moves."""
    with SimulatedSensor(tmp_path / "sys") as simulated:
        yield simulated


@contextmanager
def neighbour(shape: str | None) -> Iterator[None]:
    """Let somebody else use the machine too."""
    if shape is None:
        yield
        return
    process = subprocess.Popen(workloads.command(shape, 1000))
    try:
        yield
    finally:
        process.kill()
        process.wait()


def options_of(sensor: SimulatedSensor) -> tuple[str, ...]:
    """Return the options that point carbonrun at a sensor."""
    return ("--sysfs", sensor.sysfs, "--idle-watts", f"package={sensor.idle_watts}")


def package(measured: Measured) -> dict[str, Any]:
    """Return the block of the simulated package."""
    devices: list[dict[str, Any]] = measured.report["energy"]["devices"]
    return next(device for device in devices if device["id"] == "package-0")


def truth(sensor: SimulatedSensor, measured: Measured) -> float:
    """Return the joules that the tree has really used."""
    assert measured.truth_seconds is not None
    return sensor.tree_joules(measured.truth_seconds)


@pytest.mark.parametrize("who", NEIGHBOURS)
@pytest.mark.parametrize("shape", AMOUNTS)
def test_joules_of_the_tree(
    bench: Bench, sensor: SimulatedSensor, shape: str, who: str | None
) -> None:
    stolen = StolenTime()
    with neighbour(who):
        measured = bench.run_workload(shape, AMOUNTS[shape], *options_of(sensor))
    allowed = TOLERANCE + 2 * stolen.share
    device = package(measured)
    assert device["method"] == "counter"
    assert device["joules"] == pytest.approx(truth(sensor, measured), rel=allowed)
    assert device["low_joules"] < truth(sensor, measured) < device["high_joules"]
    assert device["joules"] <= device["machine_joules"]


def test_active_and_idle_share(bench: Bench, sensor: SimulatedSensor) -> None:
    measured = bench.run_workload("steady", 0.8, *options_of(sensor))
    device = package(measured)
    active = (measured.truth_seconds or 0) * sensor.watts_per_cpu
    assert device["active_joules"] == pytest.approx(active, rel=TOLERANCE)
    idle = truth(sensor, measured) - active
    assert device["idle_joules"] == pytest.approx(idle, rel=TOLERANCE)


def test_joules_of_the_machine(bench: Bench, sensor: SimulatedSensor) -> None:
    measured = bench.run_workload("steady", 0.5, *options_of(sensor), "--scope", "machine")
    seconds = measured.report["run"]["duration_seconds"]
    least = seconds * sensor.idle_watts + (measured.truth_seconds or 0) * sensor.watts_per_cpu
    assert measured.report["energy"]["joules"] > 0.97 * least


def test_programs_share_the_joules(bench: Bench, sensor: SimulatedSensor) -> None:
    measured = bench.run_workload("short", 300, *options_of(sensor))
    programs = sum(row["joules"] for row in measured.tree["programs"])
    assert programs == pytest.approx(package(measured)["joules"], rel=1e-6)


def test_the_counter_wraps_in_the_middle(bench: Bench, tmp_path: Path) -> None:
    with SimulatedSensor(tmp_path / "sys", start_uj=RANGE_UJ - 4_000_000) as sensor:
        measured = bench.run_workload("steady", 0.8, *options_of(sensor))
        assert int(sensor.file.read_text()) < RANGE_UJ // 2
    assert package(measured)["joules"] == pytest.approx(truth(sensor, measured), rel=TOLERANCE)
    assert not [note for note in measured.report["notes"] if note["code"].startswith("rapl-")]
