"""How ``carbonrun calibrate`` refuses, breaks off and fails: nothing is left, nothing is kept."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from carbonrun.identity import machine_id
from carbonrun.store.folders import calibration_path
from tests.e2e.pseudo_terminal import CTRL_C, Terminal
from tests.e2e.wrapper import CARBONRUN, PYTHON, Sandbox, require_carbonrun, wait_until
from tests.machine.energy_simulator import SimulatedSensor
from tests.machine.worker_machine import WorkerMachine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# One that does not end before the test ends it.
LONG = ("--idle-seconds", "0.5", "--step-seconds", "600", "--force")


@pytest.fixture(autouse=True)
def only_carbonrun() -> None:
    """Skip everything where something else is tested."""
    require_carbonrun()


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[SimulatedSensor]:
    """Give the test a sensor that shows what the real machine does."""
    with SimulatedSensor(tmp_path / "sys") as simulated:
        yield simulated


@pytest.fixture
def machine(sandbox: Sandbox, tmp_path: Path) -> Iterator[WorkerMachine]:
    """Give the test a machine that only the workers of its sandbox load."""
    folder = tmp_path / "machine"
    folder.mkdir()
    with WorkerMachine(folder, sandbox.mark) as simulated:
        yield simulated


BUSIER_THAN_OTHERS = """
import os
try:
    os.nice(-15)
except OSError:
    pass
while True:
    pass
"""


def test_a_busy_machine_is_refused_and_the_program_named(
    sandbox: Sandbox, sensor: SimulatedSensor
) -> None:
    busy = subprocess.Popen([*PYTHON, "-c", BUSIER_THAN_OTHERS])
    try:
        words = [*CARBONRUN, "--sysfs", sensor.sysfs, "calibrate", "--quick"]
        result = sandbox.run(words)
    finally:
        busy.kill()
        busy.wait()
    assert result.status == 125
    assert result.stdout == b""
    assert b"the machine is busy: other programs use " in result.stderr
    assert f"(PID {busy.pid})".encode() in result.stderr
    assert b"--force" in result.stderr
    assert not list(sandbox.home.rglob("calibration-*"))


def workers(sandbox: Sandbox, parent: int) -> list[int]:
    return [pid for pid in sandbox.running() if pid != parent]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_it_and_its_workers_and_nothing_is_kept(
    sandbox: Sandbox, machine: WorkerMachine, number: signal.Signals
) -> None:
    process = sandbox.start([*CARBONRUN, *machine.options, "calibrate", *LONG])
    wait_until(lambda: workers(sandbox, process.pid), "workers")
    process.send_signal(number)
    assert sandbox.wait(process) == -number
    sandbox.wait_until_empty(5)
    assert not list(sandbox.home.rglob("calibration-*"))
    if number != signal.SIGKILL:
        assert process.stderr is not None
        assert process.stderr.read().endswith(b"carbonrun: interrupted; nothing was stored\n")


def test_on_a_terminal_there_is_a_bar_and_ctrl_c_ends_it(
    sandbox: Sandbox, machine: WorkerMachine
) -> None:
    terminal = Terminal(sandbox)
    process = terminal.start([*CARBONRUN, *machine.options, "calibrate", *LONG])
    terminal.expect("1 CPU busy")
    wait_until(lambda: workers(sandbox, process.pid), "workers")
    terminal.type(CTRL_C)
    assert sandbox.wait(process) == -signal.SIGINT
    sandbox.wait_until_empty(5)
    shown = terminal.read_all().decode()
    assert "nothing was stored" in shown
    assert "Traceback" not in shown
    assert shown.endswith(("\x1b[?25h", "stored\r\n")), "the cursor is given back"
    assert not list(sandbox.home.rglob("calibration-*"))
    terminal.close()


def older_calibration(sandbox: Sandbox) -> Path:
    state = sandbox.home / "state/carbonrun"
    state.mkdir(parents=True)
    file = state / calibration_path("", machine_id("/etc"))[1:]
    file.write_text("kept as it is")
    return file


def test_an_older_calibration_outlives_one_that_is_broken_off(
    sandbox: Sandbox, machine: WorkerMachine
) -> None:
    file = older_calibration(sandbox)
    process = sandbox.start([*CARBONRUN, *machine.options, "calibrate", *LONG])
    wait_until(lambda: workers(sandbox, process.pid), "workers")
    process.terminate()
    sandbox.wait(process)
    assert file.read_text() == "kept as it is"
    assert list(file.parent.iterdir()) == [file]


def test_where_there_is_no_sensor_it_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    result = sandbox.run([*CARBONRUN, "--sysfs", str(tmp_path), "calibrate"])
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr.startswith(b"carbonrun: nothing to calibrate: no sensor")
    assert b"modelled" in result.stderr


def test_a_sensor_that_stands_still_is_none(sandbox: Sandbox, sensor: SimulatedSensor) -> None:
    sensor.stop()
    words = [*CARBONRUN, "--sysfs", sensor.sysfs, "calibrate", "--force"]
    result = sandbox.run([*words, "--idle-seconds", "0.5", "--step-seconds", "0.5"], seconds=60)
    assert (result.status, result.stdout) == (1, b"")
    assert b"did not move, although the CPUs were busy" in result.stderr
    assert not list(sandbox.home.rglob("calibration-*"))


def test_forget(sandbox: Sandbox) -> None:
    file = older_calibration(sandbox)
    first, second = (sandbox.run([*CARBONRUN, "calibrate", "--forget"]) for _ in range(2))
    assert (first.status, second.status) == (0, 0)
    assert first.stdout.startswith(b"removed ")
    assert second.stdout.startswith(b"there was no calibration")
    assert list(file.parent.iterdir()) == []
    shown = sandbox.run([*CARBONRUN, "calibrate", "--show"])
    assert (shown.status, shown.stdout) == (1, b"")
    assert b"no calibration of this machine" in shown.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--show", "--forget"], b"give one of --show, --forget"),
        (["--idle-seconds", "0"], b"calibrate: invalid value for '--idle-seconds'"),
        (["surplus"], b"calibrate: got unexpected extra argument"),
    ],
    ids=str,
)
def test_mistakes(sandbox: Sandbox, words: list[str], message: bytes) -> None:
    result = sandbox.run([*CARBONRUN, "calibrate", *words])
    assert (result.status, result.stdout) == (125, b"")
    assert message in result.stderr


def test_without_a_place_it_is_refused_before_anything_is_measured(
    sandbox: Sandbox, sensor: SimulatedSensor
) -> None:
    (sandbox.work / "file").touch()
    place = str(sandbox.work / "file/state")
    words = [*CARBONRUN, "--sysfs", sensor.sysfs, "--state-dir", place, "calibrate"]
    result = sandbox.run(words)
    assert result.status == 125
    assert b"is not writable" in result.stderr
    assert b"measuring" not in result.stderr
