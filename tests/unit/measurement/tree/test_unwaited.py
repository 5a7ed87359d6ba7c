"""What is missing at the end of a process: measured on real children."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.unwaited import uncounted_end_seconds


def descriptors() -> list[str]:
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


def children() -> list[int]:
    """Return our children, zombies too: other tests may keep some for a whole module."""
    return sorted(stat.pid for stat in ProcfsReader("/proc").descendants(os.getpid(), ()))


def test_it_is_a_fraction_of_a_millisecond_and_leaves_nothing() -> None:
    before, others = descriptors(), children()
    try:
        seconds = uncounted_end_seconds(range(os.cpu_count() or 1))
    except MeterUnavailable as error:
        pytest.skip(error.reason)
    assert 0 < seconds < 0.005
    assert descriptors() == before
    assert children() == others


def test_a_cpu_that_is_not_there() -> None:
    before = descriptors()
    with pytest.raises(MeterUnavailable):
        uncounted_end_seconds([0, 100_000])
    assert descriptors() == before
