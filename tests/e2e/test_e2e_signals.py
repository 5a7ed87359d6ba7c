"""Signals that are sent to the wrapper reach the command once, and the wrapper waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e import process_table
from tests.e2e.recorder import HANDLED, Recorder
from tests.e2e.wrapper import CARBONRUN, IS_CARBONRUN, SETTLE_SECONDS, WRAPPER, Sandbox, wait_until

if TYPE_CHECKING:
    from pathlib import Path

QUIET_STREAMS: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def start(sandbox: Sandbox, recorder: Recorder) -> subprocess.Popen[bytes]:
    process = sandbox.start([*WRAPPER, *recorder.command], **QUIET_STREAMS)
    recorder.wait_ready()
    return process


def number_of(name: str) -> int:
    return int(getattr(signal, f"SIG{name}"))


# The last three are asked for by no row of the table, but a batch system may send any of them.
@pytest.mark.parametrize("name", [*HANDLED, "PROF", "XCPU", "RTMIN"])
def test_a_signal_to_the_wrapper_reaches_the_command_once(sandbox: Sandbox, name: str) -> None:
    recorder = Recorder(sandbox.work, (name,))
    process = start(sandbox, recorder)
    process.send_signal(number_of(name))
    recorder.wait_for(name)
    time.sleep(SETTLE_SECONDS)
    assert process.poll() is None, "the wrapper must wait for the command"
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert recorder.received() == [name]


def test_a_burst_of_signals_reaches_the_command(sandbox: Sandbox, recorder: Recorder) -> None:
    process = start(sandbox, recorder)
    burst = ["TERM", "USR1", "USR2", "HUP"]
    for name in burst:
        process.send_signal(number_of(name))
    for name in burst:
        recorder.wait_for(name)
    time.sleep(SETTLE_SECONDS)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert sorted(recorder.received()) == sorted(burst)


def test_the_same_signal_again_and_again(sandbox: Sandbox, recorder: Recorder) -> None:
    process = start(sandbox, recorder)
    for count in range(1, 6):
        process.send_signal(signal.SIGUSR1)
        recorder.wait_for("USR1", count)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert recorder.received() == ["USR1"] * 5


@pytest.mark.parametrize("name", ["TERM", "HUP", "INT", "USR1"])
def test_a_signal_that_kills_the_command_kills_the_wrapper(sandbox: Sandbox, name: str) -> None:
    ready = sandbox.work / "ready"
    process = sandbox.start([*WRAPPER, "sh", "-c", f": >{ready}; exec sleep 30"])
    wait_until(ready.exists, "the command's start")
    process.send_signal(number_of(name))
    assert sandbox.wait(process) == -number_of(name)
    sandbox.wait_until_empty()


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
@pytest.mark.parametrize("attempt", range(5))
def test_a_signal_to_the_whole_group_reaches_the_command_once(
    sandbox: Sandbox, name: str, attempt: int
) -> None:
    recorder = Recorder(sandbox.work, name=f"recorder{attempt}")
    process = start(sandbox, recorder)
    os.killpg(process.pid, number_of(name))
    recorder.wait_for(name)
    time.sleep(SETTLE_SECONDS)
    assert process.poll() is None, "the wrapper must outlive a signal to the group"
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert recorder.received() == [name]


def test_term_to_the_whole_group_of_an_ordinary_command(sandbox: Sandbox) -> None:
    ready = sandbox.work / "ready"
    process = sandbox.start([*WRAPPER, "sh", "-c", f": >{ready}; sleep 30"])
    wait_until(ready.exists, "the command's start")
    os.killpg(process.pid, signal.SIGTERM)
    assert sandbox.wait(process) == -signal.SIGTERM
    sandbox.wait_until_empty()


def _start_up_seconds(sandbox: Sandbox, argv: list[str], note: Path) -> float:
    """Return how long it takes until a wrapped command runs."""
    begin = time.monotonic()
    process = sandbox.start([*argv, "sh", "-c", f": >{note}; exec sleep 30"])
    wait_until(note.exists, "the command's start")
    taken = time.monotonic() - begin
    process.terminate()
    sandbox.wait(process)
    return taken


@pytest.mark.parametrize("sixteenth", range(1, 17))
def test_term_during_the_start_leaves_nothing_running(sandbox: Sandbox, sixteenth: int) -> None:
    argv = [*CARBONRUN, "-q", "--"] if IS_CARBONRUN else WRAPPER
    # From the first moment to well behind the start of the command.
    whole = 1.6 * _start_up_seconds(sandbox, argv, sandbox.work / "started")
    process = sandbox.start([*argv, "sleep", "30"], **QUIET_STREAMS)
    time.sleep(whole * sixteenth / 16)
    process.terminate()
    assert sandbox.wait(process) == -signal.SIGTERM
    sandbox.wait_until_empty(0.2)


def test_a_signal_that_the_command_sends_to_the_wrapper_does_not_come_back(
    sandbox: Sandbox,
) -> None:
    # When the wrapper has replaced itself by the command there is nobody to send it to.
    script = (
        "import os, signal, sys, time\n"
        f"if os.getppid() == {os.getpid()}: sys.exit(7)\n"
        "got = []\n"
        "signal.signal(signal.SIGUSR1, lambda *_: got.append(1))\n"
        "os.kill(os.getppid(), signal.SIGUSR1)\n"
        f"time.sleep({2 * SETTLE_SECONDS})\n"
        "sys.exit(len(got) or 7)\n"
    )
    assert sandbox.run([*WRAPPER, "python3", "-I", "-S", "-c", script]).status == 7


def test_stop_of_the_wrapper_alone_stops_the_command_too(
    sandbox: Sandbox, recorder: Recorder
) -> None:
    # TSTP has no effect in a session of one's own: there is nobody who could continue the job.
    process = sandbox.start(
        [*WRAPPER, *recorder.command],
        session=False,
        entry=lambda: os.setpgid(0, 0),
        **QUIET_STREAMS,
    )
    pids = {process.pid, recorder.wait_ready()}
    process.send_signal(signal.SIGTSTP)
    wait_until(lambda: all(map(process_table.stopped, pids)), "both stopped")
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: not any(map(process_table.stopped, pids)), "both continued")
    recorder.finish()
    assert sandbox.wait(process) == recorder.status


def test_a_command_that_is_stopped_and_continued_by_others_goes_on(
    sandbox: Sandbox, recorder: Recorder
) -> None:
    """As cpulimit(1) and debuggers do: the wrapper is not told."""
    process = start(sandbox, recorder)
    os.kill(recorder.pid, signal.SIGSTOP)
    wait_until(lambda: process_table.stopped(recorder.pid), "the stop")
    time.sleep(SETTLE_SECONDS)
    os.kill(recorder.pid, signal.SIGCONT)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status


def test_killing_the_wrapper_leaves_the_command_running(
    sandbox: Sandbox, recorder: Recorder
) -> None:
    process = start(sandbox, recorder)
    if recorder.pid == process.pid:
        pytest.skip("the wrapper has replaced itself by the command")
    process.kill()
    assert sandbox.wait(process) == -signal.SIGKILL
    time.sleep(SETTLE_SECONDS)
    os.kill(recorder.pid, signal.SIGUSR1)
    recorder.wait_for("USR1")
    assert recorder.received() == ["USR1"], "nothing else may be sent to the command"
    recorder.finish()
    sandbox.wait_until_empty()
