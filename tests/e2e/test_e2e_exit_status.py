"""The caller sees the command's own status; 125, 126 and 127 mean what they mean in env(1)."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e import process_table
from tests.e2e.wrapper import (
    CARBONRUN,
    LOUD,
    SETTLE_SECONDS,
    WRAPPER,
    Sandbox,
    require_carbonrun,
    wait_until,
)

STATUSES = (0, 1, 2, 3, 32, 64, 124, 125, 126, 127, 128, 130, 254, 255)
DEADLY = ("TERM", "KILL", "USR1", "INT", "ABRT", "SEGV", "HUP", "QUIT", "PIPE", "ALRM")


@pytest.mark.parametrize("status", STATUSES)
def test_the_exit_status_passes_through(sandbox: Sandbox, status: int) -> None:
    assert sandbox.run([*WRAPPER, "sh", "-c", f"exit {status}"]).status == status


@pytest.mark.parametrize("name", ["no-such-command", "./no-such", "/nonexistent/no-such"])
def test_a_command_that_does_not_exist_is_127(sandbox: Sandbox, name: str) -> None:
    assert sandbox.run([*WRAPPER, name]).status == 127


@pytest.mark.parametrize("kind", ["plain file", "directory", "on the path"])
def test_a_command_that_cannot_be_executed_is_126(sandbox: Sandbox, kind: str) -> None:
    target = sandbox.work / "thing"
    if kind == "directory":
        target.mkdir()
    else:
        target.write_text("exit 0\n")
    name = "thing" if kind == "on the path" else "./thing"
    assert (
        sandbox.run([*WRAPPER, name], env={"PATH": f"{sandbox.work}:/usr/bin:/bin"}).status == 126
    )


@pytest.mark.parametrize("name", ["no-such-command", "./no-such", "./directory"])
@pytest.mark.parametrize("argv", [WRAPPER, LOUD], ids=["quiet", "loud"])
def test_a_failed_start_says_so_once_on_standard_error(
    sandbox: Sandbox, argv: list[str], name: str
) -> None:
    (sandbox.work / "directory").mkdir()
    result = sandbox.run([*argv, name])
    assert result.stdout == b""
    assert name.encode() in result.stderr
    assert b"Traceback" not in result.stderr
    # What and why, and at most one more line with the remedy.
    assert 1 <= result.stderr.count(b"\n") <= 2
    assert len(result.stderr) < 300


def test_a_missing_interpreter_is_126_or_127(sandbox: Sandbox) -> None:
    script = sandbox.work / "script"
    script.write_text("#!/nonexistent/interpreter\n")
    script.chmod(0o755)
    result = sandbox.run([*WRAPPER, str(script)])
    assert result.status in {126, 127}
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize(
    "words", [["--no-such-option", "true"], ["--interval", "soon", "true"], []], ids=str
)
def test_a_usage_error_is_125(sandbox: Sandbox, words: list[str]) -> None:
    require_carbonrun()
    result = sandbox.run([*CARBONRUN, *words])
    assert result.status == 125
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("status", [0, 7])
def test_the_status_is_kept_when_sigchld_is_ignored_on_entry(sandbox: Sandbox, status: int) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    for pause in ("", "sleep 0.2; "):
        result = sandbox.run([*WRAPPER, "sh", "-c", f"{pause}exit {status}"], entry=ignore)
        assert result.status == status


def test_a_child_from_before_that_ends_first_is_not_taken_for_the_command(
    sandbox: Sandbox,
) -> None:
    gone = sandbox.work / "gone"
    before = f"(sleep 0.1; : >{gone}; exit 3) & exec "
    inside = f"while ! test -e {gone}; do sleep 0.02; done; sleep 0.1; exit 7"
    script = before + '"$@"'
    result = sandbox.run(["sh", "-c", script, "sh", *WRAPPER, "sh", "-c", inside])
    assert result.status == 7


def test_a_child_from_before_that_goes_on_is_not_waited_for(sandbox: Sandbox) -> None:
    process = sandbox.start(
        ["sh", "-c", 'sleep 30 & exec "$@"', "sh", *WRAPPER, "sh", "-c", "exit 7"]
    )
    assert sandbox.wait(process) == 7
    assert sandbox.running(), "the child from before must live on"


def test_a_child_from_before_and_an_end_at_the_same_time(sandbox: Sandbox) -> None:
    result = sandbox.run(
        ["sh", "-c", 'sleep 0.3 & exec "$@"', "sh", *WRAPPER, "sh", "-c", "sleep 0.3; exit 7"]
    )
    assert result.status == 7


@pytest.mark.parametrize("name", DEADLY)
def test_death_by_a_signal_is_seen_by_the_caller(sandbox: Sandbox, name: str) -> None:
    number = int(getattr(signal, f"SIG{name}"))
    status = sandbox.run([*WRAPPER, "sh", "-c", f"kill -{name} $$; sleep 5"]).status
    assert status in {-number, 128 + number}


@pytest.mark.parametrize("name", [*DEADLY, "RTMIN"])
def test_death_by_a_signal_is_a_real_death_by_that_signal(sandbox: Sandbox, name: str) -> None:
    number = int(getattr(signal, f"SIG{name}"))
    result = sandbox.run([*WRAPPER, "sh", "-c", f"kill -{number} $$; sleep 5"])
    assert result.status == -number


def test_a_crash_leaves_the_core_file_of_the_command_only(sandbox: Sandbox) -> None:
    if Path("/proc/sys/kernel/core_pattern").read_text()[0] in "|/\n":
        pytest.skip("core files are not written to the working directory here")
    inner = sandbox.work / "inner"
    inner.mkdir()

    def allow_core_files() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    # The command dumps in a directory of its own, so a second core file is told from the first.
    crash = ["sh", "-c", f"cd {inner} && kill -SEGV $$"]
    result = sandbox.run([*WRAPPER, *crash], entry=allow_core_files)
    assert result.status == -signal.SIGSEGV
    if not list(inner.glob("core*")):
        pytest.skip("core files are not permitted here")
    assert list(sandbox.work.glob("core*")) == []


def test_a_broken_pipe_ends_the_command_at_once(sandbox: Sandbox) -> None:
    script = '"$@" yes | head -n1; echo "${PIPESTATUS[0]}"'
    started = time.monotonic()
    result = sandbox.run(["bash", "-c", script, "bash", *WRAPPER])
    assert result.stdout == b"y\n141\n"
    assert time.monotonic() - started < 5


def test_a_command_that_stops_itself_has_not_ended(sandbox: Sandbox) -> None:
    note = sandbox.work / "pid"
    process = sandbox.start(
        [*WRAPPER, "sh", "-c", f"echo $$ >{note}.new; mv {note}.new {note}; kill -STOP $$; exit 7"],
        stdout=subprocess.DEVNULL,
    )
    wait_until(note.exists, "the command's start")
    child = int(note.read_text())
    wait_until(lambda: process_table.stopped(child), "the command's stop")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(SETTLE_SECONDS)
    # As a shell's fg does: the whole job.
    os.killpg(process.pid, signal.SIGCONT)
    assert sandbox.wait(process) == 7
