"""The helper's silence, and what only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbonrun.measurement.gpu.nvml.client import SILENT_SECONDS, NvmlSource
from tests.machine.fake_clock import FakeClock

if TYPE_CHECKING:
    from carbonrun.measurement.gpu.nvml.process import HelperProcess

DRIVER = b'["driver", "550.1", []]'


class Helper:
    """A helper that says what it is told to."""

    def __init__(self) -> None:
        self.has_ended = False
        self.waiting: list[bytes] = []

    def lines(self) -> list[bytes]:
        told, self.waiting = self.waiting, []
        return told

    def close(self) -> None:
        self.has_ended = True


class Bench:
    """A source, its helpers and a clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.helpers = [Helper()]
        first: HelperProcess = self.helpers[0]  # type: ignore[assignment]
        self.source = NvmlSource(first, self.start)

    def start(self) -> HelperProcess:
        self.helpers.append(Helper())
        started: HelperProcess = self.helpers[-1]  # type: ignore[assignment]
        return started

    def tick(self, seconds: float, *, speaks: bool = False) -> None:
        if speaks:
            self.helpers[-1].waiting.append(DRIVER)
        self.source.looks(self.clock.advance(seconds), {})


def test_a_helper_that_is_silent_is_started_again() -> None:
    bench = Bench()
    bench.tick(0.1, speaks=True)
    for _ in range(int(SILENT_SECONDS) + 1):
        bench.tick(1.0)
    assert len(bench.helpers) == 2
    assert bench.helpers[0].has_ended


def test_a_job_that_is_suspended_again_and_again() -> None:
    bench = Bench()
    for _ in range(5):
        bench.tick(0.5, speaks=True)
        bench.tick(60.0)  # both were stopped, and we were the first to go on
    assert len(bench.helpers) == 1
    assert bench.source.faults() == {}


def test_ticks_that_are_rare() -> None:
    bench = Bench()
    bench.tick(10.0, speaks=True)
    for _ in range(int(SILENT_SECONDS) + 1):
        bench.tick(10.0)
    assert len(bench.helpers) == 2
