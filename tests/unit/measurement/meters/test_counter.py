from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.clock import Instant
from carbonrun.measurement.meters.counter import (
    RESET,
    SUSPENDED,
    TOO_FAST,
    TOO_LONG,
    Gap,
    WrappingCounter,
)

MAX_RAW = 262143328850
MAX_WATTS = 500.0


def at(seconds: float, asleep: float = 0.0) -> Instant:
    return Instant(monotonic_seconds=seconds, boottime_seconds=seconds + asleep, unix_seconds=0.0)


def counter(max_raw: int | None = MAX_RAW, first: int = 0) -> WrappingCounter:
    made = WrappingCounter(max_raw, MAX_WATTS)
    assert made.update(first, at(0.0)) == 0.0
    return made


def test_the_first_reading_is_the_origin_whatever_it_shows() -> None:
    assert counter(first=123456789).joules == 0.0


def test_a_rise_is_energy() -> None:
    meter = counter(first=1_000_000)
    assert meter.update(13_500_000, at(1.0)) == pytest.approx(12.5)
    assert meter.counted_seconds == 1.0
    assert meter.gaps == {}


def test_equal_readings_add_nothing_and_are_no_gap() -> None:
    meter = counter(first=7)
    assert meter.update(7, at(1.0)) == 0.0
    assert meter.gaps == {}


def test_two_readings_of_one_moment_are_no_gap() -> None:
    meter = counter()
    assert meter.update(1_000_000, at(0.0)) == pytest.approx(1.0)
    assert meter.gaps == {}


@given(
    first=st.integers(0, MAX_RAW),
    units=st.integers(0, int(MAX_WATTS * 1e6)),
)
def test_a_wrap_is_exact_to_one_unit(first: int, units: int) -> None:
    meter = WrappingCounter(MAX_RAW, MAX_WATTS, joules_per_unit=1e-6)
    meter.update(first, at(0.0))
    meter.update((first + units) % (MAX_RAW + 1), at(1.0))
    assert round(meter.joules * 1e6) == units
    assert meter.gaps == {}


def test_from_the_highest_value_to_zero_is_one_unit() -> None:
    meter = counter(first=MAX_RAW)
    assert meter.update(0, at(1.0)) == pytest.approx(1e-6)


def test_a_fall_that_would_be_too_much_power_for_a_wrap_is_a_reset() -> None:
    meter = counter(first=100_000_000_000)
    meter.update(100_010_000_000, at(1.0))
    assert meter.update(5_000_000, at(2.0)) == pytest.approx(10.0)
    assert meter.gaps == {RESET: Gap(count=1, seconds=1.0)}
    assert meter.update(8_000_000, at(3.0)) == pytest.approx(13.0)
    assert meter.counted_seconds == 2.0


def test_without_a_known_range_every_fall_is_a_reset() -> None:
    meter = counter(max_raw=None, first=MAX_RAW)
    assert meter.update(0, at(1.0)) == 0.0
    assert set(meter.gaps) == {RESET}


def test_a_value_above_the_range_is_not_wrapped_to_negative_energy() -> None:
    meter = counter(max_raw=10**9, first=5 * 10**9)
    assert meter.update(10, at(1.0)) == 0.0
    assert set(meter.gaps) == {RESET}


def test_a_rise_of_more_power_than_possible_adds_nothing() -> None:
    meter = counter()
    assert meter.update(50_000_000_000, at(1.0)) == 0.0
    assert meter.gaps == {TOO_FAST: Gap(count=1, seconds=1.0)}
    assert meter.update(50_001_000_000, at(2.0)) == pytest.approx(1.0)


def test_a_reading_that_came_late_is_not_taken_for_too_much_power() -> None:
    meter = counter()
    assert meter.update(300_000_000, at(0.02)) == pytest.approx(300.0)


@pytest.mark.parametrize("raw", [1_000_000, 201_000_000])
def test_an_interval_with_suspend_adds_nothing(raw: int) -> None:
    meter = counter(first=100_000_000)
    assert meter.update(raw, at(1.0, asleep=3600.0)) == 0.0
    assert set(meter.gaps) == {SUSPENDED}
    assert meter.update(raw + 1_000_000, at(2.0, asleep=3600.0)) == pytest.approx(1.0)


def test_suspend_before_the_first_reading_does_not_matter() -> None:
    meter = WrappingCounter(MAX_RAW, MAX_WATTS)
    meter.update(0, at(0.0, asleep=99.0))
    assert meter.update(2_000_000, at(1.0, asleep=99.0)) == pytest.approx(2.0)


def test_clocks_that_are_read_a_little_apart_are_no_suspend() -> None:
    meter = counter()
    meter.update(2_000_000, at(1.0, asleep=0.2))
    assert meter.joules == pytest.approx(2.0)


@pytest.mark.parametrize(("max_raw", "longest"), [(MAX_RAW, 524.28), (None, 131.07)])
def test_a_gap_that_may_hide_a_wrap_is_unknown(max_raw: int | None, longest: float) -> None:
    meter = counter(max_raw)
    meter.update(1_000_000, at(longest))
    assert meter.joules == pytest.approx(1.0)
    meter.update(2_000_000, at(2 * longest + 0.1))
    assert meter.joules == pytest.approx(1.0)
    assert set(meter.gaps) == {TOO_LONG}


def test_gaps_are_counted_by_cause() -> None:
    meter = counter(max_raw=None, first=10)
    for index, raw in enumerate([9, 8, 7, 100_000_000_000], start=1):
        meter.update(raw, at(float(index)))
    assert meter.gaps == {RESET: Gap(count=3, seconds=3.0), TOO_FAST: Gap(count=1, seconds=1.0)}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**40),
            st.floats(-1.0, 1000.0),
            st.floats(0.0, 10.0),
        )
    ),
    st.none() | st.integers(1, 2**40),
)
def test_joules_never_fall_whatever_the_counter_shows(
    readings: list[tuple[int, float, float]], max_raw: int | None
) -> None:
    meter = WrappingCounter(max_raw, MAX_WATTS)
    seconds = asleep = last = 0.0
    for raw, step, slept in readings:
        seconds, asleep = seconds + step, asleep + slept
        joules = meter.update(raw, at(seconds, asleep))
        assert joules >= last
        last = joules


@given(
    st.lists(
        st.tuples(st.integers(0, 400_000_000), st.booleans()),
        min_size=1,
        max_size=60,
    ),
    st.integers(0, 2**33),
)
def test_leaving_readings_out_never_changes_the_total(
    steps: list[tuple[int, bool]], first: int
) -> None:
    # A range of 8.6 kJ wraps within these runs (up to 60 s at 400 W), though never twice unseen.
    max_raw = 2**35 - 1
    every = WrappingCounter(max_raw, MAX_WATTS)
    some = WrappingCounter(max_raw, MAX_WATTS)
    units = 0
    for meter in (every, some):
        meter.update(first, at(0.0))
    for index, (step, is_kept) in enumerate(steps, start=1):
        units += step
        raw = (first + units) % (max_raw + 1)
        every.update(raw, at(float(index)))
        if is_kept or index == len(steps):
            some.update(raw, at(float(index)))
    assert every.joules == some.joules == units * 1e-6
    assert every.gaps == some.gaps == {}
    assert every.counted_seconds == some.counted_seconds == len(steps)
