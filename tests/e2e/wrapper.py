"""The wrapper under test, and a place of its own for every run of it.

Responsible for: the wrapper's command line, a clean environment, home and working directory for
each test, deadlines, and that nothing outlives a test.
Not responsible for: terminals (see ``pseudo_terminal``) and what is expected of the wrapper.

The tests compare a wrapped run with a bare one. ``CARBONRUN_TEST_WRAPPER`` replaces the wrapper by
another command, split as a shell does: ``env`` must pass every test, since it replaces itself by
the command; ``python3 -c 'import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))'`` must
fail many. Tests of what only carbonrun has (reports, options) are skipped or fail then.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.e2e import process_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Word = str | bytes

OVERRIDE = os.environ.get("CARBONRUN_TEST_WRAPPER")
IS_CARBONRUN = OVERRIDE is None
CARBONRUN = [sys.executable, "-m", "carbonrun"]
WRAPPER = [*CARBONRUN, "-q", "--"] if OVERRIDE is None else shlex.split(OVERRIDE)
# With a summary on standard error, as a user starts it.
LOUD = [*CARBONRUN, "--"] if OVERRIDE is None else WRAPPER
PYTHON = [sys.executable, "-I", "-S"]
PROBES = Path(__file__).resolve().parent / "probes"
SOURCE = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 10.0
# How long nothing may happen before "it did not happen" is believed.
SETTLE_SECONDS = 0.15


class Result(NamedTuple):
    """How a run ended; ``status`` is negative for death by a signal, as in ``subprocess``."""

    status: int
    stdout: bytes
    stderr: bytes


def probe(name: str, *arguments: str) -> list[str]:
    """Return the command that runs one of the scripts in ``probes``."""
    return [*PYTHON, str(PROBES / name), *arguments]


def require_tool(name: str) -> str:
    """Return the path of a program that the test needs."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed"
        if os.environ.get("CI") == "true":  # where everything can be installed
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def require_carbonrun() -> None:
    """Skip the test if something else than carbonrun is being tested."""
    if not IS_CARBONRUN:
        pytest.skip("only carbonrun itself has this")


def wait_until(condition: Callable[[], object], what: str, seconds: float | None = None) -> None:
    """Wait until a condition holds; fail with ``what`` after the deadline."""
    end = time.monotonic() + (DEADLINE_SECONDS if seconds is None else seconds)
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited in vain: {what}")
        time.sleep(0.004)


def usual_signals() -> None:
    """Give a new process default dispositions and an empty mask, whatever pytest came with."""
    for number in range(1, 32):  # the next two are internal to the C library
        if number not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def clean_environment(root: Path, mark: str) -> dict[str, str]:
    """Return the environment of a run whose state, cache and configuration live in ``root``."""
    name, _, value = mark.partition("=")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(root / "home"),
        "XDG_STATE_HOME": str(root / "home" / "state"),
        "XDG_CONFIG_HOME": str(root / "home" / "config"),
        "XDG_CACHE_HOME": str(root / "home" / "cache"),
        # Where the socket for marks goes, which a carbonrun that is killed leaves behind.
        "TMPDIR": str(root),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        # Makes a source tree testable that was not installed.
        "PYTHONPATH": str(SOURCE),
        name: value,
    }


class Sandbox:
    """A home, a working directory and an environment for the runs of one test."""

    def __init__(self, root: Path) -> None:
        """Make the directories in ``root``."""
        self.mark = f"CARBON_TEST_MARK={uuid.uuid4().hex}"
        self.home = root / "home"
        self.work = root / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.environment = clean_environment(root, self.mark)
        self._started: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        argv: Sequence[Word],
        *,
        entry: Callable[[], object] | None = None,
        env: Mapping[str, Word] | None = None,
        session: bool = True,
        cwd: Path | str | None = None,
        **streams: Any,
    ) -> subprocess.Popen[bytes]:
        """Start a command; ``entry`` runs in the new process just before it becomes the command.

        ``env`` is added to the sandbox's environment. Streams are pipes, standard input is empty.
        """

        def prepare() -> None:
            usual_signals()
            if entry is not None:
                entry()

        streams = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **streams,
        }
        process = subprocess.Popen(
            argv,
            env={**self.environment, **(env or {})},
            cwd=self.work if cwd is None else cwd,
            start_new_session=session,
            preexec_fn=prepare,  # noqa: PLW1509 - pytest has one thread
            close_fds=False,
            **streams,
        )
        self._started.append(process)
        return process

    def run(
        self,
        argv: Sequence[Word],
        *,
        feed: bytes | None = None,
        seconds: float | None = None,
        **how: Any,
    ) -> Result:
        """Run a command to its end; ``feed`` is its standard input."""
        if feed is not None:
            how["stdin"] = subprocess.PIPE
        process = self.start(argv, **how)
        limit = DEADLINE_SECONDS if seconds is None else seconds
        try:
            out, err = process.communicate(feed, timeout=limit)
        except subprocess.TimeoutExpired:
            left = process_table.describe(self.running())
            pytest.fail(f"{argv!r} did not end within {limit} s; running: {left}")
        return Result(process.returncode, out or b"", err or b"")

    def both(self, argv: Sequence[Word], **how: Any) -> tuple[Result, Result]:
        """Run a command bare and wrapped."""
        return self.run(argv, **how), self.run([*WRAPPER, *argv], **how)

    def wait(self, process: subprocess.Popen[bytes], seconds: float | None = None) -> int:
        """Wait for a process that was started here and return its status."""
        try:
            return process.wait(DEADLINE_SECONDS if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            left = process_table.describe(self.running())
            pytest.fail(f"{process.args!r} did not end; running: {left}")

    def running(self) -> list[int]:
        """Return the living processes that were started in this sandbox, however far removed."""
        return process_table.marked(self.mark)

    def wait_until_empty(self, seconds: float = 1.0) -> None:
        """Fail if processes of this sandbox go on running."""
        end = time.monotonic() + seconds
        while left := self.running():
            if time.monotonic() > end:
                pytest.fail(f"left running: {process_table.describe(left)}")
            time.sleep(0.01)

    def close(self) -> None:
        """End everything that was started here."""
        end = time.monotonic() + DEADLINE_SECONDS
        while (left := self.running()) and time.monotonic() < end:
            for pid in left:
                _kill(pid)
            time.sleep(0.005)
        for process in self._started:
            _kill(process.pid) if process.poll() is None else None
            process.wait(DEADLINE_SECONDS)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    _close(stream)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def _close(stream: Any) -> None:
    try:
        stream.close()
    except OSError:
        return
