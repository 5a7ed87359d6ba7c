"""Ancestors of processes on a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbonrun.measurement.gpu.drm.clients import Sight
from carbonrun.measurement.gpu.drm.fdinfo import ClientText
from carbonrun.measurement.gpu.drm.kin import Kin
from carbonrun.measurement.gpu.source import Birth
from tests.machine.sim_drm import SimulatedGraphics

if TYPE_CHECKING:
    from pathlib import Path

TOP, CHILD, GRANDCHILD, STRANGER, OLD = 100, 101, 102, 500, 1000
TEXT = ClientText(driver="xe", card=None, client_id=1, engines={}, memory_bytes=5)


def sight(pid: int) -> Sight:
    return Sight(pid=pid, start_ticks=OLD, text=TEXT)


def test_a_grandchild_that_the_tree_does_not_know_yet(tmp_path: Path) -> None:
    machine = SimulatedGraphics(tmp_path)
    for pid, parent in ((TOP, 1), (CHILD, TOP), (GRANDCHILD, CHILD), (STRANGER, 1)):
        machine.add_process(pid, parent_pid=parent)
    kin = Kin(str(machine.procfs))
    tree = [(TOP, OLD)]
    ours = kin.of_tree([sight(GRANDCHILD), sight(STRANGER)], tree)
    assert ours == {(TOP, OLD), (GRANDCHILD, OLD)}
    births = {birth.key: birth for birth in kin.births()}
    assert births[GRANDCHILD, OLD].ancestors[:2] == (CHILD, TOP)
    assert set(births) == {(GRANDCHILD, OLD), (STRANGER, OLD)}
    assert kin.of_tree([sight(GRANDCHILD)], tree) == ours
    assert kin.births() == ()


def test_a_process_that_has_ended_has_no_ancestors(tmp_path: Path) -> None:
    kin = Kin(str(SimulatedGraphics(tmp_path).procfs))
    assert kin.of_tree([sight(1 << 22)], [(TOP, OLD)]) == {(TOP, OLD)}
    assert kin.births() == (Birth(key=(1 << 22, OLD), ancestors=()),)
