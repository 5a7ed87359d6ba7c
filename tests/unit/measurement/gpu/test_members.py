"""Which of the processes on GPUs are the tree's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from carbonrun.measurement.gpu.look import GpuLook, GpuProcess
from carbonrun.measurement.gpu.members import Members
from carbonrun.measurement.gpu.source import Birth

if TYPE_CHECKING:
    from carbonrun.measurement.tree.table import ProcessTable
    from carbonrun.measurement.tree.trace import TaskTrace

OWN = 100


def members(
    own_pid: int = OWN, strangers: tuple[int, ...] = (), **live: int
) -> tuple[Members, dict[int, Any]]:
    """Return the members below ``own_pid``, and the table's live processes: ``p7=70``."""
    found = {
        int(name[1:]): SimpleNamespace(stat=SimpleNamespace(start_ticks=ticks))
        for name, ticks in live.items()
    }
    table = SimpleNamespace(own_pid=own_pid, strangers=set(strangers), live=found)
    return Members(cast("ProcessTable", table)), found


def born(pid: int, *ancestors: int) -> Birth:
    return Birth(key=(pid, pid * 10), ancestors=ancestors)


def test_a_process_of_the_table_is_a_member_and_stays_one() -> None:
    known, live = members(p7=70)
    assert (7, 70) in known
    assert (7, 71) not in known
    assert (8, 80) not in known
    assert None not in known
    assert known.by_pid() == {7: (7, 70)}
    live.clear()
    assert (7, 70) in known


def test_a_descendant_is_a_member_before_the_table_knows_it() -> None:
    known, _ = members()
    known.learn(born(7, 6, OWN, 1))
    known.learn(born(8, 6, 1))
    assert (7, 70) in known
    assert (8, 80) not in known


@pytest.mark.parametrize("sees_all", [True, False])
def test_a_process_that_had_ended_before_it_was_looked_at(sees_all: bool) -> None:
    table = SimpleNamespace(own_pid=OWN, strangers=set(), live={})
    trace = SimpleNamespace(ended_pids={7: None})
    known = Members(cast("ProcessTable", table), cast("TaskTrace", trace))
    rows = tuple(GpuProcess(pid=pid, start_ticks=None) for pid in (7, 8))
    look = GpuLook(device_id="x", at_seconds=1.0, joules=1.0, processes=rows, is_complete=sees_all)
    ours = [row.pid for row in known.named(look).processes or () if row.key in known]
    assert ours == ([7] if sees_all else [])


def test_what_is_below_a_stranger_is_strange() -> None:
    known, _ = members(strangers=(6, 1))
    known.learn(born(7, 6, OWN, 1))
    known.learn(born(8, 5, OWN, 1))
    known.learn(born(6, OWN, 1))
    assert (7, 70) not in known
    assert (6, 60) not in known
    assert (8, 80) in known


def test_the_process_that_is_attached_to_is_a_member() -> None:
    known, _ = members(own_pid=7)
    known.learn(born(7, 1))
    assert (7, 70) in known


def test_of_the_whole_machine_all_are() -> None:
    known, _ = members(own_pid=0, strangers=(1,))
    known.learn(born(7, 6, 1))
    assert (7, 70) in known
