"""A machine that was calibrated, and looking into the reports of its later runs.

Its load is that of the calibration's workers only, since other tests may keep the real machine
busy. It draws 6 W, and 20 W more under full load.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.e2e.wrapper import CARBONRUN, PYTHON, Result, Sandbox
from tests.machine.worker_machine import WorkerMachine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDLE_WATTS, RISE_WATTS = 6.0, 20.0
CPUS = os.cpu_count() or 1
# Forced, since a simulation that has to wait for the real CPU may look busy for a moment.
SHORT = ("--idle-seconds", "2", "--step-seconds", "1.5", "--force")
TOLERANCE = 0.05


class Calibrated(NamedTuple):
    """A sandbox with a calibration in it, and the machine, which goes on running."""

    sandbox: Sandbox
    machine: WorkerMachine
    result: Result

    @property
    def state(self) -> Path:
        return self.sandbox.home / "state/carbonrun"

    @property
    def file(self) -> Path:
        (path,) = self.state.glob("calibration-*.json")
        return path

    def stored(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.file.read_text())
        return content

    def run(self, *options: str) -> dict[str, Any]:
        """Return the report of a run that works for 0.6 s."""
        report = self.sandbox.work / "report.json"
        words = [*self.machine.options, "-q", "--no-csv", "--json", str(report)]
        code = "import time\nwhile time.process_time() < 0.6: pass"
        result = self.sandbox.run([*CARBONRUN, *words, *options, "--", *PYTHON, "-c", code])
        assert result.status == 0, result.stderr
        content: dict[str, Any] = json.loads(report.read_text())
        return content


@contextmanager
def calibrated(folder: Path, *options: str, **machine: Any) -> Iterator[Calibrated]:
    """Calibrate once."""
    root = folder / "place"
    root.mkdir()
    sandbox = Sandbox(root)
    with WorkerMachine(folder, sandbox.mark, **machine) as simulated:
        try:
            words = [*CARBONRUN, *simulated.options, "calibrate", *SHORT, *options]
            yield Calibrated(sandbox, simulated, sandbox.run(words, seconds=60))
        finally:
            sandbox.close()


def note(report: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [entry for entry in report["notes"] if entry["code"] == code]
    return dict(found)


def device(report: dict[str, Any], device_id: str) -> dict[str, Any]:
    (found,) = [entry for entry in report["energy"]["devices"] if entry["id"] == device_id]
    return dict(found)
