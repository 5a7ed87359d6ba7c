"""A run of carbonrun beside the truth: what the kernel says that the command's tree has used.

Responsible for: starting carbonrun with a state directory of its own, inside a control group where
one can be made, and reading its report. Used by ``tests/accounting`` and by the benchmarks.

The truth is what was used in the group less what carbonrun's own process used, both read from the
kernel after carbonrun has ended and before it is reaped. Its helper process, half a millisecond,
is part of that truth. Where no group can be made, the truth is what the workload tells.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.machine import workloads
from tests.machine.control_group import ControlGroup, NoControlGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
CARBONRUN = (sys.executable, "-m", "carbonrun")
_REFUSE = (sys.executable, "-I", "-S", str(Path(__file__).with_name("refuse_perf.py")))
REFUSE_PERF = (*_REFUSE, "all")
# Leaves the one counter that is used on machines with many CPUs.
REFUSE_TRACE = (*_REFUSE, "per-cpu")

DEADLINE_SECONDS = 120.0


class Measured(NamedTuple):
    """One run.

    Attributes:
        status: as in ``subprocess``.
        report: the JSON report, empty if there is none.
        truth_seconds: CPU time of the command's tree; None if nobody knows.
        own_seconds: CPU time of carbonrun's own process, to its very end.
        wall_seconds: from before the start to the end.
        stderr: what came out there.
    """

    status: int
    report: dict[str, Any]
    truth_seconds: float | None
    own_seconds: float
    wall_seconds: float
    stderr: str

    @property
    def tree(self) -> dict[str, Any]:
        """Return the report's ``tree`` block."""
        block: dict[str, Any] = self.report["tree"]
        return block

    @property
    def cpu_error(self) -> float:
        """Return the relative error of the report's CPU seconds; positive is too much."""
        if self.truth_seconds is None:
            raise NoControlGroup("the truth of this run is not known")
        reported: float = self.tree["cpu_seconds"]
        return reported / self.truth_seconds - 1

    def note(self, code: str) -> dict[str, Any] | None:
        """Return the note with a code."""
        return next((note for note in self.report["notes"] if note["code"] == code), None)


class Bench:
    """A place for runs: a temporary home, a control group if there can be one."""

    def __init__(
        self,
        folder: Path,
        *,
        is_alone: bool = False,
        wants_group: bool = True,
        carbonrun: Sequence[str] | None = None,
    ) -> None:
        """Make the place.

        Args:
            folder: for the state directory and the reports; must be there and be empty.
            is_alone: carbonrun is to be the only one in its group, which it then accounts with;
                else somebody else sleeps there.
            wants_group: make a control group if possible.
            carbonrun: how it is started; None for the source tree that this file is in.
        """
        self.folder = folder
        self._carbonrun = carbonrun
        self.group: ControlGroup | None = None
        self._lodger: subprocess.Popen[bytes] | None = None
        try:
            self.group = ControlGroup(folder.name) if wants_group else None
        except NoControlGroup:
            return
        if not is_alone and self.group is not None:
            self._lodger = subprocess.Popen(["sleep", "3600"])
            (self.group.folder / "cgroup.procs").write_text(str(self._lodger.pid))

    def run(
        self,
        command: Sequence[str],
        *options: str,
        prefix: Sequence[str] = (),
        carbonrun: Sequence[str] | None = None,
        while_running: Callable[[int], None] = lambda _pid: None,
        env: Mapping[str, str] | None = None,
        is_apart: bool = False,
    ) -> Measured:
        """Run carbonrun around a command.

        Args:
            command: what to measure.
            options: of carbonrun.
            prefix: words before carbonrun.
            carbonrun: how it is started, if not as usual.
            while_running: called with carbonrun's process id once it was started.
            env: added to the environment.
            is_apart: only the command is in the group, which it enters within a millisecond: the
                truth is without any process that carbonrun makes to measure with.
        """
        report_file = self.folder / "report.json"
        report_file.unlink(missing_ok=True)
        start = carbonrun or self._carbonrun or CARBONRUN
        words = [*prefix, *start, "-q", "--no-csv", "--json", str(report_file), *options, "--"]
        if is_apart and self.group is not None:
            enter = f'echo $$ >{self.group.folder}/cgroup.procs && exec "$@"'
            command = ["sh", "-c", enter, "sh", *command]
        before = self._group_seconds()
        started = time.monotonic()
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [*words, *command],
                stderr=errors,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,  # not the source tree, which would come before what is installed
                env={**self._environment(), **(env or {})},
                # There are no threads.
                preexec_fn=self.group.enter if self.group and not is_apart else None,  # noqa: PLW1509
            )
            try:
                while_running(process.pid)
                own_seconds = _own_seconds_at_end(process)
            finally:
                process.kill()
                process.wait()
            wall_seconds = time.monotonic() - started
            errors.seek(0)
            stderr = errors.read().decode("utf-8", "replace")
        after = self._group_seconds()
        within_seconds = 0.0 if is_apart else own_seconds
        text = report_file.read_text("utf-8") if report_file.exists() else "{}"
        return Measured(
            status=process.returncode,
            report=json.loads(text),
            truth_seconds=(
                None if before is None or after is None else after - before - within_seconds
            ),
            own_seconds=own_seconds,
            wall_seconds=wall_seconds,
            stderr=stderr,
        )

    def run_workload(self, shape: str, amount: float, *options: str, **how: Any) -> Measured:
        """Run carbonrun around one of the workloads.

        Where nobody waits for its children carbonrun makes some to measure with: they must not be
        in the truth.
        """
        is_apart = shape in workloads.UNWAITED and "--cgroup" not in options
        told_file = self.folder / "told"
        told_file.unlink(missing_ok=True)
        words = workloads.command(shape, amount, str(told_file))
        measured = self.run(words, *options, is_apart=is_apart, **how)
        if measured.truth_seconds is not None:
            return measured
        return measured._replace(truth_seconds=workloads.told_seconds(str(told_file)))

    def close(self) -> None:
        """End what is left and remove the group."""
        if self._lodger is not None:
            self._lodger.kill()
            self._lodger.wait()
        if self.group is not None:
            self.group.close()

    def _group_seconds(self) -> float | None:
        return None if self.group is None else self.group.cpu_seconds()

    def _environment(self) -> dict[str, str]:
        environment = clean_environment(self.folder)
        if self._carbonrun is None:
            python_path = (str(ROOT), environment.get("PYTHONPATH"))
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, python_path))
        return environment


def clean_environment(home: Path) -> dict[str, str]:
    """Return our environment without what could configure carbonrun; its files go to ``home``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CARBONRUN_", "XDG_"))}
    return {**kept, "HOME": str(home), "CARBONRUN_CI": "none"}


def _own_seconds_at_end(process: subprocess.Popen[bytes]) -> float:
    """Wait for the end of a process; return its own CPU time, without its children's."""
    end = time.monotonic() + DEADLINE_SECONDS
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"{process.args!r} did not end within {DEADLINE_SECONDS:g} s")
        time.sleep(0.005)
    # Source: clock_getcpuclockid(3); it works on what is not yet reaped.
    return time.clock_gettime(~process.pid << 3 | 2)
