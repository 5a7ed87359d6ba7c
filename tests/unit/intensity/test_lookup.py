"""A look-up in its thread: the last answer is at hand, and nobody waits longer than told."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from carbonrun.intensity.feed import IntensityFound
from carbonrun.intensity.lookup import Lookup
from carbonrun.intensity.model import ServiceFailed
from tests.unit.intensity.test_cache import point

if TYPE_CHECKING:
    from carbonrun.notes import Notes


def found(start: float) -> IntensityFound:
    return IntensityFound(points=(point(start),), grid_zone="FR", zone_source="--zone")


def test_an_answer_that_reaches_to_the_end_is_not_asked_for_again() -> None:
    asked: list[float] = []

    def ask(until: float, notes: Notes) -> IntensityFound:
        asked.append(until)
        notes.info("a-note", "told")
        return found(1000.0)

    lookup = Lookup(ask, lambda: 1000.0)
    lookup.start()
    answer = lookup.finish(2000.0, 5)
    assert answer is not None
    assert answer.found == found(1000.0)
    assert [note.code for note in answer.notes] == ["a-note"]
    assert lookup.latest == answer
    assert asked == [1000.0]


def test_at_the_end_it_is_asked_once_more_where_that_is_needed() -> None:
    clock = [1000.0]
    is_asked = threading.Event()

    def ask(until: float, _: Notes) -> IntensityFound:
        is_asked.set()
        return found(until)

    lookup = Lookup(ask, lambda: clock[0])
    lookup.start()
    assert is_asked.wait(5)
    clock[0] = 90_000.0
    answer = lookup.finish(90_000.0, 5)
    assert answer is not None
    assert answer.found == found(90_000.0)


def test_one_that_is_late_is_not_waited_for() -> None:
    release = threading.Event()

    def ask(_: float, __: Notes) -> IntensityFound:
        release.wait(30)
        return found(0.0)

    lookup = Lookup(ask, lambda: 1000.0)
    lookup.start()
    assert lookup.latest is None
    started = time.monotonic()
    assert lookup.finish(1000.0, 0.2) is None
    assert 0.15 < time.monotonic() - started < 2
    release.set()


def test_failures_are_answers_without_their_text_if_they_are_ours() -> None:
    failure = ServiceFailed("status 500", "later")

    def fail(_: float, __: Notes) -> IntensityFound:
        raise failure

    def crash(_: float, __: Notes) -> IntensityFound:
        raise KeyError("s3cr3t")

    for ask, reason in ((fail, "status 500"), (crash, "KeyError")):
        lookup = Lookup(ask, lambda: 1000.0)
        lookup.start()
        answer = lookup.finish(1000.0, 5)
        assert answer is not None
        assert answer.found is None
        assert answer.failure is not None
        assert reason in answer.failure.reason
        assert "s3cr3t" not in answer.failure.reason


def test_it_is_refreshed_now_and_then() -> None:
    asked: list[float] = []

    def ask(until: float, _: Notes) -> IntensityFound:
        asked.append(until)
        return found(until)

    Lookup(ask, time.time, refresh_seconds=0.01).start()
    end = time.monotonic() + 5
    while len(asked) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    assert len(asked) >= 3
