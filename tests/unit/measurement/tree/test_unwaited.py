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
    assert len(found) == 9
    assert 0 <= min(found) < 0.005
    assert max(found) > 0
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

    def measure(cpus: Sequence[int], children: int) -> list[float]:  # noqa: ARG001
        asked.append(children)
        return [0.0003 if len(asked) == 1 else 0.0005] * children

    monkeypatch.setattr(unwaited, "measure_ends", measure)
    end = UncountedEnd([0])
    assert [end.seconds(ended) for ended in (5, 6, 9, 10, 19)] == [0.0003] * 5
    assert asked == [FIRST_CHILDREN, MORE_CHILDREN]
    assert end.seconds(20) == 0.0005  # ten of nineteen


def test_what_is_absurd_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwaited, "measure_ends", lambda _cpus, children: [0.5] * children)
    assert UncountedEnd([0]).seconds(1) == 0.002
