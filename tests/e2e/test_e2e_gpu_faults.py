"""GPUs and drivers that do not do what they should: figures by other means, or the reason why not.

Whatever happens in the library, the command's output, status and end are its own.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.wrapper import CARBONRUN, SOURCE, wait_until
from tests.machine.nvml.scene import AMPERE, HOPPER, PASCAL

if TYPE_CHECKING:
    from tests.e2e.gpu_run import GpuMachine

STEADY = ((-50.0, 250.0),)
NOT_SUPPORTED, NO_PERMISSION, FUNCTION_NOT_FOUND, GPU_IS_LOST = 3, 4, 13, 15
ENERGY, LIST = "DeviceGetTotalEnergyConsumption", "RunningProcesses"
# Machines that run these tests may be busy; what hangs does so for a minute.
MOST_DELAY_SECONDS = 1.0
BUSY_SECONDS = 1.0
EXIT_STATUS = 7


def alone(machine: GpuMachine, *watts: tuple[float, float], arch: int = AMPERE) -> None:
    """Put one GPU into the scene that the command is alone on."""
    machine.scene.process(machine.scene.gpu(*watts, arch=arch), "me", sm=40)


def test_a_run_shorter_than_a_tick_of_the_counter(machine: GpuMachine) -> None:
    """The counter changes every ten seconds: the power is taken instead, with wide bounds."""
    scene = machine.scene
    scene.process(scene.gpu(*STEADY, tick=10.0), "me", sm=40)
    run = machine.run(scene.user("me", 0.7))
    truth = 250 * run.report["run"]["duration_seconds"]
    if run.unmeasured:
        assert run.unmeasured.keys() == {"GPU-0"}
        assert not run.gpus
    else:
        gpu = run.gpus["GPU-0"]
        assert gpu["low_joules"] <= truth <= gpu["high_joules"]


def test_a_run_that_is_over_before_the_driver_was_asked(machine: GpuMachine) -> None:
    alone(machine, *STEADY)
    machine.scene.fault("Init", "hang:60")
    run = machine.run(["true"])
    assert not run.gpus
    assert "over before the driver could be asked" in run.unmeasured["nvidia"]


@pytest.mark.parametrize(
    ("refused", "source"),
    [
        ([ENERGY], "instant power, 100 ms"),
        ([ENERGY, "Field186:0"], "average power, 1 s"),
        ([ENERGY, "Field186:0", "DeviceGetPowerUsage"], "recorded power, 100 ms"),
    ],
)
def test_without_a_counter_power_is_integrated(
    machine: GpuMachine, refused: list[str], source: str
) -> None:
    scene = machine.scene
    scene.process(scene.gpu(*STEADY, name="NVIDIA RTX A6000"), "me", sm=40)
    for name in refused:
        scene.fault(name, NOT_SUPPORTED)
    run = machine.run(scene.user("me", 1.5))
    gpu = run.gpus["GPU-0"]
    assert gpu["joules"] == run.drawn(250)
    assert (gpu["method"], gpu["source"]) == ("integrated", f"{source}; sole user")


def test_power_of_the_module_is_said_to_be_that(machine: GpuMachine) -> None:
    alone(machine, *STEADY, arch=HOPPER)
    for name in (ENERGY, "Field186:0", "DeviceGetPowerUsage", "DeviceGetSamples"):
        machine.scene.fault(name, NOT_SUPPORTED)
    run = machine.run(machine.scene.user("me", 1.2))
    assert run.gpus["GPU-0"]["source"].startswith("instant power of the module")
    assert "gpu-module-power" in run.notes


def test_windows_of_older_sensors(machine: GpuMachine) -> None:
    alone(machine, *STEADY, arch=PASCAL)
    machine.scene.fault(ENERGY, NOT_SUPPORTED)
    run = machine.run(machine.scene.user("me", 1.0))
    assert run.gpus["GPU-0"]["source"].startswith("instant power, 10 of every 20 ms")


def test_a_gpu_that_is_lost(machine: GpuMachine) -> None:
    alone(machine, *STEADY)
    machine.scene.gpu(*STEADY)
    machine.scene.fault("*", GPU_IS_LOST, gpu=0, since=1.0)
    run = machine.run(machine.scene.user("me", 2.5))
    assert run.gpus.keys() == {"GPU-1"}
    assert "lost" in run.unmeasured["GPU-0"]


def test_a_gpu_that_tells_nothing(machine: GpuMachine) -> None:
    """As Jetson boards, where the library is there and answers nothing."""
    alone(machine, *STEADY)
    for name in (ENERGY, "Field186:0", "Field186:1", "DeviceGetPowerUsage", "DeviceGetSamples"):
        machine.scene.fault(name, NOT_SUPPORTED)
    run = machine.run(machine.scene.user("me", 1.0))
    assert not run.gpus
    assert "not supported" in run.unmeasured["GPU-0"]


def test_processes_that_may_not_be_listed(machine: GpuMachine) -> None:
    scene = machine.scene
    alone(machine, *STEADY)
    for kind in ("Compute", "Graphics", "MPSCompute"):
        for version in ("_v3", "_v2"):
            scene.fault(f"DeviceGet{kind}{LIST}{version}", NO_PERMISSION)
    run = machine.run(scene.user("me", 1.0))
    assert not run.gpus
    assert "does not tell which processes use it" in run.unmeasured["GPU-0"]
    run = machine.run(scene.user("me", 1.0), "--scope", "machine")
    assert run.gpus["GPU-0"]["joules"] == run.drawn(250)


def test_an_old_driver_that_knows_the_second_version_of_lists(machine: GpuMachine) -> None:
    scene = machine.scene
    alone(machine, *STEADY)
    for kind in ("Compute", "Graphics", "MPSCompute"):
        scene.fault(f"DeviceGet{kind}{LIST}_v3", FUNCTION_NOT_FOUND)
    run = machine.run(scene.user("me", 1.0))
    assert run.gpus["GPU-0"]["source"].endswith("sole user")


def test_a_counter_that_begins_anew(machine: GpuMachine) -> None:
    alone(machine, *STEADY)
    machine.scene.say("reset 0 1.25")
    run = machine.run(machine.scene.user("me", 2.5))
    assert run.gpus["GPU-0"]["joules"] == run.drawn(250)


def test_a_counter_that_stands_still(machine: GpuMachine) -> None:
    alone(machine, *STEADY)
    machine.scene.say("freeze 0 1.0 1e9")
    run = machine.run(machine.scene.user("me", 4.0))
    gpu = run.gpus["GPU-0"]
    assert gpu["joules"] == run.drawn(250), "without what was drawn after 1 s it is 750 J less"
    assert gpu["method"] == "integrated"
    assert "gpu-counter-frozen" in run.notes


def ending(seconds: float) -> list[str]:
    """Return a command that writes to both streams, and ends with a status of its own."""
    return ["sh", "-c", f"echo out; echo err >&2; sleep {seconds}; exit {EXIT_STATUS}"]


def took(machine: GpuMachine, seconds: float) -> float:
    """Run such a command; return how much longer than that it took."""
    scene = machine.scene
    words = [*CARBONRUN, "-q", "--no-csv", "--offline", "--", *ending(seconds)]
    environment = scene.begin()
    began = time.monotonic()
    result = machine.sandbox.run(words, env=environment)
    duration_seconds = time.monotonic() - began
    assert result == (EXIT_STATUS, b"out\n", b"err\n")
    return duration_seconds - seconds


@pytest.mark.parametrize("function", ["Init", ENERGY, "DeviceGetComputeRunningProcesses_v3"])
def test_a_call_that_hangs_does_not_hold_up_the_end(machine: GpuMachine, function: str) -> None:
    machine.scene.gpu(*STEADY)
    machine.scene.fault(function, "hang:60", since=0.0)
    assert took(machine, 1.2) < MOST_DELAY_SECONDS + BUSY_SECONDS
    machine.sandbox.wait_until_empty()


@pytest.mark.parametrize("since", [0.0, 1.0])
def test_a_library_that_aborts_is_alone_in_that(machine: GpuMachine, since: float) -> None:
    machine.scene.gpu(*STEADY)
    machine.scene.fault("*", "abort", since=since)
    assert took(machine, 1.5) < MOST_DELAY_SECONDS + BUSY_SECONDS


def test_what_hangs_is_not_measured(machine: GpuMachine) -> None:
    alone(machine, *STEADY)
    machine.scene.fault("*", "hang:60", since=0.6)
    run = machine.run(machine.scene.user("me", 2.0))
    assert not run.gpus
    assert "gave no answer" in run.unmeasured["GPU-0"]


def test_a_helper_that_ends_is_started_again(machine: GpuMachine) -> None:
    alone(machine, *STEADY)
    run = machine.run(machine.scene.user("me", 4.0), meanwhile=lambda: kill_helper(machine))
    assert run.gpus["GPU-0"]["joules"] == run.drawn(250)
    assert "gpu-helper-restarted" in run.notes


def test_where_memory_runs_out_the_helper_goes_first(machine: GpuMachine) -> None:
    alone(machine, *STEADY)
    scores: list[int] = []

    def look() -> None:
        scores.extend(int(Path(f"/proc/{p}/oom_score_adj").read_text()) for p in helpers(machine))

    machine.run(machine.scene.user("me", 2.0), meanwhile=look)
    assert scores == [1000]


def kill_helper(machine: GpuMachine) -> None:
    """End the helper once it has looked a few times."""
    for pid in helpers(machine):
        os.kill(pid, signal.SIGKILL)


def helpers(machine: GpuMachine) -> list[int]:
    """Return the helper's number once it has looked a few times."""
    wait_until(lambda: sum(name == ENERGY for _, name, _ in machine.scene.calls()) > 2, "looks")
    commands = {pid: Path(f"/proc/{pid}/cmdline") for pid in machine.sandbox.running()}
    return [pid for pid, path in commands.items() if b"nvml/helper.py\0" in content(path)]


def content(path: Path) -> bytes:
    """Return what is in a file, nothing where the process has ended meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_library_that_cannot_be_loaded(machine: GpuMachine, tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("this is no library\n")
    run = machine.run(["sleep", "0.8"], env={"LD_LIBRARY_PATH": str(tmp_path)})
    assert not run.gpus
    assert "libnvidia-ml.so.1 was not found" in run.unmeasured["nvidia"]


def test_another_package_of_the_same_name(machine: GpuMachine, tmp_path: Path) -> None:
    alone(machine, *STEADY)
    (tmp_path / "pynvml.py").write_text("__version__ = '11.5.0'\n")
    run = machine.run(["sleep", "0.8"], env={"PYTHONPATH": f"{tmp_path}:{SOURCE}"})
    assert not run.gpus
    reason = run.unmeasured["nvidia"]
    assert "is not NVIDIA's nvidia-ml-py but another package" in reason
    assert "pynvml 11.5.0" in reason


def test_a_driver_that_is_not_loaded_is_said_so(machine: GpuMachine) -> None:
    machine.scene.fault("Init", 9)
    run = machine.run(["sleep", "0.8"])
    assert "driver is not loaded" in run.unmeasured["nvidia"]


def test_a_library_without_a_gpu_is_not_worth_a_word(machine: GpuMachine) -> None:
    run = machine.run(["sleep", "0.6"])
    assert not run.gpus
    assert not run.unmeasured
    assert run.report["run"]["host"]["gpus"] == []


def test_the_driver_is_asked_while_the_command_runs_and_once_after_it(machine: GpuMachine) -> None:
    scene = machine.scene
    alone(machine, *STEADY)
    scene.gpu(*STEADY)
    times = machine.scene.folder / "times"
    script = (
        "import sys, time; file = open(sys.argv[1], 'w'); print(time.monotonic(), file=file);"
        "time.sleep(1.3); print(time.monotonic(), file=file)"
    )
    machine.run([sys.executable, "-I", "-S", "-c", script, str(times)])
    started, ended = (float(line) - scene.origin for line in times.read_text().split())
    calls = scene.calls()
    assert min(at for at, _, _ in calls) > started - 0.1, "the command was started before"
    late = [(name, gpu) for at, name, gpu in calls if at > ended + 0.05]
    assert set(late) <= {(ENERGY, 0), (ENERGY, 1)}
    assert len(late) <= 2


def close_standard_streams() -> None:
    for descriptor in range(3):
        os.close(descriptor)


def test_without_standard_streams(machine: GpuMachine) -> None:
    """The pipes to the helper get no number that means something to others."""
    alone(machine, *STEADY)
    path = machine.sandbox.work / "report.json"
    words = [*CARBONRUN, "--no-csv", "--offline", "--json", str(path), "--"]
    user = machine.scene.user("me", 1.2)
    environment = machine.scene.begin()
    process = machine.sandbox.start([*words, *user], env=environment, entry=close_standard_streams)
    assert machine.sandbox.wait(process) == 0
    devices = json.loads(path.read_text())["energy"]["devices"]
    assert [d["source"] for d in devices if d["kind"] == "gpu"] == [
        "energy counter, 100 ms; sole user"
    ]


@pytest.mark.parametrize("function", [None, ENERGY])
def test_the_helper_dies_with_carbonrun(machine: GpuMachine, function: str | None) -> None:
    """Even inside of a call that hangs; the command goes on."""
    alone(machine, *STEADY)
    if function is not None:
        machine.scene.fault(function, "hang:60", since=0.5)
    user = machine.scene.user("me", 60)
    words = [*CARBONRUN, "-q", "--no-csv", "--offline", "--", *user]
    process = machine.sandbox.start(words, env=machine.scene.begin())
    wait_until(lambda: helpers(machine), "a helper")
    time.sleep(1.0)
    os.kill(process.pid, signal.SIGKILL)
    machine.sandbox.wait(process)
    wait_until(lambda: not helpers(machine), "the end of the helper")
    assert machine.sandbox.running()
