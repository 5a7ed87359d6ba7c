"""What the energy of processors goes by: all CPUs, packages, cycles."""

from __future__ import annotations

import pytest

from carbonrun.clock import Instant
from carbonrun.measurement.activity import CpuActivity
from carbonrun.measurement.model import MachineState
from carbonrun.measurement.sampler import Moment

Cycles = tuple[float, tuple[float, ...]] | None


def moment(
    seconds: float,
    tree_seconds: float,
    busy: tuple[float, ...],
    tree: tuple[float, ...] = (),
    cycles: Cycles = None,
) -> Moment:
    several = len(busy) > 1
    return Moment(
        now=Instant(monotonic_seconds=seconds, boottime_seconds=seconds, unix_seconds=seconds),
        machine=MachineState(
            busy_cpu_seconds=sum(busy),
            logical_cpus=2 * len(busy),
            memory_bytes=0,
            busy_by_package=busy if several else (),
            cpus_by_package=(2,) * len(busy) if several else (),
        ),
        used_memory_bytes=0,
        tree_cpu_seconds=tree_seconds,
        tree_memory_bytes=None,
        joules={},
        tree_by_package=tree,
        cycles=cycles,
    )


def test_one_package_without_cycles() -> None:
    activity = CpuActivity(())
    first = moment(0, 0, (100.0,))
    activity.add(first, moment(4, 3.0, (105.0,)), 5.0, 4.0)
    use = activity.of("package-0")
    assert use is activity.of("cpu")
    assert (use.busy_seconds, use.tree_seconds, use.weighed_seconds) == (5.0, 3.0, 3.0)
    assert use.capacity_seconds == 8.0
    assert activity.busy_share == pytest.approx(5 / 8)
    assert not activity.is_weighed


def test_packages_have_their_own_busy_time_and_share() -> None:
    activity = CpuActivity((0, 1))
    first = moment(0, 0, (10.0, 20.0))
    activity.add(first, moment(4, 4.0, (15.0, 21.0), tree=(3.0, 1.0)), 6.0, 4.0)
    near, far = activity.of("package-0"), activity.of("package-1")
    assert (near.busy_seconds, near.tree_seconds, near.capacity_seconds) == (5.0, 3.0, 8.0)
    assert (far.busy_seconds, far.tree_seconds, far.capacity_seconds) == (1.0, 1.0, 8.0)
    assert activity.of("cpu").tree_seconds == 4.0


def test_each_package_is_weighed_by_its_own_cycles() -> None:
    activity = CpuActivity((0, 1))
    first = moment(0, 0, (0.0, 0.0), cycles=(0.0, (0.0, 0.0)))
    activity.add(first, first, 0.0, 0.0)
    later = moment(4, 4.0, (4.0, 4.0), tree=(2.0, 2.0), cycles=(8e9, (8e9, 16e9)))
    activity.add(first, later, 8.0, 4.0)
    assert activity.of("package-0").weighed_seconds == pytest.approx(2.0)
    assert activity.of("package-1").weighed_seconds == pytest.approx(1.0)
    assert activity.of("package-1").tree_seconds == 2.0
    assert activity.is_weighed


def test_a_reading_that_knows_no_packages_leaves_them_as_they_were() -> None:
    activity = CpuActivity((0, 1))
    first = moment(0, 0, (0.0, 0.0))
    activity.add(first, moment(1, 1.0, (1.0, 1.0), tree=(1.0, 0.0)), 2.0, 1.0)
    before = activity.of("package-0")
    activity.add(first, moment(2, 1.5, (3.0,)), 3.0, 1.0)
    assert activity.of("package-0") == before
    assert activity.of("cpu").tree_seconds == 1.5
