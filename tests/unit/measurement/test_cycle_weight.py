"""CPU time weighed by cycles: the share of the activity becomes the share of the cycles."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.cycle_weight import LEAST, MOST, CycleWeight, ratio


def test_a_tree_on_slow_cores_counts_less() -> None:
    """It has half of the CPU time, at 1 GHz, while the rest runs at 3 GHz."""
    weight = CycleWeight()
    weight.add(0.0, 0.0, 0.0, (0.0, 0.0))
    weighed = weight.add(10.0, 20.0, 10.0, (10e9, 40e9))
    assert weighed / 20.0 == pytest.approx(10 / 40)
    assert weight.was_weighed


def test_alone_it_counts_whole() -> None:
    weight = CycleWeight()
    weight.add(0.0, 0.0, 0.0, (0.0, 0.0))
    assert weight.add(10.0, 10.0, 10.0, (7e9, 7e9)) == pytest.approx(10.0)


def test_on_one_of_two_packages_its_own_part_is_weighed() -> None:
    """3 of its 12 seconds ran here, all at 2 GHz; everybody here runs at 4 GHz."""
    weight = CycleWeight()
    weight.add(0.0, 0.0, 0.0, (0.0, 0.0))
    assert weight.add(3.0, 6.0, 12.0, (24e9, 24e9)) == pytest.approx(1.5)


def test_what_was_before_the_cycles_counts_as_it_is() -> None:
    weight = CycleWeight(2.0)
    assert weight.add(3.0, 5.0, 3.0, None) == pytest.approx(3.0)
    assert weight.add(4.0, 8.0, 4.0, (5e9, 5e9)) == pytest.approx(4.0)
    assert not weight.was_weighed
    assert weight.add(6.0, 12.0, 6.0, (6e9, 9e9)) == pytest.approx(4.0 + 2.0 * 0.5)
    assert weight.add(7.0, 14.0, 7.0, None) == pytest.approx(6.0), "the counters are gone"


@pytest.mark.parametrize(
    ("tree", "everybody"),
    [
        ((0.0, 1.0), (1.0, 1.0)),
        ((1.0, 0.0), (1.0, 1.0)),
        ((1.0, 1.0), (0.0, 1.0)),
        ((1.0, 1.0), (1.0, 0.0)),
        ((1.0, 1.0), (1.0, 2 * MOST)),
        ((1.0, 1.0), (1.0, LEAST / 2)),
        ((-1.0, 1.0), (1.0, 1.0)),
    ],
)
def test_what_cannot_be_told_has_no_weight(
    tree: tuple[float, float], everybody: tuple[float, float]
) -> None:
    assert ratio(tree, everybody) is None


amounts = st.floats(0, 1e12, allow_nan=False)
cycles = st.none() | st.tuples(amounts, amounts)


@given(st.lists(st.tuples(amounts, amounts, amounts, cycles)))
def test_it_never_falls_and_never_leaves_the_bounds(
    rows: list[tuple[float, float, float, tuple[float, float] | None]],
) -> None:
    weight = CycleWeight()
    tree = busy = whole = 0.0
    counted = (0.0, 0.0)
    found = [0.0]
    for tree_rise, busy_rise, whole_rise, rise in rows:
        tree, busy, whole = tree + tree_rise, busy + busy_rise, whole + whole_rise
        if rise is not None:
            counted = (counted[0] + rise[0], counted[1] + rise[1])
        found.append(weight.add(tree, busy, whole, None if rise is None else counted))
    assert all(before <= after for before, after in pairwise(found))
    assert found[-1] <= MOST * tree or math.isclose(found[-1], MOST * tree)
    assert found[-1] >= LEAST * tree or math.isclose(found[-1], LEAST * tree)
