"""Where the marks of an axis are, and what stands beside them. Pure."""

from __future__ import annotations

import math

_PREFIXES = ((1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "\N{MICRO SIGN}"), (1e-9, "n"))
# Steps in seconds that people count in; beyond them whole days.
_TIME_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)
_DAY = 86400
# Below it floating point numbers have no digits left to divide.
_LEAST = 1e-300
# Of each unit of time: from which length of an axis on it is used, how long it is, its name.
_TIME_UNITS = ((2 * _DAY, _DAY, "d"), (7200, 3600, "h"), (120, 60, "min"), (0.5, 1, "s"))


def step_of(most: float, count: int) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that divides 0 to ``most`` into ``count``."""
    rough = max(most / count, _LEAST)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)


def value_ticks(most: float, unit: str, count: int = 4) -> list[tuple[float, str]]:
    """Return marks from 0 to the first one that is not below ``most``, each with its text.

    Args:
        most: the largest value; 0 or less counts as 1.
        unit: without prefix; the first mark is a bare 0.
        count: about how many marks.
    """
    most = most if most > 0 else 1.0
    step = step_of(most, count)
    steps = max(1, math.ceil(most / step - 1e-9))
    factor, prefix = next((p for p in _PREFIXES if steps * step >= p[0]), _PREFIXES[-1])
    ticks = [(index * step, f"{index * step / factor:.6g}") for index in range(steps + 1)]
    return [
        (ticks[0][0], "0"),
        *((value, f"{text} {prefix}{unit}".rstrip()) for value, text in ticks[1:]),
    ]


def range_ticks(low: float, high: float, count: int) -> list[float]:
    """Return round values within a range that is not empty, about so many; 0 is exact."""
    marks = _multiples(low, high, step_of(high - low, count))
    # A step may be longer than a range that is to have few of them.
    return marks or _multiples(low, high, step_of(high - low, 2 * count))


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def time_ticks(seconds: float, count: int = 6) -> list[tuple[float, str]]:
    """Return marks from 0 to at most ``seconds``, in units that people count in."""
    if seconds <= 0:
        return [(0.0, "0")]
    step = _time_step(seconds, count)
    factor, unit = next(((f, u) for least, f, u in _TIME_UNITS if seconds >= least), (1e-3, "ms"))
    marks = [index * step for index in range(int(seconds / step + 1e-9) + 1)]
    texts = [f"{mark / factor:.4g} {unit}" for mark in marks]
    return [(0.0, "0"), *zip(marks[1:], texts[1:], strict=True)]


def _time_step(seconds: float, count: int) -> float:
    rough = seconds / count
    if rough < 1:
        return step_of(seconds, count)
    if rough > _DAY:
        return _DAY * step_of(seconds / _DAY, count)
    return next(float(step) for step in _TIME_STEPS if step >= rough)
