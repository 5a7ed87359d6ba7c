"""Whose time has moved to a parent: the rule alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.tree.absorbed import Gone, absorbed

STEP = 0.02


def gone(pid: int, parent: int, seconds: float) -> Gone:
    return Gone(pid=pid, parent_pid=parent, cpu_seconds=seconds)


def test_a_parent_that_has_grown_enough_has_waited() -> None:
    assert absorbed([gone(2, 1, 3.0)], {1: 3.0}, STEP) == {2}
    assert absorbed([gone(2, 1, 3.0)], {1: 2.99}, STEP) == {2}, "within the steps of the clock"
    assert absorbed([gone(2, 1, 3.0)], {1: 7.0}, STEP) == {2}, "with others that were not seen"


def test_a_parent_that_has_not_grown_has_not() -> None:
    assert absorbed([gone(2, 1, 3.0)], {1: 0.0}, STEP) == set()
    assert absorbed([gone(2, 1, 3.0)], {}, STEP) == set(), "a parent that nobody watches"


def test_growth_is_spent_once_the_largest_first() -> None:
    two = [gone(2, 1, 1.0), gone(3, 1, 2.0)]
    assert absorbed(two, {1: 3.0}, STEP) == {2, 3}
    assert absorbed(two, {1: 2.0}, STEP) == {3}
    assert absorbed(two, {1: 1.0}, STEP) == {2}


def test_a_chain_is_followed_to_who_is_left() -> None:
    chain = [gone(3, 2, 1.0), gone(2, 1, 0.5)]
    assert absorbed(chain, {1: 1.5}, STEP) == {2, 3}
    assert absorbed(chain, {1: 0.5}, STEP) == {2}, "its child was an orphan when it ended"
    assert absorbed(chain, {1: 0.0}, STEP) == set()


def test_nothing_comes_past_a_parent_that_was_not_waited_for() -> None:
    # 2 used 9 s and was not waited for: what 3 used is gone with it, whatever else 1 waited for.
    assert absorbed([gone(3, 2, 1.0), gone(2, 1, 9.0)], {1: 1.0}, STEP) == set()


def test_a_circle_of_parents_does_no_harm() -> None:
    """Numbers are used again: what is read at different times need not fit together."""
    assert absorbed([gone(2, 3, 1.0), gone(3, 2, 1.0)], {1: 5.0}, STEP) == set()


@given(
    st.dictionaries(
        st.integers(2, 12),
        st.tuples(st.integers(1, 12), st.floats(0, 100, allow_nan=False)),
        max_size=8,
    ),
    st.dictionaries(st.integers(1, 4), st.floats(0, 200, allow_nan=False), max_size=4),
)
def test_never_more_is_taken_than_there_is(
    processes: dict[int, tuple[int, float]], growth: dict[int, float]
) -> None:
    ended = [gone(pid, parent, seconds) for pid, (parent, seconds) in processes.items()]
    live = {pid: seconds for pid, seconds in growth.items() if pid not in processes}
    found = absorbed(ended, live, STEP)
    taken = sum(each.cpu_seconds for each in ended if each.pid in found)
    assert taken <= sum(live.values()) + STEP * len(found) + 1e-9
    assert found <= set(processes)
