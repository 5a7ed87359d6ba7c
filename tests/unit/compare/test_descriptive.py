"""Summaries, outliers and drift."""

from __future__ import annotations

import random
import statistics
from typing import Any

import pytest

from carbonrun.compare.descriptive import drift, outliers, summarise
from carbonrun.compare.remarks import with_remarks
from tests.unit.compare.simulated_runs import Noise, session


def test_a_summary() -> None:
    values = [3.0, 1.0, 2.0, 10.0]
    summary = summarise(values)
    assert summary is not None
    assert (summary.count, summary.mean, summary.median) == (4, 4.0, 2.5)
    assert summary.deviation == statistics.stdev(values)
    assert (summary.least, summary.most) == (1.0, 10.0)
    assert summarise([]) is None
    one = summarise([2.0])
    assert one is not None
    assert one.deviation is None


def test_outliers_are_flagged() -> None:
    assert outliers([1.0, 1.01, 0.99, 1.02, 2.0]) == (4,)
    assert outliers([1.0, 1.01, 0.99, 1.02, 1.03]) == ()
    assert outliers([1.0, 1.0, 1.0, 5.0]) == ()  # no spread, no measure of what is far


def test_drift_is_found_and_noise_is_none() -> None:
    rng = random.Random(1)
    rising = [[100 * 1.01**n * rng.gauss(1, 0.005) for n in range(12)] for _ in range(2)]
    found = drift(rising)
    assert found == pytest.approx(0.12, abs=0.03)
    assert drift([[values[0]] * 12 for values in rising]) is None
    alarms = 0
    for seed in range(200):
        rng = random.Random(seed)
        alarms += drift([[rng.gauss(100, 3) for _ in range(12)]]) is not None
    assert alarms <= 4


def test_drift_needs_enough_runs_of_all() -> None:
    assert drift([[1.0, 2, 3, 4]]) is None
    assert drift([[1.0] * 12, [1.0] * 11]) is None


def codes(**how: Any) -> list[str]:
    result = session((1, 1), Noise(1, spread=0.002), 1, **how)
    return [note.code for note in with_remarks(result).notes]


def test_remarks() -> None:
    assert codes(runs=10) == []
    assert codes(runs=4) == ["compare-few-runs"]
    assert codes(runs=10, modelled=0.2) == ["compare-partly-modelled"]


def test_a_drift_is_said_with_its_size() -> None:
    result = session((1, 1), Noise(1, spread=0.002), 1, runs=10)
    samples = tuple(
        sample.replace(
            figures={k: (v or 0) * 1.01**sample.round for k, v in sample.figures.items()}
        )
        for sample in result.samples
    )
    (note,) = with_remarks(result.replace(samples=samples)).notes
    assert note.code == "compare-drift"
    assert note.message.startswith("the energy of all commands drifted by +9 %; the random order")


def test_marks_become_warnings_with_their_number() -> None:
    result = session((1, 1), Noise(1), 1, runs=10)
    first, *rest = result.samples
    marked = result.replace(samples=(first.replace(marks=("busy", "throttled")), *rest))
    notes = with_remarks(marked).notes
    assert [note.code for note in notes] == ["compare-busy", "compare-throttled"]
    assert notes[0].message == "other programs were busy during 1 of 20 runs"
