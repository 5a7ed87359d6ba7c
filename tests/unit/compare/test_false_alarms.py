"""The promise of a comparison: how often it is wrong, and what it finds.

Whole comparisons are simulated: the order, the rule when to stop, both judgements (energy, time).
"""

from __future__ import annotations

import random
from statistics import mean

import pytest

from carbonrun.compare.judgement import LESS, MORE, SAME, UNCLEAR, judge, pairs_to_show
from carbonrun.compare.model import CPU_TIME, ENERGY
from carbonrun.compare.series import Collected, Plan, collect, least_pairs
from tests.unit.compare.simulated_runs import Noise, session, session_of

COMPARISONS = 200
BAND = 0.02
NOISES = {
    "steady": {"spread": 0.02},
    "drift": {"spread": 0.02, "drift": True},
    "spikes": {"spread": 0.02, "spikes": True},
    "heavy": {"spread": 0.01, "drift": True, "wander": 0.02},
    "all": {"spread": 0.02, "drift": True, "spikes": True},
    "wild": {"spread": 0.2, "drift": True, "spikes": True},
}


def alarms(ratios: tuple[float, ...], seed: int, noise: dict[str, float], **plan: object) -> int:
    """Return how many of the comparisons claim any difference."""
    found = 0
    for number in range(seed, seed + COMPARISONS):
        result = session(ratios, Noise(number, **noise), number, **plan)  # type: ignore[arg-type]
        found += any(judged.verdict in {LESS, MORE} for judged in judge(result, BAND))
    return found


@pytest.mark.parametrize("seed", [1000, 2000, 3000])
@pytest.mark.parametrize("noise", NOISES)
def test_identical_commands_are_called_different_in_at_most_5_percent(
    noise: str, seed: int
) -> None:
    assert alarms((1, 1), seed, NOISES[noise]) <= 0.05 * COMPARISONS


def test_so_with_a_fixed_number_of_runs_and_with_several_commands() -> None:
    assert alarms((1, 1), 4000, NOISES["all"], runs=10) <= 0.05 * COMPARISONS
    assert alarms((1, 1), 5000, NOISES["all"], runs=30) <= 0.05 * COMPARISONS
    assert alarms((1, 1, 1, 1), 6000, NOISES["drift"], runs=12) <= 0.05 * COMPARISONS


def test_in_blocks_drift_would_deceive_the_same_judge() -> None:
    """So that the test above is known to be able to fail."""
    found = 0
    for number in range(COMPARISONS):
        noise = Noise(number, spread=0.02, drift=True)
        blocked = session((1,), noise, number, runs=20)
        samples = [
            sample.replace(subject=sample.round // 10, round=sample.round % 10)
            for sample in blocked.samples
        ]
        found += any(j.verdict in {LESS, MORE} for j in judge(session_of(samples, 2), BAND))
    assert found > 0.1 * COMPARISONS


@pytest.mark.parametrize("drift", [False, True])
def test_5_percent_are_found_under_3_percent_noise_with_15_pairs(drift: bool) -> None:
    right = 0
    for number in range(COMPARISONS):
        noise = Noise(number + 7000, spread=0.03, drift=drift)
        result = session((1, 0.95), noise, number, most=15)
        assert len(result.samples) <= 30
        energy = judge(result, BAND)[0]
        right += energy.metric == ENERGY and energy.verdict == LESS
    assert right >= 0.8 * COMPARISONS


def test_heavy_drift_hides_no_difference_of_pairs() -> None:
    right = 0
    for number in range(COMPARISONS):
        noise = Noise(number, spread=0.01, drift=True, wander=0.02)
        right += judge(session((1, 0.95), noise, number, runs=12), BAND)[0].verdict == LESS
    assert right >= 0.95 * COMPARISONS


def test_the_interval_covers_the_truth() -> None:
    inside = 0
    for number in range(COMPARISONS):
        result = session((1, 1.3), Noise(number, spread=0.03, drift=True), number)
        effect = judge(result, BAND)[0].effect
        assert effect is not None
        assert effect.low_ratio is not None
        assert effect.high_ratio is not None
        inside += effect.low_ratio <= 1.3 <= effect.high_ratio
    assert inside >= 0.92 * COMPARISONS


def test_the_same_is_claimed_only_for_what_is_the_same() -> None:
    same = judge(session((1, 1), Noise(1, spread=0.005), 1), BAND)
    assert [judged.verdict for judged in same] == [SAME, SAME]
    few = judge(session((1, 1), Noise(1, spread=0.05), 1, runs=10), BAND)
    assert few[0].verdict == UNCLEAR
    assert judge(session((1, 1.1), Noise(1, spread=0.005), 1), BAND)[0].verdict == MORE


def test_five_pairs_show_nothing() -> None:
    judged = judge(session((1, 2), Noise(1), 1, runs=5), BAND)[0]
    assert judged.verdict == UNCLEAR
    assert judged.effect is not None
    assert judged.effect.low_ratio is None
    assert pairs_to_show(judged.effect, 0.05) is None


@pytest.mark.parametrize("subjects", [2, 3, 10, 20])
def test_the_least_number_of_pairs_shows_what_is_clear(subjects: int) -> None:
    """A difference that no noise hides is a verdict from then on, whatever is judged with it."""
    ratios = [2.0**number for number in range(subjects)]
    least = least_pairs(subjects)
    verdicts = [
        {judged.verdict for judged in judge(session(ratios, Noise(5), 5, runs=runs), BAND)}
        for runs in (least - 1, least)
    ]
    assert verdicts == [{UNCLEAR}, {MORE}]


def test_a_model_is_judged_by_cpu_time() -> None:
    judged = judge(session((1, 0.8), Noise(1), 1, modelled=0.99), BAND)
    assert judged[0].metric == CPU_TIME
    assert judged[0].verdict == LESS


def test_the_pairs_that_are_said_to_be_needed_do_find_it() -> None:
    said = []
    for number in range(20):
        effect = judge(session((1, 1), Noise(number, spread=0.06), 3, runs=12), BAND)[0].effect
        assert effect is not None
        said.append(pairs_to_show(effect, 0.05) or 0)
    needed = round(mean(said))
    assert 12 < needed < 60
    found = 0
    for number in range(100):
        result = session((1, 1.05), Noise(number, spread=0.06), number, runs=needed)
        judged = judge(result, BAND)[0].effect
        assert judged is not None
        found += judged.p_value <= 0.05
    assert found >= 60


def test_the_order_is_random_in_each_round_and_known_by_its_seed() -> None:
    result = session((1, 1, 1), Noise(1), 5, runs=40)
    orders = [
        tuple(s.subject for s in result.samples[start : start + 3]) for start in range(0, 120, 3)
    ]
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert len(set(orders)) == 6
    again = session((1, 1, 1), Noise(1), 5, runs=40)
    assert [s.subject for s in again.samples] == [s.subject for s in result.samples]


def test_it_stops_when_it_is_precise_and_never_later_than_it_may() -> None:
    assert len(session((1, 1), Noise(1, spread=0.003), 1).samples) == 20
    assert len(session((1, 1), Noise(1, spread=0.5), 1, most=13).samples) == 26
    narrow = session((1, 1), Noise(1, spread=0.02), 1, most=400, precision=0.005)
    assert 40 < len(narrow.samples) < 800
    effect = judge(narrow, BAND)[0].effect
    assert effect is not None
    assert effect.half_width is not None
    assert effect.half_width <= 0.005
    assert len(session((1,), Noise(1, spread=0.003), 1).samples) == 10


def test_a_plan_without_rounds_runs_nothing() -> None:
    def measure(*_: int) -> None:
        raise AssertionError

    found = Collected(samples=[], set_aside=[])
    collect(Plan(subjects=2, runs=0), measure, random.Random(1), found)  # type: ignore[arg-type]
    assert found.samples == []
    assert found.set_aside == []


def test_disturbed_rounds_are_run_again_if_that_is_wanted() -> None:
    result = session((1, 1), Noise(1, spikes=True), 1, runs=20, most=60, reruns=True)
    assert len(result.samples) == 40
    assert len(result.set_aside) >= 4
    assert not any(sample.marks for sample in result.samples)
    rounds = [sample.round for sample in (*result.samples, *result.set_aside)]
    assert sorted(rounds) == [number for number in range(len(rounds) // 2) for _ in "AB"]
    assert session((1, 1), Noise(1, spikes=True), 1, runs=20, most=60).set_aside == ()


@pytest.mark.parametrize(("runs", "counting"), [(None, 10), (12, 12), (40, 40)])
def test_on_a_machine_that_is_never_quiet_enough_rounds_count(
    runs: int | None, counting: int
) -> None:
    noise = Noise(1, spread=0.5, spikes=True, spike_rate=1.0)
    result = session((1, 1), noise, 1, runs=runs, most=30, reruns=True)
    assert len(result.samples) == 2 * counting
    assert len(result.set_aside) == 2 * max(0, 30 - counting)


def test_rounds_that_are_run_again_raise_no_false_alarms() -> None:
    assert alarms((1, 1), 7000, NOISES["all"], reruns=True) <= 0.05 * COMPARISONS
