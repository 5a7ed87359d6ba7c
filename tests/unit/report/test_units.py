"""Quantities as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.units import (
    bytes_text,
    duration_text,
    energy_text,
    joined_range,
    mass_text,
    range_text,
    scaled,
    three_digits,
)

FACTORS = {
    "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "": 1.0,
    "m": 1e-3, "\u00b5": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15,
}  # fmt: skip
BINARY = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}


def value_of(text: str, unit: str) -> float:
    """Read a text back."""
    number, rest = text.split(" ")
    return float(number) * FACTORS[rest.removesuffix(unit)]


@pytest.mark.parametrize(
    ("joules", "text"),
    [
        (None, "unknown"),
        (0.0, "0 J"),
        (1e-18, "0 J"),
        (1e-15, "1.00 fJ"),
        (0.000136, "136 \u00b5J"),
        (0.9994, "999 mJ"),
        (0.9995, "1.00 J"),
        (0.99951, "1.00 J"),
        (1.0, "1.00 J"),
        (9.994, "9.99 J"),
        (9.995, "10.0 J"),
        (96.0, "96.0 J"),
        (99.94, "99.9 J"),
        (99.95, "100 J"),
        (999.4, "999 J"),
        (999.5, "1.00 kJ"),
        (999.95, "1.00 kJ"),
        (1000.0, "1.00 kJ"),
        (1210.0, "1.21 kJ"),
        (999_499.0, "999 kJ"),
        (999_500.0, "1.00 MJ"),
        (3.6e15, "3.60 PJ"),
        (-1210.0, "-1.21 kJ"),
    ],
)
def test_energy(joules: float | None, text: str) -> None:
    assert energy_text(joules) == text


@given(st.floats(min_value=1e-15, max_value=9.99e17))
def test_three_digits_a_prefix_and_never_a_row_of_zeros(value: float) -> None:
    text = scaled(value, "J")
    number, _, unit = text.partition(" ")
    assert re.fullmatch(r"\d\.\d\d|\d\d\.\d|\d\d\d", number)
    assert float(number) >= 1
    assert unit.removesuffix("J") in FACTORS
    assert value_of(text, "J") == pytest.approx(value, rel=0.0051)


@given(st.floats(min_value=1e-15, max_value=1e17))
def test_a_negative_quantity_is_the_same_with_a_sign(value: float) -> None:
    assert scaled(-value, "W") == "-" + scaled(value, "W")


@given(st.floats(min_value=0.1, max_value=999.4))
def test_three_digits(value: float) -> None:
    text = three_digits(value)
    assert len(text.replace(".", "").lstrip("0")) == 3
    assert float(text) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("grams", "text"),
    [
        (None, "unknown"),
        (0.0, "0 g"),
        (0.0576, "57.6 mg"),
        (999.6, "1.00 kg"),
        (999_400.0, "999 kg"),
        (999_500.0, "1.00 t"),
        (1.0e6, "1.00 t"),
        (2.5e9, "2.50 kt"),
    ],
)
def test_mass(grams: float | None, text: str) -> None:
    assert mass_text(grams) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "unknown"),
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1023.7, "1.00 KiB"),
        (1024, "1.00 KiB"),
        (683_008, "667 KiB"),
        (1000 * 1024, "0.977 MiB"),
        (2**20 - 1, "1.00 MiB"),
        (2**40, "1.00 TiB"),
        (2**50 * 5000, "5000 PiB"),
    ],
)
def test_bytes(count: float | None, text: str) -> None:
    assert bytes_text(count) == text


@given(st.integers(min_value=0, max_value=2**59))
def test_bytes_round_trip(count: int) -> None:
    number, _, unit = bytes_text(count).partition(" ")
    assert float(number) * BINARY[unit] == pytest.approx(count, rel=0.0051)
    assert len(number) <= 5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-0.1, "0 s"),
        (0.0, "0 s"),
        (0.00187, "1.87 ms"),
        (0.85, "850 ms"),
        (42.3, "42.3 s"),
        (59.94, "59.9 s"),
        (59.95, "1 min 00 s"),
        (60.4, "1 min 00 s"),
        (200.0, "3 min 20 s"),
        (3599.4, "59 min 59 s"),
        (3599.5, "1 h 00 min"),
        (7500.0, "2 h 05 min"),
        (86399.9, "1 d 00 h"),
        (97200.0, "1 d 03 h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.floats(min_value=0, max_value=1e9))
def test_duration_never_shows_sixty(seconds: float) -> None:
    assert re.search(r"(?<!\.)\b60 (s|min)\b|\b24 h\b", duration_text(seconds)) is None


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1.24, 1.37, "1.24 to 1.37 Wh"),
        (0.9, 1.1, "900 mWh to 1.10 Wh"),
        (0.0, 1.1, "0 to 1.10 Wh"),
        (None, None, "unknown to unknown"),
        (None, 1.0, "unknown to 1.00 Wh"),
    ],
)
def test_ranges(low: float | None, high: float | None, text: str) -> None:
    assert range_text(low, high, "Wh") == text


def test_a_joined_range_names_the_unit_once() -> None:
    assert joined_range("41.0 mg", "76.0 mg") == "41.0 to 76.0 mg"
    assert joined_range("41.0 \u00b5g", "76.0 mg") == "41.0 \u00b5g to 76.0 mg"
