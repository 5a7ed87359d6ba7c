"""How often short commands are executed in one run."""

from __future__ import annotations

import math

import pytest

from carbonrun.compare.session import MOST_REPEATS, repeats_of


@pytest.mark.parametrize(
    ("seconds", "repeats"),
    [
        ([2.0, 3.0], [1, 1]),
        ([0.5, 0.9], [1, 1]),
        ([0.49, 0.51], [3, 3]),  # the same for both, though one alone would need none
        ([0.2, 0.21, 1.9], [5, 5, 5]),
        ([0.01, 5.0], [100, 1]),
        ([1e-9], [MOST_REPEATS]),
        ([math.inf, math.inf], [1, 1]),  # nothing is known without a warm-up
    ],
)
def test_repeats(seconds: list[float], repeats: list[int]) -> None:
    assert repeats_of(seconds, 1.0) == repeats
