"""What a comparison says."""

from __future__ import annotations

from typing import Any

import pytest

from carbonrun.compare.effect import Effect
from carbonrun.compare.judgement import Judgement, judge
from carbonrun.compare.model import CPU_TIME, ENERGY, TIME
from carbonrun.compare.sentences import MODEL, sentence
from carbonrun.compare.text import comparison_text
from tests.unit.compare.simulated_runs import Noise, session


def judged(verdict: str, ratio: float, interval: tuple[float, float] | None, **changes: Any) -> str:
    effect = Effect(
        ratio=ratio,
        low_ratio=interval and interval[0],
        high_ratio=interval and interval[1],
        p_value=0.01,
        pairs=10,
        is_paired=True,
    )
    fields: dict[str, Any] = {"metric": ENERGY, "p_value": 0.01, "band": 0.02, **changes}
    judgement = Judgement(reference="A", subject="B", effect=effect, verdict=verdict, **fields)
    return sentence(judgement)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (judged("less", 0.69, (0.65, 0.73)), "B uses 31 % less energy than A: 27 to 35 %."),
        (
            judged("more", 1.032, (1.011, 1.05), metric=TIME),
            "B takes 3.2 % more time than A: 1.1 to 5 %.",
        ),
        (
            judged("more", 2.34, (2.2, 2.5), metric=CPU_TIME),
            "B uses 2.34 times the CPU time of A: 2.2 to 2.5.",
        ),
        (
            judged("same", 1.001, (0.992, 1.011)),
            "B and A are the same in energy to within 2 % (-0.8 to +1.1 %).",
        ),
        (
            judged("unclear", 1.0, (0.93, 1.08)),
            (
                "B and A: no difference in energy can be told from 10 pairs (-7.0 to +8.0 %); "
                "about 41 more would show 5 %."
            ),
        ),
        (
            judged("unclear", 1.0, (0.97, 1.022)),
            (
                "B and A: no difference in energy can be told from 10 pairs (-3.0 to +2.2 %); "
                "one of 5 % would have shown."
            ),
        ),
        (
            judged("unclear", 0.97, (0.95, 0.99), p_value=0.07),
            (
                "B and A: a difference in energy is likely (-5.0 to -1.0 %), but 10 pairs do not "
                "settle it (p = 0.070)."
            ),
        ),
        (
            judged("unclear", 0.97, None),
            ("B and A: 10 pairs are too few to tell anything about the energy; take 10 or more."),
        ),
    ],
)
def test_sentences(text: str, expected: str) -> None:
    assert text == expected


def test_without_figures() -> None:
    judgement = Judgement(
        metric=ENERGY, reference="A", subject="B", effect=None, p_value=1.0, verdict="unjudged",
        band=0.02,
    )  # fmt: skip
    assert sentence(judgement) == "B and A: no energy is known to compare."


def test_the_whole_text() -> None:
    result = session((1, 0.7), Noise(1), 4, runs=10)
    text = comparison_text(result, judge(result, 0.02), 80)
    assert text.startswith("carbonrun compare: 10 rounds in random order, seed 4\n\nA: cmd 0\n")
    assert max(map(len, text.splitlines())) <= 80
    assert "B uses 30 % less energy than A" in text
    assert "B takes 31 % less time than A" in text
    assert MODEL not in text
    for title in ("energy", "above idle", "time", "CPU time", "memory"):
        assert f"\n  {title} " in text


def test_tables_leave_out_what_a_narrow_terminal_has_no_room_for() -> None:
    result = session((1, 0.7), Noise(1), 4, runs=10)
    text = comparison_text(result, judge(result, 0.02), 40)
    assert max(map(len, text.splitlines())) <= 40
    assert "\n  energy" in text
    assert "  mean" in text
    assert "  max" not in text
    assert "B uses 30 % less energy" in text


def test_the_text_of_a_model_says_so() -> None:
    result = session((1, 0.7), Noise(1), 4, runs=10, modelled=1.0)
    text = comparison_text(result, judge(result, 0.02), 200)
    assert f"{MODEL}\nB uses 31 % less CPU time than A" in text


def test_outliers_and_repeats_are_shown() -> None:
    result = session((1, 1), Noise(1, spread=0.001), 4, runs=10)
    odd = result.samples[4]
    figures = {key: (value or 0) * 2 for key, value in odd.figures.items()}
    samples = [s.replace(figures=figures) if s is odd else s for s in result.samples]
    subjects = tuple(subject.replace(repeats=50) for subject in result.subjects)
    changed = result.replace(samples=tuple(samples), subjects=subjects)
    text = comparison_text(changed, judge(changed, 0.02), 80)
    assert "outliers: run 3; they count like all others" in text
    assert "A: cmd 0 (50 times a run)" in text
