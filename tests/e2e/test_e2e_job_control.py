"""Ctrl-Z, fg and bg under an interactive shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.e2e import process_table
from tests.e2e.pseudo_terminal import CTRL_Z, Terminal
from tests.e2e.wrapper import CARBONRUN, LOUD, WRAPPER, require_carbonrun, wait_until

if TYPE_CHECKING:
    from tests.e2e.recorder import Recorder


def job_of(recorder: Recorder) -> list[process_table.Process]:
    """Return the processes of the recorder's job: it and its wrappers."""
    recorded = process_table.look_up(recorder.pid)
    assert recorded is not None
    return process_table.in_group(recorded.group)


def wait_stopped(recorder: Recorder) -> None:
    wait_until(lambda: all(one.state == "T" for one in job_of(recorder)), "the whole job stopped")


def wait_continued(recorder: Recorder) -> None:
    wait_until(lambda: all(one.state != "T" for one in job_of(recorder)), "the job continued")


def wait_in_front(terminal: Terminal, group: int) -> None:
    wait_until(lambda: terminal.foreground() == group, f"group {group} in front")


@pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_z_and_fg(
    terminal: Terminal, recorder: Recorder, prefix: list[str], times: int
) -> None:
    shell = terminal.start_shell()
    terminal.type(shlex.join([*prefix, *recorder.command]) + '; echo status""=$?')
    recorder.wait_ready()
    for _ in range(times):
        terminal.type(CTRL_Z)
        terminal.expect("Stopped")
        wait_stopped(recorder)
        terminal.expect("status=148|at-your-command")
        terminal.type("fg")
        wait_continued(recorder)
        group = job_of(recorder)[0].group
        wait_in_front(terminal, group)
    recorder.finish()
    wait_in_front(terminal, shell.pid)
    terminal.type('echo final""=$?')
    terminal.expect("final=7\r\n")
    assert set(recorder.received()) <= {"CONT"}


def test_ctrl_z_and_bg(terminal: Terminal, recorder: Recorder) -> None:
    terminal.start_shell()
    terminal.type(shlex.join([*WRAPPER, *recorder.command]))
    recorder.wait_ready()
    terminal.type(CTRL_Z)
    terminal.expect("Stopped")
    wait_stopped(recorder)
    terminal.type("bg")
    wait_continued(recorder)
    recorder.finish()
    terminal.type('wait %1; echo status""=$?')
    terminal.expect("status=7\r\n")


def test_a_background_read_stops_the_job_until_fg(terminal: Terminal) -> None:
    terminal.start_shell()
    script = "echo started; read x; echo got=$x; exit 6"
    terminal.type(shlex.join([*WRAPPER, "sh", "-c", script]) + " &")
    terminal.expect("started\r\n")
    terminal.type('while ! jobs | grep -q Stopped; do sleep 0.05; done; echo see""n')
    terminal.expect("seen\r\n")
    terminal.type("fg")
    terminal.type("a line")
    terminal.expect("got=a line\r\n")
    terminal.type('echo status""=$?')
    terminal.expect("status=6\r\n")


@pytest.mark.parametrize("how", ["kill -TSTP 0", "kill -STOP $$"])
def test_a_command_that_suspends_itself_gives_the_prompt_back(terminal: Terminal, how: str) -> None:
    """As vim's :suspend and the shell's own suspend do."""
    terminal.start_shell()
    terminal.type(shlex.join([*WRAPPER, "sh", "-c", f"{how}; echo back; exit 6"]))
    terminal.expect("Stopped")
    terminal.type("fg")
    terminal.expect("back\r\n")
    terminal.type('echo status""=$?')
    terminal.expect("status=6\r\n")


def test_ctrl_z_while_the_rest_of_the_tree_is_waited_for(terminal: Terminal) -> None:
    require_carbonrun()
    terminal.start_shell()
    script = "(sleep 0.2; echo alone; sleep 1; echo rest) & exit 6"
    terminal.type(shlex.join([*CARBONRUN, "-q", "--wait-tree", "--", "sh", "-c", script]))
    terminal.expect("alone\r\n")
    terminal.type(CTRL_Z)
    terminal.expect("Stopped")
    terminal.type("fg")
    terminal.expect("rest\r\n")
    terminal.type('echo status""=$?')
    terminal.expect("status=6\r\n")
