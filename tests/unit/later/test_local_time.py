"""When local times are, where clocks change."""

from __future__ import annotations

import os
import time
from calendar import timegm
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonrun.later.local_time import shown, unix_seconds
from carbonrun.moments import Moment, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    SetZone = Callable[[str], None]

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC",
         "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo")  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _time_zones() -> None:
    """Skip where the system has no time zones: some containers know UTC only."""
    if not Path("/usr/share/zoneinfo/Europe/Berlin").exists():
        reason = "the time zone database is not installed"
        if os.environ.get("CI") == "true":  # where everything can be installed
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetZone]:
    """Return what sets the time zone of this process."""

    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


def at(text: str, zone: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def test_a_time_of_day_is_the_next_one(local: SetZone) -> None:
    local("Europe/Berlin")
    now = at("2026-11-29T21:00", "Europe/Berlin")
    assert unix_seconds(parse_moment("22:00"), now) == now + 3600
    assert unix_seconds(parse_moment("21:00"), now) == now + 86400
    assert unix_seconds(parse_moment("20:59:59"), now) == now + 86399


def test_the_next_one_may_be_23_or_25_hours_away(local: SetZone) -> None:
    local("Europe/Berlin")
    spring = at("2026-03-28T12:00", "Europe/Berlin")
    assert unix_seconds(parse_moment("12:00"), spring) - spring == 23 * 3600
    autumn = at("2026-10-24T12:00", "Europe/Berlin")
    assert unix_seconds(parse_moment("12:00"), autumn) - autumn == 25 * 3600


def test_a_time_that_is_left_out_is_the_change(local: SetZone) -> None:
    local("Europe/Berlin")
    change = at("2026-03-29T03:00", "Europe/Berlin")
    assert unix_seconds(parse_moment("2026-03-29T02:30"), 0.0) == change
    assert unix_seconds(parse_moment("02:30"), change - 7200) == change


def test_of_a_time_that_comes_twice_the_first_is_meant(local: SetZone) -> None:
    local("Europe/Berlin")
    first = at("2026-10-25T02:30", "Europe/Berlin", fold=0)
    assert at("2026-10-25T02:30", "Europe/Berlin", fold=1) == first + 3600
    assert unix_seconds(parse_moment("2026-10-25T02:30"), 0.0) == first


def test_an_offset_is_heeded_wherever_we_are(local: SetZone) -> None:
    for zone in ZONES:
        local(zone)
        expected = at("2026-06-01T12:00", "UTC")
        assert unix_seconds(parse_moment("2026-06-01T12:00Z"), 0.0) == expected
        assert unix_seconds(parse_moment("2026-06-01T14:00+02:00"), 0.0) == expected
        assert unix_seconds(parse_moment("+90s"), 1000.0) == 1090.0


def test_how_a_moment_is_shown(local: SetZone) -> None:
    local("Asia/Kolkata")
    now = at("2026-11-29T12:00", "Asia/Kolkata")
    assert shown(now + 3600, now) == "Sun 13:00"
    assert shown(now + 30 * 86400, now) == "2026-12-29 12:00"


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    days=st.integers(0, 37 * 365),
    seconds=st.integers(0, 86399),
)
def test_clocks_show_the_reading_or_have_just_jumped_over_it(
    zone: str, days: int, seconds: int
) -> None:
    read = datetime(2000, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(days=days, seconds=seconds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        date = (read.year, read.month, read.day)
        clock = (read.hour, read.minute, read.second)
        found = unix_seconds(Moment(date=date, clock=clock), 0.0)
        shows, before = time.localtime(found), time.localtime(found - 1)
    time.tzset()
    wanted = timegm(read.timetuple())
    assert timegm(shows) >= wanted
    assert timegm(before) < wanted
    if timegm(shows) > wanted:
        assert shows.tm_gmtoff > before.tm_gmtoff, "only where clocks go forward"
