"""In which order to run, and when it is enough; runs and chance are passed in. Pure.

Each round runs every command once, in an order of its own. So whatever drifts (temperature, clock,
neighbours) hits all commands alike, and both of a pair within a short time: in blocks, one command
after the other, every test calls identical commands different in 30 to 60 % of all cases.

Source: for the order, Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013. To
stop at a width of the interval, and not at a probability, keeps the rate of false alarms.
"""

from __future__ import annotations

import math
from typing import Protocol

from carbonrun.compare.effect import CONFIDENCE
from carbonrun.compare.effect import half_width as ratio_half_width
from carbonrun.compare.judgement import LEVEL
from carbonrun.compare.model import DISTURBED, judged_metrics, paired_values
from carbonrun.compare.signed_rank import signed_rank_interval
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, MutableSequence

    from carbonrun.compare.model import Sample

    Measure = Callable[[int, int, int], Sample]

# With fewer than six pairs no outcome at all is unlikely enough.
_LEAST_PAIRS = 6
# The interval of so many runs takes a while to compute: then it is looked at more rarely.
_MANY, _STEP = 100, 10


class Chance(Protocol):
    """The part of ``random.Random`` that is used."""

    def shuffle(self, x: MutableSequence[int], /) -> None:
        """Bring a list into a random order."""


class Plan(Record):
    """How often to run.

    Attributes:
        subjects: number of commands.
        runs: of each command; None for as many as the precision needs.
        least, most: runs of each command where the precision decides.
        precision: half of the width that the interval of the ratio should have; 0.02 is 2 %.
        reruns: run a disturbed round again, as long as ``most`` leaves enough rounds.
    """

    subjects: int
    runs: int | None
    least: int = 10
    most: int = 30
    precision: float = 0.02
    reruns: bool = False

    @property
    def longest(self) -> int:
        """Return how many rounds count at most."""
        return self.most if self.runs is None else self.runs

    @property
    def limit(self) -> int:
        """Return how many rounds are run at most, those that do not count included."""
        return max(self.longest, self.most) if self.reruns else self.longest

    @property
    def spare(self) -> int:
        """Return how many rounds can be run again."""
        return max(0, self.most - (self.runs or self.least)) if self.reruns else 0


def least_pairs(subjects: int) -> int:
    """Return from how many pairs on a clear difference can be a verdict.

    All n differences of one sign have the probability 2 / 2**n; Holm's correction multiplies it by
    the number of judgements, which are two (energy and time) for each command but the first.
    """
    judgements = 2 * max(1, subjects - 1)
    return max(_LEAST_PAIRS, math.ceil(1 + math.log2(judgements / LEVEL)))


class Collected(Record):
    """Whole rounds: those that count, and those that were disturbed and run again."""

    samples: list[Sample]
    set_aside: list[Sample]


def collect(plan: Plan, measure: Measure, chance: Chance, found: Collected) -> None:
    """Run until there are enough runs.

    Whether a round is run again depends on what others did, and not on what it has cost.

    Args:
        plan: how many those are.
        measure: runs a command; gets its number, the round and the position in it.
        chance: decides about the order.
        found: gets the runs, round by round.
    """
    samples, rounds, aside = found.samples, 0, 0
    while rounds < plan.longest and rounds + aside < plan.limit:
        order = list(range(plan.subjects))
        chance.shuffle(order)
        now = [measure(subject, rounds + aside, at) for at, subject in enumerate(order)]
        if aside < plan.spare and any(DISTURBED.intersection(each.marks) for each in now):
            found.set_aside.extend(now)
            aside += 1
            continue
        samples += now
        rounds += 1
        is_time = rounds >= plan.least and (rounds <= _MANY or rounds % _STEP == 0)
        if plan.runs is None and is_time and is_precise(samples, plan):
            break


def is_precise(samples: list[Sample], plan: Plan) -> bool:
    """Tell whether every interval is as narrow as it was asked for."""
    width = half_width(samples, plan.subjects)
    return width is not None and width <= math.log1p(plan.precision)


def half_width(samples: list[Sample], subjects: int) -> float | None:
    """Return half of the widest interval, on the logarithmic scale; None if one is not known.

    The intervals are those of the ratios to the first command; of a single one, its own.
    """
    key = judged_metrics(samples)[0]
    if subjects == 1:
        return _own_half_width([s.figures.get(key) for s in samples])
    widths = []
    for other in range(1, subjects):
        width = ratio_half_width(*paired_values(samples, 0, other, key))
        if width is None:
            return None
        widths.append(width)
    return max(widths)


def _own_half_width(values: list[float | None]) -> float | None:
    logs = [math.log(value) for value in values if value is not None and value > 0]
    interval = signed_rank_interval(logs, CONFIDENCE) if logs else None
    return None if interval is None else (interval[1] - interval[0]) / 2
