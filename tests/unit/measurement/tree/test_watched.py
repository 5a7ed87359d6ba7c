"""The table of processes that carbonrun has not started, with processes that are made up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.tree.procstat import ProcessStat, StorageIo
from carbonrun.measurement.tree.watched import WAITED_RESOLUTION_SECONDS, WatchedTable

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

CPUS = os.cpu_count() or 1
SHELL, TOP = 50, 100


class Machine:
    """Processes that do what the test says; a reader of them, and a clock."""

    name = "procfs"

    def __init__(self) -> None:
        self.now = 0.0
        self.stats: dict[int, ProcessStat] = {}
        self.clocks: dict[int, float] = {}
        self.start(SHELL, 1)
        self.start(TOP, SHELL)

    def start(self, pid: int, parent: int, used: float = 0.0, name: str = "work") -> None:
        self.stats[pid] = ProcessStat(
            pid=pid,
            name=name,
            parent_pid=parent,
            start_ticks=int(self.now * 100) + pid,
            waited_cpu_seconds=0.0,
            threads=1,
            resident_bytes=1 << 20,
            is_zombie=False,
        )
        self.clocks[pid] = used

    def work(self, pid: int, seconds: float) -> None:
        self.clocks[pid] += seconds
        self.now += seconds

    def end(self, pid: int, *, waited: bool) -> None:
        """Let a process end; its children become init's."""
        stat = self.stats.pop(pid)
        seconds = self.clocks.pop(pid) + stat.waited_cpu_seconds
        if waited:
            parent = self.stats[stat.parent_pid]
            whole = parent.waited_cpu_seconds + seconds
            self.stats[stat.parent_pid] = parent.replace(waited_cpu_seconds=whole)
        for child in [each for each in self.stats.values() if each.parent_pid == pid]:
            self.stats[child.pid] = child.replace(parent_pid=1)

    def stat(self, pid: int) -> ProcessStat | None:
        return self.stats.get(pid)

    def descendants(self, pid: int, strangers: Container[int]) -> Iterator[ProcessStat]:
        for stat in list(self.stats.values()):
            if stat.parent_pid == pid and stat.pid not in strangers:
                yield stat
                yield from self.descendants(stat.pid, strangers)

    def cpu_seconds(self, pid: int) -> float | None:
        return self.clocks.get(pid)

    def ignores_children(self, pid: int) -> bool:
        return pid < 0

    def command(self, pid: int) -> tuple[str, ...]:
        return ("command", "of", str(pid))

    def has_in_environment(self, pid: int, entry: bytes) -> bool:
        return bool(pid and entry)

    def proportional_bytes(self, pid: int) -> int | None:
        return None if pid else 0

    def storage_io(self, pid: int) -> StorageIo | None:
        return None if pid else StorageIo(read_bytes=0, write_bytes=0)

    def own_peak_memory_bytes(self) -> int | None:
        return None


@pytest.fixture
def machine() -> Machine:
    return Machine()


def watch(machine: Machine, *strangers: int) -> WatchedTable:
    return WatchedTable(machine, TOP, frozenset(strangers), lambda: machine.now)


def test_only_what_is_used_from_now_on(machine: Machine) -> None:
    machine.work(TOP, 5)
    machine.start(101, TOP, used=7)
    table = watch(machine)
    assert table.cpu_seconds() == 0
    machine.work(TOP, 1)
    machine.work(101, 2)
    assert table.cpu_seconds() == pytest.approx(3)


def test_a_child_of_later_counts_from_its_start(machine: Machine) -> None:
    table = watch(machine)
    machine.start(101, TOP)
    machine.work(101, 2)
    table.scan()
    assert table.cpu_seconds() == pytest.approx(2)


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_moving_to_the_parent_changes_no_sum(machine: Machine, looks: int) -> None:
    machine.start(101, TOP, used=7)
    table = watch(machine)
    machine.work(101, 2)
    table.scan()
    machine.work(101, 1)
    machine.end(101, waited=True)
    for _ in range(looks):
        table.scan()
        assert table.cpu_seconds() == pytest.approx(3)
    assert table.missed_cpu_seconds == 0


def test_a_grandchild_comes_to_the_top_in_two_steps(machine: Machine) -> None:
    machine.start(101, TOP, used=1)
    machine.start(102, 101, used=4)
    table = watch(machine)
    machine.work(102, 2)
    table.scan()
    machine.end(102, waited=True)
    table.scan()
    assert table.cpu_seconds() == pytest.approx(2)
    machine.work(101, 1)
    machine.end(101, waited=True)
    table.scan()
    table.scan()
    assert table.cpu_seconds() == pytest.approx(3)


def test_both_end_between_two_looks(machine: Machine) -> None:
    machine.start(101, TOP, used=1)
    machine.start(102, 101, used=4)
    table = watch(machine)
    machine.work(102, 2)
    machine.end(102, waited=True)
    machine.end(101, waited=True)
    table.scan()
    table.scan()
    assert table.cpu_seconds() == pytest.approx(2)


def test_short_ones_that_are_waited_for_are_in_the_parents_time(machine: Machine) -> None:
    table = watch(machine)
    for pid in range(200, 210):
        machine.start(pid, TOP)
        machine.work(pid, 0.1)
        machine.end(pid, waited=True)
    table.scan()
    assert table.cpu_seconds() == pytest.approx(1)
    assert table.seen == 1


def test_who_is_not_waited_for_keeps_what_was_seen(machine: Machine) -> None:
    table = watch(machine)
    machine.start(101, TOP)
    machine.work(101, 2)
    table.scan()
    machine.work(101, 0.5)
    machine.end(101, waited=False)
    for _ in range(3):
        table.scan()
        assert table.cpu_seconds() == pytest.approx(2)
    assert table.missed_cpu_seconds == pytest.approx(0.5)
    assert table.named_cpu_seconds == {"work": pytest.approx(2)}


def test_who_ends_just_after_its_parent_was_looked_at_is_not_counted_twice(
    machine: Machine,
) -> None:
    """The parent's growth is only seen at the next look."""
    table = watch(machine)
    machine.start(101, TOP)
    machine.work(101, 2)
    table.scan()
    parent = machine.stats[TOP]
    machine.end(101, waited=True)
    grown, machine.stats[TOP] = machine.stats[TOP], parent
    table.scan()
    assert table.cpu_seconds() == pytest.approx(2)
    machine.stats[TOP] = grown
    table.scan()
    table.scan()
    assert table.cpu_seconds() == pytest.approx(2)
    assert table.missed_cpu_seconds == 0


def test_an_orphan_that_was_seen_is_followed(machine: Machine) -> None:
    machine.start(101, TOP)
    machine.start(102, 101)
    table = watch(machine)
    machine.end(101, waited=True)
    table.scan()
    machine.start(103, 102)
    machine.work(102, 1)
    machine.work(103, 2)
    table.scan()
    assert table.cpu_seconds() == pytest.approx(3)
    assert set(table.live) == {TOP, 102, 103}


def test_a_number_that_is_used_again_is_another_process(machine: Machine) -> None:
    machine.start(101, TOP)
    table = watch(machine)
    machine.work(101, 1)
    table.scan()
    machine.end(101, waited=True)
    machine.now += 1
    machine.start(101, 1, used=50)  # of somebody else
    table.scan()
    assert set(table.live) == {TOP}
    assert table.cpu_seconds() == pytest.approx(1)


def test_strangers_are_left_out_with_all_below(machine: Machine) -> None:
    machine.start(101, TOP)
    machine.start(102, 101)
    table = watch(machine, 101)
    machine.work(102, 1)
    table.scan()
    assert table.cpu_seconds() == 0


def test_what_the_top_used_last_is_told_by_its_parent(machine: Machine) -> None:
    machine.work(TOP, 3)
    table = watch(machine)
    machine.work(TOP, 1)
    table.scan()
    machine.work(TOP, 0.7)
    machine.end(TOP, waited=True)
    table.scan()
    assert table.cpu_seconds() == pytest.approx(1.7)
    assert table.missed_cpu_seconds <= WAITED_RESOLUTION_SECONDS


def test_its_parent_may_have_waited_for_too_much_to_be_true(machine: Machine) -> None:
    table = watch(machine)
    machine.work(TOP, 1)
    table.scan()
    machine.start(60, SHELL, used=100.0 * CPUS)
    machine.end(60, waited=True)
    machine.now += 0.5
    machine.end(TOP, waited=True)
    table.scan()
    assert table.cpu_seconds() == pytest.approx(1)
    assert table.missed_cpu_seconds == pytest.approx(0.5)


def test_io_of_before_cannot_be_told_apart_and_is_unknown(machine: Machine) -> None:
    table = watch(machine)
    table.add_io(TOP)
    assert (table.read_bytes, table.write_bytes) == (None, None)
