"""What a GPU draws when idle."""

from __future__ import annotations

from typing import Any

import pytest

from carbonrun.measurement.floor import CALIBRATED, GIVEN, UNKNOWN
from carbonrun.measurement.gpu.floor import UNUSED_SOURCE, USED_SOURCE, SeenFloor
from carbonrun.measurement.gpu.look import GpuLook, GpuProcess
from carbonrun.measurement.model import IdleFloor

NOT_KNOWN = IdleFloor(watts=0, low_watts=0, high_watts=float("inf"), source=UNKNOWN)
HOLDER = GpuProcess(pid=1, start_ticks=10)


def known(watts: float, source: str) -> IdleFloor:
    return IdleFloor(watts=watts, low_watts=watts, high_watts=watts, source=source)


def look(at: float, joules: float | None, *present: GpuProcess, **fields: Any) -> GpuLook:
    return GpuLook(device_id="G", at_seconds=at, joules=joules, processes=present, **fields)


def floor(*looks: GpuLook, chosen: IdleFloor = NOT_KNOWN) -> IdleFloor:
    seen = SeenFloor()
    for each in looks:
        seen.add(each)
    return seen.floor(chosen)


def test_power_without_a_context_is_the_floor() -> None:
    found = floor(
        look(0, 0, watts=70), look(1, 65), look(2, 120), look(3, 420, HOLDER), look(5, 430, HOLDER)
    )
    assert (found.watts, found.source) == (60, UNUSED_SOURCE)
    assert (found.low_watts, found.high_watts) == (0, 60)


def test_a_context_ends_a_window_without_one() -> None:
    found = floor(look(0, 0), look(1, 10, HOLDER), look(2.5, 70), look(3, 100))
    assert found.source == USED_SOURCE


def test_without_such_a_time_the_lowest_power_has_to_do() -> None:
    found = floor(look(0, 0, HOLDER, watts=300), look(2, 400, HOLDER), look(4, 900, HOLDER))
    assert (found.watts, found.source) == (200, USED_SOURCE)


def test_where_some_are_unseen_nobody_knows_that_it_is_unused() -> None:
    found = floor(look(0, 0, watts=80, is_complete=False))
    assert (found.watts, found.source) == (80, USED_SOURCE)


def test_a_look_in_a_hurry_says_nothing_of_contexts() -> None:
    assert floor(look(0, 0, watts=80, was_listed=False)).source == USED_SOURCE


def test_a_counter_that_begins_anew_or_does_not_answer_is_no_power() -> None:
    found = floor(
        look(0, 500, HOLDER), look(1, None, HOLDER), look(2, 10, HOLDER), look(4, 10, HOLDER)
    )
    assert found == NOT_KNOWN
    assert floor(look(0, 0, watts=0.0)) == NOT_KNOWN


@pytest.mark.parametrize("source", [f"{GIVEN} GPU-1", f"{CALIBRATED} 2026-11-29"])
def test_what_is_given_or_calibrated_stands(source: str) -> None:
    chosen = known(90, source)
    assert floor(look(0, 0, watts=60), chosen=chosen) == chosen


def test_what_earlier_runs_saw_stands_unless_this_one_saw_less() -> None:
    observed = known(60, "lowest power observed, 2026-11-29")
    assert floor(look(0, 0, watts=80), chosen=observed) == observed
    assert floor(look(0, 0, HOLDER, watts=80), chosen=observed) == observed
    assert floor(chosen=observed) == observed
    assert floor(look(0, 0, watts=50), chosen=observed).source == UNUSED_SOURCE
    assert floor(look(0, 0, HOLDER, watts=50), chosen=observed).watts == 50


def test_a_counter_that_stands_still_is_no_low_power() -> None:
    """At 2 s it has not moved for a second; at 2.5 s what is missing was filled in."""
    found = floor(look(0, 0), look(1, 250), look(2, 250), look(2.5, 625), look(4.5, 1125))
    assert (found.watts, found.source) == (250, UNUSED_SOURCE)
