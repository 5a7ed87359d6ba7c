"""Quantities as people read them: three digits and a prefix, so that no figure reads 0.0000. Pure.

Inside the package everything is in joules, watts, seconds, bytes and grams; only text has prefixes.
"""

from __future__ import annotations

# Source: the watt hour is 3600 joules by definition.
JOULES_PER_WH = 3600.0
JOULES_PER_KWH = 3.6e6

UNKNOWN = "unknown"

_PREFIXES = (
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "\u00b5"),
    (1e-9, "n"),
    (1e-12, "p"),
)
_SMALLEST = 1e-15
_BINARY_PREFIXES = ("KiB", "MiB", "GiB", "TiB", "PiB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def three_digits(value: float) -> str:
    """Return a number from 0.1 to below 1000 with three significant digits."""
    for least, decimals in ((99.95, 0), (9.995, 1), (0.9995, 2)):  # less is rounded to a digit less
        if value >= least:
            return f"{value:.{decimals}f}"
    return f"{value:.3f}"


def scaled(value: float | None, unit: str) -> str:
    """Return ``1.21 kJ``, ``96.0 J``, ``320 mJ``; ``0 J`` only for what is zero."""
    if value is None:
        return UNKNOWN
    if abs(value) < _SMALLEST:
        return f"0 {unit}"
    sign, size = ("-", -value) if value < 0 else ("", value)
    factor, prefix = next((pair for pair in _PREFIXES if size >= pair[0] * 0.9995), (1e-15, "f"))
    return f"{sign}{three_digits(size / factor)} {prefix}{unit}"


def energy_text(joules: float | None) -> str:
    """Return joules with a prefix."""
    return scaled(joules, "J")


def mass_text(grams: float | None) -> str:
    """Return grams with a prefix; from 1000 kg on in tonnes."""
    if grams is not None and grams >= 0.9995e6:  # noqa: PLR2004
        return scaled(grams / 1e6, "t")
    return scaled(grams, "g")


def bytes_text(count: float | None) -> str:
    """Return bytes with a binary prefix."""
    if count is None:
        return UNKNOWN
    if count < 1023.5:  # noqa: PLR2004 - would be rounded to 1024
        return f"{count:.0f} B"
    sizes = [(count / 1024**power, name) for power, name in enumerate(_BINARY_PREFIXES, start=1)]
    size, prefix = next((pair for pair in sizes if pair[0] < 999.5), sizes[-1])  # noqa: PLR2004
    return f"{three_digits(size)} {prefix}"


def duration_text(seconds: float) -> str:
    """Return ``850 ms``, ``42.3 s``, ``3 min 20 s``, ``2 h 05 min``, ``1 d 03 h``."""
    if seconds < 59.95:  # noqa: PLR2004
        return scaled(max(0.0, seconds), "s")
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR:02d} h"


def range_text(low: float | None, high: float | None, unit: str) -> str:
    """Return ``1.24 to 1.37 Wh``, the unit once where both have the same prefix."""
    return joined_range(scaled(low, unit), scaled(high, unit))


def joined_range(low: str, high: str) -> str:
    """Return ``LOW to HIGH`` of two quantities, the unit once where both have the same."""
    number, _, unit = low.partition(" ")
    return f"{number if unit == high.partition(' ')[2] else low} to {high}"
