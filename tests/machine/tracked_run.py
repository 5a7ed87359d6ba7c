"""A Python program that measures itself: run in a process of its own, with a state of its own.

Responsible for: a clean environment, the program's output, and all reports that were written, as
the journals have them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.machine.measured_run import ROOT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEADLINE_SECONDS = 120.0
# What the programs are given: work by the CPU clock of the thread that does it.
PRELUDE = """
import asyncio, json, os, resource, subprocess, sys, threading, time
import carbonrun

def work(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

def used():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime

def child(seconds):
    pid = os.fork()
    if pid == 0:
        work(seconds)
        os._exit(0)
    os.waitpid(pid, 0)
"""


class Tracked(NamedTuple):
    """How a program has ended.

    Attributes:
        status: as in ``subprocess``.
        stdout, stderr: what it has written.
        reports: those of all measurements that have ended, in the order of their beginning.
        unfinished: how many journals were not ended.
    """

    status: int
    stdout: str
    stderr: str
    reports: list[dict[str, Any]]
    unfinished: int

    @property
    def report(self) -> dict[str, Any]:
        """Return the only report."""
        (report,) = self.reports
        return report

    @property
    def told(self) -> Any:
        """Return the JSON that the program has printed."""
        return json.loads(self.stdout)


def track(
    folder: Path,
    source: str,
    *,
    prefix: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
) -> Tracked:
    """Run a program behind the prelude; ``prefix`` is what runs it."""
    script = folder / "program.py"
    script.write_text(PRELUDE + source, encoding="utf-8")
    environment = {
        **clean_environment(folder),
        "PYTHONPATH": str(ROOT),
        "CARBONRUN_STATE_DIR": str(folder / "state"),
        "CARBONRUN_ZONE": "FR",
        **(env or {}),
    }
    done = subprocess.run(
        [*prefix, sys.executable, str(script)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    reports, unfinished = _journals(folder / "state" / "journal")
    return Tracked(done.returncode, done.stdout, done.stderr, reports, unfinished)


def _journals(folder: Path) -> tuple[list[dict[str, Any]], int]:
    lines = [p.read_text("utf-8").splitlines()[-1] for p in folder.rglob("*.jsonl")]
    ends = [json.loads(line) for line in lines if json.loads(line)["type"] == "end"]
    reports = sorted((end["report"] for end in ends), key=lambda r: str(r["run"]["id"]))
    return reports, len(lines) - len(ends)


def paths(report: dict[str, Any]) -> list[str]:
    """Return the paths of the phases of a report."""
    return [phase["path"] for phase in report["phases"]]
