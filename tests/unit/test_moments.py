"""Moments as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.moments import Moment, parse_moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("22:00", Moment(clock=(22, 0, 0))),
        (" 7:05:09 ", Moment(clock=(7, 5, 9))),
        ("+8h", Moment(delay_seconds=28800.0)),
        ("+1h30m", Moment(delay_seconds=5400.0)),
        ("2026-11-30T22:00", Moment(date=(2026, 11, 30), clock=(22, 0, 0))),
        ("2026-11-30 22:00", Moment(date=(2026, 11, 30), clock=(22, 0, 0))),
        ("2028-02-29t00:00z", Moment(date=(2028, 2, 29), offset_seconds=0)),
        ("2026-01-01T00:00+01:30", Moment(date=(2026, 1, 1), offset_seconds=5400)),
        ("2026-01-01T00:00-05", Moment(date=(2026, 1, 1), offset_seconds=-18000)),
        ("2026-01-01T00:00+0530", Moment(date=(2026, 1, 1), offset_seconds=19800)),
    ],
)
def test_what_is_meant(text: str, moment: Moment) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "22", "24:00", "12:60", "12:00:60", "122:00", "1:2:3:4", "+", "+0h", "-8h"),
        *("2026-11-30", "2026-02-29T00:00", "2026-13-01T00:00", "2026-00-01T00:00"),
        *("26-11-30T10:00", "2026-1-1T10:00", "2026-11-30T10:00+25", "2026-11-30T10:00+1:00"),
        *("2026-11-30T10:00+01:60", "2026-11-30T", "T10:00", "\u0662\u0662:00", "22:00Z"),
        *("1969-12-31T00:00", "2026-11-31T00:00", "99999-01-01T00:00"),
    ],
)
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time: 22:00, "):
        parse_moment(text)


@given(
    days=st.integers(1, 365 * 7000),
    seconds=st.integers(0, 86399),
    minutes=st.integers(-1439, 1439),
)
def test_what_python_writes_is_read(days: int, seconds: int, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    at = datetime(1970, 1, 1, tzinfo=zone) + timedelta(days=days, seconds=seconds)
    moment = parse_moment(at.isoformat())
    assert moment.date == (at.year, at.month, at.day)
    assert moment.clock == (at.hour, at.minute, at.second)
    assert moment.offset_seconds == minutes * 60


@given(st.text())
def test_anything_else_is_a_value_error(text: str) -> None:
    try:
        moment = parse_moment(text)
    except ValueError:
        return
    assert moment.delay_seconds is not None or moment.clock <= (23, 59, 59)
