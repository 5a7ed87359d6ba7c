"""Measures stretches of constant load: first the idle machine, then ever more busy CPUs.

Responsible for the order, the waiting and the readings. Not responsible for what they mean
(:mod:`carbonrun.measurement.calibration`), or for starting processes: clock, sleep, meters and
load are given.
"""

from __future__ import annotations

from itertools import pairwise

from carbonrun.errors import CarbonrunError, ReadFailed
from carbonrun.measurement.calibration import Stretch
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from carbonrun.clock import Instant
    from carbonrun.measurement.machine import Machine
    from carbonrun.measurement.model import Meter

    class Load(Protocol):
        """What keeps CPUs busy."""

        def load(self, count: int) -> None:
            """Keep so many CPUs busy from now on, not less than before."""

        def has_lost_one(self) -> bool:
            """Tell whether a CPU is not kept busy any more."""


# Meters that integrate power want to be read often; ours is little work.
POLL_SECONDS = 0.25


class Plan(Record):
    """How long to measure what.

    Attributes:
        logical_cpus: of the machine.
        worker_counts: how many of them to load, one step after the other.
        idle_seconds, step_seconds: of the idle machine, and of each step.
        idle_stretches, step_stretches: into how many parts that is divided; their spread is what
            the bounds are made of.
        settle_seconds: after a step begins, before it is measured.
        check_seconds: how long to look whether the machine is quiet.
    """

    logical_cpus: int
    worker_counts: tuple[int, ...]
    idle_seconds: float
    step_seconds: float
    idle_stretches: int = 5
    step_stretches: int = 3
    settle_seconds: float = 1.0
    check_seconds: float = 2.0

    @property
    def total_seconds(self) -> float:
        """Return how long all of it takes, the check included."""
        steps = len(self.worker_counts) * (self.settle_seconds + self.step_seconds)
        return self.check_seconds + self.idle_seconds + steps


class _Snapshot(Record):
    at_seconds: float
    busy_seconds: float
    cpus: int
    joules: dict[str, float]


class Sensors:
    """All meters and the machine, read together."""

    def __init__(
        self,
        meters: Sequence[Meter],
        machine: Machine,
        now: Callable[[], Instant],
        sleep: Callable[[float], None],
        progress: Callable[[str, float], None],
    ) -> None:
        """Read ``meters``; ``progress`` is told what is measured, and how many seconds are done."""
        self.meters = meters
        self._machine = machine
        self._now = now
        self._sleep = sleep
        self._progress = progress
        self._done_seconds = 0.0

    def stretches(self, what: str, workers: int, seconds: float, parts: int) -> list[Stretch]:
        """Measure for ``seconds``, in parts that follow each other without a gap.

        Raises:
            CarbonrunError: the machine does not tell how busy it is.
        """
        snapshots = [self._read()]
        for _ in range(parts):
            self.wait(what, seconds / parts)
            snapshots.append(self._read())
        return [_stretch(workers, before, after) for before, after in pairwise(snapshots)]

    def wait(self, what: str, seconds: float) -> None:
        """Let time pass, and read the meters meanwhile."""
        end = self._now().monotonic_seconds + seconds
        start, done = end - seconds, self._done_seconds
        while (left := end - self._now().monotonic_seconds) > 0:
            self._progress(what, done + seconds - left)
            self._sleep(min(left, POLL_SECONDS))
            self._read()
        self._done_seconds = done + max(seconds, self._now().monotonic_seconds - start)
        self._progress(what, self._done_seconds)

    def _read(self) -> _Snapshot:
        try:
            state = self._machine.read()
        except ReadFailed as error:
            message = f"how busy the machine is cannot be told: {error}"
            raise CarbonrunError(message, "name the place of procfs with --procfs") from error
        now = self._now()
        joules = {}
        for meter in self.meters:
            try:
                joules[meter.device.id] = meter.read_joules(now, state)
            except Exception:  # noqa: BLE001, S112 - it is left out here, whatever it is
                continue
        return _Snapshot(
            at_seconds=now.monotonic_seconds,
            busy_seconds=state.busy_cpu_seconds,
            cpus=state.logical_cpus,
            joules=joules,
        )


def _stretch(workers: int, before: _Snapshot, after: _Snapshot) -> Stretch:
    seconds = max(1e-6, after.at_seconds - before.at_seconds)
    load = (after.busy_seconds - before.busy_seconds) / (after.cpus * seconds)
    return Stretch(
        workers=workers,
        seconds=seconds,
        load=min(1.0, max(0.0, load)),
        joules={
            device_id: joules - before.joules[device_id]
            for device_id, joules in after.joules.items()
            if device_id in before.joules
        },
    )


def measure_idle(plan: Plan, sensors: Sensors) -> list[Stretch]:
    """Measure the machine as it is."""
    return sensors.stretches("idle", 0, plan.idle_seconds, plan.idle_stretches)


def measure_steps(plan: Plan, sensors: Sensors, load: Load) -> list[Stretch]:
    """Measure under ever more load.

    Raises:
        CarbonrunError: the load could not be kept up.
    """
    found: list[Stretch] = []
    for count in plan.worker_counts:
        what = f"{count} CPU busy" if count == 1 else f"{count} CPUs busy"
        load.load(count)
        sensors.wait(what, plan.settle_seconds)
        found += sensors.stretches(what, count, plan.step_seconds, plan.step_stretches)
        if load.has_lost_one():
            raise CarbonrunError(
                "a process that keeps a CPU busy was ended by somebody else",
                "start again; look for limits on CPU time (ulimit -t) if it happens again",
            )
    return found
