"""Real carbonruns with a state directory of their own."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 20.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


class Place:
    """A state directory and the runs that use it."""

    def __init__(self, root: Path, environment: dict[str, str] | None = None) -> None:
        """Keep everything in ``root``; ``environment`` is added to that of each run."""
        self._environment = environment or {}
        self.state = root / "state"
        self.work = root / "work"
        self.work.mkdir(parents=True)
        self.csv = self.state / "runs.csv"
        self.open = self.state / "journal" / "open"

    def start(self, *words: str, cwd: Path | None = None, **how: Any) -> subprocess.Popen[bytes]:
        """Start carbonrun; standard streams are pipes unless told otherwise."""
        home = str(self.work)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "PYTHONPATH": str(ROOT),
            "CARBONRUN_STATE_DIR": str(self.state),
            "CARBONRUN_INTENSITY": "100",
            **self._environment,
        }
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [sys.executable, "-m", "carbonrun", *words],
            cwd=cwd or self.work,
            env=environment,
            **{**pipes, **how},
        )

    def run(self, *words: str, **how: Any) -> tuple[int, str]:
        """Run carbonrun and return its status and what it wrote to standard error."""
        with self.start(*words, **how) as process:
            _, err = process.communicate(timeout=DEADLINE_SECONDS)
        return process.returncode, (err or b"").decode()

    def kill_one(self, *options: str, after: str = "checkpoint", cwd: Path | None = None) -> Path:
        """Kill a carbonrun whose journal has got to a line; return the journal."""
        before = set(self.journals())
        pid_file = self.work / "pid"
        sleeper = ["sh", "-c", f"echo $$ >{pid_file}; exec sleep 60"]
        interval = ("--interval", "0.1")
        with self.start(*options, *interval, "-q", "--", *sleeper, cwd=cwd) as process:
            try:
                mark = f'"type":"{after}"'
                wait_until(
                    lambda: any(mark in j.read_text() for j in set(self.journals()) - before),
                    f"a {after} line",
                )
            finally:
                process.kill()
                process.wait()
                wait_until(pid_file.exists, "the command")
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
        (journal,) = set(self.journals()) - before
        return journal

    def journals(self) -> list[Path]:
        """Return the journals of runs that have not been filed away."""
        return sorted(self.open.glob("*.jsonl")) if self.open.exists() else []

    def filed(self, name: str) -> list[Path]:
        """Return where a journal was filed away."""
        return [path for path in self.open.parent.rglob(name) if path.parent != self.open]

    def rows(self, path: Path | None = None) -> list[dict[str, str]]:
        """Return the rows of a CSV file."""
        with (path or self.csv).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def records_of(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal, each of which must be whole."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_ids(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return the run ids of rows."""
    return [row["run_id"] for row in rows]
