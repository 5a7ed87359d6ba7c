"""Where GPUs show: summary, CSV, timeline, doctor, monitor, attach, idle floors of later runs."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.gpu_run import LATE_SECONDS
from tests.e2e.wrapper import CARBONRUN, PYTHON, wait_until
from tests.machine.nvml.scene import LONG_AGO

if TYPE_CHECKING:
    from tests.e2e.gpu_run import GpuMachine

STEADY = ((-50.0, 250.0),)


def carbonrun(machine: GpuMachine, *words: str) -> Any:
    """Run carbonrun in the scene as it goes on."""
    return machine.sandbox.run([*CARBONRUN, *words], env=machine.scene.begin())


def test_summary_and_csv(machine: GpuMachine) -> None:
    scene = machine.scene
    gpu = scene.gpu(*STEADY)
    scene.process(gpu, "me", sm=40)
    scene.gpu((-50.0, 70.0))
    path = machine.sandbox.work / "runs.csv"
    words = [
        "--csv",
        str(path),
        "--intensity",
        "100",
        "--",
        *scene.user("me", 1.2, looks=3, gpus=2),
    ]
    shown = carbonrun(machine, *words).stderr.decode()
    lines = [line for line in shown.splitlines() if " GPU " in line]
    assert "100 %  counter, sole user" in lines[0]
    assert "0 %  counter, not used" in lines[1]
    row = next(csv.DictReader(path.read_text().splitlines()))
    seconds = float(row["duration_s"])
    assert float(row["gpu_energy_j"]) == pytest.approx(250 * seconds, abs=250 * LATE_SECONDS)
    assert float(row["energy_j"]) >= float(row["gpu_energy_j"])
    assert row["gpu_method"] == "counter"


def test_memory_and_use_over_time(machine: GpuMachine) -> None:
    scene = machine.scene
    gpu = scene.gpu(*STEADY)
    scene.process(gpu, "me", sm=40, memory=3e9)
    scene.process(gpu, 4242, sm=50, memory=5e9)
    points = machine.run(scene.user("me", 2.5)).report["timeline"]
    late = [point for point in points if point["start"] > 0.8]
    assert all(point["gpu_memory_bytes"] == pytest.approx(3e9, rel=0.01) for point in late)
    seconds = sum(point["end"] - point["start"] for point in late)
    used = sum(point["gpu_sm_share"] * (point["end"] - point["start"]) for point in late)
    assert used / seconds == pytest.approx(0.4, abs=0.08)
    assert all(point["watts"]["gpu"] > 0 for point in late)


def test_without_gpus_there_is_nothing_of_them(machine: GpuMachine) -> None:
    run = machine.run(["sleep", "0.3"], env={"LD_LIBRARY_PATH": ""})
    if run.report["run"]["host"]["gpus"]:
        pytest.skip("this machine has a GPU")
    assert not run.gpus
    assert all("gpu" not in point["watts"] for point in run.report["timeline"])
    assert {point["gpu_memory_bytes"] for point in run.report["timeline"]} <= {None}


def test_doctor(machine: GpuMachine) -> None:
    machine.scene.gpu((-50.0, 60.0))
    machine.scene.gpu(*STEADY)
    machine.scene.fault("DeviceGetTotalEnergyConsumption", 3, gpu=1)
    machine.scene.fault("DeviceGetProcessUtilization", 4, gpu=1)
    machine.scene.process(1, 4242, sm=20)
    found = json.loads(carbonrun(machine, "doctor", "--json").stdout)
    gpus = {device["id"]: device for device in found["devices"] if device["kind"] == "gpu"}
    assert gpus["GPU-0"]["floor_watts"] == pytest.approx(60, rel=0.01)
    assert "while nobody used it" in gpus["GPU-0"]["floor_source"]
    assert gpus["GPU-1"]["method"] == "integrated"
    advice = {(each["id"], each["text"]): each["remedy"] for each in found["gpu_advice"]}
    assert ("GPU-1", "energy counter: not supported by this GPU") in advice
    assert ("GPU-1", "use of processes: no permission; if shared, it is split by memory") in advice
    assert "sudo nvidia-smi --accounting-mode=1" in advice.values()
    assert [gpu["id"] for gpu in found["host"]["gpus"]] == ["GPU-0", "GPU-1"]
    screen = carbonrun(machine, "doctor").stdout.decode()
    assert "GPU-1" in screen
    assert "> sudo nvidia-smi --accounting-mode=1" in screen


def test_monitor_bills_all(machine: GpuMachine) -> None:
    machine.scene.gpu(*STEADY)
    path = machine.sandbox.work / "report.json"
    words = ("-q", "--no-csv", "--offline", "--json", str(path), "monitor", "--for", "1.5s")
    carbonrun(machine, *words)
    report = json.loads(path.read_text())
    gpu = next(d for d in report["energy"]["devices"] if d["kind"] == "gpu")
    truth = 250 * report["run"]["duration_seconds"]
    assert gpu["joules"] == pytest.approx(truth, abs=250 * LATE_SECONDS)


def test_attach_bills_what_runs_already(machine: GpuMachine) -> None:
    scene = machine.scene
    gpu = scene.gpu(*STEADY)
    scene.process(gpu, "me", sm=40, memory=1e9)
    scene.process(gpu, 4242, sm=40, memory=1e9)
    path = machine.sandbox.work / "report.json"
    user = machine.sandbox.start(scene.user("me", 20.0))
    file = scene.folder / "me"
    wait_until(lambda: file.exists() and file.read_text().strip(), "the process")
    words = ("-q", "--no-csv", "--offline", "--json", str(path), "attach", "--for", "1.5s")
    carbonrun(machine, *words, str(user.pid))
    report = json.loads(path.read_text())
    found = next(d for d in report["energy"]["devices"] if d["kind"] == "gpu")
    assert found["joules"] == pytest.approx(found["machine_joules"] / 2, rel=0.1)


def test_the_idle_floor_is_what_nobody_used(machine: GpuMachine) -> None:
    """Without being told it: 60 W before the command's context, and half of 240 W after that."""
    scene = machine.scene
    gpu = scene.gpu((-50.0, 60.0), (1.5, 300.0))
    scene.process(gpu, "me", sm=40, memory=1e9, since=1.5)
    scene.process(gpu, 4242, sm=40, memory=1e9, since=1.5)
    run = machine.run(scene.user("me", 3.0))
    found = run.gpus["GPU-0"]
    burst_seconds = run.report["run"]["duration_seconds"] - 1.5
    assert found["active_joules"] == pytest.approx(240 * burst_seconds / 2, rel=0.25)
    assert "idle-floor" not in {n["code"] for n in run.report["notes"] if "GPU" in n["message"]}


FROM_A_THREAD = """
import carbonrun, json, os, sys, threading, time
open(sys.argv[1], "w").write(str(os.getpid()))
trackers = []
def begin():
    trackers.append(carbonrun.Tracker(offline=True))
    trackers[0].start()
thread = threading.Thread(target=begin)
thread.start()
thread.join()
time.sleep(1.5)
trackers[0].stop()
json.dump(trackers[0].as_dict(), sys.stdout)
"""


def test_a_tracker_whose_thread_has_ended(machine: GpuMachine) -> None:
    """The helper goes on, and is not started again."""
    scene = machine.scene
    scene.process(scene.gpu(*STEADY), "me", sm=40)
    words = [*PYTHON[:1], "-c", FROM_A_THREAD, str(scene.folder / "me")]
    report = json.loads(machine.sandbox.run(words, env=scene.begin()).stdout)
    gpu = next(d for d in report["energy"]["devices"] if d["kind"] == "gpu")
    assert gpu["source"].endswith("sole user")
    assert "gpu-helper-restarted" not in {note["code"] for note in report["notes"]}


def test_the_idle_floor_is_remembered(machine: GpuMachine) -> None:
    """One run sees it unused; in the next the command is on it from the start."""
    scene = machine.scene
    gpu = scene.gpu((-50.0, 60.0))
    machine.run(["sleep", "1"])
    scene.process(gpu, "me", sm=40)
    scene.say(f"power {gpu} {LONG_AGO} 300")
    run = machine.run(scene.user("me", 1.5))
    found = run.gpus["GPU-0"]
    seconds = run.report["run"]["duration_seconds"]
    assert found["idle_joules"] == pytest.approx(60 * seconds, abs=60 * LATE_SECONDS)
    assert found["joules"] == pytest.approx(found["machine_joules"])
