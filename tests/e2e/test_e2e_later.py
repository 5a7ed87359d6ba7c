"""A start that waits: the forecast comes from a real server, the waiting is real."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.pseudo_terminal import CTRL_C
from tests.e2e.wrapper import CARBONRUN, Sandbox, require_carbonrun, wait_until
from tests.unit.intensity.loopback import Loopback, Request, answer, drip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.pseudo_terminal import Terminal
    from tests.e2e.wrapper import Result

HOUR = 3600.0
HIGH, LOW = 300, 100


def iso(at: float) -> str:
    whole, rest = divmod(at, 1)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int(rest * 1000):03d}Z"


def valley(begin: float, seconds: float = 2 * HOUR, end: float | None = None) -> str:
    """Return a forecast that is low between two moments."""
    now = time.time()
    edges = [(now - HOUR, begin, HIGH), (begin, begin + seconds, LOW)]
    edges.append((begin + seconds, end or now + 30 * HOUR, HIGH))
    rows = [
        {"start": iso(a), "end": iso(b), "g_per_kwh": value, "kind": "forecast"}
        for a, b, value in edges
    ]
    return json.dumps({"basis": "direct", "signal": "average", "data": rows})


class Utility:
    """A server that forecasts a valley so many seconds after it was first asked."""

    def __init__(self) -> None:
        self.ahead_seconds = 2 * HOUR
        self.status = "200 OK"
        self.begins_at = 0.0
        self.server = Loopback(self._reply)

    def _reply(self, _: Request) -> bytes:
        self.begins_at = self.begins_at or time.time() + self.ahead_seconds
        return answer(valley(self.begins_at), self.status)

    @property
    def options(self) -> list[str]:
        return ["--zone", "GB", "--provider", "http-json", "--intensity-url", self.server.url]


@pytest.fixture
def utility() -> Iterator[Utility]:
    require_carbonrun()
    place = Utility()
    yield place
    place.server.close()


def later(utility: Utility, *words: str) -> list[str]:
    return [*CARBONRUN, "--no-csv", *utility.options, *words]


def text_of(result: Result) -> str:
    return result.stderr.decode()


def test_a_dry_run_shows_the_plan_and_starts_nothing(sandbox: Sandbox, utility: Utility) -> None:
    words = ["--max-delay", "8h", "--duration", "1h", "--dry-run", "--", "touch", "started"]
    result = sandbox.run(later(utility, *words))
    assert (result.status, result.stdout) == (0, b"")
    assert re.match(r"carbonrun: starts at \w+ \d\d:\d\d, in (2 h 00|1 h 59)", text_of(result))
    assert "lower-intensity hours (67 % lower)" in text_of(result)
    assert "avoided" not in text_of(result)
    assert re.search(r"forecast +100 g/kWh from .* on, 300 g/kWh at once", text_of(result))
    assert not (sandbox.work / "started").exists()
    assert "average, asked just now" in text_of(result)
    assert len(utility.server.requests) == 1
    again = sandbox.run(later(utility, *words))
    assert "average, as it was told before" in text_of(again)
    assert len(utility.server.requests) == 1, "what is told is kept"


def test_a_dry_run_writes_its_plan_for_programs(sandbox: Sandbox, utility: Utility) -> None:
    words = ["--max-delay", "8h", "--duration", "1h", "--dry-run", "--json", "plan.json"]
    command = ["sh", "-c", "true", "--token=s3cr3t"]
    assert sandbox.run(later(utility, *words, "--", *command)).status == 0
    plan = json.loads((sandbox.work / "plan.json").read_text())
    assert plan["schema"] == "carbonrun.plan/1"
    assert plan["command"][:3] == command[:3]
    assert "s3cr3t" not in json.dumps(plan)
    assert plan["reason"] is None
    assert plan["start"] == plan["window"]["start"]
    assert plan["start"][:19] == iso(utility.begins_at)[:19]
    assert plan["wait_seconds"] == pytest.approx(2 * HOUR, abs=60)
    assert (plan["window"]["g_per_kwh"], plan["window"]["now_g_per_kwh"]) == (LOW, HIGH)
    assert plan["window"]["saving"] == pytest.approx(2 / 3)
    assert (plan["duration_seconds"], plan["deadline"]) == (3600.0, None)
    assert plan["forecast"]["signal"] == "average"
    result = sandbox.run(later(utility, *words, "--offline", "--zone", "FR", "--", *command))
    plan = json.loads((sandbox.work / "plan.json").read_text())
    assert result.status == 0
    assert (plan["reason"], plan["window"], plan["wait_seconds"]) == ("no-forecast", None, 0)
    assert "it is not asked" in plan["forecast"]["problem"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--max-delay", "1h"), "waiting would save less|the intensity is lowest now"),
        (("--start-by", "+1h"), "the intensity is lowest now"),
        (("--deadline", "+30m"), "it may end after .*, as it takes 1 h 00 min"),
        (("--max-delay", "8h", "--min-saving", "70%"), "would save less than --min-saving 70 %"),
        (("--max-delay", "8h", "--duration", "3d"), "the forecast does not cover 3 d 00 h"),
        (("--max-delay", "8h", "--offline"), r"no forecast \(http-json: it is not asked"),
    ],
)
def test_why_it_starts_at_once(
    words: tuple[str, ...], why: str, sandbox: Sandbox, utility: Utility
) -> None:
    utility.ahead_seconds = 2.5 * HOUR
    before = ["--duration", "1h", *words]
    result = sandbox.run(later(utility, *before, "--", "sh", "-c", "echo out; exit 7"))
    assert (result.status, result.stdout) == (7, b"out\n")
    assert re.search(f"carbonrun: starts at once: .*({why})", text_of(result))


def test_without_a_forecast_it_starts_at_once_and_the_report_says_so(sandbox: Sandbox) -> None:
    require_carbonrun()
    options = ["--max-delay", "8h", "--duration", "1h", "--json", "r.json", "--no-csv"]
    result = sandbox.run([*CARBONRUN, *options, "--", "true"])
    assert result.status == 0
    assert "starts at once: no forecast (the annual means" in text_of(result)
    codes = [note["code"] for note in report(sandbox)["notes"]]
    assert "start-at-once" in codes


def test_without_a_forecast_the_duration_does_not_matter(sandbox: Sandbox) -> None:
    require_carbonrun()
    result = sandbox.run([*CARBONRUN, "--no-csv", "--deadline", "+8h", "--", "sh", "-c", "exit 3"])
    assert result.status == 3
    assert "starts at once: no forecast (the annual means" in text_of(result)


def test_what_the_environment_wants_refuses_no_command_that_is_new(
    sandbox: Sandbox, utility: Utility
) -> None:
    words = [*CARBONRUN, "--no-csv", *utility.options, "--", "sh", "-c", "exit 3"]
    result = sandbox.run(words, env={"CARBONRUN_MAX_DELAY": "8h"})
    assert result.status == 3
    assert "starts at once: how long it takes is not known yet" in text_of(result)


def test_a_service_that_fails_does_not_keep_the_command_from_running(
    sandbox: Sandbox, utility: Utility
) -> None:
    utility.status = "500 No"
    words = ["--max-delay", "8h", "--duration", "1h", "--", "touch", "started"]
    result = sandbox.run(later(utility, *words))
    assert result.status == 0
    assert "starts at once: no forecast" in text_of(result)
    assert (sandbox.work / "started").exists()


def test_a_service_that_hangs_does_not_take_the_signals_of_the_run(sandbox: Sandbox) -> None:
    """The thread that still waits for it is older than the run, which blocks all signals."""
    require_carbonrun()
    with Loopback(lambda _: drip(b"HTTP/1.1 200 OK\r\n", 1.0)) as server:
        words = ["--zone", "GB", "--plan-with", "http-json", "--intensity-url", server.url]
        words += ["--max-delay", "8h", "--duration", "1h", "--no-csv", "--summary", "line"]
        script = "trap 'exit 6' USR1; touch ready; while :; do sleep 0.05; done"
        process = sandbox.start([*CARBONRUN, *words, "--", "sh", "-c", script])
        wait_until((sandbox.work / "ready").exists, "the command", 30.0)
        process.send_signal(signal.SIGUSR1)
        _, err = process.communicate(timeout=30.0)
    assert b"gave no whole answer within 5 s" in err
    assert process.returncode == 6, "the signal was passed on, and did not end carbonrun"


def report(sandbox: Sandbox) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((sandbox.work / "r.json").read_text())
    return content


def test_it_waits_and_the_command_is_as_always(sandbox: Sandbox, utility: Utility) -> None:
    utility.ahead_seconds = 2.0
    words = ["--max-delay", "8h", "--duration", "1s", "--json", "r.json", "--"]
    command = ["sh", "-c", "cat; exit 7"]
    result = sandbox.run(later(utility, *words, *command), feed=b"in\xff")
    ended = time.time()
    assert (result.status, result.stdout) == (7, b"in\xff")
    assert ended >= utility.begins_at
    notes = {note["code"]: note["message"] for note in report(sandbox)["notes"]}
    assert "for lower-intensity hours: 100 g/kWh instead of 300" in notes["start-delayed"]
    found = re.search(r"had 100 g/kWh, those at once (\d+)", notes["start-delayed-result"])
    assert found is not None
    assert LOW < int(found.group(1)) <= HIGH
    assert text_of(result).count("starts at") == 1, "no countdown where there is no terminal"
    assert "\r" not in text_of(result)


def test_quiet_is_quiet(sandbox: Sandbox, utility: Utility) -> None:
    utility.ahead_seconds = 1.0
    result = sandbox.run(later(utility, "-q", "--max-delay", "8h", "--duration", "1s", "true"))
    assert (result.status, result.stderr) == (0, b"")
    assert time.time() >= utility.begins_at


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_and_nothing_was_started(
    number: int, sandbox: Sandbox, utility: Utility
) -> None:
    words = ["--max-delay", "8h", "--duration", "1h", "--", "touch", "started"]
    process = sandbox.start(later(utility, *words))
    assert process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    said: list[bytes] = []
    wait_until(lambda: b"limit" in said_so_far(process.stderr, said), "the plan")
    wait_until(lambda: waits(process.pid, number), "the waiting")
    process.send_signal(number)
    assert sandbox.wait(process) == -number
    said_so_far(process.stderr, said)
    assert b"left before the start; the command was not started" in b"".join(said)
    assert not (sandbox.work / "started").exists()


def said_so_far(stream: Any, said: list[bytes]) -> bytes:
    said.append(stream.read() or b"")
    return b"".join(said)


def waits(pid: int, number: int) -> bool:
    """Tell whether a process has a handler for a signal."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:  # noqa: PTH123
        (line,) = [line for line in file if line.startswith("SigCgt:")]
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def test_usr1_starts_at_once(sandbox: Sandbox, utility: Utility) -> None:
    words = ["-q", "--max-delay", "8h", "--duration", "1h", "--", "sh", "-c", "exit 9"]
    process = sandbox.start(later(utility, *words))
    wait_until(lambda: waits(process.pid, signal.SIGUSR1), "the waiting")
    process.send_signal(signal.SIGUSR1)
    assert sandbox.wait(process) == 9


def test_a_countdown_on_a_terminal_and_ctrl_c(
    sandbox: Sandbox, terminal: Terminal, utility: Utility
) -> None:
    words = ["--max-delay", "8h", "--duration", "1h", "--", "touch", "started"]
    process = terminal.start(later(utility, *words))
    first = terminal.expect(r"starts in (\d:\d\d:\d\d); Ctrl-C leaves").group(1)
    terminal.expect(r"\r\x1b\[Kcarbonrun: starts in \d:\d\d:\d\d; Ctrl-C leaves")
    assert first in terminal.shown
    terminal.type(CTRL_C)
    terminal.expect("left before the start")
    assert sandbox.wait(process) == -signal.SIGINT
    assert not (sandbox.work / "started").exists()
    lines = [line for line in terminal.read_all().split(b"\n") if b"starts in" in line]
    assert len(lines) == 1, "in place"


def test_ctrl_c_is_130_for_a_shell(terminal: Terminal, utility: Utility) -> None:
    words = later(utility, "--max-delay", "8h", "--duration", "1h", "--", "true")
    terminal.start_shell()
    terminal.type(" ".join(words))
    terminal.expect("starts in ")
    terminal.type(CTRL_C)
    terminal.expect("left before")
    terminal.type("echo status=$?")
    terminal.expect("status=130")


def test_ctrl_z_and_fg_while_it_waits(terminal: Terminal, utility: Utility) -> None:
    utility.ahead_seconds = 6.0
    words = later(utility, "--max-delay", "8h", "--duration", "1s", "--", "echo", "it-runs")
    terminal.start_shell()
    terminal.type(" ".join(words))
    terminal.expect("starts in ")
    terminal.type(b"\x1a")
    terminal.expect("Stopped")
    terminal.type("fg")
    terminal.expect("starts in |it-runs")
    terminal.expect("it-runs", seconds=20.0)


def test_the_duration_is_that_of_earlier_runs(sandbox: Sandbox, utility: Utility) -> None:
    csv = [*CARBONRUN, "-q", "--"]
    command = ["sh", "-c", "exit $(cat status)"]
    (sandbox.work / "status").write_text("1")
    assert sandbox.run([*csv, *command]).status == 1
    wanted = ["--max-delay", "8h", "--dry-run", "--", *command]
    result = sandbox.run([*CARBONRUN, *utility.options, *wanted])
    assert result.status == 125, "a run that failed tells nothing"
    assert "say it with --duration" in text_of(result)
    (sandbox.work / "status").write_text("0")
    for _ in range(2):
        assert sandbox.run([*csv, *command]).status == 0
    result = sandbox.run([*CARBONRUN, *utility.options, *wanted])
    assert result.status == 0
    assert "4 of 5 of its 2 last runs" in text_of(result)
    (sandbox.home / "state" / "carbonrun" / "runs.csv").unlink()
    result = sandbox.run([*CARBONRUN, *utility.options, *wanted])
    assert "4 of 5 of its 2 last runs" in text_of(result), "the journals tell it, too"


def test_a_pattern_that_takes_for_ever_does_not_hold_up(sandbox: Sandbox, utility: Utility) -> None:
    words = [*CARBONRUN, *utility.options, "--mask", "(a|a)*b", "--max-delay", "8h", "--dry-run"]
    result = sandbox.run([*words, "--", "echo", "a" * 60])
    assert result.status == 125
    assert "say it with --duration" in text_of(result)


def test_a_pipe_for_rows_tells_no_duration(sandbox: Sandbox, utility: Utility) -> None:
    os.mkfifo(sandbox.work / "rows")
    words = [*CARBONRUN, *utility.options, "--csv", "rows", "--max-delay", "8h", "--dry-run"]
    result = sandbox.run([*words, "--", "true"])
    assert result.status == 125
    assert "say it with --duration" in text_of(result)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--deadline", "2020-01-01T10:00", "--duration", "1h"), 125, "and has passed"),
        (("--start-by", "2020-01-01T10:00Z", "--duration", "1h"), 125, "and has passed"),
        (("--deadline", "tomorrow"), 125, "must be a time: 22:00"),
        (("--max-delay", "8"), 0, "starts at once"),
        (("--max-delay", "8x"), 125, "90s, 10m, 2h"),
        (("--min-saving", "101%"), 125, "from 0 to 100 %"),
        (("--hand-over", "at"), 125, "needs a limit"),
        (("--dry-run",), 125, "needs a limit"),
        (("--duration", "1h"), 125, "needs a limit"),
        (("--max-delay", "1h", "--zone", "XX"), 125, "XX"),
    ],
)
def test_what_is_refused_before_anything_is_waited_for(
    words: tuple[str, ...], status: int, said: str, sandbox: Sandbox
) -> None:
    require_carbonrun()
    more = () if "--duration" in words or status else ("--duration", "1s")
    result = sandbox.run([*CARBONRUN, "--no-csv", *words, *more, "--", "true"])
    assert result.status == status
    assert said in text_of(result)


def test_a_command_that_does_not_exist_is_told_before_the_waiting(
    sandbox: Sandbox, utility: Utility
) -> None:
    result = sandbox.run(later(utility, "--max-delay", "8h", "--duration", "1h", "--", "no-such"))
    assert result.status == 127
    assert utility.server.requests == []


def test_a_key_that_is_missing_is_told_at_once(sandbox: Sandbox) -> None:
    require_carbonrun()
    options = [
        "--plan-with",
        "watttime",
        "--max-delay",
        "1h",
        "--duration",
        "1h",
        "--zone",
        "US-CA",
    ]
    result = sandbox.run([*CARBONRUN, "--no-csv", *options, "--", "true"])
    assert result.status == 125
    assert "CARBONRUN_WATTTIME_KEY" in text_of(result)


def test_the_environment_of_an_outer_run_delays_no_inner_one(
    sandbox: Sandbox, utility: Utility
) -> None:
    utility.ahead_seconds = 1.0
    inner = [*CARBONRUN, "-q", "--no-csv", "--", "echo", "inner"]
    environment = {"CARBONRUN_MAX_DELAY": "8h", "CARBONRUN_DURATION": "1s"}
    result = sandbox.run(later(utility, "--summary=line", "--", *inner), env=environment)
    assert (result.status, result.stdout) == (0, b"inner\n")
    assert text_of(result).count("starts at") == 1


def test_no_delay_is_stronger_than_the_environment(sandbox: Sandbox) -> None:
    require_carbonrun()
    environment = {"CARBONRUN_MAX_DELAY": "8h"}
    result = sandbox.run([*CARBONRUN, "-q", "--no-csv", "--no-delay", "true"], env=environment)
    assert (result.status, result.stderr) == (0, b"")


RECORD = """#!{python}
import os, sys
with open({out!r}, "wb") as file:
    words = [os.fsencode(w) for w in [os.path.basename(sys.argv[0]), *sys.argv[1:]]]
    file.write(b"\\0".join([os.fsencode(os.environ.get("TZ", "-")), *words]))
with open({out!r} + ".script", "wb") as file:
    file.write(sys.stdin.buffer.read() if {reads!r} else b"")
print("Submitted batch job 42")
sys.exit({status})
"""


@pytest.fixture
def fake(sandbox: Sandbox) -> Callable[..., tuple[dict[str, str], Path]]:
    """Return what puts a program on PATH that records how it was called."""

    def make(tool: str, *, reads: bool, status: int = 0) -> tuple[dict[str, str], Path]:
        folder, out = sandbox.home / "bin", sandbox.home / "called"
        folder.mkdir()
        script = RECORD.format(python=sys.executable, out=str(out), reads=reads, status=status)
        (folder / tool).write_text(script)
        (folder / tool).chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}, out

    return make


COMMAND: list[str | bytes] = ["sh", "-c", "printf '%s' \"$1\" >got; exit 3", "x", b"\xff $HOME 'q'"]


@pytest.mark.parametrize("tool", ["at", "sbatch"])
def test_a_script_is_handed_over(
    tool: str,
    sandbox: Sandbox,
    utility: Utility,
    fake: Callable[..., tuple[dict[str, str], Path]],
) -> None:
    environment, called = fake(tool, reads=True)
    words = ["--max-delay", "8h", "--duration", "1h", "--hand-over", tool, "-q", "--"]
    result = sandbox.run([*later(utility, *words), *COMMAND], env=environment)
    assert (result.status, result.stdout) == (0, b"Submitted batch job 42\n")
    zone, *told = called.read_bytes().split(b"\0")
    if tool == "at":
        minute = time.strftime("%Y%m%d%H%M", time.gmtime(utility.begins_at)).encode()
        assert (zone, told) == (b"UTC0", [b"at", b"-t", minute])
    else:
        assert zone == b"-"
        assert told[0] == b"sbatch"
        assert 2 * HOUR - 60 < int(told[1].removeprefix(b"--begin=now+")) <= 2 * HOUR + 1
        assert told[2:] == [b"--job-name=carbonrun-sh"]
    assert not (sandbox.work / "got").exists()
    # What they would start does not wait again, and is what was typed.
    script = (called.parent / "called.script").read_bytes()
    later_on = sandbox.run(["sh"], feed=script)
    assert later_on.status == 3, text_of(later_on)
    assert (sandbox.work / "got").read_bytes() == COMMAND[-1]


def test_systemd_run_is_handed_words(
    sandbox: Sandbox, utility: Utility, fake: Callable[..., tuple[dict[str, str], Path]]
) -> None:
    environment, called = fake("systemd-run", reads=False)
    words = ["--max-delay", "8h", "--duration", "1h", "--hand-over", "systemd-run", "-q", "--"]
    result = sandbox.run([*later(utility, *words), *COMMAND[:-1], "$HOME 'q'"], env=environment)
    assert result.status == 0
    told = called.read_bytes().split(b"\0")[1:]
    day = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(utility.begins_at))
    assert f"--on-calendar={day}".encode() in told
    assert f"--working-directory={sandbox.work}".encode() in told
    assert (b"--user" in told) == (os.geteuid() != 0)
    started = [word.replace(b"$$", b"$") for word in told[told.index(b"--") + 1 :]]
    assert sandbox.run(started).status == 3
    assert (sandbox.work / "got").read_bytes() == b"$HOME 'q'"


def test_a_tool_that_is_missing_or_fails_is_told(
    sandbox: Sandbox, utility: Utility, fake: Callable[..., tuple[dict[str, str], Path]]
) -> None:
    words = ["--max-delay", "8h", "--duration", "1h", "--hand-over", "sbatch", "-q", "true"]
    result = sandbox.run(later(utility, *words), env={"PATH": str(sandbox.work)})
    assert result.status in {125, 127}
    environment, _ = fake("sbatch", reads=True, status=5)
    result = sandbox.run(later(utility, *words), env=environment)
    assert result.status == 125
    assert "it failed with status 5" in text_of(result)
