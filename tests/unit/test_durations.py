"""Durations as people type them."""

from __future__ import annotations

import pytest

from carbonrun.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("1d", 86400), ("45", 45),
        ("0.5s", 0.5), ("1.5h", 5400), ("10M", 600), (" 5s ", 5),
    ],
)  # fmt: skip
def test_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "m", "0", "0s", "-5s", "10x", "10 m", "2h10", "10m2h", "5s5s", "1e3", "nan", "inf", "900d",
     "1..5s", "٣s"],
)  # fmt: skip
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 10m, 2h"):
        parse_duration(text)
