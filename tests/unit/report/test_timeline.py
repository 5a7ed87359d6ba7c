"""The timeline loses no joule, whichever devices are read how often."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.model import Slice
from carbonrun.report.timeline import build_timeline, share_out


def slices(*ends: tuple[float, float], start: float = 0.0) -> list[Slice]:
    """Return slices that follow each other, from pairs of end and joules."""
    made = []
    for end, joules in ends:
        made.append(
            Slice(
                start_seconds=start,
                end_seconds=end,
                machine_joules=2 * joules,
                active_joules=joules,
                idle_joules=0.0,
            )
        )
        start = end
    return made


def tree_joules(part: Slice) -> float:
    return part.joules


def no_intensity(_start: float, _end: float) -> None:
    return None


def test_a_slice_is_divided_by_time() -> None:
    assert share_out(slices((10.0, 100.0)), [0, 1, 4, 10], tree_joules) == pytest.approx(
        [10.0, 30.0, 60.0]
    )


def test_slices_are_added_up() -> None:
    parts = slices((1.0, 1.0), (2.0, 2.0), (3.0, 4.0))
    assert share_out(parts, [0, 3], tree_joules) == pytest.approx([7.0])


def test_what_lies_outside_goes_to_the_nearest() -> None:
    parts = slices((2.0, 2.0), (8.0, 6.0), (9.0, 5.0))
    assert share_out(parts, [1, 3, 6], tree_joules) == pytest.approx([3.0, 10.0])


def test_a_slice_without_length_is_not_lost() -> None:
    parts = [*slices((1.0, 1.0)), *slices((1.0, 5.0), start=1.0), *slices((2.0, 1.0), start=1.0)]
    assert share_out(parts, [0, 1, 2], tree_joules) == pytest.approx([1.0, 6.0])


def test_points_follow_the_device_that_is_read_most_often() -> None:
    fine = slices((1.0, 10.0), (2.0, 20.0), (4.0, 30.0))
    coarse = slices((4.0, 8.0))
    points = build_timeline({"cpu": [fine], "gpu": [coarse]}, tree_joules, no_intensity)
    assert [(p.start, p.end) for p in points] == [(0.0, 1.0), (1.0, 2.0), (2.0, 4.0)]
    assert [p.joules for p in points] == pytest.approx([12.0, 22.0, 34.0])
    assert points[2].watts == pytest.approx({"cpu": 15.0, "gpu": 2.0})


def test_devices_of_a_kind_are_one() -> None:
    points = build_timeline(
        {"cpu": [slices((2.0, 10.0)), slices((2.0, 4.0))]}, tree_joules, no_intensity
    )
    assert [p.joules for p in points] == pytest.approx([14.0])
    assert points[0].watts == pytest.approx({"cpu": 7.0})


def test_each_point_has_its_intensity() -> None:
    points = build_timeline(
        {"cpu": [slices((1.0, 1.0), (3.0, 1.0))]}, tree_joules, lambda start, end: 10 * start + end
    )
    assert [p.g_per_kwh for p in points] == [1.0, 13.0]


@pytest.mark.parametrize("nothing", [{}, {"cpu": []}, {"cpu": [[]]}])
def test_nothing_measured_is_no_timeline(nothing: dict[str, list[list[Slice]]]) -> None:
    assert build_timeline(nothing, tree_joules, no_intensity) == ()


def test_a_point_without_length_has_no_power() -> None:
    points = build_timeline({"cpu": [slices((0.0, 1.0))]}, tree_joules, no_intensity)
    assert [(p.joules, p.watts) for p in points] == [(1.0, {})]


# The clock has nanoseconds.
seconds = st.one_of(st.just(0.0), st.floats(min_value=1e-9, max_value=10))
steps = st.lists(
    st.tuples(seconds, st.floats(min_value=0, max_value=1000)),
    max_size=30,
)


def accumulated(deltas: list[tuple[float, float]]) -> list[Slice]:
    at, ends = 0.0, []
    for seconds, joules in deltas:
        at += seconds
        ends.append((at, joules))
    return slices(*ends)


@given(
    st.dictionaries(
        st.sampled_from(["cpu", "gpu", "memory"]), st.lists(steps, min_size=1, max_size=3)
    )
)
def test_no_joule_is_lost_or_made(kinds: dict[str, list[list[tuple[float, float]]]]) -> None:
    by_kind = {kind: [accumulated(deltas) for deltas in many] for kind, many in kinds.items()}
    points = build_timeline(by_kind, tree_joules, no_intensity)
    whole = sum(joules for many in kinds.values() for deltas in many for _, joules in deltas)
    assert sum(point.joules for point in points) == pytest.approx(whole, abs=1e-6)
    assert all(first.end == second.start for first, second in pairwise(points))
    assert all(watts >= -1e-9 for point in points for watts in point.watts.values())
    for point in points:
        if point.end > point.start:
            power = sum(point.watts.values()) * (point.end - point.start)
            assert power == pytest.approx(point.joules, abs=1e-6)
