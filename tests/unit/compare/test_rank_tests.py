"""The rank tests and their intervals against scipy's, and by hand."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import os
import random
from typing import Any

import pytest

from carbonrun.compare.correction import holm
from carbonrun.compare.rank_sum import rank_sum_interval, rank_sum_p, shift
from carbonrun.compare.ranks import midranks
from carbonrun.compare.signed_rank import pseudo_median, signed_rank_interval, signed_rank_p

ALPHA = 0.05
SIZES = (1, 2, 5, 6, 7, 10, 15, 30, 50, 51, 80)


@pytest.fixture(scope="module")
def stats() -> Any:
    """Give the test scipy's statistics."""
    if importlib.util.find_spec("scipy") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no scipy here")
    return importlib.import_module("scipy.stats")


def normal(count: int, seed: int, mean: float = 0.0) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(mean, 1) for _ in range(count)]


@pytest.mark.parametrize("size", SIZES)
def test_signed_ranks_agree_with_scipy(stats: Any, size: int) -> None:
    for seed, mean in itertools.product(range(8), (0.0, 0.4)):
        values = normal(size, seed, mean)
        method = "exact" if size <= 50 else "approx"
        expected = stats.wilcoxon(values, method=method).pvalue
        assert signed_rank_p(values) == pytest.approx(expected, rel=1e-9)


def test_signed_ranks_with_ties_are_counted(stats: Any) -> None:
    """All 2^n signs, which scipy goes through as permutations."""
    values = [1, 1, -1, 2, 2, 3, -2, 4, 1, 0]
    method = stats.PermutationMethod(n_resamples=10**6)
    nonzero = [value for value in values if value]
    expected = stats.wilcoxon(nonzero, method=method).pvalue
    assert signed_rank_p(values) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("sizes", [(1, 1), (3, 5), (8, 8), (10, 10), (30, 30), (40, 41), (60, 20)])
def test_rank_sums_agree_with_scipy(stats: Any, sizes: tuple[int, int]) -> None:
    for seed, mean in itertools.product(range(8), (0.0, 0.6)):
        first, second = normal(sizes[0], seed), normal(sizes[1], seed + 100, mean)
        method = "exact" if sum(sizes) <= 80 else "asymptotic"
        expected = stats.mannwhitneyu(first, second, method=method).pvalue
        assert rank_sum_p(first, second) == pytest.approx(expected, rel=1e-9)


def test_rank_sums_with_ties_agree_with_scipy(stats: Any) -> None:
    first, second = [1.0, 2, 2, 3, 3, 3, 4], [2.0, 3, 4, 4, 5, 5]
    expected = stats.mannwhitneyu(first, second, method="asymptotic").pvalue
    assert rank_sum_p(first, second) == pytest.approx(expected, rel=1e-9)
    assert rank_sum_p([1.0, 1.0], [1.0, 1.0]) == 1.0


@pytest.mark.parametrize("size", [6, 7, 10, 20, 50])
def test_the_interval_of_pairs_is_what_scipys_test_does_not_reject(stats: Any, size: int) -> None:
    for seed in range(5):
        values = normal(size, seed, 0.3)
        interval = signed_rank_interval(values, 1 - ALPHA)
        assert interval is not None
        for end, outwards in zip(interval, (-1, 1), strict=True):
            inside = [value - end + outwards * 1e-9 for value in values]
            outside = [value - end - outwards * 1e-9 for value in values]
            assert stats.wilcoxon(inside, method="exact").pvalue > ALPHA
            assert stats.wilcoxon(outside, method="exact").pvalue <= ALPHA
        assert interval[0] < pseudo_median(values) < interval[1]


@pytest.mark.parametrize("sizes", [(4, 4), (6, 9), (10, 10), (30, 30)])
def test_the_interval_of_groups_is_what_scipys_test_does_not_reject(
    stats: Any, sizes: tuple[int, int]
) -> None:
    for seed in range(5):
        first, second = normal(sizes[0], seed), normal(sizes[1], seed + 50, 0.5)
        interval = rank_sum_interval(first, second, 1 - ALPHA)
        assert interval is not None
        for end, outwards in zip(interval, (-1, 1), strict=True):
            inside = [value - end + outwards * 1e-9 for value in second]
            outside = [value - end - outwards * 1e-9 for value in second]
            assert stats.mannwhitneyu(first, inside, method="exact").pvalue > ALPHA
            assert stats.mannwhitneyu(first, outside, method="exact").pvalue <= ALPHA
        assert interval[0] < shift(first, second) < interval[1]


def test_large_samples_have_the_interval_of_the_normal_distribution(stats: Any) -> None:
    values = normal(200, 3, 0.1)
    interval = signed_rank_interval(values, 1 - ALPHA)
    assert interval is not None
    assert stats.wilcoxon([v - interval[0] for v in values]).pvalue == pytest.approx(0.05, abs=2e-3)
    first, second = normal(100, 1), normal(90, 2)
    between = rank_sum_interval(first, second, 1 - ALPHA)
    assert between is not None
    moved = [value - between[1] for value in second]
    assert stats.mannwhitneyu(first, moved).pvalue == pytest.approx(0.05, abs=2e-3)


def test_too_few_have_no_interval() -> None:
    assert signed_rank_interval([1.0, 2, 3, 4, 5], 0.95) is None
    assert signed_rank_interval([1.0, 2, 3, 4, 5, 6], 0.95) == (1, 6)
    assert rank_sum_interval([1.0, 2, 3], [4.0, 5, 6], 0.95) is None
    assert rank_sum_interval([1.0, 2, 3, 4], [5.0, 6, 7, 8], 0.95) == (1, 7)


def test_nothing_to_tell() -> None:
    assert signed_rank_p([]) == signed_rank_p([0.0, 0.0]) == 1.0
    assert rank_sum_p([], [1.0]) == 1.0
    assert midranks([3, 1, 3, 2]) == [3.5, 1, 3.5, 2]


def test_holm_by_hand() -> None:
    assert holm([]) == []
    assert holm([0.04]) == [0.04]
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
