"""The wrapper ends with the command: it neither waits for what is left behind nor kills it."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e import process_table
from tests.e2e.wrapper import LOUD, WRAPPER, Sandbox, wait_until

BOTH_WAYS = pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
LEFT_BEHIND = {
    "background": "sleep 30 & echo $! >pid.new",
    "setsid": "setsid sh -c 'echo $$ >pid.new; exec sleep 30' &",
    "double fork": "(setsid sh -c 'echo $$ >pid.new; exec sleep 30' &)",
    "nohup": "nohup sleep 30 >/dev/null 2>&1 & echo $! >pid.new",
}


@BOTH_WAYS
@pytest.mark.parametrize("kind", LEFT_BEHIND)
def test_what_is_left_behind_is_not_waited_for_and_not_killed(
    sandbox: Sandbox, prefix: list[str], kind: str
) -> None:
    script = f"{LEFT_BEHIND[kind]}\nwhile ! test -s pid.new; do sleep 0.01; done; exit 4"
    process = sandbox.start(
        [*prefix, "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert sandbox.wait(process) == 4
    pid = int((sandbox.work / "pid.new").read_text())
    assert process_table.alive(pid)
    wait_until(lambda: sandbox.running() == [pid], "nothing but what the command has left")


@BOTH_WAYS
def test_a_grandchild_that_keeps_the_streams_open(sandbox: Sandbox, prefix: list[str]) -> None:
    process = sandbox.start([*prefix, "sh", "-c", "sleep 30 & exit 4"])
    assert sandbox.wait(process) == 4
    assert sandbox.running()


@BOTH_WAYS
def test_no_zombie_and_no_helper_is_left(sandbox: Sandbox, prefix: list[str]) -> None:
    process = sandbox.start([*prefix, "sh", "-c", "sleep 0.1 & sh -c :; wait"])
    assert sandbox.wait(process) == 0
    sandbox.wait_until_empty(0.3)
    wait_until(lambda: not process_table.in_session(process.pid), "the end of the session", 0.3)


def test_children_that_the_command_does_not_wait_for(sandbox: Sandbox) -> None:
    """Many orphans end while the command runs; the wrapper must not take one for the command."""
    script = "for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'exit 3' &); done; sleep 0.3; exit 8"
    assert sandbox.run([*WRAPPER, "sh", "-c", script]).status == 8


def test_a_command_that_executes_another(sandbox: Sandbox) -> None:
    assert sandbox.run([*WRAPPER, "sh", "-c", "exec sh -c 'exec sh -c \"exit 6\"'"]).status == 6


def test_five_hundred_short_processes(sandbox: Sandbox) -> None:
    script = "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done; exit 9"
    assert sandbox.run([*WRAPPER, "sh", "-c", script], seconds=30).status == 9
