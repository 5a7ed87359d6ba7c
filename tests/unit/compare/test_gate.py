"""Baselines, and the limit at which a build fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.compare.gate import against_baseline, worse_than
from carbonrun.compare.judgement import LESS, MORE, judge
from tests.unit.compare.simulated_runs import Noise, session

if TYPE_CHECKING:
    from carbonrun.compare.model import Session

BAND = 0.02


def one(ratio: float, seed: int, spread: float = 0.02, **how: Any) -> Session:
    return session((ratio,), Noise(seed, spread=spread), seed, runs=15, **how)


def test_noise_does_not_fail_a_build() -> None:
    failed = sum(
        bool(worse_than(against_baseline(one(1, s), one(1, s + 500), BAND).judgements, 0.05))
        for s in range(200)
    )
    assert failed == 0


def test_at_the_limit_itself_it_fails_as_rarely_as_the_interval_is_wrong() -> None:
    failed = sum(
        bool(worse_than(against_baseline(one(1.05, s), one(1, s + 500), BAND).judgements, 0.05))
        for s in range(200)
    )
    assert failed <= 10


def test_what_is_clearly_worse_fails() -> None:
    against = against_baseline(one(1.2, 1), one(1, 2), BAND)
    (text,) = worse_than(against.judgements, 0.05)
    assert text.startswith(
        "worse than allowed: A uses more energy than A of 2026-01-02 by more than 5 % ("
    )
    assert worse_than(against.judgements, 0.5) == []
    assert worse_than(against_baseline(one(0.8, 1), one(1, 2), BAND).judgements, 0.05) == []


def test_slower_alone_does_not_fail() -> None:
    now = one(1, 1)
    samples = tuple(s.replace(figures={**s.figures, "duration_seconds": 9.0}) for s in now.samples)
    against = against_baseline(now.replace(samples=samples), one(1, 2), BAND)
    assert [j.verdict for j in against.judgements][1] == MORE
    assert worse_than(against.judgements, 0.05) == []


def test_without_a_baseline_the_first_command_is_the_limit() -> None:
    judged = judge(session((1, 1.2), Noise(1), 1), BAND)
    assert len(worse_than(judged, 0.05)) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cpu_model": "Other"}, "it was measured on Other, this is Some CPU"),
        ({"logical_cpus": 64}, "it had 64 CPUs, here are 2"),
    ],
)
def test_another_machine_is_not_compared(change: dict[str, Any], reason: str) -> None:
    against = against_baseline(one(1.5, 1), one(1, 2).replace(**change), BAND)
    assert against.judgements == ()
    assert against.notes[0].message == f"not compared with the baseline: {reason}"


def test_a_model_is_not_compared_with_a_sensor() -> None:
    against = against_baseline(one(1, 1, modelled=1.0), one(1, 2), BAND)
    assert against.judgements == ()
    both = against_baseline(one(0.8, 1, modelled=1.0), one(1, 2, modelled=1.0), BAND)
    assert (both.judgements[0].metric, both.judgements[0].verdict) == ("cpu_seconds", LESS)


def test_commands_are_found_by_name_or_text() -> None:
    baseline = session((1, 1), Noise(1), 1, runs=8)
    named = tuple(
        s.replace(name=name) for s, name in zip(baseline.subjects, ("old", "new"), strict=True)
    )
    now = one(1, 3)
    subject = now.subjects[0].replace(name="new", text="something else")
    found = against_baseline(
        now.replace(subjects=(subject,)), baseline.replace(subjects=named), BAND
    )
    assert found.judgements[0].reference == "new of 2026-01-02"
    unknown = now.replace(subjects=(subject.replace(name="A"),))
    missing = against_baseline(unknown, baseline, BAND)
    assert missing.judgements == ()
    assert missing.notes[0].code == "baseline-unknown"
