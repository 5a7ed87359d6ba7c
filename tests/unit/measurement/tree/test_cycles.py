"""Counting the tree's and everybody's events with the real kernel.

A virtual machine counts no cycles, but the kernel counts page faults in the same way: by tree and
by CPU, inherited, with the times that make up for turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.cores import core_kinds, count_cycles, different_cores
from carbonrun.measurement.tree.cycles import CoreKind, CycleCounters

if TYPE_CHECKING:
    from collections.abc import Iterator

# Source: linux/perf_event.h, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS.
PAGE_FAULTS = CoreKind(event_type=1, event=2)
CPUS = frozenset(range(os.cpu_count() or 1))
# Touches so many pages of 4 KiB that were never touched before.
TOUCH = """
import mmap, os, sys
pages, *cpus = map(int, sys.argv[1:])
if cpus: os.sched_setaffinity(0, cpus)
memory = mmap.mmap(-1, 4096 * pages)
for page in range(pages): memory[4096 * page] = 1
"""
PAGES = 20_000


def touch(*words: int) -> None:
    subprocess.run([sys.executable, "-I", "-S", "-c", TOUCH, *map(str, words)], check=True)


@pytest.fixture
def counters() -> Iterator[CycleCounters]:
    try:
        opened = CycleCounters([PAGE_FAULTS], [CPUS])
    except MeterUnavailable as error:
        pytest.skip(error.reason)
    yield opened
    opened.close()


def test_tree_and_everybody(counters: CycleCounters) -> None:
    before = counters.read()
    assert before is not None
    touch(PAGES)
    after = counters.read()
    assert after is not None
    assert PAGES <= after[0] - before[0] < 1.5 * PAGES
    assert after[1][0] - before[1][0] >= after[0] - before[0]


def test_somebody_else_is_in_everybody_only() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", f"input()\n{TOUCH}", str(PAGES)], stdin=subprocess.PIPE
    ) as stranger:
        try:
            counters = CycleCounters([PAGE_FAULTS], [CPUS])
        except MeterUnavailable as error:
            stranger.communicate(b"\n")
            pytest.skip(error.reason)
        before = counters.read()
        stranger.communicate(b"\n")
        after = counters.read()
    counters.close()
    assert before is not None
    assert after is not None
    assert after[0] == before[0]
    assert after[1][0] - before[1][0] >= PAGES


def test_groups_of_cpus() -> None:
    if len(CPUS) < 2:
        pytest.skip("one CPU only")
    try:
        counters = CycleCounters([PAGE_FAULTS], [frozenset({0}), CPUS - {0}])
    except MeterUnavailable as error:
        pytest.skip(error.reason)
    before = counters.read()
    touch(10 * PAGES, 0)
    after = counters.read()
    counters.close()
    assert before is not None
    assert after is not None
    assert after[1][0] - before[1][0] > 10 * PAGES > after[1][1] - before[1][1]


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_what_is_refused_leaves_nothing_open() -> None:
    before = descriptors()
    with pytest.raises(MeterUnavailable):
        CycleCounters([CoreKind(event_type=1, event=999)], [CPUS])
    assert descriptors() == before


def test_a_cpu_that_is_not_there_ends_the_counting() -> None:
    before = descriptors()
    try:
        counters = CycleCounters([PAGE_FAULTS], [frozenset({0, 100_000})])
    except MeterUnavailable as error:
        pytest.skip(error.reason)
    assert counters.read() is None
    assert counters.read() is None
    assert descriptors() == before


def machine(folder: Path, *, smt: str | None = None, hybrid: bool = False) -> str:
    cpu = folder / "devices" / "system" / "cpu"
    (cpu / "smt").mkdir(parents=True)
    if smt is not None:
        (cpu / "smt" / "active").write_text(f"{smt}\n")
    if hybrid:
        for name, number, cpus in (("cpu_core", 4, "0-3"), ("cpu_atom", 10, "4-7,9")):
            pmu = folder / "devices" / name
            pmu.mkdir()
            (pmu / "type").write_text(f"{number}\n")
            (pmu / "cpus").write_text(f"{cpus}\n")
    return str(folder)


def test_which_machines_have_different_cores(tmp_path: Path) -> None:
    assert different_cores(machine(tmp_path / "a", smt="1")) == "threads"
    assert different_cores(machine(tmp_path / "b", smt="0")) is None
    assert different_cores(machine(tmp_path / "c")) is None
    assert different_cores(machine(tmp_path / "d", smt="1", hybrid=True)) == "hybrid"
    assert count_cycles(machine(tmp_path / "e", smt="0"), "/proc", None) is None


def test_each_kind_of_core_has_an_event_of_its_own(tmp_path: Path) -> None:
    fast, slow = core_kinds(machine(tmp_path / "hybrid", hybrid=True))
    assert (fast.event_type, fast.event, fast.cpus) == (0, 4 << 32, frozenset(range(4)))
    assert (slow.event, slow.cpus) == (10 << 32, frozenset({4, 5, 6, 7, 9}))
    assert core_kinds(machine(tmp_path / "threads", smt="1")) == (CoreKind(event_type=0, event=0),)
