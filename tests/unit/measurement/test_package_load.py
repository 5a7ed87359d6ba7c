"""Busy time of packages, and the tree's share of each: whatever happens, nothing is lost."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.package_load import PackageLoad, PackageShares

TWO = {0: frozenset({0, 2}), 7: frozenset({1, 3})}


def test_busy_is_what_is_not_idle_on_the_package() -> None:
    load = PackageLoad(TWO)
    load.update({0: 10.0, 1: 20.0, 2: 30.0, 3: 40.0}, 0.0)
    assert (load.ids, load.busy_seconds, load.online) == ((0, 7), (0.0, 0.0), (2, 2))
    load.update({0: 11.0, 1: 20.0, 2: 31.0, 3: 40.5}, 1.0)
    assert load.busy_seconds == pytest.approx((0.0, 1.5))


def test_a_cpu_that_goes_and_comes_back_tells_nothing_of_the_time_between() -> None:
    load = PackageLoad(TWO)
    load.update({0: 1.0, 2: 1.0, 1: 1.0, 3: 1.0}, 0.0)
    load.update({0: 1.0, 1: 1.0, 3: 1.0}, 1.0)
    assert load.busy_seconds == pytest.approx((1.0, 2.0))
    assert load.online == (1, 2)
    load.update({0: 1.0, 2: 0.0, 1: 1.0, 3: 1.0}, 1.0)  # it starts to count anew
    assert load.busy_seconds == pytest.approx((2.0, 4.0))
    load.update({0: 1.0, 2: 0.0, 1: 1.0, 3: 1.0}, 1.0)
    assert load.busy_seconds == pytest.approx((4.0, 6.0))


def test_the_steps_of_idle_time_never_make_it_fall() -> None:
    load = PackageLoad({0: frozenset({0}), 1: frozenset({1})})
    load.update({0: 0.0, 1: 0.0}, 0.0)
    load.update({0: 0.0, 1: 0.0}, 0.005)
    before = load.busy_seconds
    load.update({0: 0.01, 1: 0.01}, 0.005)
    assert load.busy_seconds == before
    load.update({0: 5.0, 1: 0.01}, 4.99)
    assert load.busy_seconds == pytest.approx((0.005, 4.99))


amounts = st.floats(0, 1e6, allow_nan=False)
rows = st.lists(st.tuples(amounts, st.tuples(amounts, amounts), st.tuples(amounts, amounts)))


@given(rows)
def test_the_shares_always_add_up_and_never_fall(
    rises: list[tuple[float, tuple[float, float], tuple[float, float]]],
) -> None:
    shares = PackageShares(2)
    tree, placed, busy = 0.0, [0.0, 0.0], [0.0, 0.0]
    found = [(0.0, 0.0)]
    for rise, places, work in rises:
        tree += rise
        placed = [a + b for a, b in zip(placed, places, strict=True)]
        busy = [a + b for a, b in zip(busy, work, strict=True)]
        first, second = shares.add(tree, placed, busy)
        found.append((first, second))
        assert math.isclose(first + second, tree, rel_tol=1e-9, abs_tol=1e-9)
    for before, after in pairwise(found):
        assert before[0] <= after[0]
        assert before[1] <= after[1]


def test_what_is_not_placed_goes_where_the_rest_went() -> None:
    shares = PackageShares(2)
    assert shares.add(4.0, (1.0, 3.0), (9.0, 9.0)) == pytest.approx((1.0, 3.0))
    # Nothing new is known: as before, though the machine was busy elsewhere.
    assert shares.add(8.0, (1.0, 3.0), (99.0, 9.0)) == pytest.approx((2.0, 6.0))
    assert shares.add(9.0, (2.0, 3.0), (99.0, 9.0)) == pytest.approx((3.0, 6.0))


def test_before_anything_is_placed_the_machine_tells() -> None:
    shares = PackageShares(2)
    assert shares.add(2.0, (), (6.0, 2.0)) == pytest.approx((1.5, 0.5))
    assert shares.add(3.0, (), (6.0, 2.0)) == pytest.approx((2.0, 1.0)), "nor that: equally"
