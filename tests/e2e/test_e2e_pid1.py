"""As process 1 of a namespace, which is what a container's entry point is."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e import process_table
from tests.e2e.wrapper import IS_CARBONRUN, PYTHON, SETTLE_SECONDS, WRAPPER, Sandbox, wait_until

if TYPE_CHECKING:
    from tests.e2e.recorder import Recorder

NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]


@pytest.fixture(autouse=True)
def namespace() -> None:
    try:
        subprocess.run([*NAMESPACE, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"process namespaces are not permitted here: {error}")


@pytest.mark.parametrize("status", [0, 7, 255])
def test_the_status_is_returned(sandbox: Sandbox, status: int) -> None:
    result = sandbox.run([*NAMESPACE, *WRAPPER, "sh", "-c", f"echo out; exit {status}"])
    assert result == (status, b"out\n", b"")


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
def test_a_signal_is_passed_on(sandbox: Sandbox, recorder: Recorder, name: str) -> None:
    process = sandbox.start([*NAMESPACE, *WRAPPER, *recorder.command])
    recorder.wait_ready()
    (first,) = [one.pid for one in process_table.everything() if one.parent == process.pid]
    subprocess.run(["kill", f"-{name}", str(first)], check=True)
    recorder.wait_for(name)
    time.sleep(SETTLE_SECONDS)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert recorder.received() == [name]


def test_a_command_that_dies_of_a_signal_is_128_and_more(sandbox: Sandbox) -> None:
    script = "test $$ = 1 && exit 55; kill -TERM $$; sleep 5"
    status = sandbox.run([*NAMESPACE, *WRAPPER, "sh", "-c", script]).status
    if status == 55 and not IS_CARBONRUN:
        pytest.skip("the wrapper has replaced itself by the command, which no signal kills then")
    assert status == 128 + signal.SIGTERM


def test_orphans_are_reaped(sandbox: Sandbox) -> None:
    if not IS_CARBONRUN:
        pytest.skip("a wrapper that replaces itself by the command leaves this to the command")
    ended = sandbox.work / "ended"
    script = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    if os.fork() == 0:\n"
        "        while os.getppid() != 1: time.sleep(0.01)\n"
        f"        open({str(ended)!r}, 'w').close()\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        f"while not os.path.exists({str(ended)!r}): time.sleep(0.01)\n"
        "end = time.monotonic() + 3\n"
        "def line(p):\n"
        "    try: return open(f'/proc/{p}/cmdline', 'rb').read()\n"
        "    except OSError: return b''\n"
        "def others(): return [p for p in os.listdir('/proc') if p.isdigit()\n"
        "                      and int(p) not in (1, os.getpid()) and line(p) != line(1)]\n"
        "while others() and time.monotonic() < end: time.sleep(0.01)\n"
        "sys.exit(3 if others() else 0)\n"
    )
    assert sandbox.run([*NAMESPACE, *WRAPPER, *PYTHON, "-c", script]).status == 0


def test_everything_ends_with_the_wrapper(sandbox: Sandbox, recorder: Recorder) -> None:
    """The kernel ends a namespace with its process 1; nothing of it may linger outside."""
    process = sandbox.start([*NAMESPACE, *WRAPPER, *recorder.command])
    recorder.wait_ready()
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    wait_until(lambda: not sandbox.running(), "an empty namespace")
