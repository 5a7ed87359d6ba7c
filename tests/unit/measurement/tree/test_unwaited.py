"""What is missing at the end of a process: measured on real children."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree import unwaited
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.unwaited import (
    FIRST_CHILDREN,
    MORE_CHILDREN,
    UncountedEnd,
    measure_ends,
    usual_mean,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def descriptors() -> list[str]:
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


def children() -> list[int]:
    """Return our children, zombies too: other tests may keep some for a whole module."""
    return sorted(stat.pid for stat in ProcfsReader("/proc").descendants(os.getpid(), ()))


def test_it_is_a_fraction_of_a_millisecond_and_leaves_nothing() -> None:
    before, others = descriptors(), children()
    try:
        found = measure_ends(range(os.cpu_count() or 1), 9)
    except MeterUnavailable as error:
        pytest.skip(error.reason)
    uncounted, used = zip(*found, strict=True)
    assert len(found) == 9
    assert 0 <= min(uncounted) < 0.005
    assert max(uncounted) > 0
    assert min(used) > 0
    assert descriptors() == before
    assert children() == others


def test_a_cpu_that_is_not_there() -> None:
    before = descriptors()
    with pytest.raises(MeterUnavailable):
        measure_ends([0, 100_000], 9)
    assert descriptors() == before
    assert UncountedEnd([0, 100_000]).seconds(1) == 0.0


def test_it_is_measured_again_when_twice_as_many_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def measure(cpus: Sequence[int], children: int) -> list[tuple[float, float]]:  # noqa: ARG001
        asked.append(children)
        return [(0.0003 if len(asked) == 1 else 0.0005, 0.001)] * children

    monkeypatch.setattr(unwaited, "measure_ends", measure)
    end = UncountedEnd([0])
    first, second, third = FIRST_CHILDREN, FIRST_CHILDREN + MORE_CHILDREN, FIRST_CHILDREN + 10
    assert [end.seconds(ended) for ended in (5, 6, 9)] == pytest.approx([0.0003] * 3)
    mixed = pytest.approx((first * 0.0003 + MORE_CHILDREN * 0.0005) / second)
    assert [end.seconds(ended) for ended in (10, 19)] == [mixed, mixed]
    assert asked == [FIRST_CHILDREN, MORE_CHILDREN]
    assert end.seconds(20) == pytest.approx((first * 0.0003 + 10 * 0.0005) / third)
    assert end.children_cpu_seconds == pytest.approx(third * 0.001)


def test_what_is_absurd_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwaited, "measure_ends", lambda _cpus, children: [(0.5, 1.0)] * children)
    assert UncountedEnd([0]).seconds(1) == 0.002


def test_what_something_came_between_does_not_count() -> None:
    assert usual_mean([0.2, 0.3, 0.4, 6.0]) == pytest.approx(0.3)
    assert usual_mean([]) == 0.0
