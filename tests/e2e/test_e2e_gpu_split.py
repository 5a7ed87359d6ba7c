"""The energy of GPUs: whose it is. Through the real binding, on scripted hardware."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.trace import TaskTrace
from tests.e2e.wrapper import require_tool

if TYPE_CHECKING:
    from tests.e2e.gpu_run import GpuMachine

# 300 W from the second second to the fourth, whenever the command is started and ends.
BURST = (-50.0, 60.0), (1.0, 300.0), (3.0, 60.0)
BURST_JOULES = 2 * 240.0
# What ends at once, so that it is nowhere to be seen when its number is read.
WRITE = 'echo $$ > "$F/short"'
STEADY = ((-50.0, 250.0),)


def test_the_sole_user_pays_what_the_counter_says(machine: GpuMachine) -> None:
    scene = machine.scene
    scene.process(scene.gpu(*STEADY), "me", sm=40)
    run = machine.run(scene.user("me", 2.5))
    gpu = run.gpus["GPU-0"]
    truth = 250 * run.report["run"]["duration_seconds"]
    assert gpu["joules"] == gpu["machine_joules"] == run.drawn(250)
    assert gpu["low_joules"] <= truth <= gpu["high_joules"]
    assert (gpu["meter"], gpu["method"]) == ("nvml", "counter")
    assert gpu["source"] == "energy counter, 100 ms; sole user"
    assert run.report["run"]["host"]["gpus"] == [{"id": "GPU-0", "name": "GPU 0 A100-SXM4-80GB"}]


def test_a_neighbour_pays_its_own_part(machine: GpuMachine) -> None:
    """The command pays 2 of 3 of what is drawn above idle, and a quarter of the idle power."""
    scene = machine.scene
    gpu = scene.gpu(*BURST)
    scene.process(gpu, "me", sm=40, memory=1e9)
    scene.process(gpu, 4242, sm=20, memory=3e9)
    run = machine.run(scene.user("me", 4.0), "--idle-watts", "GPU-0=60")
    found = run.gpus["GPU-0"]
    assert found["active_joules"] == pytest.approx(BURST_JOULES * 2 / 3, rel=0.02)
    seen_seconds = (found["machine_joules"] - BURST_JOULES) / 60
    assert found["idle_joules"] == pytest.approx(60 * seen_seconds / 4, rel=0.03)
    assert found["machine_joules"] - BURST_JOULES == run.drawn(60)
    assert "shared, split by samples of use (n = " in found["source"]
    assert found["low_joules"] < found["joules"] < found["high_joules"]


def test_short_children_beside_a_neighbour(machine: GpuMachine) -> None:
    """Most of them come and go between two looks."""
    try:
        TaskTrace.open(range(os.cpu_count() or 1))
    except MeterUnavailable as error:
        pytest.skip(f"needs records of all processes: {error.reason}")
    scene = machine.scene
    gpu = scene.gpu((-50.0, 250.0))
    names = [f"child-{number}" for number in range(24)]
    for name in names:
        scene.process(gpu, name, sm=40)
    scene.process(gpu, 4242, sm=40)
    run = machine.run(scene.short_users(names, 0.2), "--idle-watts", "GPU-0=60")
    found, seconds = run.gpus["GPU-0"], run.report["run"]["duration_seconds"]
    share = found["active_joules"] / (found["machine_joules"] - 60 * seconds)
    duty = len(names) * 0.2 / seconds
    assert share == pytest.approx(duty / (duty + 1), abs=0.08)


def test_the_load_of_a_neighbour_changes_nothing(machine: GpuMachine) -> None:
    """It is on the GPU, and idle: all that is drawn above idle is the command's."""
    scene = machine.scene
    gpu = scene.gpu(*BURST)
    scene.process(gpu, "me", sm=40, memory=1e9)
    scene.process(gpu, 4242, sm=0, memory=1e9)
    run = machine.run(scene.user("me", 4.0), "--idle-watts", "GPU-0=60")
    assert run.gpus["GPU-0"]["active_joules"] == pytest.approx(BURST_JOULES, rel=0.02)


def test_a_gpu_that_was_not_touched_costs_nothing(machine: GpuMachine) -> None:
    scene = machine.scene
    scene.process(scene.gpu(*STEADY), "me", sm=40)
    other = scene.gpu((-50.0, 70.0))
    scene.process(other, 4242, sm=90)
    run = machine.run(scene.user("me", 1.2, looks=3, gpus=2))
    idle = run.gpus["GPU-1"]
    assert idle["joules"] == 0
    assert idle["machine_joules"] > 50
    assert idle["source"].endswith("not used by the command")
    assert run.gpus["GPU-0"]["joules"] == run.drawn(250)


def test_the_whole_machine_pays_for_all(machine: GpuMachine) -> None:
    scene = machine.scene
    scene.gpu(*STEADY)
    run = machine.run(scene.user("nobody", 1.2, looks=3), "--scope", "machine")
    assert run.gpus["GPU-0"]["joules"] == run.gpus["GPU-0"]["machine_joules"] == run.drawn(250)


def test_grandchildren_are_the_command(machine: GpuMachine) -> None:
    """One after the other, the first one dead long before the end, the second one an orphan."""
    scene = machine.scene
    gpu = scene.gpu(*BURST)
    scene.process(gpu, "first", sm=40)
    scene.process(gpu, "second", sm=40)
    first, second = (
        " ".join(map(_quoted, scene.user(n, s))) for n, s in (("first", 2), ("second", 2))
    )
    script = f"sh -c {_quoted(first + '; :')}; (setsid {second} &) ; sleep 2.2"
    run = machine.run(["sh", "-c", script], "--idle-watts", "GPU-0=60")
    assert run.gpus["GPU-0"]["active_joules"] == pytest.approx(BURST_JOULES, rel=0.02)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_without_samples_memory_decides(machine: GpuMachine) -> None:
    scene = machine.scene
    gpu = scene.gpu(*STEADY)
    scene.process(gpu, "me", sm=40, memory=1e9)
    scene.process(gpu, 4242, sm=20, memory=3e9)
    scene.fault("DeviceGetProcessUtilization", 3)
    found = machine.run(scene.user("me", 1.5)).gpus["GPU-0"]
    assert found["joules"] == pytest.approx(found["machine_joules"] / 4, rel=0.01)
    assert found["source"].endswith("shared, split estimated by GPU memory")


def test_without_memory_all_are_equal(machine: GpuMachine) -> None:
    """As under WSL2."""
    scene = machine.scene
    gpu = scene.gpu(*STEADY)
    scene.process(gpu, "me", sm=40, memory=0)
    scene.process(gpu, 4242, sm=20, memory=0)
    scene.fault("DeviceGetProcessUtilization", 3)
    found = machine.run(scene.user("me", 1.5)).gpus["GPU-0"]
    assert found["joules"] == pytest.approx(found["machine_joules"] / 2, rel=0.01)
    assert found["source"].endswith("shared, split estimated in equal parts")


def test_parts_of_a_divided_gpu(machine: GpuMachine) -> None:
    """The command is alone on 3 of the 4 slices that are in use."""
    scene = machine.scene
    gpu = scene.gpu(*STEADY, mig=True)
    scene.say(f"part {gpu} 3")
    scene.say(f"part {gpu} 1")
    scene.process(gpu, "me", sm=40, part=1)
    scene.process(gpu, 4242, sm=20, part=2)
    run = machine.run(scene.user("me", 1.5))
    found = run.gpus["GPU-0"]
    assert found["joules"] == pytest.approx(found["machine_joules"] * 3 / 4, rel=0.01)
    assert found["source"].endswith("shared, split estimated by MIG slice and presence")
    assert "gpu-divided" in run.notes


def test_rows_of_nonsense_are_nobody(machine: GpuMachine) -> None:
    scene = machine.scene
    gpu = scene.gpu(*BURST)
    scene.process(gpu, "me", sm=40, memory=1e9)
    scene.process(gpu, 4242, sm=20, memory=1e9)
    scene.say(f"junk {gpu} -50 1e9")
    run = machine.run(scene.user("me", 4.0), "--idle-watts", "GPU-0=60")
    assert run.gpus["GPU-0"]["active_joules"] == pytest.approx(BURST_JOULES * 2 / 3, rel=0.02)


def test_sums_of_the_accounting_count_where_there_are_any(machine: GpuMachine) -> None:
    scene = machine.scene
    gpu = scene.gpu(*BURST, accounting=True)
    scene.process(gpu, "me", sm=40, memory=1e9, since=0)
    scene.process(gpu, 4242, sm=20, memory=1e9, since=0)
    run = machine.run(scene.user("me", 4.0), "--idle-watts", "GPU-0=60")
    # A seventh of a second is one sample.
    assert run.gpus["GPU-0"]["active_joules"] == pytest.approx(BURST_JOULES * 2 / 3, rel=0.1)
    assert not any(name == "DeviceGetProcessUtilization" for _, name, _ in scene.calls())


def test_numbers_of_other_namespaces_are_nobody_here(machine: GpuMachine) -> None:
    """The driver names a number that is, by chance, that of a process of the command later on."""
    scene = machine.scene
    gpu = scene.gpu(*STEADY)
    scene.process(gpu, 4194000, sm=40)
    run = machine.run([sys.executable, "-I", "-S", "-c", "import time; time.sleep(1.2)"])
    assert run.gpus["GPU-0"]["joules"] == 0


def in_namespace(machine: GpuMachine) -> list[str]:
    """Return what starts a command in a PID namespace of its own; skip where that may not be."""
    words = [require_tool("unshare"), "--pid", "--fork", "--mount-proc"]
    if machine.sandbox.run([*words, "true"]).status:
        pytest.skip("namespaces need root")
    return words


def test_in_a_namespace_of_its_own_the_command_is_found(machine: GpuMachine) -> None:
    scene = machine.scene
    gpu = scene.gpu(*STEADY)
    scene.process(gpu, "me", sm=40)
    run = machine.run(scene.user("me", 1.2), below=in_namespace(machine))
    assert run.gpus["GPU-0"]["source"].endswith("sole user")


def test_numbers_that_mean_nothing_here_are_no_answer(machine: GpuMachine) -> None:
    """The driver lists those of the machine: whether the command is among them is unknown."""
    scene = machine.scene
    scene.process(scene.gpu(*STEADY), 4194000, sm=40)
    below = in_namespace(machine)
    run = machine.run(["sleep", "1.2"], below=below)
    assert not run.gpus
    assert "another PID namespace" in run.unmeasured["GPU-0"]
    run = machine.run(["sleep", "1.2"], "--scope", "machine", below=below)
    assert run.gpus["GPU-0"]["joules"] == run.drawn(250)


def test_a_child_that_nobody_has_seen_is_known_by_its_samples(machine: GpuMachine) -> None:
    """It comes and goes between two looks; the driver's samples still name it."""
    scene = machine.scene
    gpu = scene.gpu((-50.0, 60.0), (0.5, 300.0))
    scene.process(gpu, "short", sm=80, since=0.5)
    script = f"sleep 1.5; sh -c '{WRITE}'; sleep 1.5"
    run = machine.run(
        ["sh", "-c", script], "--idle-watts", "GPU-0=60", env={"F": str(scene.folder)}
    )
    if run.report["tree"]["cpu_accounting"] not in {"perf", "cgroup"}:
        pytest.skip("the kernel tells of processes to nobody here")
    assert run.gpus["GPU-0"]["joules"] > 0
