"""On a terminal: keys, window size, hang-up. The command keeps the terminal, the wrapper waits."""

from __future__ import annotations

import re
import shlex
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pseudo_terminal import BASH, CTRL_BACKSLASH, CTRL_C, PROMPT, Terminal
from tests.e2e.wrapper import LOUD, SETTLE_SECONDS, WRAPPER, Sandbox, wait_until

if TYPE_CHECKING:
    from tests.e2e.recorder import Recorder

PREFIX = shlex.join(WRAPPER)


def test_the_command_sees_the_terminal_and_reads_from_it(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    script = "tty; tty <&1; tty <&2; read x; echo got=$x; exit 6"
    process = terminal.start([*WRAPPER, "sh", "-c", script])
    terminal.expect(f"({terminal.name}\r\n){{3}}")
    terminal.type("a line")
    terminal.expect("got=a line\r\n")
    assert sandbox.wait(process) == 6


@pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
@pytest.mark.parametrize("key", [(CTRL_C, "INT"), (CTRL_BACKSLASH, "QUIT")], ids=["C-c", "C-\\"])
def test_a_key_sends_the_command_one_signal(
    sandbox: Sandbox,
    terminal: Terminal,
    recorder: Recorder,
    prefix: list[str],
    key: tuple[bytes, str],
) -> None:
    typed, name = key
    process = terminal.start([*prefix, *recorder.command])
    recorder.wait_ready()
    for count in (1, 2, 3):
        terminal.type(typed)
        recorder.wait_for(name, count)
        time.sleep(SETTLE_SECONDS)
        assert recorder.received() == [name] * count
    assert process.poll() is None, "the wrapper must survive"
    recorder.finish()
    terminal.read_all()
    assert sandbox.wait(process) == recorder.status


def test_ctrl_c_reaches_a_command_under_two_wrappers_once(
    sandbox: Sandbox, terminal: Terminal, recorder: Recorder
) -> None:
    process = terminal.start([*WRAPPER, *WRAPPER, *recorder.command])
    recorder.wait_ready()
    terminal.type(CTRL_C)
    recorder.wait_for("INT")
    time.sleep(SETTLE_SECONDS)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert recorder.received() == ["INT"]


def test_ctrl_c_ends_a_command_without_a_handler(sandbox: Sandbox, terminal: Terminal) -> None:
    process = terminal.start([*WRAPPER, "sh", "-c", "echo ready; exec sleep 30"])
    terminal.expect("ready")
    terminal.type(CTRL_C)
    assert sandbox.wait(process, 3) in {-signal.SIGINT, 130}
    sandbox.wait_until_empty()
    assert b"Traceback" not in terminal.read_all()


def test_ctrl_c_breaks_a_shell_loop(sandbox: Sandbox, terminal: Terminal) -> None:
    loop = f"for i in 1 2 3; do {PREFIX} sh -c 'echo pass; exec sleep 30'; done; echo survived"
    process = terminal.start(["bash", "-c", loop])
    terminal.expect("pass")
    terminal.type(CTRL_C)
    assert sandbox.wait(process, 3) == -signal.SIGINT
    shown = terminal.read_all()
    assert shown.count(b"pass") == 1
    assert b"survived" not in shown


def test_ctrl_c_that_the_command_handles_does_not_end_a_script(
    sandbox: Sandbox, terminal: Terminal, recorder: Recorder
) -> None:
    command = shlex.join(recorder.command)
    process = terminal.start(["bash", "-c", f"{PREFIX} {command}; echo after $?"])
    recorder.wait_ready()
    terminal.type(CTRL_C)
    recorder.wait_for("INT")
    recorder.finish()
    terminal.expect("after 7\r\n")
    assert sandbox.wait(process) == 0


def test_a_new_window_size_is_told_once_and_seen(
    sandbox: Sandbox, terminal: Terminal, recorder: Recorder
) -> None:
    process = terminal.start([*WRAPPER, *recorder.command])
    recorder.wait_ready()
    terminal.resize(33, 111)
    recorder.wait_for("WINCH")
    time.sleep(SETTLE_SECONDS)
    recorder.finish()
    assert sandbox.wait(process) == recorder.status
    assert recorder.lines()[1:] == ["WINCH 33x111"]


@pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
@pytest.mark.parametrize("modes", ["sane", "-echo -icanon min 2"])
def test_terminal_modes_are_those_before_the_run(
    sandbox: Sandbox, terminal: Terminal, prefix: list[str], modes: str
) -> None:
    script = f'stty {modes}; stty -g >before; "$@" true; stty -g >after'
    process = terminal.start(["sh", "-c", script, "sh", *prefix])
    terminal.read_all()
    assert sandbox.wait(process) == 0
    assert (sandbox.work / "after").read_text() == (sandbox.work / "before").read_text()


def test_a_background_job_does_not_take_the_terminal(
    terminal: Terminal, recorder: Recorder
) -> None:
    shell = terminal.start_shell()
    command = shlex.join(recorder.command)
    terminal.type(f"{PREFIX} {command} &")
    recorder.wait_ready()
    wait_until(lambda: terminal.foreground() == shell.pid, "the shell in the foreground")
    time.sleep(SETTLE_SECONDS)
    assert terminal.foreground() == shell.pid
    recorder.finish()
    terminal.type('wait %1; echo status""=$?')
    terminal.expect("status=7\r\n")
    assert terminal.foreground() == shell.pid


def test_the_foreground_group_after_the_run_is_the_jobs_own(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    process = terminal.start(["sh", "-c", '"$@" true; echo done; read x', "sh", *WRAPPER])
    terminal.expect("done")
    assert terminal.foreground() == process.pid
    terminal.type("")
    terminal.read_all()
    assert sandbox.wait(process) == 0


@pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
@pytest.mark.parametrize("under_a_shell", [False, True], ids=["alone", "under bash"])
def test_a_hang_up_ends_everything(
    sandbox: Sandbox, terminal: Terminal, prefix: list[str], under_a_shell: bool
) -> None:
    ready = sandbox.work / "ready"
    script = f": >{ready}; sleep 30; sleep 30"
    if under_a_shell:
        process = terminal.start_shell()
        terminal.type(shlex.join([*prefix, "sh", "-c", script]))
    else:
        process = terminal.start([*prefix, "sh", "-c", script])
    wait_until(ready.exists, "the command's start")
    terminal.hang_up()
    sandbox.wait(process)
    sandbox.wait_until_empty()


def test_an_interactive_shell_works_under_the_wrapper(sandbox: Sandbox, terminal: Terminal) -> None:
    process = terminal.start([*WRAPPER, *BASH], env={"PS1": PROMPT})
    terminal.expect(re.escape(PROMPT))
    terminal.type('echo flags""=$-')
    assert b"m" in terminal.expect("flags=([a-zA-Z]+)").group(1)
    terminal.type('sh -c "echo runn""ing; exec sleep 30"; echo status""=$?')
    terminal.expect("running\r\n")
    terminal.type(CTRL_C)
    terminal.expect(re.escape(PROMPT))
    terminal.type('echo status""=$?')
    terminal.expect("status=130\r\n")
    terminal.type("exit 5")
    assert sandbox.wait(process) == 5
    assert b"no job control" not in terminal.read_all()
