"""One GPU in a run: what cannot be right, and how sure the split is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.measurement.gpu.look import COUNTED, GpuLook, GpuProcess
from carbonrun.measurement.gpu.watch import UNKNOWN_ACTIVITY, GpuWatch, WatchedGpu
from carbonrun.measurement.model import COUNTER, GPU, Device, IdleFloor
from carbonrun.measurement.selection import select
from carbonrun.notes import Notes
from tests.machine.fake_clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable

OURS, THEIRS = (1, 100), (2, 200)
CARD = "0000:03:00.0"


def device() -> Device:
    return Device(
        id=CARD,
        kind=GPU,
        name="a card",
        meter="drm",
        method=COUNTER,
        source="xe energy1_input",
        low_factor=0.9,
        high_factor=1.1,
    )


def process(key: tuple[int, int], busy_seconds: float | None, memory_bytes: int = 0) -> GpuProcess:
    return GpuProcess(
        pid=key[0], start_ticks=key[1], memory_bytes=memory_bytes, busy_seconds=busy_seconds
    )


def watched(looks: Iterable[GpuLook]) -> WatchedGpu:
    gpu = WatchedGpu(device(), 0.0, IdleFloor(watts=0, low_watts=0, high_watts=0, source="x"))
    for look in looks:
        gpu.take(look, {OURS})  # type: ignore[arg-type]
    return gpu


def looks(watts: float = 10.0, busy_share: float = 0.4, **more: Any) -> list[GpuLook]:
    """Return looks of four seconds at which the tree is the only one to be seen."""
    return [
        GpuLook(
            device_id=CARD,
            at_seconds=float(second),
            joules=watts * second,
            processes=(process(OURS, busy_share * second),),
            use=COUNTED,
            **more,
        )
        for second in range(5)
    ]


def test_a_counter_that_does_not_move() -> None:
    gpu = watched(looks(watts=0.0))
    assert "did not move" in (gpu.fault(4.0, None, whole=False) or "")
    assert "did not move" in (gpu.fault(4.0, None, whole=True) or "")


def test_a_card_that_sleeps_is_billed_nothing() -> None:
    gpu = watched(looks(watts=0.0, is_asleep=True))
    assert gpu.fault(4.0, None, whole=False) is None
    (ledger,) = select([gpu.ledger], {}).billed
    assert ledger.totals().machine_joules == 0


def test_a_card_that_sleeps_for_a_while_is_no_fault() -> None:
    awake, asleep = looks(), looks(watts=0.0, is_asleep=True)
    later = [look.replace(at_seconds=look.at_seconds + 5, joules=40.0) for look in asleep]
    gpu = watched([*awake, *later])
    assert gpu.fault(9.0, None, whole=False) is None
    assert len(select([gpu.ledger], {}).billed) == 1


def test_all_are_seen() -> None:
    assert watched(looks()).activity_resolution() == 0.0


def test_others_may_have_used_the_rest_of_the_time() -> None:
    assert watched(looks(is_complete=False)).activity_resolution() == pytest.approx(2.4)


def test_the_card_tells_how_busy_it_was_in_all() -> None:
    told = [
        look.replace(machine_busy_seconds=0.4 * second)
        for second, look in enumerate(looks(is_complete=False))
    ]
    assert watched(told).activity_resolution() == 0.0


def test_memory_tells_little_of_who_was_busy() -> None:
    pair = (process(OURS, None, 1000), process(THEIRS, None, 3000))
    gpu = watched(look.replace(processes=pair, use=None) for look in looks())
    activity = gpu.ledger.totals().machine_activity
    assert gpu.activity_resolution() == UNKNOWN_ACTIVITY * activity > 0


class Source:
    """A reader whose looks are given."""

    def __init__(self, *found: GpuLook) -> None:
        self.found = found

    def looks(self, *_: object) -> tuple[GpuLook, ...]:
        return ()

    def last_looks(self, _: object) -> tuple[GpuLook, ...]:
        return self.found

    def devices(self) -> tuple[Device, ...]:
        return (device(),)

    def births(self) -> tuple[()]:
        return ()

    def notes(self, _: Notes) -> None:
        """Say nothing."""


class Everybody:
    """Members that all belong to the tree."""

    def named(self, look: GpuLook) -> GpuLook:
        return look

    def __contains__(self, _: object) -> bool:
        """Say that it is one."""
        return True


@pytest.mark.parametrize("late_seconds", [0.0, 0.5])
def test_a_last_look_that_is_late_makes_the_bounds_wider(late_seconds: float) -> None:
    """What was drawn after the end cannot be told from what was drawn before."""
    clock = FakeClock()
    started = clock.now()
    ended = clock.advance(4.0)
    at = ended.monotonic_seconds
    first, last = (
        GpuLook(
            device_id=CARD, at_seconds=at + after, joules=joules, processes=(process(OURS, None),)
        )
        for after, joules in ((-4.0, 0.0), (late_seconds, 100.0))
    )
    chosen = IdleFloor(watts=0, low_watts=0, high_watts=0, source="x")
    source: Any = Source(first, last)
    members: Any = Everybody()
    watch = GpuWatch([source], members, started, lambda _: chosen)
    watch.finish(ended, Notes())
    watch.describe()
    (ledger,) = watch.ledgers
    assert ledger.totals().seconds == 4.0
    update_seconds = device().update_seconds
    assert ledger.device.update_seconds == pytest.approx(update_seconds + late_seconds / 2)
