"""A meter over one or more counters of energy that only count up and wrap.

Responsible for one device whose energy is the sum of several counters (a package of several dies),
for its notes, and for saying when its figures cannot be true. Not responsible for finding counters
or for reading them: a *source* is anything that gives its raw value and can be closed.

All ways to RAPL (powercap, perf, MSR, ``amd_energy``) and the counters of Cray nodes are read
through this one class; they differ in their sources and units.
"""

from __future__ import annotations

from carbonrun.measurement.meters import rapl_checks
from carbonrun.measurement.meters.counter import RESET, SUSPENDED, TOO_FAST, TOO_LONG
from carbonrun.measurement.model import BOARD, COUNTER, CPU, MEMORY, Device
from carbonrun.measurement.selection import is_much

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Protocol

    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.counter import WrappingCounter
    from carbonrun.measurement.model import MachineState
    from carbonrun.notes import Notes
else:
    Protocol = object

_NAMES = {CPU: "CPU ", MEMORY: "memory ", BOARD: "board "}
_GAP_CAUSES = {
    SUSPENDED: "the machine was suspended",
    RESET: "the counter was reset",
    TOO_FAST: "the counter rose faster than is possible",
    TOO_LONG: "the readings were so far apart that the counter may have wrapped unseen",
}


class Source(Protocol):
    """One counter."""

    def read(self) -> int:
        """Return the raw value.

        Raises:
            ReadFailed: there is none to be had now.
        """

    def close(self) -> None:
        """Give the descriptor back; reading again opens it again."""


def counted_device(
    device_id: str, kind: str, meter: str, source: str, accuracy: tuple[float, float] | None = None
) -> Device:
    """Return the device that a counter belongs to; its accuracy is that of RAPL if not given."""
    low, high = accuracy or rapl_checks.ACCURACY[kind]
    return Device(
        id=device_id,
        kind=kind,
        name=_NAMES[kind] + device_id,
        meter=meter,
        method=COUNTER,
        source=source,
        low_factor=low,
        high_factor=high,
    )


class CounterMeter:
    """One device: a package, the memory of one, or the board.

    Some kernels show the counter of a whole package once for each of its dies. Where that may be,
    counters that agree in value and in movement count once. It is judged anew at each reading, from
    totals, and never makes the result fall.
    """

    def __init__(
        self,
        device: Device,
        sources: Sequence[Source],
        counters: Sequence[WrappingCounter],
        *,
        may_mirror: Callable[[Sequence[int]], bool] | None = None,
        note_prefix: str = "rapl",
    ) -> None:
        """Meter ``device``.

        Args:
            device: what it is.
            sources: its counters; their energy is summed.
            counters: what takes their raw values, one for each.
            may_mirror: tells from the first raw values whether all sources may be one counter;
                None where they cannot be.
            note_prefix: what the codes of its notes begin with.
        """
        self.device = device
        self._sources = sources
        self._counters = counters
        self._look_mirrored = may_mirror
        self._note_prefix = note_prefix
        self._joules = 0.0
        self._may_mirror: bool | None = None
        self._mirrors = False
        self._package: CounterMeter | None = None
        self._siblings: tuple[CounterMeter, ...] = ()

    def compare_with(
        self, package: CounterMeter | None, siblings: tuple[CounterMeter, ...]
    ) -> None:
        """Judge this memory beside the package it belongs to and the memory of the others."""
        self._package, self._siblings = package, siblings

    def read_joules(self, now: Instant, machine: MachineState) -> float:  # noqa: ARG002
        """Return joules since the first reading.

        Raises:
            ReadFailed: a counter gives no number; the next reading spans the gap.
        """
        raws = [source.read() for source in self._sources]
        joules = [
            counter.update(raw, now) for counter, raw in zip(self._counters, raws, strict=True)
        ]
        if self._may_mirror is None:
            look = self._look_mirrored
            self._may_mirror = look is not None and len(raws) > 1 and look(raws)
        self._mirrors = self._may_mirror and rapl_checks.move_alike(joules)
        self._joules = max(self._joules, joules[0] if self._mirrors else sum(joules))
        return self._joules

    def watts(self) -> float | None:
        """Return the average power of the intervals counted, None if they are too short."""
        seconds = self._counters[0].counted_seconds
        if seconds < rapl_checks.SHORTEST_JUDGED_SECONDS:
            return None
        return self._joules / seconds

    @property
    def implausible(self) -> str | None:
        """Return why the figures of this device are not those of the run, None if they are."""
        return self._lost() or self._memory_fault()

    def _lost(self) -> str | None:
        """Return why much of the run is not in the figures."""
        for counter in self._counters:
            for cause, gap in counter.gaps.items():
                if is_much(gap.seconds, gap.seconds + counter.counted_seconds):
                    return f"{gap.seconds:.3g} s could not be counted: {_GAP_CAUSES[cause]}"
        return None

    def _memory_fault(self) -> str | None:
        watts = self.watts()
        if watts is None or self.device.kind != MEMORY:
            return None
        siblings = [power for meter in self._siblings if (power := meter.watts()) is not None]
        package = None if self._package is None else self._package.watts()
        return rapl_checks.memory_fault(watts, package, siblings)

    def notes(self, into: Notes) -> None:
        """Tell about gaps, dies that mirror each other, and figures that cannot be true."""
        device, prefix = self.device, self._note_prefix
        for counter in self._counters:
            for cause, gap in counter.gaps.items():
                into.warn(
                    f"{prefix}-{cause}",
                    f"{device.name}: {gap.count} interval(s), {gap.seconds:.3g} s in all, are "
                    f"left out, their energy is unknown: {_GAP_CAUSES[cause]}",
                    about=device.id,
                )
        if self._mirrors:
            into.info(
                f"{prefix}-mirrored-dies",
                f"{device.name}: {len(self._counters)} dies show one and the same counter, "
                "which is counted once",
                about=device.id,
            )
        if (fault := self._memory_fault()) is not None:
            into.warn(f"{prefix}-implausible", f"{device.name}: {fault}", about=device.id)

    def close(self) -> None:
        """Give the descriptors back; a later reading opens the counters again."""
        for source in self._sources:
            source.close()


def compare_memory(meters: Iterable[CounterMeter]) -> None:
    """Let each memory know its package and the memory of the other packages."""
    meters = tuple(meters)
    packages = {meter.device.id: meter for meter in meters if meter.device.kind == CPU}
    memories = [meter for meter in meters if meter.device.kind == MEMORY]
    for memory in memories:
        package = packages.get(memory.device.id.replace("dram", "package"))
        memory.compare_with(package, tuple(other for other in memories if other is not memory))
