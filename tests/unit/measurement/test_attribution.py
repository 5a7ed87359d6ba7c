from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carbonrun.measurement.attribution import attribute, share
from carbonrun.measurement.model import Reading

# Nothing, or as little as a sensor can tell: products of tinier numbers have no digits left.
amounts = st.just(0.0) | st.floats(min_value=1e-6, max_value=1e9)
watts = st.floats(min_value=0, max_value=1e4, allow_nan=False)
fractions = st.just(0.0) | st.floats(min_value=1e-6, max_value=1)


def reading(
    at: float,
    machine_joules: float,
    *,
    activity: tuple[float, float],
    presence: tuple[float, float],
) -> Reading:
    return Reading(
        at_seconds=at,
        machine_joules=machine_joules,
        tree_activity=activity[0],
        machine_activity=activity[1],
        tree_presence=presence[0],
        machine_presence=presence[1],
    )


ZERO = reading(0, 0, activity=(0, 0), presence=(0, 0))


@st.composite
def later_readings(draw: st.DrawFn) -> Reading:
    machine_activity, machine_presence = draw(amounts), draw(amounts)
    return reading(
        draw(st.floats(min_value=0, max_value=1e6)),
        draw(amounts),
        activity=(machine_activity * draw(fractions), machine_activity),
        presence=(machine_presence * draw(fractions), machine_presence),
    )


@given(later_readings(), watts)
def test_tree_gets_between_nothing_and_the_machine(later: Reading, idle: float) -> None:
    part = attribute(ZERO, later, idle)
    assert part.active_joules >= 0
    assert part.idle_joules >= 0
    assert part.joules <= part.machine_joules * (1 + 1e-9)


@given(later_readings(), watts)
def test_complementary_trees_sum_to_at_most_the_machine(later: Reading, idle: float) -> None:
    rest = later.replace(
        tree_activity=later.machine_activity - later.tree_activity,
        tree_presence=later.machine_presence - later.tree_presence,
    )
    both = attribute(ZERO, later, idle).joules + attribute(ZERO, rest, idle).joules
    assert both <= later.machine_joules * (1 + 1e-9)


@given(later_readings(), watts, st.floats(min_value=0.01, max_value=0.99))
def test_splitting_an_interval_changes_no_total(later: Reading, idle: float, at: float) -> None:
    middle = Reading(**{name: value * at for name, value in later.as_dict().items()})
    whole = attribute(ZERO, later, idle)
    halves = attribute(ZERO, middle, idle).merge(attribute(middle, later, idle))
    assert halves.machine_joules == pytest.approx(whole.machine_joules, rel=1e-6, abs=1e-6)
    # A share of two rounded differences is only as good as these: 1e-6 of the machine.
    tolerance = max(1e-6, whole.machine_joules * 1e-6)
    assert halves.active_joules == pytest.approx(whole.active_joules, abs=tolerance)
    assert halves.idle_joules == pytest.approx(whole.idle_joules, abs=tolerance)


@given(
    seconds=st.floats(min_value=0.1, max_value=1e5),
    cpus=st.integers(min_value=1, max_value=512),
    idle=st.floats(min_value=0, max_value=500),
    watts_per_cpu=st.floats(min_value=0.1, max_value=30),
    tree=fractions,
    neighbour=fractions,
)
def test_a_neighbour_does_not_change_what_the_tree_costs(
    *, seconds: float, cpus: int, idle: float, watts_per_cpu: float, tree: float, neighbour: float
) -> None:
    assume(tree + neighbour <= cpus)
    tree_seconds = tree * seconds

    def cost(neighbour_seconds: float) -> float:
        busy = tree_seconds + neighbour_seconds
        joules = idle * seconds + watts_per_cpu * busy
        later = reading(
            seconds,
            joules,
            activity=(tree_seconds, busy),
            presence=(tree_seconds, cpus * seconds),
        )
        return attribute(ZERO, later, idle).joules

    alone = cost(0.0)
    assert cost(neighbour * seconds) == pytest.approx(alone, rel=1e-6, abs=1e-6)
    truth = watts_per_cpu * tree_seconds + idle * seconds * tree / cpus
    assert alone == pytest.approx(truth, rel=1e-6, abs=1e-6)


def test_floor_is_capped_by_the_energy_of_the_interval() -> None:
    later = reading(10, 50, activity=(1, 1), presence=(1, 2))
    part = attribute(ZERO, later, idle_watts=100)
    assert (part.active_joules, part.idle_joules) == (0, 25)


def test_a_reading_that_goes_backwards_is_no_change() -> None:
    later = reading(10, 50, activity=(1, 1), presence=(1, 2))
    part = attribute(later, ZERO, idle_watts=1)
    assert part.machine_joules == part.joules == 0
    assert part.end_seconds == part.start_seconds == 10


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, 0), (1, 0, 1), (-1, 5, 0), (1, 4, 0.25), (4, 4, 1), (5, 4, 1)],
)
def test_share(part: float, whole: float, expected: float) -> None:
    assert share(part, whole) == expected
