"""Busy time of processes, added up over looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.gpu.drm.clients import MOST_GONE, ClientBook, Sight
from carbonrun.measurement.gpu.drm.fdinfo import ClientText, Engine

CARD = "0000:03:00.0"
OLD, STARTED, LATER = 1000, 5000, 6000  # moments, in ticks


def sight(
    pid: int,
    client_id: int | None,
    start_ticks: int = OLD,
    memory_bytes: int | None = None,
    **engines: Engine | float,
) -> Sight:
    told = {
        name: engine if isinstance(engine, Engine) else Engine(busy_seconds=engine)
        for name, engine in engines.items()
    }
    text = ClientText(
        driver="amdgpu", card=CARD, client_id=client_id, engines=told, memory_bytes=memory_bytes
    )
    return Sight(pid=pid, start_ticks=start_ticks, text=text)


def busy(book: ClientBook, *sights: Sight, seconds: float = 1.0) -> dict[int, float | None]:
    return {p.pid: p.busy_seconds for p in book.look(sights, seconds)}


def begun(*sights: Sight) -> ClientBook:
    book = ClientBook(STARTED)
    book.look(sights, 0.0)
    return book


def test_what_was_used_before_the_first_look_does_not_count() -> None:
    book = begun(sight(1, 7, gfx=100.0))
    assert busy(book, sight(1, 7, gfx=100.25)) == {1: 0.25}


def test_a_process_that_is_new_counts_from_zero() -> None:
    book = begun()
    assert busy(book, sight(1, 7, start_ticks=LATER, gfx=0.5)) == {1: 0.5}


def test_an_old_process_that_is_found_late_does_not() -> None:
    book = begun()
    assert busy(book, sight(1, 7, gfx=50.0)) == {1: 0.0}
    assert busy(book, sight(1, 7, gfx=50.5)) == {1: 0.5}


def test_a_process_that_was_looked_at_before_has_opened_the_card_since() -> None:
    book = begun()
    assert busy(book, sight(1, 7, gfx=0.5).replace(was_visited=True)) == {1: 0.5}


def test_the_time_before_the_first_look() -> None:
    book = begun(sight(1, 7, gfx=3.0), sight(2, 8, start_ticks=LATER, gfx=0.25))
    listed = book.look(
        [sight(1, 7, gfx=3.5), sight(2, 8, start_ticks=LATER, gfx=0.5)], 1.0, lead_seconds=0.2
    )
    assert {p.pid: p.busy_seconds for p in listed} == {1: pytest.approx(0.6), 2: 0.5}


def test_values_that_step_back() -> None:
    book = begun(sight(1, 7, gfx=10.0))
    seen = [busy(book, sight(1, 7, gfx=value))[1] for value in (10.5, 10.2, 10.4, 10.5, 10.7)]
    assert seen == pytest.approx([0.5, 0.5, 0.5, 0.5, 0.7])


def test_a_client_that_was_inherited_counts_once() -> None:
    book = begun(sight(1, 7, gfx=0.0))
    both = busy(book, sight(1, 7, gfx=0.5), sight(2, 7, gfx=0.5), sight(2, 7, gfx=0.5))
    assert both == {1: 0.5}  # the first pays for both


def test_a_client_whose_first_owner_ends_goes_on_with_the_next() -> None:
    book = begun(sight(1, 7, gfx=0.0), sight(2, 7, gfx=0.0))
    busy(book, sight(1, 7, gfx=0.5), sight(2, 7, gfx=0.5))
    assert busy(book, sight(2, 7, gfx=0.9))[2] == pytest.approx(0.4)


def test_clients_without_a_number_are_told_apart_by_process() -> None:
    book = begun(sight(1, None, gfx=0.0), sight(2, None, gfx=0.0))
    assert busy(book, sight(1, None, gfx=0.5), sight(2, None, gfx=0.25)) == {1: 0.5, 2: 0.25}


def test_engines_of_a_kind_count_as_one() -> None:
    book = begun(sight(1, 7, video=Engine(busy_seconds=0.0, capacity=2), gfx=0.0))
    now = sight(1, 7, video=Engine(busy_seconds=1.0, capacity=2), gfx=0.25)
    assert busy(book, now) == {1: 0.75}


def test_cycles_become_seconds() -> None:
    def at(cycles: int, total: int) -> Sight:
        return sight(1, 7, rcs=Engine(busy_seconds=None, cycles=cycles, total_cycles=total))

    book = begun(at(1000, 50_000))
    assert busy(book, at(1500, 52_000), seconds=2.0) == {1: pytest.approx(0.5)}
    assert busy(book, at(1500, 52_000), seconds=2.0) == {1: pytest.approx(0.5)}
    assert busy(book, at(1400, 54_000), seconds=2.0) == {1: pytest.approx(0.5)}
    assert busy(book, at(9500, 56_000), seconds=2.0) == {1: pytest.approx(2.5)}  # no more than 1


def test_cycles_of_a_new_client_and_without_a_clock() -> None:
    def at(total: int | None) -> Sight:
        engine = Engine(busy_seconds=None, cycles=500, total_cycles=total)
        return sight(1, 7, start_ticks=LATER, rcs=engine)

    assert busy(begun(), at(1000), seconds=0.5) == {1: 0.25}
    assert busy(begun(), at(None), seconds=0.5) == {1: 0.0}


def test_who_has_ended_is_told_once_more_and_went_on_for_half_of_the_time() -> None:
    book = begun(sight(1, 7, gfx=0.0), sight(2, 8, gfx=0.0))
    busy(book, sight(1, 7, gfx=0.5), sight(2, 8, gfx=0.1))
    (left, ended) = book.look([sight(2, 8, gfx=0.2)], 1.0)
    assert (left.pid, left.has_context) == (2, True)
    assert (ended.pid, ended.has_context, ended.memory_bytes) == (1, False, None)
    assert ended.busy_seconds == pytest.approx(0.75)
    assert busy(book, sight(2, 8, gfx=0.3)) == {2: pytest.approx(0.3)}


def share_that_is_counted(life_seconds: float, pause_seconds: float, tick_seconds: float) -> float:
    """Return what is counted of processes that follow each other, of what they were really busy."""
    period = life_seconds + pause_seconds
    book = ClientBook(0)
    book.look([], 0.0)
    busy_seconds = 0.0
    known: dict[int, float] = {}
    looks = 3000
    for look in range(1, looks):
        now = look * tick_seconds
        number, age = int(now / period), now % period
        sights = []
        if age < life_seconds:
            one = sight(number, number, start_ticks=1 + number, gfx=age / 2)
            sights = [one.replace(age_seconds=age, is_ours=True)]
        for process in book.look(sights, tick_seconds):
            used = process.busy_seconds or 0.0
            busy_seconds += used - known.get(process.pid, 0.0)
            known[process.pid] = used
    return busy_seconds / (0.5 * looks * tick_seconds * life_seconds / period)


@pytest.mark.parametrize("life_seconds", [0.13, 0.31, 0.53, 0.77, 3.1])
def test_processes_that_follow_each_other_at_once(life_seconds: float) -> None:
    assert share_that_is_counted(life_seconds, 0.0, 1.0) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("life_seconds", "pause_seconds"), [(0.53, 0.5), (0.31, 0.7), (2.3, 1.9)])
def test_processes_with_pauses_between_them(life_seconds: float, pause_seconds: float) -> None:
    counted = share_that_is_counted(life_seconds, pause_seconds, 1.0)
    assert counted == pytest.approx(1.0, abs=0.2)


def test_processes_of_the_two_sides_do_not_follow_each_other() -> None:
    book = begun(sight(1, 7, gfx=0.0).replace(is_ours=True))
    busy(book, sight(1, 7, gfx=0.5).replace(is_ours=True))
    young = sight(2, 8, start_ticks=LATER, gfx=0.1).replace(age_seconds=0.2)
    assert busy(book, young) == {1: pytest.approx(0.75), 2: 0.1}
    ours = sight(3, 9, start_ticks=LATER, gfx=0.1).replace(age_seconds=0.2)
    assert busy(book, ours) == {2: pytest.approx(0.5), 3: 0.1}


def test_memory_of_all_clients_of_a_process() -> None:
    (process,) = ClientBook(STARTED).look(
        [sight(1, 7, memory_bytes=5), sight(1, 8, memory_bytes=6), sight(1, 9)], 0.0
    )
    assert process.memory_bytes == 11
    assert process.busy_seconds is None


def test_clients_that_were_unreadable_for_a_while() -> None:
    book = begun(sight(1, 7, gfx=100.0))
    busy(book)
    assert busy(book, sight(1, 7, gfx=100.5))[1] == pytest.approx(0.5)


def test_the_oldest_of_those_that_have_gone_are_forgotten() -> None:
    book = begun(*(sight(pid, pid, gfx=1.0) for pid in range(MOST_GONE + 10)))
    busy(book)
    assert len(book._clients) == MOST_GONE


@given(
    st.lists(
        st.dictionaries(
            st.tuples(st.integers(1, 3), st.integers(1, 3)), st.floats(0, 100), max_size=5
        ),
        max_size=8,
    )
)
def test_busy_time_never_falls(looks: list[dict[tuple[int, int], float]]) -> None:
    book = ClientBook(STARTED)
    known: dict[int, float] = {}
    for look in looks:
        sights = [sight(pid, client, gfx=value) for (pid, client), value in look.items()]
        listed = book.look(sights, 0.5)
        now = {p.pid: p.busy_seconds or 0.0 for p in listed if p.has_context}
        for pid, seconds in now.items():
            assert seconds >= known.get(pid, 0.0) - 1e-9
        known = now
