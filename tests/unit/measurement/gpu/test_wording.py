"""What the split rests on, in words."""

from __future__ import annotations

import pytest

from carbonrun.measurement.gpu.split import BUSY, EQUAL, FILES, IDLE, MEMORY, SLICES, SOLE, UNUSED
from carbonrun.measurement.gpu.wording import how, main_basis, split_error, split_words


def test_what_most_was_split_by() -> None:
    assert main_basis({UNUSED: 900.0, SOLE: 10.0, BUSY: 90.0}) == BUSY
    assert main_basis({UNUSED: 900.0}) == UNUSED
    assert main_basis({}) == UNUSED


@pytest.mark.parametrize(
    ("basis", "words", "short"),
    [
        (UNUSED, "not used by the command", "not used"),
        (SOLE, "sole user", "sole user"),
        (MEMORY, "shared, split estimated by GPU memory", "split estimated"),
        (EQUAL, "shared, split estimated in equal parts", "split estimated"),
        (SLICES, "shared, split estimated by MIG slice and presence", "split estimated"),
        (IDLE, "shared, nobody was busy", "shared"),
        (
            FILES,
            "shared, split estimated: its file is open, and of others nothing is told",
            "split estimated",
        ),
    ],
)
def test_words(basis: str, words: str, short: str) -> None:
    assert split_words(basis, 0.5, 0) == words
    assert how(f"energy counter, 100 ms; {words}") == short


def test_a_split_by_samples_says_how_many_and_how_sure() -> None:
    words = split_words(BUSY, 0.25, 75)
    assert words == "shared, split by samples of use (n = 75, 25 % +- 10)"
    assert how(f"energy counter, 100 ms; {words}") == "shared"
    assert split_words(BUSY, 0.25, 0) == "shared, split by engine time"


def test_the_error_of_a_share_of_samples() -> None:
    assert split_error(0.5, 70) == pytest.approx(2 * 0.06 / 0.5, rel=0.01)
    assert split_error(0.0, 70) == split_error(1.0, 70) == split_error(0.5, 0) == 0
