"""Verdicts: which command uses less, as far as that can be told. Pure.

Energy and time are judged apart, each command against the first, all of it as one family: in a
comparison of commands that are the same, whatever their number, a difference is claimed in at most
5 % of all cases. "No difference" is claimed only where the whole interval lies in a band around 1.
"""

from __future__ import annotations

import math

from carbonrun.compare.correction import holm
from carbonrun.compare.effect import paired_effect, unpaired_effect
from carbonrun.compare.model import judged_metrics, paired_values
from carbonrun.compare.ranks import NORMAL
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.compare.effect import Effect
    from carbonrun.compare.model import Session

LEVEL = 0.05
LESS, MORE, SAME, UNCLEAR, UNJUDGED = "less", "more", "same", "unclear", "unjudged"
POWER = 0.8
# Ranks need a little more data than means where the noise is normal.
# Source: Hodges and Lehmann, The Efficiency of Some Nonparametric Competitors of the t-Test, 1956.
_EFFICIENCY = 3 / math.pi


class Judgement(Record):
    """What can be said about one command, compared with another, in one respect.

    Attributes:
        metric: the key of what is compared.
        reference, subject: the names of both commands.
        effect: ratio of the subject to the reference; None if there are no figures.
        p_value: adjusted for all judgements that were made together.
        verdict: ``less``, ``more``, ``same``, ``unclear``, ``unjudged``.
        band: what counts as the same; 0.02 is 2 % either way.
    """

    metric: str
    reference: str
    subject: str
    effect: Effect | None
    p_value: float
    verdict: str
    band: float


def judge(session: Session, band: float) -> tuple[Judgement, ...]:
    """Compare every command with the first one."""
    names = [subject.name for subject in session.subjects]
    rows = [
        (key, names[0], names[other], paired_effect(*paired_values(session.samples, 0, other, key)))
        for key in judged_metrics(session.samples)
        for other in range(1, len(names))
    ]
    return _judged(rows, band)


def judge_against(
    session: Session, baseline: Session, pairs: list[tuple[int, int]], band: float
) -> tuple[Judgement, ...]:
    """Compare commands with those of an earlier session.

    Args:
        session: of now.
        baseline: of then.
        pairs: number of a command now and number of the one then.
        band: what counts as the same.
    """
    rows = [
        (
            key,
            f"{baseline.subjects[then].name} of {baseline.started_at[:10]}",
            session.subjects[now].name,
            unpaired_effect(baseline.values(then, key), session.values(now, key)),
        )
        for key in judged_metrics((*session.samples, *baseline.samples))
        for now, then in pairs
    ]
    return _judged(rows, band)


def _judged(rows: list[tuple[str, str, str, Effect | None]], band: float) -> tuple[Judgement, ...]:
    adjusted = holm([1.0 if effect is None else effect.p_value for *_, effect in rows])
    return tuple(
        Judgement(
            metric=key,
            reference=reference,
            subject=subject,
            effect=effect,
            p_value=p_value,
            verdict=_verdict(effect, p_value, band),
            band=band,
        )
        for (key, reference, subject, effect), p_value in zip(rows, adjusted, strict=True)
    )


def _verdict(effect: Effect | None, p_value: float, band: float) -> str:
    if effect is None:
        return UNJUDGED
    low, high = effect.low_ratio, effect.high_ratio
    if low is None or high is None:
        return UNCLEAR
    if p_value <= LEVEL and (low > 1 or high < 1):
        return MORE if low > 1 else LESS
    return SAME if low >= 1 / (1 + band) and high <= 1 + band else UNCLEAR


def pairs_to_show(effect: Effect, difference: float) -> int | None:
    """Return how many pairs would show a difference in 80 % of all cases; None if unknown.

    Args:
        effect: of the pairs so far, which tell the noise.
        difference: 0.05 is 5 %.
    """
    if effect.half_width is None:
        return None
    needed = NORMAL.inv_cdf(1 - LEVEL / 2) + NORMAL.inv_cdf(POWER)
    times = effect.half_width / NORMAL.inv_cdf(1 - LEVEL / 2) * needed / math.log1p(difference)
    return math.ceil(effect.pairs * times**2 / _EFFICIENCY)
