"""Cores of different speed: it is said where nobody could tell by how much they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine.energy_simulator import SimulatedSensor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.machine.measured_run import Bench

# Two processes at once: of two CPUs more than half are busy.
BOTH = ["sh", "-c", "for i in 1 2; do timeout 0.5 sh -c 'while :; do :; done' & done; wait"]


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[SimulatedSensor]:
    with SimulatedSensor(tmp_path / "sys") as simulated:
        yield simulated


def codes(bench: Bench, sensor: SimulatedSensor, command: list[str]) -> set[str]:
    measured = bench.run(command, "--sysfs", sensor.sysfs)
    assert measured.note("carbonrun-failed") is None
    return {note["code"] for note in measured.report["notes"]}


def test_performance_and_efficiency_cores(
    bench: Bench, sensor: SimulatedSensor, tmp_path: Path
) -> None:
    """The PMUs of the files are not this machine's, so no counter can be opened."""
    for name in ("cpu_core", "cpu_atom"):
        folder = tmp_path / "sys" / "devices" / name
        folder.mkdir(parents=True)
        (folder / "type").write_text("250\n")
        (folder / "cpus").write_text("0-1\n")
    assert "cycles-uncounted" in codes(bench, sensor, ["sleep", "0.2"])


def test_threads_of_a_core_matter_on_a_busy_machine_only(
    bench: Bench, sensor: SimulatedSensor, tmp_path: Path
) -> None:
    folder = tmp_path / "sys" / "devices" / "system" / "cpu" / "smt"
    folder.mkdir(parents=True)
    (folder / "active").write_text("1\n")
    assert "cycles-uncounted" in codes(bench, sensor, BOTH)
    (folder / "active").write_text("0\n")
    assert "cycles-uncounted" not in codes(bench, sensor, BOTH)
