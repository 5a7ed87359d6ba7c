"""Runs that never happened: known effects with noise, drift and spikes, through the real loop.

Noise, energy and order have streams of chance of their own: else the order would know the noise.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from carbonrun.compare.model import (
    BUSY,
    CPU_TIME,
    EMISSIONS,
    ENERGY,
    MEMORY,
    NET,
    PER_UNIT,
    TIME,
    Sample,
    Session,
    Subject,
)
from carbonrun.compare.series import Collected, Plan, collect

if TYPE_CHECKING:
    from collections.abc import Sequence


class Noise:
    """Relative noise of a session.

    Log-normal with ``spread``; with ``drift`` the machine warms up by 3 % and wanders
    (``wander`` from run to run); with ``spikes`` every tenth run (``spike_rate``) is disturbed
    and costs 5 to 50 % more.
    """

    def __init__(
        self,
        seed: int,
        *,
        spread: float = 0.02,
        drift: bool = False,
        spikes: bool = False,
        wander: float = 0.004,
        spike_rate: float = 0.1,
    ) -> None:
        self._rng = random.Random(f"noise {seed}")
        self._spread = spread
        self._drift = drift
        self._spikes = spikes
        self._wander = wander
        self._spike_rate = spike_rate
        self._runs = 0
        self._walk = 0.0
        self.is_spike = False

    def factor(self) -> float:
        rng = self._rng
        level = rng.gauss(0, self._spread)
        if self._drift:
            self._walk += rng.gauss(0, self._wander)
            level += self._walk + 0.03 * (1 - math.exp(-self._runs / 8))
        self.is_spike = self._spikes and rng.random() < self._spike_rate
        if self.is_spike:
            level += math.log1p(rng.uniform(0.05, 0.5))
        self._runs += 1
        return math.exp(level)


def figures(joules: float, seconds: float) -> dict[str, float | None]:
    return {
        ENERGY: joules, NET: joules * 0.7, EMISSIONS: joules * 1e-5, TIME: seconds,
        CPU_TIME: seconds, MEMORY: 1e6, PER_UNIT: None,
    }  # fmt: skip


def session(
    ratios: Sequence[float], noise: Noise, seed: int, *, modelled: float = 0.0, **plan: Any
) -> Session:
    """Return a session of commands that use 10 J and 2 s times their ratio."""
    own = random.Random(f"energy {seed}")

    def measure(subject: int, number: int, position: int) -> Sample:
        factor = noise.factor() * ratios[subject]
        return Sample(
            subject=subject,
            round=number,
            position=position,
            started_seconds=2.0 * (number * len(ratios) + position),
            # Energy follows time, with noise of its own.
            figures=figures(10 * factor * math.exp(own.gauss(0, 0.005)), 2 * factor),
            modelled=modelled,
            exit_code=0,
            marks=(BUSY,) if noise.is_spike else (),
        )

    wanted = Plan(**{"subjects": len(ratios), "runs": None, **plan})
    found = Collected(samples=[], set_aside=[])
    collect(wanted, measure, random.Random(f"order {seed}"), found)
    result = session_of(found.samples, len(ratios), seed)
    return result.replace(set_aside=tuple(found.set_aside))


def session_of(samples: list[Sample], subjects: int, seed: int = 1) -> Session:
    return Session(
        version="0",
        started_at="2026-01-02T03:04:05Z",
        seed=seed,
        warm_up=1,
        host="here",
        cpu_model="Some CPU",
        logical_cpus=2,
        grid_zone="FR",
        subjects=tuple(
            Subject(name=chr(ord("A") + n), text=f"cmd {n}", parameters={}, work=None, repeats=1)
            for n in range(subjects)
        ),
        samples=tuple(samples),
        notes=(),
    )
