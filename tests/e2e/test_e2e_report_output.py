"""The summary: on standard error, after the command's output, and harmless."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pseudo_terminal import CTRL_C, Terminal
from tests.e2e.wrapper import CARBONRUN, LOUD, Sandbox, require_carbonrun, wait_until

if TYPE_CHECKING:
    from tests.e2e.recorder import Recorder


def assert_report(text: bytes) -> None:
    """Check that a text holds the summary, whole and without accident."""
    for word in (b"carbonrun", b"energy", b"CO2e"):
        assert word in text, text
    assert text.endswith(b"\n")
    assert b"Traceback" not in text


@pytest.mark.parametrize("status", [0, 3])
def test_the_report_comes_after_the_commands_own_output(sandbox: Sandbox, status: int) -> None:
    result = sandbox.run([*LOUD, "sh", "-c", f"echo out; echo err >&2; exit {status}"])
    assert (result.status, result.stdout) == (status, b"out\n")
    assert result.stderr.startswith(b"err\n")
    assert_report(result.stderr[4:])


def test_the_report_does_not_continue_an_unfinished_line_with_loss(sandbox: Sandbox) -> None:
    result = sandbox.run([*LOUD, "sh", "-c", "printf unfinished >&2"])
    assert result.stderr.startswith(b"unfinished")
    assert_report(result.stderr)


def test_the_report_shows_the_exit_status(sandbox: Sandbox) -> None:
    assert b"exit 42" in sandbox.run([*LOUD, "sh", "-c", "exit 42"]).stderr


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV", "INT"])
def test_a_report_when_the_command_dies_of_a_signal(sandbox: Sandbox, name: str) -> None:
    result = sandbox.run([*LOUD, "sh", "-c", f"kill -{name} $$"])
    assert result.status == -getattr(signal, f"SIG{name}")
    assert_report(result.stderr)


@pytest.mark.parametrize("name", ["TERM", "INT"])
@pytest.mark.parametrize("handled", [True, False])
def test_a_report_when_the_wrapper_gets_a_signal(
    sandbox: Sandbox, recorder: Recorder, name: str, handled: bool
) -> None:
    ready = sandbox.work / "ready"
    plain = ["sh", "-c", f": >{ready}; exec sleep 30"]
    process = sandbox.start([*LOUD, *(recorder.command if handled else plain)])
    wait_until(recorder.lines if handled else ready.exists, "the command's start")
    number = int(getattr(signal, f"SIG{name}"))
    process.send_signal(number)
    if handled:
        recorder.wait_for(name)
        recorder.finish()
    assert_report(process.communicate(timeout=10)[1])
    assert process.returncode == (recorder.status if handled else -number)


def test_a_report_after_ctrl_c_on_a_terminal(sandbox: Sandbox, terminal: Terminal) -> None:
    process = terminal.start([*LOUD, "sh", "-c", "echo ready; exec sleep 30"])
    terminal.expect("ready\r\n")
    terminal.type(CTRL_C)
    shown = terminal.read_all()
    assert sandbox.wait(process) == -signal.SIGINT
    assert_report(shown)
    echoed = next(line for line in shown.split(b"\r\n") if b"^C" in line)
    assert echoed == b"^C", "the report begins in the first column"
    assert shown.endswith(b"\r\n")
    assert b"\x1b[?25l" not in shown or b"\x1b[?25h" in shown, "the cursor is visible again"


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}], ids=str)
def test_no_escape_sequences_without_a_terminal(sandbox: Sandbox, env: dict[str, str]) -> None:
    text = sandbox.run([*LOUD, "true"], env=env).stderr
    assert_report(text)
    assert b"\x1b" not in text


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_colours_on_a_terminal_that_does_not_want_them(
    terminal: Terminal, env: dict[str, str]
) -> None:
    terminal.start([*LOUD, "true"], env=env)
    shown = terminal.read_all()
    assert_report(shown)
    assert re.search(rb"\x1b\[[0-9;]*3[0-9]", shown) is None
    assert b"\x1b" not in shown


def test_forced_colours(sandbox: Sandbox) -> None:
    text = sandbox.run([*LOUD, "true"], env={"FORCE_COLOR": "1"}).stderr
    assert b"\x1b[" in text
    assert b"energy" in text


@pytest.mark.parametrize("columns", [40, 80])
def test_the_report_fits_the_columns(sandbox: Sandbox, columns: int) -> None:
    command = ["sh", "-c", ":", "a" * 30, "b" * 100]
    text = sandbox.run([*LOUD, *command], env={"COLUMNS": str(columns)}).stderr
    assert_report(text)
    too_long = [line for line in text.decode().splitlines() if len(line) > columns]
    assert too_long == []


@pytest.mark.parametrize("columns", [0, 1, 10, 40])
def test_the_report_on_a_narrow_terminal(
    sandbox: Sandbox, terminal: Terminal, columns: int
) -> None:
    terminal.resize(0 if columns == 0 else 24, columns)
    process = terminal.start([*LOUD, "sh", "-c", "exit 7"])
    shown = terminal.read_all()
    assert sandbox.wait(process) == 7
    assert b"Traceback" not in shown
    assert shown.endswith(b"\r\n")


@pytest.mark.parametrize("columns", ["", "0", "-3", "wide", "99999999999"])
def test_a_strange_number_of_columns(sandbox: Sandbox, columns: str) -> None:
    result = sandbox.run([*LOUD, "sh", "-c", "exit 7"], env={"COLUMNS": columns})
    assert result.status == 7
    assert_report(result.stderr)


HOSTILE = [
    b"[bold]x[/bold]",
    b"[/red]",
    b"[link=file:///]",
    b"\x1b[31mred\x1b]0;title\x07",
    b"\x9b31mred",
    b"x\nFAKE energy 0 J",
    b"x\rFAKE",
    b"caf\xe9\xff",
    b"\xed\xa0\x80",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc".encode(),
    b":smile: {0} %s \\",
]


@pytest.mark.parametrize("argument", HOSTILE, ids=ascii)
@pytest.mark.parametrize("env", [{}, {"LC_ALL": "C"}, {"FORCE_COLOR": "1"}], ids=str)
def test_a_hostile_command_line_is_shown_harmlessly(
    sandbox: Sandbox, argument: bytes, env: dict[str, str]
) -> None:
    result = sandbox.run([*LOUD, "sh", "-c", "exit 7", argument], env=env)
    assert (result.status, result.stdout) == (7, b"")
    assert_report(result.stderr)
    # Colours are the report's own; anything else that steers a terminal is not.
    text = re.sub(rb"\x1b\[[0-9;]*m", b"" if env.get("FORCE_COLOR") else b"?", result.stderr)
    shown = text.decode("utf-8")
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown) is None
    assert not any(line.lstrip().startswith("FAKE") for line in shown.splitlines())


def test_markup_in_the_command_is_shown_as_it_is(sandbox: Sandbox) -> None:
    assert b"[bold]x[/bold]" in sandbox.run([*LOUD, "true", "[bold]x[/bold]"]).stderr


def test_one_line_that_greps_well(sandbox: Sandbox) -> None:
    require_carbonrun()
    result = sandbox.run([*CARBONRUN, "--summary", "line", "--", "sh", "-c", "exit 3"])
    assert result.status == 3
    assert result.stderr.count(b"\n") == 1
    assert b"\x1b" not in result.stderr
    assert b"carbonrun" in result.stderr


def test_the_whole_report_as_json(sandbox: Sandbox) -> None:
    require_carbonrun()
    argument = b"caf\xe9\xff"
    words = [*CARBONRUN, "-q", "--json", "report.json", "--", "sh", "-c", "kill -TERM $$"]
    assert sandbox.run([*words, argument]).status == -signal.SIGTERM
    report = json.loads((sandbox.work / "report.json").read_text("utf-8", "surrogateescape"))
    assert report["schema"] == "carbonrun.report/1"
    assert report["run"]["command"][:2] == ["sh", "-c"]
    assert report["run"]["signal"] == signal.SIGTERM


def test_a_nested_report_names_its_parent(sandbox: Sandbox) -> None:
    require_carbonrun()
    outer = [*CARBONRUN, "-q", "--json", "outer.json", "--"]
    inner = [*CARBONRUN, "-q", "--json", "inner.json", "--", "true"]
    assert sandbox.run([*outer, *inner]).status == 0
    reports = [json.loads((sandbox.work / f"{n}.json").read_text()) for n in ("outer", "inner")]
    assert reports[0]["run"]["parent_id"] is None
    assert reports[1]["run"]["parent_id"] == reports[0]["run"]["id"]


def test_a_background_job_may_report_under_tostop(terminal: Terminal) -> None:
    terminal.start_shell()
    terminal.type(f'stty tostop; {shlex.join(LOUD)} true & wait %1; echo status""=$?')
    terminal.expect("energy")
    terminal.expect("status=0")


def test_the_report_does_not_wait_for_a_grandchild(sandbox: Sandbox) -> None:
    with (sandbox.work / "err").open("wb") as err:
        process = sandbox.start(
            [*LOUD, "sh", "-c", "sleep 30 & exit 4"], stdout=subprocess.DEVNULL, stderr=err
        )
        assert sandbox.wait(process) == 4
    assert_report((sandbox.work / "err").read_bytes())
