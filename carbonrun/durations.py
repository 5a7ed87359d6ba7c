"""Durations as people type them: ``90s``, ``10m``, ``2h``, ``1h30m``. Pure."""

from __future__ import annotations

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST_SECONDS = 366 * 86400.0


def parse_duration(text: str) -> float:
    """Return seconds, more than 0 and at most a year; a bare number is in seconds.

    Raises:
        ValueError: it is no such text; the message says what would be right.
    """
    seconds = _sum(text.strip().lower())
    if seconds is None or not 0 < seconds <= LONGEST_SECONDS:
        raise ValueError("must be a time above 0, at most a year: 90s, 10m, 2h, 1h30m")
    return seconds


def _sum(text: str) -> float | None:
    """Return the sum of all parts, None if one of them is none."""
    total, number, last = 0.0, "", float("inf")
    for char in text:
        if char in "0123456789.":
            number += char
            continue
        size = _SECONDS.get(char)
        value = _number(number)
        if size is None or value is None or size >= last:
            return None
        total, number, last = total + value * size, "", size
    if not number:
        return total
    value = _number(number)
    # Behind "2h" it would not be clear what a bare number means.
    return value if value is not None and last == float("inf") else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
