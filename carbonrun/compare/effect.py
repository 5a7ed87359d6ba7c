"""How many times the one is the other: an estimate, its interval, and a probability. Pure.

All on logarithms: noise of run times and joules is relative, and a ratio is what people ask for.
"""

from __future__ import annotations

import math
from statistics import StatisticsError, correlation

from carbonrun.compare.rank_sum import rank_sum_interval, rank_sum_p, shift
from carbonrun.compare.signed_rank import pseudo_median, signed_rank_interval, signed_rank_p
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
# Correlation of the two of a pair. Simulated with 2000 comparisons of identical commands under each
# of five kinds of noise: 1.0 to 2.4 % false alarms (0.5: up to 3.4 %), and under heavy drift 100
# instead of 79 % of differences of 5 % found.
MOVE_TOGETHER = 0.7


class Effect(Record):
    """A ratio of two commands.

    Attributes:
        ratio: the second by the first, by Hodges and Lehmann.
        low_ratio, high_ratio: of the interval with 95 % confidence; None if there are too few runs.
        p_value: of what was seen, if there were no difference.
        pairs: pairs of runs; of two sessions, the smaller number of runs.
        is_paired: whether the runs alternated, so that drift is cancelled.
    """

    ratio: float
    low_ratio: float | None
    high_ratio: float | None
    p_value: float
    pairs: int
    is_paired: bool

    @property
    def half_width(self) -> float | None:
        """Return half of the interval's width on the logarithmic scale: 0.02 is about 2 %."""
        if self.low_ratio is None or self.high_ratio is None:
            return None
        return math.log(self.high_ratio / self.low_ratio) / 2


def paired_effect(first: Sequence[float], second: Sequence[float]) -> Effect | None:
    """Compare runs that alternated: the same position in both is one pair.

    The probability is that of the signed ranks of the pairs. Where both of a pair do not clearly go
    up and down together, pairs are little more than two groups: then the rank sum has to be
    convinced as well, and the larger probability counts. Both hold the level under drift.

    Returns:
        None if there are no pairs, or a figure that is not above 0 has no logarithm.
    """
    logs = _both_logs(first, second)
    if logs is None:
        return None
    differences = [after - before for before, after in zip(*logs, strict=True)]
    p_value = signed_rank_p(differences)
    if not _move_together(*logs):
        p_value = max(p_value, rank_sum_p(*logs))
    interval = signed_rank_interval(differences, CONFIDENCE)
    return _effect(pseudo_median(differences), interval, p_value, len(differences), is_paired=True)


def half_width(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the half width of :func:`paired_effect`, which costs less than all of it."""
    logs = _both_logs(first, second)
    if logs is None:
        return None
    differences = [after - before for before, after in zip(*logs, strict=True)]
    interval = signed_rank_interval(differences, CONFIDENCE)
    return None if interval is None else (interval[1] - interval[0]) / 2


def unpaired_effect(first: Sequence[float], second: Sequence[float]) -> Effect | None:
    """Compare runs of two sessions.

    Returns:
        None if one has no runs, or a figure that is not above 0.
    """
    logs = _both_logs(first, second)
    if logs is None:
        return None
    interval = rank_sum_interval(*logs, CONFIDENCE)
    pairs = min(len(first), len(second))
    return _effect(shift(*logs), interval, rank_sum_p(*logs), pairs, is_paired=False)


def _move_together(first: Sequence[float], second: Sequence[float]) -> bool:
    try:
        return correlation(first, second) > MOVE_TOGETHER
    except StatisticsError:
        return False  # fewer than two pairs, or always the same


def _both_logs(
    first: Sequence[float], second: Sequence[float]
) -> tuple[list[float], list[float]] | None:
    if not first or not second or min(*first, *second) <= 0:
        return None
    return [math.log(value) for value in first], [math.log(value) for value in second]


def _effect(
    estimate: float,
    interval: tuple[float, float] | None,
    p_value: float,
    pairs: int,
    *,
    is_paired: bool,
) -> Effect:
    return Effect(
        ratio=math.exp(estimate),
        low_ratio=None if interval is None else math.exp(interval[0]),
        high_ratio=None if interval is None else math.exp(interval[1]),
        p_value=p_value,
        pairs=pairs,
        is_paired=is_paired,
    )
