"""Which process a number of the driver's is."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from carbonrun.measurement.gpu.nvml.identities import KEPT_SECONDS, Identities
from tests.unit.measurement.gpu.nvml.test_samples import START, TICKS, machine

if TYPE_CHECKING:
    from pathlib import Path


def test_a_process_and_its_ancestors(tmp_path: Path) -> None:
    identities = machine(tmp_path, p5=50, p1=0)
    identities.begin(10.0)
    assert identities.start_ticks(5, 10.0) == 50 * TICKS
    (born,) = identities.born
    assert born[0] == (5, 50 * TICKS)
    assert set(born[1]) == {1}
    assert len(born[1]) == 64, "a loop of ancestors ends"
    identities.start_ticks(5, 10.0)
    assert len(identities.born) == 1


def test_one_that_has_ended_keeps_its_number_for_a_while(tmp_path: Path) -> None:
    identities = machine(tmp_path, p5=50)
    identities.begin(10.0)
    identities.start_ticks(5, 10.0)
    shutil.rmtree(tmp_path / "5")
    identities.begin(15.0)
    assert identities.start_ticks(5, 15.0) == 50 * TICKS
    identities.begin(10.0 + KEPT_SECONDS + 1)
    assert identities.start_ticks(5, 30.0) is None


def test_a_number_that_was_there_before_the_process_is_another_one_s(tmp_path: Path) -> None:
    """The driver named it while there was no such process here: it is of another namespace."""
    identities = machine(tmp_path)
    identities.begin(10.0)
    assert identities.start_ticks(5, 10.0) is None
    shutil.rmtree(tmp_path / "self")
    machine(tmp_path, p5=50)
    identities.begin(11.0)
    assert identities.start_ticks(5, 11.0) is None
    identities.begin(12.0)
    identities.begin(13.0)
    assert identities.start_ticks(5, 13.0) == 50 * TICKS, "it was not listed in between"


def test_a_number_that_is_used_again_is_a_new_process(tmp_path: Path) -> None:
    identities = machine(tmp_path, p5=50)
    identities.begin(10.0)
    identities.start_ticks(5, 10.0)
    shutil.rmtree(tmp_path / "5")
    shutil.rmtree(tmp_path / "self")
    machine(tmp_path, p5=70)
    identities.begin(11.0)
    assert identities.start_ticks(5, 11.0) == 70 * TICKS
    assert [key for key, _ in identities.born] == [(5, 50 * TICKS), (5, 70 * TICKS)]


def test_without_a_procfs_nothing_is_known(tmp_path: Path) -> None:
    identities = Identities(str(tmp_path))
    assert identities.sees_all
    identities.begin(10.0)
    assert identities.sampled(5, START, 10.0) is None
