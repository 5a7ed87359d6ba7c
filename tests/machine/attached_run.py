"""A run of ``carbonrun attach`` or ``monitor`` beside real processes.

Responsible for: a program that waits behind a gate until carbonrun watches it, carbonrun with a
state directory of its own, and its report.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.machine.measured_run import ROOT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from typing_extensions import Self

DEADLINE_SECONDS = 60.0
# The shell becomes the program: same process, same start.
_GATE = ("sh", "-c", 'read -r line && exec "$@" </dev/null', "sh")


class Gated:
    """A program that begins when the gate is opened; a context manager that ends it."""

    def __init__(self, command: Sequence[str], **how: Any) -> None:
        """Start the shell that waits at the gate."""
        self.process = subprocess.Popen([*_GATE, *command], stdin=subprocess.PIPE, **how)
        self.pid = self.process.pid

    def open(self) -> None:
        """Let the program begin."""
        if self.process.stdin is not None:
            self.process.stdin.write(b"go\n")
            self.process.stdin.close()

    def __enter__(self) -> Self:
        """Give the program."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.wait()


class Watcher:
    """A carbonrun that watches something it has not started."""

    def __init__(
        self,
        folder: Path,
        *words: str,
        carbonrun: Sequence[str] = ("-m", "carbonrun"),
        **how: Any,
    ) -> None:
        """Start it.

        Args:
            folder: for its report and its state.
            words: the subcommand and what stands behind it.
            carbonrun: what Python is to run.
            how: further arguments of ``Popen``.
        """
        self._report = folder / "report.json"
        self._open = folder / "state" / "journal" / "open"
        options = ("--json", str(self._report), "--no-csv", "--zone", "FR")
        environment = {
            **clean_environment(folder),
            "PYTHONPATH": str(ROOT),
            "CARBONRUN_STATE_DIR": str(folder / "state"),
        }
        self.process = subprocess.Popen(
            [sys.executable, *carbonrun, *options, *words],
            env=environment,
            cwd=folder,
            **{"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **how},
        )

    def wait_ready(self) -> None:
        """Wait until it measures: it has begun a journal."""
        end = time.monotonic() + DEADLINE_SECONDS
        while not any(self._open.glob("*.jsonl")):
            if self.process.poll() is not None or time.monotonic() > end:
                errors = self.process.communicate()[1]
                raise TimeoutError(f"carbonrun does not measure: {errors!r}")
            time.sleep(0.01)

    def finish(self) -> dict[str, Any]:
        """Wait for its end and return its report."""
        errors = self.process.communicate(timeout=DEADLINE_SECONDS)[1]
        if self.process.returncode != 0:
            raise ChildProcessError(self.process.returncode, errors)
        report: dict[str, Any] = json.loads(self._report.read_text("utf-8"))
        return report


def note(report: dict[str, Any], code: str) -> dict[str, Any] | None:
    """Return the note with a code."""
    return next((each for each in report["notes"] if each["code"] == code), None)


def python(source: str, *arguments: str) -> list[str]:
    """Return a command that runs Python source."""
    return [sys.executable, "-I", "-S", "-c", source, *arguments]


def cpu_seconds_of(pid: int) -> float:
    """Return the CPU time of a process, zombie or not. Source: clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


def is_alive(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
