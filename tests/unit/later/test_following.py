"""A plan is followed, and made anew on the way."""

from __future__ import annotations

import pytest

from carbonrun.later.following import follow
from carbonrun.later.plan import (
    NO_FORECAST,
    NOW_IS_BEST,
    TOO_SHORT,
    Plan,
    is_to_be_followed,
)

HOUR = 3600.0


class Journey:
    """A clock that stands still but for the waiting, and plans that are made at its moments."""

    def __init__(self, plans: dict[float, float] | None = None, signal_at: float = -1.0) -> None:
        self.at = 0.0
        self.waits: list[tuple[float, float]] = []
        self._plans = plans or {}
        self._signal_at = signal_at

    def now(self) -> float:
        return self.at

    def wait(self, until: float, start: float) -> int | None:
        self.waits.append((until, start))
        if self.at <= self._signal_at < until:
            self.at = self._signal_at
            return 15
        self.at = max(self.at, until)
        return None

    def look_again(self, plan: Plan) -> Plan:
        return Plan(start_unix_seconds=self._plans.get(self.at, plan.start_unix_seconds))

    def follow(self, start: float) -> tuple[Plan, int | None]:
        return follow(Plan(start_unix_seconds=start), self.now, self.wait, self.look_again, HOUR)


def test_a_short_wait_is_one() -> None:
    journey = Journey()
    plan, number = journey.follow(1.5 * HOUR)
    assert (plan.start_unix_seconds, number) == (1.5 * HOUR, None)
    assert journey.waits == [(1.5 * HOUR, 1.5 * HOUR)]


def test_it_looks_again_each_hour_but_not_at_the_end() -> None:
    journey = Journey()
    journey.follow(4.5 * HOUR)
    assert [until / HOUR for until, _ in journey.waits] == [1, 2, 3, 4.5]
    assert journey.at == 4.5 * HOUR


def test_a_later_start_is_taken_over() -> None:
    journey = Journey({HOUR: 6 * HOUR, 3 * HOUR: 4.5 * HOUR})
    plan, _ = journey.follow(3 * HOUR)
    assert plan.start_unix_seconds == 4.5 * HOUR
    assert journey.waits[1][1] == 6 * HOUR, "the countdown is to the new start"
    assert journey.at == 4.5 * HOUR


def test_it_starts_when_now_is_best() -> None:
    journey = Journey({2 * HOUR: 2 * HOUR})
    plan, number = journey.follow(9 * HOUR)
    assert (plan.start_unix_seconds, number, journey.at) == (2 * HOUR, None, 2 * HOUR)


@pytest.mark.parametrize("at", [0.5 * HOUR, 1.5 * HOUR, 8.5 * HOUR])
def test_a_signal_ends_it_wherever_it_comes(at: float) -> None:
    journey = Journey(signal_at=at)
    _, number = journey.follow(9 * HOUR)
    assert (number, journey.at) == (15, at)


@pytest.mark.parametrize(
    ("reason", "counts"),
    [(None, True), (NOW_IS_BEST, True), (NO_FORECAST, False), (TOO_SHORT, False)],
)
def test_a_forecast_that_has_gone_changes_nothing(reason: str | None, counts: bool) -> None:
    assert is_to_be_followed(Plan(start_unix_seconds=0.0, reason=reason)) is counts
