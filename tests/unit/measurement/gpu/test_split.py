"""Which share of a stretch is the tree's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonrun.measurement.gpu.look import GpuProcess
from carbonrun.measurement.gpu.split import (
    BUSY,
    EQUAL,
    FILES,
    IDLE,
    MEMORY,
    SLICES,
    SOLE,
    UNUSED,
    Use,
    holders,
    split,
)

OURS = frozenset({(1, 10), (2, 20)})
processes = st.lists(
    st.builds(
        lambda pid, memory, instance, context: GpuProcess(
            pid=pid,
            start_ticks=pid * 10,
            memory_bytes=memory,
            instance=instance,
            instance_share=1.0 if not instance else int(instance) / 7,
            has_context=context,
        ),
        st.integers(min_value=1, max_value=4),
        st.none() | st.integers(min_value=0, max_value=1 << 36),
        st.sampled_from(["", "1", "2", "3"]),
        st.booleans(),
    ),
    max_size=6,
)
uses = st.none() | st.builds(
    lambda tree, others: Use(tree_seconds=tree, all_seconds=tree + others),
    st.floats(min_value=0, max_value=1e3),
    st.floats(min_value=0, max_value=1e3),
)


def process(pid: int, memory: int | None = 100, **fields: Any) -> GpuProcess:
    known: dict[str, Any] = {"pid": pid, "start_ticks": pid * 10, "memory_bytes": memory}
    return GpuProcess(**{**known, **fields})


@settings(deadline=None)
@given(processes, processes, uses, st.booleans())
def test_shares_are_between_nothing_and_all(
    before: list[GpuProcess], after: list[GpuProcess], use: Use | None, complete: bool
) -> None:
    part = split(holders(before, OURS), holders(after, OURS), use, is_complete=complete)
    assert 0 <= part.active_share <= 1
    assert 0 <= part.idle_share <= 1


@settings(deadline=None)
@given(processes, processes, uses, st.booleans())
def test_shares_of_all_trees_sum_to_at_most_one(
    before: list[GpuProcess], after: list[GpuProcess], use: Use | None, complete: bool
) -> None:
    rest = frozenset((pid, pid * 10) for pid in range(1, 5)) - OURS
    other = None
    if use is not None:
        other = use.replace(tree_seconds=use.all_seconds - use.tree_seconds)
    ours = split(holders(before, OURS), holders(after, OURS), use, is_complete=complete)
    theirs = split(holders(before, rest), holders(after, rest), other, is_complete=complete)
    assert ours.idle_share + theirs.idle_share <= 1 + 1e-9
    if {ours.basis, theirs.basis} & {SOLE, IDLE}:
        # Use of a process that has no context at either end is nobody's who is alone on the device.
        return
    assert ours.active_share + theirs.active_share <= 1 + 1e-9


@settings(deadline=None)
@given(processes, processes)
def test_a_gpu_without_a_context_of_the_tree_costs_it_nothing(
    before: list[GpuProcess], after: list[GpuProcess]
) -> None:
    nobody = holders(before, frozenset()), holders(after, frozenset())
    part = split(*nobody, Use(tree_seconds=0, all_seconds=3), is_complete=True)
    assert (part.active_share, part.idle_share, part.basis) == (0, 0, UNUSED)


def test_the_sole_user_pays_all_whatever_samples_say() -> None:
    ours = holders([process(1), process(2)], OURS)
    part = split(ours, ours, Use(tree_seconds=1, all_seconds=3), is_complete=True)
    assert (part.active_share, part.idle_share, part.basis) == (1, 1, SOLE)


def test_it_is_not_sole_where_others_may_be_unseen_and_are_busy() -> None:
    ours = holders([process(1)], OURS)
    part = split(ours, ours, Use(tree_seconds=1, all_seconds=4), is_complete=False)
    assert (part.active_share, part.basis) == (0.25, BUSY)


def test_active_energy_goes_by_use_and_idle_by_memory() -> None:
    shared = holders([process(1, 300), process(3, 100)], OURS)
    part = split(shared, shared, Use(tree_seconds=1, all_seconds=10), is_complete=True)
    assert part.active_share == pytest.approx(0.1)
    assert part.idle_share == pytest.approx(0.75)
    assert part.basis == BUSY


def test_without_use_it_goes_by_memory_then_equally() -> None:
    shared = holders([process(1, 300), process(3, 100)], OURS)
    part = split(shared, shared, None, is_complete=True)
    assert (part.active_share, part.basis) == (0.75, MEMORY)
    shared = holders([process(1, None), process(3, 100), process(4, 100)], OURS)
    part = split(shared, shared, None, is_complete=True)
    assert part.active_share == pytest.approx(1 / 3)
    assert part.basis == EQUAL


def test_parts_of_a_divided_gpu_count_by_their_size() -> None:
    present = [
        process(1, 10, instance="1", instance_share=3 / 7),
        process(3, 30, instance="1", instance_share=3 / 7),
        process(4, 99, instance="2", instance_share=1 / 7),
    ]
    held = holders(present, OURS)
    part = split(held, held, None, is_complete=True)
    assert part.active_share == pytest.approx(0.25 * 3 / 4)
    assert part.basis == SLICES


def test_where_nobody_was_busy_the_rest_goes_as_the_idle_part() -> None:
    shared = holders([process(1, 300), process(3, 100)], OURS)
    part = split(shared, shared, Use(), is_complete=True)
    assert (part.active_share, part.idle_share, part.basis) == (0.75, 0.75, IDLE)


def test_a_context_that_came_in_between_was_there_for_half_of_the_time() -> None:
    part = split(holders([], OURS), holders([process(1)], OURS), None, is_complete=True)
    assert (part.active_share, part.idle_share, part.basis) == (1, 0.5, SOLE)


def test_a_process_that_came_and_went_between_looks_is_known_by_its_use() -> None:
    gone = holders([process(1, has_context=False)], OURS)
    shared = holders([process(3)], OURS)
    part = split(shared, shared, Use(tree_seconds=1, all_seconds=4), is_complete=True)
    assert gone.tree == 0
    assert (part.active_share, part.basis) == (0.25, BUSY)


def test_a_process_that_is_not_to_be_seen_here_is_no_part_of_the_tree() -> None:
    assert process(1, start_ticks=None).key is None
    assert holders([process(1, start_ticks=None)], OURS).tree == 0


def test_who_has_the_file_open_is_taken_to_be_alone() -> None:
    guessed = holders([process(1, None, is_guessed=True)], OURS)
    part = split(holders([], OURS), guessed, None, is_complete=False)
    assert (part.active_share, part.idle_share, part.basis) == (1, 0.5, FILES)
