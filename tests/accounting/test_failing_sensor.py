"""A sensor that breaks while the command runs: the command does not feel it, the report says it.

What is lost is named, with a remedy where there is one, and the model takes the sensor's place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine.energy_simulator import SimulatedSensor
from tests.machine.measured_run import ROOT, Bench
from tests.machine.unprivileged import NOBODY, public_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.machine.measured_run import Measured

COMMAND = ["sh", "-c", "sleep 1.6; exit 7"]
BREAK_SECONDS = 0.3


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[SimulatedSensor]:
    """Give the test a sensor that moves."""
    with SimulatedSensor(tmp_path / "sys") as simulated:
        yield simulated


def devices(measured: Measured) -> dict[str, dict[str, Any]]:
    """Return the devices of the report by id."""
    return {device["id"]: device for device in measured.report["energy"]["devices"]}


def unmeasured(measured: Measured, device_id: str) -> dict[str, Any]:
    """Return what the report says about a device that was not measured."""
    rows: list[dict[str, Any]] = measured.report["energy"]["unmeasured"]
    return next(row for row in rows if row["id"] == device_id)


def run(bench: Bench, sensor: SimulatedSensor, action: Callable[[], object]) -> Measured:
    """Run the command; something happens to the sensor in the middle."""

    def later(_pid: int) -> None:
        time.sleep(BREAK_SECONDS)
        action()

    return bench.run(COMMAND, "--sysfs", sensor.sysfs, while_running=later)


def go_on_counting(sensor: SimulatedSensor, energy_uj: int) -> None:
    """Show a counter that goes on from a value, until well behind the end of the run."""
    for step in range(80):
        sensor.show(f"{energy_uj + step * 100_000}\n")
        time.sleep(0.02)


def billed_kinds(measured: Measured) -> dict[str, str]:
    """Return the method by kind of what is billed."""
    return {device["kind"]: device["method"] for device in devices(measured).values()}


BREAKAGES: dict[str, Callable[[SimulatedSensor], None]] = {
    "vanishes": SimulatedSensor.vanish,
    "fails": SimulatedSensor.fail,
    "shows garbage": lambda sensor: sensor.show("unavailable\n"),
    "shows nothing": lambda sensor: sensor.show(""),
    "shows a negative number": lambda sensor: sensor.show("-5\n"),
    "stands still": SimulatedSensor.stop,
}


@pytest.mark.parametrize("how", BREAKAGES)
def test_breaks_in_the_middle(bench: Bench, sensor: SimulatedSensor, how: str) -> None:
    """The energy of half a run must not pass for that of the whole."""
    measured = run(bench, sensor, lambda: BREAKAGES[how](sensor))
    assert measured.status == 7
    assert measured.report["run"]["exit_code"] == 7
    assert measured.note("carbonrun-failed") is None
    assert billed_kinds(measured)["cpu"] == "estimated"
    assert unmeasured(measured, "package-0")["reason"]


def test_breaks_and_works_again(bench: Bench, sensor: SimulatedSensor) -> None:
    """One reading less; the next one spans the gap."""

    def flicker(_pid: int) -> None:
        time.sleep(BREAK_SECONDS)
        content = sensor.file.read_text()
        sensor.show("unavailable\n")
        time.sleep(BREAK_SECONDS)
        go_on_counting(sensor, int(content) + 5_000_000)

    measured = bench.run(
        ["sh", "-c", "sleep 1.8; exit 7"],
        "--sysfs",
        sensor.sysfs,
        while_running=flicker,
    )
    assert measured.status == 7
    note = measured.note("reading-failed")
    assert note is not None
    assert "package-0" in note["message"]
    assert devices(measured)["package-0"]["machine_joules"] > 5


def test_stands_still_from_the_start(bench: Bench, sensor: SimulatedSensor) -> None:
    """As on virtual machines that have the files but not the counters."""
    sensor.stop()
    measured = bench.run(["sh", "-c", "sleep 0.3; exit 7"], "--sysfs", sensor.sysfs)
    assert measured.status == 7
    assert billed_kinds(measured)["cpu"] == "estimated"
    assert "did not move" in unmeasured(measured, "package-0")["reason"]


def test_is_reset_in_the_middle(bench: Bench, sensor: SimulatedSensor) -> None:
    measured = run(bench, sensor, lambda: go_on_counting(sensor, 17))
    assert measured.status == 7
    assert measured.note("rapl-reset") is not None
    joules = devices(measured)["package-0"]["machine_joules"]
    assert joules < 3 * sensor.idle_watts * measured.report["run"]["duration_seconds"] + 10


def test_jumps_in_the_middle(bench: Bench, sensor: SimulatedSensor) -> None:
    """More than any processor can draw: not counted."""
    measured = run(bench, sensor, lambda: sensor.show("90000000000\n"))
    assert measured.status == 7
    assert measured.note("rapl-too-fast") is not None


def test_is_broken_from_the_start(bench: Bench, sensor: SimulatedSensor) -> None:
    sensor.fail()
    measured = bench.run(COMMAND, "--sysfs", sensor.sysfs)
    assert measured.status == 7
    row = unmeasured(measured, "package-0")
    assert row["reason"]
    assert row["hint"]
    assert billed_kinds(measured)["cpu"] == "estimated"


def test_is_not_there_at_all(bench: Bench, tmp_path: Path) -> None:
    measured = bench.run(COMMAND, "--sysfs", str(tmp_path / "nothing"))
    assert measured.status == 7
    row = unmeasured(measured, "cpu")
    assert row["hint"] == "check --sysfs"
    assert billed_kinds(measured)["cpu"] == "estimated"


def test_may_be_read_by_root_only() -> None:
    """The usual state of a machine: the hint says what would make it readable."""
    python = interpreter_for_nobody()
    with public_folder() as folder:
        (folder / "home").mkdir(mode=0o777)
        (folder / "home").chmod(0o777)
        sensor = SimulatedSensor(folder / "sys", mode=0o400 if os.geteuid() == 0 else 0)
        place = Bench(folder / "home", wants_group=False)
        measured = place.run(
            COMMAND, "--sysfs", sensor.sysfs, carbonrun=[*python, "-m", "carbonrun"]
        )
    assert measured.status == 7
    row = unmeasured(measured, "package-0")
    assert "root" in row["reason"]
    assert "chmod a+r" in row["hint"]
    assert billed_kinds(measured)["cpu"] == "estimated"


def interpreter_for_nobody() -> list[str]:
    """Return words that start an interpreter as somebody whom file permissions hold back."""
    if os.geteuid() != 0:
        return [sys.executable]
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    become = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    for python in (sys.executable, "/usr/bin/python3"):
        words = [*become, python]
        program = "import sys, carbonrun.launch; assert sys.version_info >= (3, 10)"
        done = subprocess.run(
            [*words, "-c", program],
            env={"PYTHONPATH": str(ROOT)},
            check=False,
            capture_output=True,
            cwd="/",
        )
        if done.returncode == 0:
            return words
    pytest.skip("nobody may use an interpreter or the source here")
