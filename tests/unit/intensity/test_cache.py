"""When a service is asked again, and what is kept of what it told."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.cache import (
    DAY_SECONDS,
    FRESH_SECONDS,
    LATEST_SECONDS,
    MARGIN_SECONDS,
    CachedProvider,
    Day,
    is_fresh,
    merged,
    next_failure,
)
from carbonrun.intensity.memory_shelf import MemoryShelf
from carbonrun.intensity.model import IntensityUnavailable, Point, ServiceFailed, ZoneNotCovered

HOUR = 3600.0
DAY = 20_000
MIDNIGHT = DAY * DAY_SECONDS
NOON = MIDNIGHT + 12 * HOUR


def point(start: float, g_per_kwh: float = 100.0, kind: str = "actual", hours: float = 1) -> Point:
    return Point(
        start_unix_seconds=start,
        end_unix_seconds=start + hours * HOUR,
        g_per_kwh=g_per_kwh,
        low_g_per_kwh=g_per_kwh / 2,
        high_g_per_kwh=g_per_kwh * 2,
        basis="direct",
        signal="average",
        kind=kind,
        provider="played",
        source="played",
        grid_zone="FR",
    )


class Service:
    """Tells each hour: actual up to now, forecast after it; counts how often it was asked."""

    name = "played"

    def __init__(self) -> None:
        self.now = NOON
        self.asked: list[tuple[float, float]] = []
        self.failure: Exception | None = None
        self.lag_hours = 0

    def time(self) -> float:
        return self.now

    def series(self, grid_zone: str, start: float, end: float) -> tuple[Point, ...]:
        del grid_zone
        self.asked.append((start, end))
        if self.failure is not None:
            raise self.failure
        first, last = int(start // HOUR), int(max(end, start + 1) // HOUR)
        until = self.now - self.lag_hours * HOUR
        kinds = [
            (h * HOUR, "actual" if (h + 1) * HOUR <= until else "forecast")
            for h in range(first, last + 1)
        ]
        return tuple(point(at, float(at // HOUR % 24), kind) for at, kind in kinds)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture
def cached(service: Service, shelf: MemoryShelf) -> CachedProvider:
    return CachedProvider(service, shelf, service.time, lookahead_seconds=DAY_SECONDS)


def test_the_whole_day_is_asked_for_once(service: Service, cached: CachedProvider) -> None:
    first = cached.series("FR", NOON, NOON + 60)
    assert service.asked == [(NOON - MARGIN_SECONDS, MIDNIGHT + DAY_SECONDS)]
    service.now += FRESH_SECONDS - 1
    assert cached.series("FR", NOON, NOON + 600) == first
    assert cached.series("FR", NOON, NOON + 11 * HOUR) == first
    assert not cached.was_asked
    assert len(service.asked) == 1
    service.now += 2
    cached.series("FR", NOON, NOON + 600)
    assert len(service.asked) == 2


def test_what_is_actual_is_never_asked_for_again(service: Service, cached: CachedProvider) -> None:
    service.now = MIDNIGHT + 20 * HOUR
    cached.series("FR", NOON, NOON + HOUR)
    service.now += 300 * DAY_SECONDS
    points = cached.series("FR", NOON, NOON + HOUR)
    assert len(service.asked) == 1
    assert {p.kind for p in points if p.end_unix_seconds <= NOON + HOUR} == {"actual"}  # type: ignore[operator]


def test_a_day_that_was_asked_for_long_after_its_end_is_settled(
    service: Service, cached: CachedProvider
) -> None:
    service.now = MIDNIGHT + 10 * DAY_SECONDS
    service.lag_hours = 24 * 30
    cached.series("FR", NOON, NOON + HOUR)
    service.now += DAY_SECONDS
    service.failure = ServiceFailed("must not be asked")
    assert cached.series("FR", NOON, NOON + HOUR)[0].kind == "forecast"


def test_a_part_of_a_day_that_was_not_asked_for_is(
    service: Service, cached: CachedProvider
) -> None:
    cached.series("FR", NOON, NOON + 60)
    cached.series("FR", NOON - 6 * HOUR, NOON + 60)
    assert len(service.asked) == 2
    points = cached.series("FR", NOON - 6 * HOUR, NOON + 60)
    assert len(service.asked) == 2
    starts = [p.start_unix_seconds for p in points]
    assert starts == [MIDNIGHT + hour * HOUR for hour in range(3, 24)]


def test_days_are_asked_for_together(service: Service, cached: CachedProvider) -> None:
    cached.series("FR", NOON - 2 * DAY_SECONDS, NOON)
    assert len(service.asked) == 1
    service.now += 60
    cached.series("FR", NOON - DAY_SECONDS, NOON)
    assert len(service.asked) == 1


def test_a_run_that_began_a_little_earlier_needs_no_more(
    service: Service, cached: CachedProvider
) -> None:
    cached.series("FR", NOON + 100, NOON + 200)
    cached.series("FR", NOON + 1, NOON + 300)
    assert len(service.asked) == 1


def test_zones_are_kept_apart(service: Service, cached: CachedProvider) -> None:
    cached.series("FR", NOON, NOON)
    cached.series("DE", NOON, NOON)
    assert len(service.asked) == 2


def test_older_figures_do_when_the_service_fails(service: Service, cached: CachedProvider) -> None:
    before = cached.series("FR", NOON, NOON + 60)
    service.now += HOUR
    service.failure = ServiceFailed("status 500", "later")
    assert cached.series("FR", NOON, NOON + 60) == before
    assert cached.problem is service.failure
    service.now += 49 * HOUR
    left = cached.series("FR", NOON, NOON + 60)
    assert {p.kind for p in left} == {"actual"}


def test_a_service_that_failed_is_left_alone_for_a_while(
    service: Service, cached: CachedProvider
) -> None:
    service.failure = ServiceFailed("status 500", "later")
    for told in ("status 500", *2 * ("status 500, and is left alone for 60 s more",)):
        with pytest.raises(IntensityUnavailable) as caught:
            cached.series("FR", NOON, NOON)
        assert (caught.value.reason, caught.value.hint) == (told, "later")
    assert len(service.asked) == 1
    service.now += 61
    service.failure = None
    assert cached.series("FR", NOON, NOON)
    assert cached.problem is None
    service.now += FRESH_SECONDS
    cached.series("FR", NOON, NOON + HOUR)
    assert len(service.asked) == 3


def test_the_pause_doubles_up_to_an_hour_or_is_what_the_service_wants() -> None:
    failure, pauses = None, []
    for _ in range(8):
        failure = next_failure(failure, ServiceFailed("x"), 0.0)
        pauses.append(failure.until)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    asked = ServiceFailed("x", status=429, retry_after_seconds=5000.0)
    assert next_failure(None, asked, 10.0).until == 5010.0


def test_a_zone_that_is_not_covered_is_no_failure(
    service: Service, cached: CachedProvider, shelf: MemoryShelf
) -> None:
    service.failure = ZoneNotCovered("not there")
    with pytest.raises(ZoneNotCovered):
        cached.series("FR", NOON, NOON)
    assert shelf.failure("FR") is None


def test_offline_nobody_is_asked(service: Service, shelf: MemoryShelf) -> None:
    offline = CachedProvider(
        service, shelf, service.time, lookahead_seconds=DAY_SECONDS, offline=True
    )
    with pytest.raises(IntensityUnavailable, match="--offline"):
        offline.series("FR", NOON, NOON)
    online = CachedProvider(service, shelf, service.time, lookahead_seconds=DAY_SECONDS)
    known = online.series("FR", NOON, NOON)
    service.now += HOUR
    assert offline.series("FR", NOON, NOON) == known
    assert len(service.asked) == 1


def test_where_the_last_figure_is_missing_it_is_asked_for_sooner() -> None:
    entry = Day(asked_at=NOON, asked_from=MIDNIGHT, points=(point(NOON, kind="forecast"),))
    within, beyond = (NOON, NOON + HOUR), (NOON, NOON + 1.5 * HOUR)
    assert is_fresh(entry, DAY, within, NOON + FRESH_SECONDS - 1)
    assert not is_fresh(entry, DAY, within, NOON + FRESH_SECONDS)
    assert is_fresh(entry, DAY, beyond, NOON + LATEST_SECONDS - 1)
    assert not is_fresh(entry, DAY, beyond, NOON + LATEST_SECONDS)


def test_a_clock_that_was_set_back_does_not_make_figures_good_for_ever() -> None:
    entry = Day(asked_at=NOON, asked_from=MIDNIGHT, points=(point(MIDNIGHT, kind="forecast"),))
    assert not is_fresh(entry, DAY, (NOON, NOON), NOON - HOUR)


def test_actual_is_kept_and_the_rest_replaced() -> None:
    old = Day(
        asked_at=0,
        asked_from=MIDNIGHT,
        points=(point(MIDNIGHT, 1), point(MIDNIGHT + HOUR, 2, "forecast")),
    )
    new = Day(
        asked_at=9,
        asked_from=MIDNIGHT + HOUR,
        points=(point(MIDNIGHT, 5, "forecast"), point(MIDNIGHT + HOUR, 6, "estimated")),
    )
    both = merged(old, new)
    assert [(p.g_per_kwh, p.kind) for p in both.points] == [(1, "actual"), (6, "estimated")]
    assert (both.asked_at, both.asked_from) == (9, MIDNIGHT)


def test_another_quantity_replaces_everything() -> None:
    old = Day(asked_at=0, asked_from=MIDNIGHT, points=(point(MIDNIGHT, 1),))
    other = point(MIDNIGHT + HOUR, 2).replace(basis="lifecycle")
    both = merged(old, Day(asked_at=1, asked_from=MIDNIGHT, points=(other,)))
    assert both.points == (other,)


HALF_HOURS = st.lists(
    st.tuples(st.integers(0, 47), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from("af")),
    max_size=12,
    unique_by=lambda row: row[0],
)


def day_of(rows: list[tuple[int, float, str]], asked_at: float) -> Day:
    points: list[Point] = []
    for half_hour, hours, kind in sorted(rows):
        start = MIDNIGHT + half_hour * HOUR / 2
        if not points or (points[-1].end_unix_seconds or 0) <= start:
            points.append(point(start, 1.0, "actual" if kind == "a" else "forecast", hours))
    return Day(asked_at=asked_at, asked_from=MIDNIGHT, points=tuple(points))


@given(HALF_HOURS, HALF_HOURS)
def test_merged_days_are_in_order_without_overlap_and_lose_nothing_new_and_actual(
    old: list[tuple[int, float, str]], new: list[tuple[int, float, str]]
) -> None:
    before, after = day_of(old, 0), day_of(new, 1)
    both = merged(before, after).points
    for one, other in pairwise(both):
        assert one.end_unix_seconds <= other.start_unix_seconds  # type: ignore[operator]
    assert {p for p in after.points if p.kind == "actual"} <= set(both)
    assert set(both) <= {*before.points, *after.points}
    assert merged(before, before) == before
