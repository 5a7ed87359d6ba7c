"""When perf's word is taken against that of those who waited."""

from __future__ import annotations

import pytest

from carbonrun import clock
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.sampler import Sampler
from carbonrun.measurement.tree.accountant import TreeAccountant
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.table import ProcessTable
from carbonrun.notes import Notes


def accountant() -> TreeAccountant:
    return TreeAccountant(ProcessTable(ProcfsReader("/proc"), 1, frozenset(), b""), None, None)


@pytest.mark.parametrize(
    ("perf_seconds", "unwaited_seconds"), [(0.9, 0.0), (1.0, 0.0), (1.15, 0.0), (1.5, 0.5)]
)
def test_only_clearly_more_is_believed(perf_seconds: float, unwaited_seconds: float) -> None:
    assert accountant().unwaited_seconds(perf_seconds, 1.0) == pytest.approx(unwaited_seconds)


def test_what_a_hypervisor_took_is_nobodys_time() -> None:
    tree = accountant()
    tree.stolen_share = 0.2
    assert tree.unwaited_seconds(1.25, 1.0) == 0.0
    assert tree.unwaited_seconds(2.5, 1.0) == pytest.approx(1.0)


class HalfOfAMachine(Machine):
    """A hypervisor has the other half."""

    stolen_share = 0.5


def test_each_reading_tells_it_what_was_taken() -> None:
    tree, sampler = accountant(), Sampler([], HalfOfAMachine("/proc"), Notes())
    sampler.start(clock.now())
    assert tree.stolen_share == 0.0
    sampler.observe(clock.now(), tree)
    assert tree.stolen_share == 0.5
