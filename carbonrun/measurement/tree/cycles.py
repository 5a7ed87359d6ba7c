"""Counts the cycles of the tree and of all CPUs, where cores may differ in speed.

Counting everybody's cycles needs ``perf_event_paranoid`` of 0 or less, or CAP_PERFMON. Counters of
the processor are few, so the kernel may count by turns, which is made up for.

Source: perf_event_open(2), "read_format".
"""

from __future__ import annotations

import os
import struct

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.perf import (
    ANY_CPU,
    DISABLED,
    ENABLE_ON_EXEC,
    INHERIT,
    open_event,
    open_system_event,
)
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING: the count, and for how long it could and did count.
_TIMES = 3
_COUNT = struct.Struct("=QQQ")


class CoreKind(Record):
    """One kind of core, and the event that counts its cycles.

    Attributes:
        event_type, event: as perf numbers them.
        cpus: the CPUs of this kind; None for all.
    """

    event_type: int
    event: int
    cpus: frozenset[int] | None = None


class CycleCounters:
    """Cycles of the tree, counted from its exec on, and of groups of CPUs."""

    def __init__(self, kinds: Sequence[CoreKind], groups: Sequence[frozenset[int]]) -> None:
        """Open the tree's counters; call it before the command is spawned.

        Args:
            kinds: what to count.
            groups: the CPUs of each package.

        Raises:
            MeterUnavailable: the kernel refuses, or the processor counts nothing.
        """
        self._kinds, self._groups = tuple(kinds), tuple(groups)
        self._tree: list[int] = []
        self._machine: list[list[int]] | None = None
        self._has_failed = False
        # One of the machine's first: without these, those of the tree are of no use.
        os.close(_open_on(kinds[0], min(min(group) for group in groups)))
        try:
            for kind in kinds:
                self._tree.append(
                    open_event(
                        kind.event,
                        ANY_CPU,
                        DISABLED | INHERIT | ENABLE_ON_EXEC,
                        event_type=kind.event_type,
                        read_format=_TIMES,
                    )
                )
        except MeterUnavailable:
            self.close()
            raise

    def read(self) -> tuple[float, tuple[float, ...]] | None:
        """Return cycles of the tree, and of each group since the first call; None if that fails.

        The first call opens the counters of all CPUs, which takes too long before the command.
        """
        if self._has_failed:
            return None
        try:
            if self._machine is None:
                self._machine = []
                for group in self._groups:
                    self._machine.append([])
                    for cpu in sorted(group):
                        self._machine[-1].append(self._open(cpu))
            tree = sum(map(_read, self._tree))
            return tree, tuple(sum(map(_read, group)) for group in self._machine)
        except (MeterUnavailable, OSError, struct.error):
            self._has_failed = True  # a CPU has gone, or there are too few descriptors
            self.close()
            return None

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in (*self._tree, *(each for group in self._machine or () for each in group)):
            os.close(descriptor)
        self._tree, self._machine = [], None

    def _open(self, cpu: int) -> int:
        kind = next(
            (k for k in self._kinds if k.cpus is not None and cpu in k.cpus), self._kinds[0]
        )
        return _open_on(kind, cpu)


def _open_on(kind: CoreKind, cpu: int) -> int:
    return open_system_event(kind.event_type, kind.event, cpu, read_format=_TIMES)


def _read(descriptor: int) -> float:
    """Return the count, made up for the time in which others were counted."""
    count, could_seconds, did_seconds = _COUNT.unpack(os.read(descriptor, _COUNT.size))
    return count * could_seconds / did_seconds if did_seconds else 0.0
