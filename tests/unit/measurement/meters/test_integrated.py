from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.clock import Instant
from carbonrun.measurement.meters.integrated import IntegratedPower
from tests.machine.fake_clock import FakeClock


def at(seconds: float, asleep_seconds: float = 0.0) -> Instant:
    return Instant(
        monotonic_seconds=seconds,
        boottime_seconds=seconds + asleep_seconds,
        unix_seconds=0.0,
    )


def power(hold_seconds: float = 2.0, most_watts: float = 1000.0) -> IntegratedPower:
    return IntegratedPower(at(0), hold_seconds, most_watts)


def test_the_trapezoid_between_samples() -> None:
    integral = power()
    for second, watts in enumerate([10, 20, 40, 40]):
        integral.add(at(second), watts)
    assert integral.joules(at(3)) == 15 + 30 + 40
    assert integral.silent_seconds(at(3)) == 0


def test_the_first_sample_counts_back_to_the_start() -> None:
    integral = power()
    assert integral.joules(at(1)) == 0
    integral.add(at(1.5), 10)
    assert integral.joules(at(1.5)) == 15


def test_the_first_sample_does_not_count_back_for_ever() -> None:
    integral = power()
    integral.add(at(10), 10)
    assert integral.joules(at(10)) == 20
    assert integral.silent_seconds(at(10)) == 8


def test_the_last_sample_stands_for_a_while() -> None:
    integral = power()
    integral.add(at(0), 10)
    assert integral.joules(at(1.5)) == 15
    assert integral.joules(at(100)) == 20
    assert integral.silent_seconds(at(100)) == 98


def test_a_gap_has_no_energy_but_what_stood() -> None:
    integral = power()
    integral.add(at(0), 10)
    integral.add(at(50), 30)
    integral.add(at(51), 30)
    assert integral.joules(at(51)) == 20 + 30
    assert integral.silent_seconds(at(51)) == 48


@pytest.mark.parametrize("watts", [-1.0, 1000.1, float("inf"), float("nan")])
def test_what_cannot_be_true_is_left_out(watts: float) -> None:
    integral = power()
    integral.add(at(0), 10)
    integral.add(at(1), watts)
    integral.add(at(2), 10)
    assert integral.joules(at(2)) == 20
    assert (integral.samples, integral.rejected) == (2, 1)


def test_samples_of_the_past_and_of_the_same_moment_change_nothing() -> None:
    integral = power()
    integral.add(at(1), 10)
    integral.add(at(1), 900)
    integral.add(at(0.5), 900)
    assert integral.joules(at(1)) == 10


def test_power_that_drops_after_it_was_held_never_makes_the_sum_fall() -> None:
    integral = power()
    integral.add(at(0), 100)
    held = integral.joules(at(1))
    integral.add(at(1.1), 0)
    assert integral.joules(at(1.1)) == held == 100
    integral.add(at(3), 100)
    assert integral.joules(at(3)) == pytest.approx(100 * 1.1 / 2 + 100 * 1.9 / 2)


def test_a_suspended_machine_uses_nothing() -> None:
    clock = FakeClock()
    integral = IntegratedPower(clock.now(), 2.0, 1000.0)
    integral.add(clock.now(), 10)
    integral.add(clock.advance(1.0), 10)
    clock.suspend(3600.0)
    integral.add(clock.advance(1.0), 10)
    assert integral.joules(clock.now()) == pytest.approx(20)


SAMPLES = st.lists(
    st.tuples(st.floats(0, 5), st.floats(-50, 2000, allow_nan=False)), min_size=1, max_size=40
)


@given(SAMPLES)
def test_it_never_falls_and_never_exceeds_the_most(samples: list[tuple[float, float]]) -> None:
    integral = power()
    seconds, shown = 0.0, [0.0]
    for interval, watts in samples:
        seconds += interval
        shown.append(integral.joules(at(seconds)))
        integral.add(at(seconds), watts)
        shown.append(integral.joules(at(seconds)))
    assert all(before <= after for before, after in pairwise(shown))
    # What was held and then turned out to be less is the only excess.
    assert shown[-1] <= 1000.0 * (seconds + 2.0)


@given(SAMPLES, st.floats(0, 10))
def test_known_and_unknown_time_add_up(samples: list[tuple[float, float]], rest: float) -> None:
    integral, full = power(), power()
    seconds = 0.0
    for interval, _ in samples:
        seconds += interval
        integral.add(at(seconds), 1.0)
    end = at(seconds + rest)
    assert integral.joules(end) + integral.silent_seconds(end) == pytest.approx(seconds + rest)
    assert full.silent_seconds(end) == pytest.approx(seconds + rest)
