"""The tree of calls and how a total divides among it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.tree.calls import MOST_CALLS, MOST_LEVELS, Call, CallTree
from carbonrun.measurement.tree.shares import MOST_END_SECONDS, divide


def paths(tree: CallTree) -> dict[str, tuple[float, int]]:
    """Return CPU seconds and ended processes by path."""
    found = {}

    def visit(node: Call, above: str) -> None:
        for call in node.calls.values():
            path = f"{above}/{call.program}" if above else call.program
            found[path] = (call.cpu_seconds, call.ended)
            visit(call, path)

    visit(tree.root, "")
    return found


def build() -> CallTree:
    """A make that has called a shell, which has called two compilers."""
    tree = CallTree()
    tree.start(1, "make")
    tree.fork(2, 1)
    tree.execute(2, "sh")
    for pid in (3, 4):
        tree.fork(pid, 2)
        tree.execute(pid, "cc1")
        tree.add(pid, 2.0)
        tree.end(pid)
    tree.end(2)
    return tree


def test_processes_of_one_program_below_the_same_callers_are_one_node() -> None:
    assert paths(build()) == {"make": (0, 0), "make/sh": (0, 1), "make/sh/cc1": (4, 2)}


def test_a_forked_process_is_its_parents_program() -> None:
    tree = CallTree()
    tree.start(1, "python3")
    tree.fork(2, 1)
    tree.add(2, 1.0)
    tree.end(2)
    assert paths(tree) == {"python3": (1, 1)}


def test_one_that_executes_another_program_stays_below_its_caller() -> None:
    tree = CallTree()
    tree.start(1, "sh")
    tree.fork(2, 1)
    for name in ("env", "bash", "python3"):
        tree.execute(2, name)
        tree.add(2, 1.0)
    tree.end(2)
    assert paths(tree) == {
        "sh": (0, 0),
        "sh/env": (1, 0),
        "sh/bash": (1, 0),
        "sh/python3": (1, 1),
    }


def test_a_program_of_the_same_name_that_was_executed_is_a_level_of_its_own() -> None:
    tree = CallTree()
    tree.start(1, "sh")
    tree.fork(2, 1)
    tree.execute(2, "sh")
    assert list(paths(tree)) == ["sh", "sh/sh"]


def test_children_of_strangers_are_passed_over() -> None:
    tree = CallTree()
    assert not tree.fork(5, 4)
    assert tree.live == {}


def test_time_is_brought_up_to_what_is_known_and_never_back() -> None:
    tree = CallTree()
    tree.start(1, "sh")
    tree.add(1, 2.0)
    tree.add_up_to(1, 3.0)
    tree.add_up_to(1, 1.0)
    assert tree.cpu_seconds == 3.0


def test_the_command_line_is_that_of_the_process_that_used_the_most() -> None:
    tree = CallTree()
    tree.start(1, "make")
    for pid, seconds in ((2, 1.0), (3, 5.0), (4, 2.0)):
        tree.fork(pid, 1)
        tree.execute(pid, "cc1")
        tree.describe(pid, ("cc1", f"{pid}.c"))
        tree.add(pid, seconds)
        if pid > 2:
            tree.end(pid)
    cc1 = tree.root.calls["make"].calls["cc1"]
    assert tree.commands() == {cc1: ("cc1", "3.c")}
    tree.add(2, 9.0)
    assert tree.commands() == {cc1: ("cc1", "2.c")}


def test_a_command_line_is_of_the_program_that_it_started() -> None:
    tree = CallTree()
    tree.start(1, "sh")
    tree.describe(1, ("sh", "-c", "exec python3"))
    tree.add(1, 1.0)
    tree.execute(1, "python3")
    tree.add(1, 1.0)
    assert {call.program: words for call, words in tree.commands().items()} == {
        "sh": ("sh", "-c", "exec python3")
    }


PIDS = st.integers(1, 6)
EVENTS = st.one_of(
    st.tuples(st.just("start"), PIDS, PIDS),
    st.tuples(st.just("fork"), PIDS, PIDS),
    st.tuples(st.just("execute"), PIDS, PIDS),
    st.tuples(st.just("add"), PIDS, PIDS),
    st.tuples(st.just("end"), PIDS, PIDS),
)


@given(st.lists(EVENTS, max_size=60), st.floats(0, 100), st.booleans())
def test_whatever_happens_the_total_is_divided(
    events: list[tuple[str, int, int]], total: float, ends_only: bool
) -> None:
    """And every process is counted once."""
    tree, added, started = CallTree(), 0.0, 0
    for event, pid, other in events:
        is_live = pid in tree.live
        if event == "start" and not is_live:
            tree.start(pid, f"p{other}")
            started += 1
        elif event == "fork" and not is_live:
            started += tree.fork(pid, other)
        elif event == "execute" and is_live:
            tree.execute(pid, f"p{other}")
        elif event == "add" and is_live:
            tree.add(pid, other / 10)
            tree.wait_up_to(pid, other)
            added += other / 10
        elif event == "end" and is_live:
            tree.end(pid)
    assert tree.cpu_seconds == pytest.approx(added)
    assert sum(tree.processes().values()) == started
    shares = divide(tree, total, {}, misses_ends_only=ends_only)
    assert shares.named_seconds + shares.unnamed_seconds == pytest.approx(total)
    assert all(seconds >= 0 for seconds in shares.seconds.values())
    assert shares.unnamed_seconds >= 0
    assert sum(shares.unnamed_below.values()) <= shares.unnamed_seconds * (1 + 1e-9)


def test_levels_and_nodes_are_limited_and_nothing_is_lost() -> None:
    deep, wide = CallTree(), CallTree()
    deep.start(1, "a")
    for pid in range(2, 100):
        deep.fork(pid, pid - 1)
        deep.execute(pid, "a")
        deep.add(pid, 1.0)
    assert max(call.level for call in deep.root.walk()) == MOST_LEVELS
    assert deep.cpu_seconds == 98
    wide.start(1, "a")
    for pid in range(2, 2 * MOST_CALLS):
        wide.fork(pid, 1)
        wide.execute(pid, str(pid))
        wide.add(pid, 1.0)
        wide.end(pid)
    assert wide.nodes == MOST_CALLS
    assert wide.cpu_seconds == 2 * MOST_CALLS - 2
    assert wide.ended == 2 * MOST_CALLS - 2
    wide.start(0, "an orphan")
    wide.add(0, 1.0)
    assert list(wide.root.calls) == ["a"]
    assert wide.root.calls["a"].cpu_seconds == MOST_CALLS


def seconds(tree: CallTree, total: float, **how: object) -> dict[str, float]:
    clocks = how.get("clocks", {})
    assert isinstance(clocks, dict)
    found = divide(tree, total, clocks, misses_ends_only=bool(how.get("ends", True)))
    assert found.named_seconds + found.unnamed_seconds == pytest.approx(total)
    return {call.program: each for call, each in found.seconds.items() if call.program}


def test_the_missing_ends_are_divided_equally() -> None:
    rest = 3 * MOST_END_SECONDS / 2
    found = seconds(build(), 4 + rest)
    assert found == {
        "make": 0.0,
        "sh": pytest.approx(rest / 3),
        "cc1": pytest.approx(4 + rest * 2 / 3),
    }


def test_more_than_ends_can_be_has_no_name() -> None:
    shares = divide(build(), 5.0, {}, misses_ends_only=True)
    assert shares.ends_seconds == pytest.approx(3 * MOST_END_SECONDS)
    assert shares.unnamed_seconds == pytest.approx(1 - 3 * MOST_END_SECONDS)


def test_where_more_than_ends_was_missed_nothing_is_divided() -> None:
    shares = divide(build(), 4.001, {}, misses_ends_only=False)
    assert (shares.ends_seconds, shares.named_seconds) == (0.0, 4.0)
    assert shares.unnamed_seconds == pytest.approx(0.001)


def test_too_much_is_scaled_down() -> None:
    assert seconds(build(), 2.0) == {"make": 0.0, "sh": 0.0, "cc1": 2.0}


def test_clocks_of_live_processes_say_what_no_record_has_said_yet() -> None:
    tree = build()
    tree.add(1, 0.5)
    assert seconds(tree, 5.0, clocks={1: 1.0, 99: 7.0})["make"] == 1.0


def test_a_tree_that_used_nothing() -> None:
    assert divide(CallTree(), 0.0, {}, misses_ends_only=True).named_seconds == 0
