"""Where the tree's CPU time has run, from what looks at its processes see."""

from __future__ import annotations

import os
import threading

import pytest

from carbonrun.measurement.tree.placement import Placement
from carbonrun.measurement.tree.procstat import ProcessStat, ThreadPlace, read_stat, thread_places
from carbonrun.measurement.tree.table import LiveProcess

TWO = {0: frozenset({0, 1}), 3: frozenset({2, 3})}


def process(pid: int, cpu_seconds: float, *, cpu: int, threads: int = 1) -> LiveProcess:
    stat = ProcessStat(
        pid=pid, name="x", parent_pid=1, start_ticks=5, waited_cpu_seconds=0.0, threads=threads,
        resident_bytes=0, is_zombie=False, last_cpu=cpu,
    )  # fmt: skip
    live = LiveProcess(stat)
    live.cpu_seconds = cpu_seconds
    return live


def nobody(_pid: int) -> list[ThreadPlace]:
    pytest.fail("a process of one thread is not looked into")


def test_a_process_goes_where_it_was_last_seen() -> None:
    placement = Placement(TWO, nobody)
    placement.look([process(10, 2.0, cpu=1), process(11, 1.0, cpu=2)])
    assert placement.seconds == [2.0, 1.0]
    placement.look([process(10, 2.5, cpu=3), process(11, 1.0, cpu=0)])
    assert placement.seconds == [2.0, 1.5]


def test_threads_go_by_their_own_cpu_time() -> None:
    threads = {10: [ThreadPlace(tid=10, ticks=0, cpu=0), ThreadPlace(tid=11, ticks=300, cpu=2)]}
    placement = Placement(TWO, threads.__getitem__)
    placement.look([process(10, 3.0, cpu=0, threads=2)])
    assert placement.seconds == pytest.approx([0.0, 3.0], abs=0.01)
    threads[10] = [ThreadPlace(tid=10, ticks=100, cpu=0), ThreadPlace(tid=11, ticks=300, cpu=2)]
    placement.look([process(10, 4.0, cpu=0, threads=2)])
    assert placement.seconds == pytest.approx([1.0, 3.0], abs=0.02)


def test_a_rest_between_two_looks_does_not_count_the_threads_again() -> None:
    threads = {10: [ThreadPlace(tid=10, ticks=200, cpu=0), ThreadPlace(tid=11, ticks=0, cpu=2)]}
    placement = Placement(TWO, threads.__getitem__)
    placement.look([process(10, 2.0, cpu=0, threads=2)])
    placement.look([process(10, 2.0, cpu=0, threads=2)])
    threads[10] = [ThreadPlace(tid=10, ticks=200, cpu=0), ThreadPlace(tid=11, ticks=100, cpu=2)]
    placement.look([process(10, 3.0, cpu=0, threads=2)])
    assert placement.seconds == pytest.approx([2.0, 1.0], abs=0.02)


def test_a_number_that_is_used_again_starts_anew() -> None:
    placement = Placement(TWO, nobody)
    placement.look([process(10, 2.0, cpu=0)])
    placement.look([])
    placement.look([process(10, 0.5, cpu=2)])
    assert placement.seconds == [2.0, 0.5]


def test_a_cpu_of_no_package_and_threads_that_have_gone_are_left_out() -> None:
    placement = Placement(TWO, lambda _pid: [])
    placement.look([process(10, 2.0, cpu=9), process(11, 2.0, cpu=0, threads=4)])
    assert placement.seconds == [0.0, 0.0]


def test_counters_of_each_cpu_are_summed_up() -> None:
    placement = Placement(TWO, nobody)
    assert placement.sum_up([1.0, 2.0, 3.0, 4.0, 99.0]) == (3.0, 7.0)


def test_the_real_system_tells_threads_and_cpus() -> None:
    go = threading.Event()
    helper = threading.Thread(target=go.wait)
    helper.start()
    try:
        places = {place.tid: place for place in thread_places("/proc", os.getpid())}
    finally:
        go.set()
        helper.join()
    assert {threading.get_native_id(), helper.native_id} <= set(places)
    assert all(0 <= place.cpu < (os.cpu_count() or 1) for place in places.values())
    stat = read_stat("/proc", os.getpid())
    assert stat is not None
    assert 0 <= stat.last_cpu < (os.cpu_count() or 1)
    assert thread_places("/proc", 2**22 + 1) == []
