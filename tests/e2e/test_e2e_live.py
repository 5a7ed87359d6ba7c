"""The live view at a real terminal: it appears, keeps out of the way, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pseudo_terminal import CTRL_C, CTRL_Z, Terminal
from tests.e2e.screen import Screen
from tests.e2e.wrapper import CARBONRUN, PROBES, Sandbox, require_carbonrun, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.recorder import Recorder

pytestmark = pytest.mark.usefixtures("_only_carbonrun")
LIVE = [*CARBONRUN, "--live", "--summary", "line", "--zone", "FR", "--"]
MONITOR = [*CARBONRUN, "monitor", "--zone", "FR"]
OWN_SCREEN, OLD_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
CTRL_S, CTRL_Q = b"\x13", b"\x11"


@pytest.fixture
def _only_carbonrun() -> None:
    require_carbonrun()


def count_to(number: int, pause: float = 0.1) -> list[str]:
    return ["sh", "-c", f"for i in $(seq {number}); do echo number $i; sleep {pause}; done"]


def has_view(rows: list[str]) -> bool:
    return any(row.startswith(" power ") for row in rows)


def elapsed(rows: list[str]) -> str:
    return next((row.split("  ")[-1] for row in rows if row.startswith(" carbonrun ")), "")


def numbers(lines: list[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines if re.fullmatch(r"number \d+", line)]


def test_monitor_shows_a_table_that_updates(sandbox: Sandbox, terminal: Terminal) -> None:
    screen = Screen(terminal)
    process = terminal.start([*MONITOR, "--json", "m.json"])
    rows = screen.wait_for(has_view, "the view")
    first = elapsed(rows)
    screen.wait_for(lambda rows: elapsed(rows) not in {"", first}, "a later view")
    # On an idle machine it takes two seconds until CPU time is attributed.
    cpu = r" CPU .* m?W .* estimated| CPU .* m?W .* counter"
    screen.wait_for(lambda rows: re.search(cpu, "\n".join(rows)), "the power of the CPU")
    shown = "\n".join(screen.look())
    assert re.search(r" power +[0-9.]+ m?W .*[▁▂▃▄▅▆▇█]+ +1 min, max", shown)
    assert re.search(r" so far .*J = .*Wh .*g CO2e .*CPU \d+ % of \d+", shown)
    assert re.search(cpu, shown)
    terminal.type(CTRL_C)
    assert sandbox.wait(process) == 0
    after = terminal.read_all()
    assert after.count(OWN_SCREEN) == after.count(OLD_SCREEN) == 1
    assert after.rindex(b"\x1b[?25h") > after.rindex(b"\x1b[?25l")
    assert b"measured for" in after[after.index(OLD_SCREEN) :]
    assert b"^C" not in after[after.index(OLD_SCREEN) :]
    report = json.loads((sandbox.work / "m.json").read_text())
    assert report["run"]["scope"] == "machine"
    assert report["run"]["exit_code"] is None


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_view_fits_the_window_and_follows_it(
    sandbox: Sandbox, terminal: Terminal, columns: int
) -> None:
    screen = Screen(terminal, columns=100)
    process = terminal.start(MONITOR)
    screen.wait_for(has_view, "the view")
    screen.resize(18, columns)
    terminal.read_now()
    mark = len(terminal.shown)
    while terminal.shown[mark:].count(b"so far") < 3:
        terminal.expect("so far")
    frame = terminal.shown[mark:].decode("utf-8", "replace").split("\x1b[H")[-2]
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame)
    assert max(len(line) for line in text.splitlines()) <= columns
    terminal.type(CTRL_C)
    assert sandbox.wait(process) == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_monitor_with_a_report(
    sandbox: Sandbox, terminal: Terminal, end: int
) -> None:
    process = terminal.start(MONITOR)
    terminal.expect("so far")
    process.send_signal(end)
    assert sandbox.wait(process) == 0
    after = terminal.read_all()
    assert after.index(OLD_SCREEN) < after.index(b"measured for")


def test_a_closed_window_ends_monitor_with_a_report(sandbox: Sandbox, terminal: Terminal) -> None:
    process = terminal.start([*MONITOR, "--json", "m.json"])
    terminal.expect("so far")
    terminal.hang_up()
    assert sandbox.wait(process) == 0
    assert json.loads((sandbox.work / "m.json").read_text())["energy"]["joules"] > 0


def test_monitor_can_be_stopped_and_resumed(sandbox: Sandbox, terminal: Terminal) -> None:
    terminal.start_shell()
    terminal.type(shlex.join(MONITOR))
    terminal.expect("so far")
    terminal.type(CTRL_Z)
    terminal.expect(re.escape(OLD_SCREEN.decode()))
    terminal.expect("Stopped")
    mark = len(terminal.shown)
    time.sleep(1.5)
    terminal.read_now()
    assert b"so far" not in terminal.shown[mark:]
    terminal.type("fg")
    terminal.expect("so far")
    terminal.type(CTRL_C)
    terminal.expect("measured for")
    terminal.type('echo status""=$?')
    terminal.expect("status=0")
    assert sandbox.running()


@pytest.mark.parametrize(("variables", "colours"), [({}, True), ({"NO_COLOR": "1"}, False)])
@pytest.mark.parametrize("words", [MONITOR, [*LIVE, "sleep", "5"]], ids=["monitor", "run"])
def test_colours_are_for_who_wants_them(
    terminal: Terminal, words: list[str], variables: dict[str, str], colours: bool
) -> None:
    terminal.start(words, env=variables)
    terminal.expect("so far")
    terminal.type(CTRL_C)
    assert bool(re.search(rb"\x1b\[[0-9;]*3[0-7]", terminal.shown)) == colours


@pytest.mark.parametrize("words", [MONITOR, [*LIVE, "sleep", "2"]], ids=["monitor", "run"])
@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_is_not_drawn_on(
    sandbox: Sandbox, terminal: Terminal, words: list[str], term: str
) -> None:
    process = terminal.start(words, env={"TERM": term})
    time.sleep(2.5)
    if process.poll() is None:
        terminal.type(CTRL_C)
    assert sandbox.wait(process) == 0
    shown = terminal.read_all()
    assert b"\x1b" not in shown
    assert b"so far" not in shown


@pytest.mark.parametrize(
    "words",
    [[*MONITOR, "--for", "2.5s"], [*MONITOR, "--live", "--for", "2.5s"], [*LIVE, "sleep", "2.5"]],
    ids=["monitor", "monitor --live", "run"],
)
def test_off_a_terminal_it_is_quiet(sandbox: Sandbox, words: list[str]) -> None:
    result = sandbox.run(words)
    assert result.status == 0
    assert result.stdout == b""
    assert b"\x1b" not in result.stderr
    assert b"so far" not in result.stderr


def test_under_the_view_no_line_of_the_command_is_lost(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    screen = Screen(terminal)
    process = terminal.start([*LIVE, *count_to(60)])
    rows = screen.wait_for(has_view, "the view")
    assert not screen.is_whole()
    assert screen.has_cursor()
    rows = screen.wait_for(lambda rows: "number 40" in rows, "the fortieth line")
    view = next(index for index, row in enumerate(rows) if row.startswith(" carbonrun "))
    assert set(rows[view - 1].strip()) == {"─"}
    assert not numbers(rows[view:])
    assert sandbox.wait(process) == 0
    terminal.read_all()
    lines = screen.all_lines()
    assert numbers(lines) == list(range(1, 61))
    assert screen.is_whole()
    assert screen.has_cursor()
    assert not has_view(lines)
    assert any(line.startswith("carbonrun: energy_j=") for line in lines)


def test_a_line_that_is_written_bit_by_bit_stays_whole(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    screen = Screen(terminal)
    script = "for i in $(seq 40); do printf 'x'; sleep 0.1; done; echo; printf 'end'"
    process = terminal.start([*LIVE, "sh", "-c", script])
    screen.wait_for(has_view, "the view")
    assert sandbox.wait(process) == 0
    terminal.read_all()
    assert "x" * 40 in screen.all_lines()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_command_that_dies_leaves_a_clean_terminal(
    sandbox: Sandbox, terminal: Terminal, number: int
) -> None:
    screen = Screen(terminal)
    process = terminal.start([*LIVE, "sh", "-c", f"echo begun; sleep 3; kill -{number:d} $$"])
    screen.wait_for(has_view, "the view")
    assert sandbox.wait(process) == -number
    terminal.read_all()
    lines = screen.all_lines()
    assert screen.is_whole()
    assert screen.has_cursor()
    assert not has_view(lines)


def test_a_stopped_job_gives_the_terminal_back(terminal: Terminal) -> None:
    screen = Screen(terminal)
    terminal.start_shell()
    terminal.type(shlex.join([*LIVE, *count_to(80)]))
    screen.wait_for(has_view, "the view")
    terminal.type(CTRL_Z)
    rows = screen.wait_for(lambda rows: any("Stopped" in row for row in rows), "the stop")
    assert screen.is_whole()
    assert not has_view(rows)
    terminal.type("fg")
    screen.wait_for(has_view, "the view again")
    terminal.type(CTRL_C)
    screen.wait_for(lambda rows: "signal=SIGINT" in "".join(rows), "the end")
    assert screen.is_whole()
    counted = numbers(screen.all_lines())
    assert counted == list(range(1, len(counted) + 1))


def test_nothing_is_drawn_in_the_background(terminal: Terminal) -> None:
    """With ``tostop`` a write from there would stop us."""
    terminal.start_shell()
    terminal.type("stty tostop")
    command = [*CARBONRUN, "--live", "-q", "--", "sh", "-c", "sleep 3; exit 6"]
    terminal.type(f"{shlex.join(command)} &")
    mark = len(terminal.shown)
    terminal.type('wait %1; echo status""=$?')
    terminal.expect("status=6")
    assert b"so far" not in terminal.shown[mark:]


def test_a_run_within_a_run_shows_no_view_of_its_own(sandbox: Sandbox, terminal: Terminal) -> None:
    screen = Screen(terminal)
    inner = [*CARBONRUN, "-q", "--", "sleep", "3"]
    process = terminal.start([*LIVE, *inner], env={"CARBONRUN_LIVE": "1"})
    screen.wait_for(has_view, "the view")
    time.sleep(1.5)
    assert sum(row.startswith(" power ") for row in screen.look()) == 1
    assert sandbox.wait(process) == 0
    terminal.read_all()
    assert screen.is_whole()


def test_a_new_window_size_under_a_command(sandbox: Sandbox, terminal: Terminal) -> None:
    screen = Screen(terminal)
    process = terminal.start([*LIVE, "sh", "-c", "trap : WINCH; sleep 2; sleep 2; sleep 2"])
    screen.wait_for(has_view, "the view")
    screen.resize(30, 60)
    rows = screen.wait_for(
        lambda rows: has_view(rows) and max(map(len, rows)) <= 60, "the narrower view"
    )
    assert sum(row.startswith(" power ") for row in rows) == 1
    assert sandbox.wait(process) == 0
    terminal.read_all()
    assert not has_view(screen.all_lines())
    assert screen.is_whole()


@pytest.mark.parametrize(("rows", "columns"), [(6, 80), (24, 20)])
def test_a_tiny_window_is_left_alone(
    sandbox: Sandbox, terminal: Terminal, rows: int, columns: int
) -> None:
    screen = Screen(terminal, rows, columns)
    process = terminal.start([*LIVE, "sleep", "2.5"])
    assert sandbox.wait(process) == 0
    assert b"so far" not in terminal.read_all()
    assert screen.is_whole()


def test_a_terminal_that_is_held_does_not_hold_up_signals(
    sandbox: Sandbox, terminal: Terminal, recorder: Recorder
) -> None:
    process = terminal.start([*LIVE, *recorder.command])
    recorder.wait_ready()
    terminal.expect("so far")
    terminal.type(CTRL_S)
    time.sleep(3.0)
    os.kill(process.pid, signal.SIGUSR1)
    recorder.wait_for("USR1")
    terminal.type(CTRL_Q)
    recorder.finish()
    terminal.read_all()
    assert sandbox.wait(process) == recorder.status


def test_the_report_is_the_same_with_the_view(sandbox: Sandbox, terminal: Terminal) -> None:
    """Looking changes nothing: the same fields, no note of a failure."""
    words = [*CARBONRUN, "--live", "-q", "--json", "with.json", "--", "sleep", "2.5"]
    process = terminal.start(words)
    assert sandbox.wait(process) == 0
    assert b"so far" in terminal.read_all()
    sandbox.run([*CARBONRUN, "-q", "--json", "without.json", "--", "sleep", "2.5"])
    seen, unseen = (
        json.loads((sandbox.work / name).read_text()) for name in ("with.json", "without.json")
    )
    assert [note["code"] for note in seen["notes"]] == [note["code"] for note in unseen["notes"]]
    assert seen["run"]["exit_code"] == 0


def test_monitor_around_a_command_is_a_run_of_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """Arguments, environment, status: as without; the whole machine is billed."""
    environment = {"LC_ALL": "", "LANG": "", "SOME": "a=b"}
    show: list[str | bytes] = [
        sys.executable,
        "-I",
        "-S",
        str(PROBES / "show_arguments.py"),
        b"\xff",
        "--for",
        "x",
    ]
    report_file = str(tmp_path / "m.json")
    words = [*CARBONRUN, "--zone", "FR", "monitor", "-q", "--json", report_file, "--"]
    bare, wrapped = (
        sandbox.run(show, env=environment),
        sandbox.run([*words, *show], env=environment),
    )
    assert (wrapped.status, wrapped.stdout) == (bare.status, bare.stdout)
    report = json.loads((tmp_path / "m.json").read_text())
    assert report["run"]["scope"] == "machine"
    assert report["run"]["exit_code"] == 0
    assert report["intensity"]["grid_zone"] == "FR"
    names = ["env", "-u", "CARBONRUN_RUN_ID", "-u", "CARBONRUN_SOCKET"]
    bare, wrapped = (
        sandbox.run([*before, *names], env=environment)
        for before in ([], [*words[:-4], "-q", "--"])
    )
    assert sorted(wrapped.stdout.splitlines()) == sorted(bare.stdout.splitlines())
    assert sandbox.run([*words, "sh", "-c", "exit 7"]).status == 7
    assert sandbox.run([*words, "no-such-command"]).status == 127
    wait_until(lambda: not sandbox.running(), "all have ended")
