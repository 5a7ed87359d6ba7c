"""Moments as people type them: ``22:00``, ``2026-11-30T22:00``, ``...+01:00``, ``+8h``. Pure.

Responsible for what is meant. Not responsible for when that is: time zone and clock are the
business of :mod:`carbonrun.later.local_time`.
"""

from __future__ import annotations

from carbonrun.durations import parse_duration
from carbonrun.record import Record

_EXAMPLES = "22:00, 2026-11-30T22:00, 2026-11-30T22:00+01:00 (or Z), +8h"
_LAST_HOUR, _LAST_MINUTE, _LAST_SECOND = 23, 59, 59
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEARS = range(1970, 10_000)
_CLOCK_PARTS = (2, 3)
_DATE_PARTS = (4, 2, 2)
_LONGEST_OFFSET_SECONDS = 24 * 3600


class Moment(Record):
    """What was typed.

    Attributes:
        delay_seconds: from now on; None if it is no such text.
        date: year, month, day; None for the next such time.
        clock: hour, minute, second.
        offset_seconds: east of UTC; None for local time.
    """

    delay_seconds: float | None = None
    date: tuple[int, int, int] | None = None
    clock: tuple[int, int, int] = (0, 0, 0)
    offset_seconds: int | None = None


def parse_moment(text: str) -> Moment:
    """Return what a text means.

    Raises:
        ValueError: it is no such text; the message says what would be right.
    """
    stripped = text.strip()
    try:
        if stripped.startswith("+"):
            return Moment(delay_seconds=parse_duration(stripped[1:]))
        day, joint, clock = stripped.replace("t", "T").replace(" ", "T").partition("T")
        if not joint:
            return Moment(clock=_clock(day))
        time, offset = _without_offset(clock)
        return Moment(date=_date(day), clock=_clock(time), offset_seconds=offset)
    except ValueError:
        message = f"must be a time: {_EXAMPLES}"
        raise ValueError(message) from None


def _date(text: str) -> tuple[int, int, int]:
    year, month, day = _numbers(text, "-")
    if tuple(map(len, text.split("-"))) != _DATE_PARTS or year not in _YEARS:
        raise ValueError(text)
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    most = _DAYS[month - 1] if 1 <= month <= len(_DAYS) else 0
    if month == 2 and not is_leap:  # noqa: PLR2004 - February
        most -= 1
    if not 1 <= day <= most:
        raise ValueError(text)
    return year, month, day


def _clock(text: str) -> tuple[int, int, int]:
    parts = _numbers(text, ":")
    if len(parts) not in _CLOCK_PARTS or any(len(part) > 2 for part in text.split(":")):  # noqa: PLR2004
        raise ValueError(text)
    hour, minute, second = (*parts, 0)[:3]
    if hour > _LAST_HOUR or minute > _LAST_MINUTE or second > _LAST_SECOND:
        raise ValueError(text)
    return hour, minute, second


def _without_offset(text: str) -> tuple[str, int | None]:
    """Take ``Z``, ``+01:00``, ``+0100`` or ``+01`` off the end."""
    if text[-1:] in {"Z", "z"}:
        return text[:-1], 0
    at = max(text.rfind("+"), text.rfind("-"))
    if at < 0:
        return text, None
    digits = text[at + 1 :].replace(":", "")
    if len(digits) not in {2, 4} or not _is_digits(digits):
        raise ValueError(text)
    minutes = int(digits[2:] or "0")
    seconds = int(digits[:2]) * 3600 + minutes * 60
    if minutes > _LAST_MINUTE or seconds >= _LONGEST_OFFSET_SECONDS:
        raise ValueError(text)
    return text[:at], seconds if text[at] == "+" else -seconds


def _numbers(text: str, separator: str) -> tuple[int, ...]:
    parts = text.split(separator)
    if not all(map(_is_digits, parts)):
        raise ValueError(text)
    return tuple(map(int, parts))


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
