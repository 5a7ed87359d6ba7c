"""Which phases are open when, and what falls into each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.mark import BEGIN, END, MARK, Mark
from carbonrun.measurement import phases
from carbonrun.measurement.phases import MOST_DEPTH, MOST_PATHS, PhaseBook
from carbonrun.measurement.sections import Sections

Line = tuple[float, str, str]


def book_of(*lines: Line) -> PhaseBook:
    book = PhaseBook()
    for at, kind, name in lines:
        book.apply(Mark(kind=kind, name=name), at)
    return book


def told(book: PhaseBook, now: float = 10.0) -> dict[str, tuple[int, float, float, float]]:
    return {
        "/".join(row.path): (row.times, row.start_seconds, row.end_seconds, row.seconds)
        for row in book.rows(now)
    }


def test_the_words_are_those_of_the_protocol() -> None:
    assert (phases.MARK, phases.BEGIN) == (MARK, BEGIN)


def test_a_mark_ends_the_one_before() -> None:
    book = book_of((1, MARK, "load"), (3, MARK, "train"), (7, MARK, "save"))
    assert told(book) == {
        "load": (1, 1, 3, 2),
        "train": (1, 3, 7, 4),
        "save": (1, 7, 10, 3),
    }
    assert book.open_paths() == (("save",),)


def test_what_begins_again_adds_up() -> None:
    book = book_of((0, MARK, "a"), (1, MARK, "b"), (3, MARK, "a"), (4, MARK, "b"))
    assert told(book) == {"a": (2, 0, 4, 2), "b": (2, 1, 10, 8)}


def test_phases_within_phases() -> None:
    book = book_of(
        (1, BEGIN, "build"), (2, MARK, "compile"), (4, MARK, "link"), (5, END, "build"),
        (6, MARK, "test"), (7, BEGIN, "unit"), (8, END, "unit"), (9, MARK, "done"),
    )  # fmt: skip
    assert told(book) == {
        "build": (1, 1, 5, 4),
        "build/compile": (1, 2, 4, 2),
        "build/link": (1, 4, 5, 1),
        "test": (1, 6, 9, 3),
        "test/unit": (1, 7, 8, 1),
        "done": (1, 9, 10, 1),
    }


def test_phases_that_overlap_go_on_each_by_itself() -> None:
    """As of two jobs of make: what began within another may outlive it."""
    book = book_of((1, BEGIN, "a"), (2, BEGIN, "b"), (3, END, "a"), (6, END, "b"))
    assert told(book) == {"a": (1, 1, 3, 2), "a/b": (1, 2, 6, 4)}
    assert book.open_paths() == ()


def test_the_same_phase_twice_at_once_is_open_once() -> None:
    book = PhaseBook()
    for frame, at in ((1, 1.0), (2, 2.0)):
        book.apply(Mark(kind=BEGIN, name="epoch", frame=frame, parent=0), at)
    book.apply(Mark(kind=END, name="epoch", frame=1), 4.0)
    assert book.open_paths() == (("epoch",),)
    book.apply(Mark(kind=END, name="epoch", frame=2), 5.0)
    assert told(book) == {"epoch": (2, 1, 5, 4)}


def test_an_end_without_a_beginning_is_counted_and_nothing_else() -> None:
    book = book_of((1, END, "never"), (2, MARK, "a"), (3, END, "b"))
    assert book.unmatched == 2
    assert told(book) == {"a": (1, 2, 10, 8)}


def test_too_many_names_are_left_out() -> None:
    book = book_of(*((float(n), MARK, f"p{n}") for n in range(MOST_PATHS + 5)))
    assert len(book.rows(1e4)) == MOST_PATHS
    assert book.left_out == 5
    assert book.open_paths() == ()
    book.apply(Mark(kind=MARK, name="p0"), 1e4)
    assert book.open_paths() == (("p0",),)


def test_what_is_too_deep_is_left_out() -> None:
    """Each mark is booked for all that are open: it would cost ever more, and signals wait."""
    deep = 50
    book = book_of(*((float(n), BEGIN, f"p{n}") for n in range(deep)))
    assert len(book.open_paths()) == MOST_DEPTH
    assert book.left_out == deep - MOST_DEPTH
    for n in reversed(range(deep)):
        book.apply(Mark(kind=END, name=f"p{n}"), 100.0 + n)
    assert book.open_paths() == ()
    assert book.unmatched == 0


def test_the_innermost_at_moments() -> None:
    book = book_of((1, MARK, "a"), (2, BEGIN, "b"), (3, END, "b"), (4, END, "a"))
    assert book.innermost_at([0.5, 1, 2.5, 3.5, 9]) == [None, ("a",), ("a", "b"), ("a",), None]


def test_many_changes_are_kept_within_bounds() -> None:
    book = book_of(*((float(n), MARK, f"p{n % 3}") for n in range(10_000)))
    assert len(book._changes) <= phases.MOST_CHANGES
    assert book.innermost_at([9999.5])[0] is not None


def test_an_interval_is_divided_where_a_phase_begins() -> None:
    sections = Sections(2)
    sections.change(1.0, (("a",),))
    sections.change(3.0, ())
    sections.add(0.0, 4.0, (8.0, 4.0))
    assert sections.of(("a",)) == pytest.approx((4.0, 2.0))
    assert sections.of(("b",)) == (0.0, 0.0)
    assert sections.is_idle


def test_what_ends_with_an_interval_has_all_of_it() -> None:
    sections = Sections(1)
    sections.change(0.0, (("a",),))
    sections.add(0.0, 1.0, (5.0,))
    sections.change(1.0, (("b",),))
    sections.add(1.0, 2.0, (7.0,))
    sections.add(2.0, 2.0, (0.5,))
    assert sections.of(("a",)) == (5.0,)
    assert sections.of(("b",)) == (7.5,)


steps = st.lists(
    st.tuples(st.floats(0.001, 5), st.floats(0, 100), st.integers(0, 3)), min_size=1, max_size=40
)


@given(steps, st.lists(st.floats(0, 200), max_size=10))
def test_plain_phases_share_out_everything_and_no_more(
    intervals: list[tuple[float, float, int]], edges: list[float]
) -> None:
    sections = Sections(1)
    for index, edge in enumerate(sorted(edges)):
        sections.change(edge, ((f"p{index % 3}",),))
    at = 0.0
    for seconds, amount, _ in intervals:
        sections.add(at, at + seconds, (amount,))
        at += seconds
    total = sum(sections.of((f"p{n}",))[0] for n in range(3))
    whole = sum(amount for _, amount, _ in intervals)
    assert total <= whole * (1 + 1e-9) + 1e-9
    if edges and min(edges) == 0:
        assert total == pytest.approx(whole)


def begin(name: str, pid: int, *ancestors: int, frame: int | None = None) -> Mark:
    return Mark(kind=BEGIN, name=name, pid=pid, ancestors=(pid, *ancestors), frame=frame)


def test_phases_of_processes_beside_each_other() -> None:
    """Two jobs below one script: each in the script's phase, neither in the other's."""
    book = PhaseBook()
    for mark in (begin("all", 2), begin("a", 3, 2), begin("b", 4, 2), begin("c", 5, 4, 2)):
        book.apply(mark, 1.0)
    book.apply(Mark(kind=MARK, name="step", pid=3, ancestors=(3, 2)), 2.0)
    assert set(told(book)) == {"all", "all/a", "all/b", "all/b/c", "all/a/step"}


def test_frames_of_one_process_are_within_what_they_say() -> None:
    book = PhaseBook()
    book.apply(begin("a", 3, frame=31), 1.0)
    book.apply(begin("b", 3, frame=32), 1.0)
    book.apply(Mark(kind=BEGIN, name="c", pid=3, frame=33, parent=31), 1.0)
    book.apply(begin("tool", 4, 3), 1.0)
    assert set(told(book)) == {"a", "b", "a/c", "a/c/tool"}


def test_the_end_of_a_name_is_that_of_the_senders_phase() -> None:
    book = PhaseBook()
    for at, mark in ((1.0, begin("all", 2)), (1.0, begin("a", 3, 2)), (1.0, begin("b", 4, 2))):
        book.apply(mark, at)
    book.apply(begin("link", 3, 2), 2.0)
    book.apply(begin("link", 4, 2), 3.0)
    book.apply(Mark(kind=END, name="link", pid=3, ancestors=(3, 2)), 4.0)
    assert told(book)["all/a/link"] == (1, 2, 4, 2)
    assert told(book)["all/b/link"] == (1, 3, 10, 7)
    book.apply(Mark(kind=END, name="link", pid=9, ancestors=(9,)), 5.0)
    assert told(book)["all/b/link"] == (1, 3, 5, 2), "by whomever, if it is no one else's"
