"""Under and around other tools: make, timeout, xargs, nohup, and the wrapper itself."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e import process_table
from tests.e2e.recorder import Recorder
from tests.e2e.wrapper import SETTLE_SECONDS, WRAPPER, Sandbox, require_tool

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = shlex.join(WRAPPER)


def meeting_point(folder: Path, count: int) -> str:
    """Return a script that ends well only if ``count`` copies of it run at the same time."""
    return (
        f": >{folder}/present.$$; i=0; "
        f"while [ $(ls {folder} | grep -c '^present') -lt {count} ]; "
        "do i=$((i+1)); [ $i -lt 200 ] || exit 99; sleep 0.02; done; "
    )


@pytest.mark.parametrize("depth", [2, 3])
def test_nested_wrappers(sandbox: Sandbox, depth: int) -> None:
    result = sandbox.run([*WRAPPER * depth, "sh", "-c", "echo once; exit 9"])
    assert result == (9, b"once\n", b"")


def test_a_signal_through_three_wrappers(sandbox: Sandbox, recorder: Recorder) -> None:
    process = sandbox.start([*WRAPPER * 3, *recorder.command])
    recorder.wait_ready()
    process.send_signal(signal.SIGUSR1)
    recorder.wait_for("USR1")
    time.sleep(SETTLE_SECONDS)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert recorder.received() == ["USR1"]


def make_variable(words: str) -> str:
    return words.replace("$", "$$")


def test_the_jobserver_of_make_reaches_a_sub_make(sandbox: Sandbox) -> None:
    require_tool("make")
    inner = sandbox.work / "inner"
    inner.mkdir()
    (sandbox.work / "Makefile").write_text(
        f"all:\n\t{make_variable(PREFIX)} $(MAKE) -C inner all\n"
    )
    script = make_variable(meeting_point(inner, 4))
    (inner / "Makefile").write_text(f"all: a b c d\na b c d:\n\t@{script}true\n")
    result = sandbox.run(["make", "-j4"], seconds=20)
    assert result.status == 0, result.stderr
    assert b"jobserver" not in result.stderr
    assert result.stderr == b""


def test_make_reports_the_status_of_the_recipe(sandbox: Sandbox) -> None:
    require_tool("make")
    (sandbox.work / "Makefile").write_text(f"all:\n\t{make_variable(PREFIX)} sh -c 'exit 7'\n")
    result = sandbox.run(["make"])
    assert result.status == 2
    assert b"Error 7\n" in result.stderr


def test_a_wrapper_around_make(sandbox: Sandbox) -> None:
    require_tool("make")
    script = make_variable(meeting_point(sandbox.work, 3))
    (sandbox.work / "Makefile").write_text(f"all: a b c\na b c:\n\t@{script}true\n")
    assert sandbox.run([*WRAPPER, "make", "-j3"]).status == 0


def test_timeout_ends_the_wrapper_and_the_command(sandbox: Sandbox) -> None:
    require_tool("timeout")
    begin = time.monotonic()
    result = sandbox.run(["timeout", "1", *WRAPPER, "sleep", "30"])
    assert result.status == 124
    assert time.monotonic() - begin < 3
    sandbox.wait_until_empty(0.3)


def test_timeout_ends_a_command_of_several_processes(sandbox: Sandbox) -> None:
    require_tool("timeout")
    result = sandbox.run(["timeout", "1", *WRAPPER, "sh", "-c", "sleep 30 & sleep 30; exit 1"])
    assert result.status == 124
    sandbox.wait_until_empty(0.3)


def test_a_wrapper_around_timeout(sandbox: Sandbox) -> None:
    require_tool("timeout")
    assert sandbox.run([*WRAPPER, "timeout", "0.3", "sleep", "9"]).status == 124


def test_four_at_once_under_xargs(sandbox: Sandbox) -> None:
    require_tool("xargs")
    job = f"{PREFIX} sh -c {shlex.quote(meeting_point(sandbox.work, 4) + 'exit $1')} sh $1"
    script = f'{job}; echo "$1 $?" >>statuses'
    result = sandbox.run(
        ["xargs", "-P4", "-n1", "sh", "-c", script, "sh"], feed=b"0\n3\n126\n255\n"
    )
    assert result.status == 0, result.stderr
    lines = (sandbox.work / "statuses").read_text().splitlines()
    assert sorted(lines) == ["0 0", "126 126", "255 255", "3 3"]


def test_xargs_sees_a_failure(sandbox: Sandbox) -> None:
    require_tool("xargs")
    result = sandbox.run(["xargs", "-P4", "-n1", *WRAPPER, "sh", "-c", "exit 5"], feed=b"1\n2\n")
    assert result.status == 123


def test_nohup_protects_wrapper_and_command(sandbox: Sandbox) -> None:
    require_tool("nohup")
    recorder = Recorder(sandbox.work, ("USR1",))
    process = sandbox.start(
        ["nohup", *WRAPPER, *recorder.command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    recorder.wait_ready()
    process.send_signal(signal.SIGHUP)
    os.kill(recorder.pid, signal.SIGHUP)
    os.killpg(process.pid, signal.SIGHUP)
    time.sleep(SETTLE_SECONDS)
    assert process.poll() is None
    assert process_table.alive(recorder.pid)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status


def test_a_pipeline_inside_and_around(sandbox: Sandbox) -> None:
    inner = "printf 'b\\na\\n' | sort"
    script = f"{PREFIX} sh -c {shlex.quote(inner)} | {PREFIX} tr a-z A-Z"
    assert sandbox.run(["sh", "-c", script]) == (0, b"A\nB\n", b"")


def test_eight_at_once(sandbox: Sandbox) -> None:
    script = f"for i in 1 2 3 4 5 6 7 8; do {PREFIX} sh -c 'exit $0' $i & pids=\"$pids $!\"; done; "
    script += "for pid in $pids; do wait $pid; printf '%s ' $?; done"
    assert sandbox.run(["sh", "-c", script]).stdout == b"1 2 3 4 5 6 7 8 "


def test_setsid_and_nice_around(sandbox: Sandbox) -> None:
    result = sandbox.run(["nice", "-n5", "setsid", "--wait", *WRAPPER, "sh", "-c", "nice; exit 3"])
    assert result == (3, b"5\n", b"")
