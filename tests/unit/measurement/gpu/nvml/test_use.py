"""Samples of use where the clock is set meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from carbonrun.measurement.gpu.nvml.driver import NOT_FOUND, Refused
from carbonrun.measurement.gpu.nvml.identities import Identities
from carbonrun.measurement.gpu.nvml.use import SampledUse

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.measurement.gpu.nvml.driver import Driver

PID, START_TICKS, HOUR = 10, 100, 3600.0
BOOT, NOW = 1_700_000_000.0, 1_700_001_000.0


class Row(NamedTuple):
    """A sample as the binding has it."""

    pid: int
    timeStamp: int  # noqa: N815 - the binding's name
    smUtil: int  # noqa: N815


class Samples:
    """A driver that gives what is later than it is asked for."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def ask(self, _name: str, *arguments: Any) -> list[Row]:
        rows = [row for row in self.rows if row.timeStamp > arguments[-1]]
        if not rows:
            raise Refused(NOT_FOUND, "nobody")
        return rows


class Bench:
    """Use of one process, half of the GPU, on a machine whose clock can be set."""

    def __init__(self, procfs: Path) -> None:
        self.procfs = procfs
        self.driver = Samples()
        fields = ["0"] * 50
        fields[0], fields[17], fields[19] = "S", "1", str(START_TICKS)
        (procfs / str(PID)).mkdir()
        (procfs / f"{PID}/stat").write_text(f"{PID} (it) {' '.join(fields)}\n")
        self.set_clock(0.0)
        self.identities = Identities(str(procfs))
        driver: Driver = self.driver  # type: ignore[assignment]
        self.use = SampledUse(driver, None, self.identities, NOW)

    def set_clock(self, by_seconds: float) -> None:
        self.by_seconds = by_seconds
        (self.procfs / "stat").write_text(f"btime {int(BOOT + by_seconds)}\n")

    def go_on_to(self, seconds: float) -> float:
        """Let a look be made so long after the beginning; return the busy time so far."""
        unix_seconds = NOW + self.by_seconds + seconds
        self.driver.rows.append(Row(PID, int(unix_seconds * 1e6), 50))
        self.identities.begin(seconds)
        self.use.set_clock(unix_seconds)
        self.use.read(seconds, [PID])
        return self.use.busy_seconds[PID, START_TICKS]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_clock_goes_on(bench: Bench) -> None:
    assert bench.go_on_to(1.0) == pytest.approx(0.5)
    assert bench.go_on_to(3.0) == pytest.approx(1.5)


def test_the_clock_is_set_back(bench: Bench) -> None:
    bench.go_on_to(1.0)
    bench.set_clock(-HOUR)
    bench.driver.rows.clear()
    bench.go_on_to(2.0)  # what is from before cannot be told apart
    assert bench.go_on_to(3.0) == pytest.approx(1.0, abs=0.01)


def test_the_clock_is_set_forward(bench: Bench) -> None:
    bench.go_on_to(1.0)
    bench.set_clock(HOUR)
    assert bench.go_on_to(2.0) < 0.5 + 0.5 * 10.1
    assert bench.use.samples < 100
