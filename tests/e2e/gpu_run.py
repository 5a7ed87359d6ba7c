"""A run of carbonrun on a machine whose GPUs are a scene."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.e2e.wrapper import CARBONRUN, DEADLINE_SECONDS, Result, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.machine.nvml.scene import Scene

# On a busy machine the last look comes too late, or not in time; and the counter has ticks.
LATE_SECONDS = 0.4


class GpuRun(NamedTuple):
    """How a run ended, and its report."""

    result: Result
    report: dict[str, Any]

    @property
    def gpus(self) -> dict[str, dict[str, Any]]:
        """Return the GPUs that were measured, by id."""
        devices = self.report["energy"]["devices"]
        return {device["id"]: device for device in devices if device["kind"] == "gpu"}

    def drawn(self, watts: float) -> Any:
        """Return what equals the energy of the run at a steady power, as far as looks can tell."""
        seconds = self.report["run"]["duration_seconds"]
        return pytest.approx(watts * seconds, abs=watts * LATE_SECONDS)

    @property
    def unmeasured(self) -> dict[str, str]:
        """Return why other GPUs were not, by id."""
        rows = self.report["energy"]["unmeasured"]
        return {row["id"]: row["reason"] for row in rows if row["kind"] == "gpu"}

    @property
    def notes(self) -> set[str]:
        """Return the codes of the notes."""
        return {note["code"] for note in self.report["notes"]}


class GpuMachine:
    """A sandbox with GPUs."""

    def __init__(self, sandbox: Sandbox, scene: Scene) -> None:
        """Run in ``sandbox``."""
        self.sandbox = sandbox
        self.scene = scene

    def run(
        self,
        command: Sequence[str],
        *options: str,
        env: Mapping[str, str] | None = None,
        below: Sequence[str] = (),
        meanwhile: Callable[[], object] = lambda: None,
    ) -> GpuRun:
        """Begin the scene and run a command in it.

        Args:
            command: what to run.
            options: of carbonrun.
            env: is added to the environment.
            below: a command that starts carbonrun.
            meanwhile: is called once that runs.
        """
        path = self.sandbox.work / "report.json"
        words = [*CARBONRUN, "-q", "--no-csv", "--offline", "--json", str(path), *options]
        environment = {**self.scene.begin(), **(env or {})}
        process = self.sandbox.start([*below, *words, "--", *command], env=environment)
        meanwhile()
        out, err = process.communicate(timeout=DEADLINE_SECONDS * 3)
        return GpuRun(Result(process.returncode, out, err), json.loads(path.read_text()))
