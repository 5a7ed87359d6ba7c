"""Whom ``attach`` may be pointed at, and what it says to everything else."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import EXIT_REFUSED, UsageError
from carbonrun.measurement.tree.target import Target, find_target
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCFS = "/proc"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def refusal(pid: int, procfs: str = PROCFS) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        find_target(procfs, pid)
    assert caught.value.exit_status == EXIT_REFUSED
    return caught.value.message, caught.value.hint or ""


def ended(process: subprocess.Popen[bytes]) -> None:
    """Let it be a zombie."""
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def test_a_process_of_ours(sleeper: subprocess.Popen[bytes]) -> None:
    time.sleep(0.2)
    target = find_target(PROCFS, sleeper.pid)
    assert target.command == ("sleep", "60")
    assert 0.1 < target.age_seconds < 10
    assert not target.has_ended()
    assert not select.select([target.descriptor], [], [], 0)[0]
    ended(sleeper)
    assert target.has_ended(), "though its parent has not taken notice"
    assert select.select([target.descriptor], [], [], 1)[0]
    os.close(target.descriptor)


def test_a_number_that_is_used_again_is_another_process(
    sleeper: subprocess.Popen[bytes],
) -> None:
    target = find_target(PROCFS, sleeper.pid)
    os.close(target.descriptor)
    earlier = target.replace(start_ticks=target.start_ticks - 1)
    assert isinstance(earlier, Target)
    assert earlier.has_ended()


def test_one_that_is_not_there() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    message, hint = refusal(process.pid)
    assert message == f"there is no process {process.pid}"
    assert "ps" in hint
    assert refusal(2**40)[0] == f"there is no process {2**40}"


def test_one_that_has_ended(sleeper: subprocess.Popen[bytes]) -> None:
    ended(sleeper)
    assert "(sleep) has ended" in refusal(sleeper.pid)[0]


def test_ourselves() -> None:
    assert "this carbonrun itself" in refusal(os.getpid())[0]


def test_a_thread() -> None:
    enough = threading.Event()
    thread = threading.Thread(target=enough.wait)
    thread.start()
    try:
        message, hint = refusal(thread.native_id or 0)
    finally:
        enough.set()
        thread.join()
    assert f"is a thread of process {os.getpid()}" in message
    assert hint.endswith(f"carbonrun attach {os.getpid()}")


def test_somebody_elses() -> None:
    """As a procfs shows a process of root's that is not hidden."""
    with public_folder() as procfs:
        folder = procfs / "4242"
        folder.mkdir()
        (folder / "stat").write_text("4242 (init) S 1 " + " ".join(["0"] * 48) + "\n")
        (folder / "status").write_text("Name:\tinit\nTgid:\t4242\nUid:\t0\t0\t0\t0\n")

        def attempt() -> list[str]:
            try:
                find_target(str(procfs), 4242)
            except UsageError as error:
                return [error.message, error.hint or ""]
            return ["not refused"]

        message, hint = run_unprivileged(attempt)
    assert "process 4242 (init) belongs to user root" in message
    assert hint == "sudo carbonrun attach 4242"


def test_one_that_is_hidden(tmp_path: Path) -> None:
    """With ``hidepid`` there is no folder of a process that a signal finds."""

    def attempt() -> list[str]:
        try:
            find_target(str(tmp_path), 1)
        except UsageError as error:
            return [error.message]
        return ["not refused"]

    try:
        os.kill(1, 0)
    except PermissionError:
        pass
    else:
        if os.geteuid() != 0:
            pytest.skip("process 1 is ours here")
    assert "is hidden from you" in run_unprivileged(attempt)[0]


def test_a_kernel_thread_has_a_name_only() -> None:
    if os.geteuid() != 0 or not Path("/proc/2/comm").exists():
        pytest.skip("kernel threads are not to be seen here, or not ours to measure")
    if Path("/proc/2/cmdline").read_bytes():
        pytest.skip("process 2 is no kernel thread here")
    target = find_target(PROCFS, 2)
    os.close(target.descriptor)
    assert target.command == ("[kthreadd]",)


def test_signals_are_untouched(sleeper: subprocess.Popen[bytes]) -> None:
    target = find_target(PROCFS, sleeper.pid)
    os.close(target.descriptor)
    sleeper.send_signal(signal.SIGTERM)
    assert sleeper.wait() == -signal.SIGTERM
