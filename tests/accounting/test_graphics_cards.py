"""Cards of AMD and Intel end to end: simulated cards on a real machine, the whole program.

What each user's part of a card's energy is, is known to the simulator: active energy by how busy it
kept the card, idle energy by its memory. The bar is 2 %, and what is drawn in the time up to the
second look, as nobody knows when in it the command began to use the card: 0.1 s, or more where the
machine that runs the tests is busy.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine.gpu_simulator import GpuMachine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.machine.measured_run import Bench, Measured
    from tests.machine.sim_drm import SimulatedCard

CARD, OTHER = "0000:03:00.0", "0000:83:00.0"
SECONDS = 3.0
TOLERANCE = 0.02
MOST_WATTS = 220.0
IDLE_WATTS = 20.0
FLOOR = ("--idle-watts", f"{CARD}={IDLE_WATTS}")
DRIVERS = ("i915", "xe", "amdgpu")
# A process without the right to read what others have closed to it, root though it may be.
_PR_CAPBSET_DROP = 24
_LIMIT = f"""
import ctypes, os, sys
for capability in (1, 2):
    ctypes.CDLL(None).prctl({_PR_CAPBSET_DROP}, capability)
os.execvp(sys.argv[1], sys.argv[1:])
"""
LIMITED = (sys.executable, "-c", _LIMIT)


@pytest.fixture
def machine(tmp_path: Path) -> GpuMachine:
    """Give the test a machine; it adds cards and enters it."""
    (tmp_path / "graphics").mkdir()
    return GpuMachine(tmp_path / "graphics")


@contextmanager
def neighbour(machine: GpuMachine, card: SimulatedCard, share: float) -> Iterator[int]:
    """Let somebody else use a card, with three times the memory."""
    process = subprocess.Popen(machine.user(card, share, 3000, 1000))
    time.sleep(0.3)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def device(measured: Measured, address: str = CARD) -> dict[str, Any]:
    """Return the block of a card."""
    devices: list[dict[str, Any]] = measured.report["energy"]["devices"]
    return next(device for device in devices if device["id"] == address)


def close_to(joules: float, measured: Measured, times: float = 1.0) -> Any:
    """Return what is equal to figures that are as good as they should be."""
    points = [point for point in measured.report["timeline"] if point["watts"].get("gpu")]
    begun = min(point["end"] for point in points[1:3])
    return pytest.approx(joules, abs=times * (TOLERANCE * joules + MOST_WATTS * begun))


def truth(machine: GpuMachine, pid: int | None = None) -> dict[str, float]:
    """Return what all users but ``pid`` have used, once they are known to have ended."""
    end = time.monotonic() + 5
    rows: list[dict[str, float]] = []
    while not rows and time.monotonic() < end:
        time.sleep(0.05)
        rows = [row for row in machine.truth() if row["pid"] != pid]
    return {key: sum(row[key] for row in rows) for key in ("active_joules", "idle_joules")}


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_only_user(bench: Bench, machine: GpuMachine, driver: str) -> None:
    card = machine.add_card(CARD, driver)
    machine.add_card(OTHER, driver, idle_watts=70)
    with machine:
        measured = bench.run(machine.user(card, 0.5, 1000, SECONDS), *machine.options, *FLOOR)
        used = truth(machine)
    block = device(measured)
    assert block["active_joules"] == close_to(used["active_joules"], measured)
    assert block["idle_joules"] == close_to(used["idle_joules"], measured)
    assert block["low_joules"] < sum(used.values()) < block["high_joules"]
    assert block["source"].endswith("sole user")
    assert block["method"] == ("integrated" if driver == "amdgpu" else "counter")
    untouched = device(measured, OTHER)
    assert untouched["joules"] == untouched["high_joules"] == 0
    assert untouched["machine_joules"] == pytest.approx(70 * SECONDS, rel=0.1)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_card_that_is_shared(bench: Bench, machine: GpuMachine, driver: str) -> None:
    card = machine.add_card(CARD, driver)
    with machine:
        with neighbour(machine, card, 0.3) as pid:
            command = machine.user(card, 0.4, 1000, SECONDS)
            measured = bench.run(command, *machine.options, *FLOOR)
        used = truth(machine, pid)
    block = device(measured)
    assert block["active_joules"] == close_to(used["active_joules"], measured)
    assert block["idle_joules"] == close_to(used["idle_joules"], measured)
    assert block["low_joules"] < sum(used.values()) < block["high_joules"]
    assert block["source"].endswith("shared, split by engine time")


@pytest.mark.parametrize("factor", [1.0, 0.0, 65.5])
def test_a_counter_beside_the_power(bench: Bench, machine: GpuMachine, factor: float) -> None:
    card = machine.add_card(CARD, "amdgpu", counter_factor=factor)
    with machine:
        measured = bench.run(machine.user(card, 0.5, 1000, SECONDS), *machine.options, *FLOOR)
        used = truth(machine)
    block = device(measured)
    assert block["active_joules"] == close_to(used["active_joules"], measured)
    assert block["method"] == ("counter" if factor == 1 else "integrated")


def test_children_that_use_the_card_in_turns(bench: Bench, machine: GpuMachine) -> None:
    card = machine.add_card(CARD, "i915")
    with machine:
        command = machine.user(card, 0.5, 1000, SECONDS, children=2)
        measured = bench.run(command, *machine.options, *FLOOR)
        used = truth(machine)
    assert device(measured)["active_joules"] == close_to(used["active_joules"], measured, 2)


def test_short_children_beside_a_neighbour(bench: Bench, machine: GpuMachine) -> None:
    """Most of them come and go between two looks."""
    card = machine.add_card(CARD, "i915")
    with machine:
        with neighbour(machine, card, 0.3) as pid:
            command = machine.user(card, 0.4, 1000, 2 * SECONDS, children=12)
            measured = bench.run(command, *machine.options, *FLOOR)
        used = truth(machine, pid)
    assert device(measured)["active_joules"] == close_to(used["active_joules"], measured, 2)


def test_compute_past_the_driver_s_files(bench: Bench, machine: GpuMachine) -> None:
    card = machine.add_card(CARD, "amdgpu")
    machine.graphics.add_compute(51234, card, {})
    with machine, neighbour(machine, card, 0.3):
        command = machine.user(card, 0.3, 1000, SECONDS, compute=True)
        measured = bench.run(command, *machine.options, *FLOOR)
    block = device(measured)
    share = block["active_joules"] / (block["machine_joules"] - IDLE_WATTS * SECONDS)
    assert share == pytest.approx(0.25, abs=0.03)
    assert block["source"].endswith("split estimated by GPU memory")
    assert block["low_joules"] < block["joules"] / 2
    assert measured.note("gpu-compute") is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="what is closed to carbonrun would be so to the test")
@pytest.mark.parametrize("driver", ["amdgpu", "i915"])
def test_a_neighbour_whose_files_are_closed(bench: Bench, machine: GpuMachine, driver: str) -> None:
    card = machine.add_card(CARD, driver)
    with machine:
        with neighbour(machine, card, 0.3) as pid:
            (machine.graphics.procfs / str(pid) / "fd").chmod(0)
            command = machine.user(card, 0.4, 1000, SECONDS)
            measured = bench.run(command, *machine.options, *FLOOR, prefix=LIMITED)
            (machine.graphics.procfs / str(pid) / "fd").chmod(0o700)
        used = truth(machine, pid)
    block = device(measured)
    note = measured.note("gpu-unseen")
    assert note is not None
    assert "CAP_SYS_PTRACE" in note["hint"]
    if driver == "amdgpu":  # it tells how busy it is in all
        assert block["active_joules"] == close_to(used["active_joules"], measured, 2)
        assert block["idle_joules"] == close_to(used["idle_joules"], measured, 2)
    assert block["low_joules"] < sum(used.values()) < block["high_joules"]


def test_a_card_that_sleeps(bench: Bench, machine: GpuMachine) -> None:
    card = machine.add_card(CARD, "i915")
    sleeping = machine.graphics.add_card(OTHER, "i915", hwmon={"energy1_input": "do not read"})
    sleeping.set("power/runtime_status", "suspended")
    with machine:
        measured = bench.run(machine.user(card, 0.5, 1000, 1.0), *machine.options)
    block = device(measured, OTHER)
    assert block["joules"] == block["machine_joules"] == 0


def test_what_is_within_the_processor(bench: Bench, machine: GpuMachine) -> None:
    machine.graphics.add_card("0000:00:02.0", "i915", pci_id="8086:9A49")
    with machine:
        measured = bench.run(["sleep", "0.5"], *machine.options)
    rows = {row["id"]: row for row in measured.report["energy"]["unmeasured"]}
    assert "not added twice" in rows["0000:00:02.0"]["reason"]
    assert not [d for d in measured.report["energy"]["devices"] if d["kind"] == "gpu"]


def test_the_whole_machine_is_billed_all(bench: Bench, machine: GpuMachine) -> None:
    machine.add_card(CARD, "i915", idle_watts=50)
    with machine:
        command = ["sleep", "2"]
        measured = bench.run(command, *machine.options, "--scope", "machine")
    block = device(measured)
    assert block["joules"] == block["machine_joules"] == pytest.approx(100, rel=0.1)


def test_a_card_that_is_taken_out(bench: Bench, machine: GpuMachine) -> None:
    card = machine.add_card(CARD, "i915")

    def unplug(_pid: int) -> None:
        time.sleep(1.5)
        machine.stop()
        card.unplug()

    with machine:
        command = machine.user(card, 0.5, 1000, SECONDS)
        measured = bench.run(command, *machine.options, *FLOOR, while_running=unplug)
    assert measured.status == 0
    assert measured.note("gpu-gone") is not None
    assert 0.5 * 120 < device(measured)["joules"] < 2 * 120


def test_csv_and_timeline(bench: Bench, machine: GpuMachine, tmp_path: Path) -> None:
    card = machine.add_card(CARD, "xe")
    rows = tmp_path / "rows.csv"
    with machine:
        command = machine.user(card, 0.5, 1000, 1.5)
        measured = bench.run(command, *machine.options, *FLOOR, "--csv", str(rows))
    with rows.open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    assert float(cells["gpu_energy_j"]) == pytest.approx(device(measured)["joules"], rel=1e-3)
    assert cells["gpu_method"] == "counter"
    assert max(point["watts"].get("gpu", 0) for point in measured.report["timeline"]) > 80
