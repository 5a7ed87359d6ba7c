"""How busy each process kept a GPU."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.measurement.gpu.nvml.driver import GPU_IS_LOST, NOT_FOUND, NOT_SUPPORTED, Refused
from carbonrun.measurement.gpu.nvml.identities import Identities
from carbonrun.measurement.gpu.nvml.use import MOST_KEPT, AccountedUse, SampledUse
from tests.unit.measurement.gpu.nvml.answers import HANDLE, Answers, Refusing

if TYPE_CHECKING:
    from pathlib import Path

BOOT, START = 1_000_000.0, 1_000_100.0
TICKS = os.sysconf("SC_CLK_TCK")


def machine(root: Path, *, initial: bool = True, **started: float) -> Identities:
    """Return the processes of a machine, each started so many seconds after boot."""
    (root / "self" / "ns").mkdir(parents=True)
    number = 4026531836 if initial else 4026532000
    (root / "self" / "ns" / "pid").symlink_to(f"pid:[{number}]")
    (root / "stat").write_text(f"cpu 1 2 3\nbtime {BOOT:.0f}\n")
    for name, seconds in started.items():
        pid = name.removeprefix("p")
        (root / pid).mkdir()
        start = round(seconds * TICKS)
        fields = f"S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} " + "0 " * 30
        (root / pid / "stat").write_text(f"{pid} (user) {fields}\n")
    return Identities(str(root))


def row(pid: int, at_seconds: float, percent: int) -> Any:
    return SimpleNamespace(pid=pid, timeStamp=round((START + at_seconds) * 1e6), smUtil=percent)


def sampled(driver: Answers, identities: Identities) -> SampledUse:
    return SampledUse(driver, HANDLE, identities, START)


def test_means_since_the_last_time_are_weighed_by_its_length(tmp_path: Path) -> None:
    driver = Answers(DeviceGetProcessUtilization=lambda *_: [row(5, 2.0, 40), row(6, 1.9, 20)])
    use = sampled(driver, machine(tmp_path, p5=50, p6=60))
    use.read(10.0, [5, 6])
    assert use.busy_seconds == {(5, 50 * TICKS): pytest.approx(0.8), (6, 60 * TICKS): 0.4}
    assert use.samples == 14
    asked: list[int] = []

    def nothing_since(_handle: object, since: int) -> list[Any]:
        asked.append(since)
        return []

    driver.table["DeviceGetProcessUtilization"] = nothing_since
    use.read(12.0, [5, 6])
    assert asked == [round((START + 2.0) * 1e6)], "in microseconds, the latest of all"


def test_samples_of_one_process_at_a_time(tmp_path: Path) -> None:
    rows = [row(5, 0.5, 100), row(5, 1.0, 100), row(5, 1.5, 100), row(6, 2.0, 100)]
    use = sampled(
        Answers(DeviceGetProcessUtilization=lambda *_: rows), machine(tmp_path, p5=50, p6=60)
    )
    use.read(10.0, [5, 6])
    busy = use.busy_seconds
    assert busy[5, 50 * TICKS] == pytest.approx(3 * busy[6, 60 * TICKS])
    assert use.samples == 3


@pytest.mark.parametrize("code", [NOT_FOUND, 0])
def test_nobody_was_busy(tmp_path: Path, code: int) -> None:
    use = sampled(Answers(DeviceGetProcessUtilization=Refusing(code)), machine(tmp_path))
    use.read(10.0, [])
    assert (use.busy_seconds, use.refusal) == ({}, None)


def test_what_is_refused_for_good_is_not_asked_again(tmp_path: Path) -> None:
    driver = Answers(DeviceGetProcessUtilization=Refusing(NOT_SUPPORTED))
    use = sampled(driver, machine(tmp_path))
    use.read(10.0, [])
    use.read(11.0, [])
    assert use.refusal == "not supported by this GPU"
    assert len(driver.asked) == 1


def test_what_is_refused_for_now_is_said(tmp_path: Path) -> None:
    use = sampled(Answers(DeviceGetProcessUtilization=Refusing(GPU_IS_LOST)), machine(tmp_path))
    with pytest.raises(Refused):
        use.read(10.0, [])


def test_rows_of_nonsense_are_dropped(tmp_path: Path) -> None:
    rows = [row(173015040, 1, 50), row(5, 1, 2147483632), row(5, -1, 50), row(0, 1, 50)]
    use = sampled(Answers(DeviceGetProcessUtilization=lambda *_: rows), machine(tmp_path, p5=50))
    use.read(10.0, [5])
    assert use.busy_seconds == {}


def test_a_sample_from_before_a_process_was_started_is_another_one_s(tmp_path: Path) -> None:
    driver = Answers(DeviceGetProcessUtilization=lambda *_: [row(5, 1, 50)])
    use = sampled(driver, machine(tmp_path, p5=START - BOOT + 30))
    use.read(10.0, [5])
    assert list(use.busy_seconds) == [(5, None)]


def test_in_a_namespace_only_who_is_listed_is_known(tmp_path: Path) -> None:
    rows = [row(5, 1, 50), row(6, 1, 50)]
    identities = machine(tmp_path, initial=False, p5=50, p6=60)
    identities.begin(10.0)
    identities.start_ticks(5, 10.0)
    use = sampled(Answers(DeviceGetProcessUtilization=lambda *_: rows), identities)
    use.read(10.0, [5])
    assert list(use.busy_seconds) == [(5, 50 * TICKS), (6, None)]


def test_who_was_busy_is_remembered_for_ten_seconds(tmp_path: Path) -> None:
    use = sampled(
        Answers(DeviceGetProcessUtilization=lambda *_: [row(5, 1, 50)]), machine(tmp_path, p5=50)
    )
    use.read(10.0, [5])
    assert use.recent(19.0) == [(5, 50 * TICKS)]
    assert use.recent(21.0) == []


def test_time_without_anybody_is_left_out(tmp_path: Path) -> None:
    use = sampled(
        Answers(DeviceGetProcessUtilization=lambda *_: [row(5, 4, 50)]), machine(tmp_path, p5=50)
    )
    use.skip(START + 3)
    use.read(10.0, [5])
    assert use.busy_seconds[5, 50 * TICKS] == pytest.approx(0.5)


def test_of_very_many_the_old_ones_are_forgotten(tmp_path: Path) -> None:
    identities = machine(tmp_path)
    many = range(1, MOST_KEPT + 1)
    driver = Answers(DeviceGetProcessUtilization=lambda *_: [row(pid, 1, 50) for pid in many])
    use = sampled(driver, identities)
    use.read(10.0, [])
    driver.table["DeviceGetProcessUtilization"] = lambda *_: [row(3000, 30, 50)]
    use.read(40.0, [])
    assert list(use.busy_seconds) == [(3000, None)]


def stats(percent_samples: int, samples: int) -> Any:
    return SimpleNamespace(sumGpuUtil=percent_samples * 100, sampleCount=samples)


def test_accounting_adds_up_itself(tmp_path: Path) -> None:
    table = {5: stats(400, 14), 6: stats(200, 14)}
    driver = Answers(
        DeviceGetAccountingMode=1,
        DeviceGetAccountingStats_v2=lambda _, pid: table.get(pid, Refusing(NOT_FOUND)),
    )
    identities = machine(tmp_path, p5=50, p6=60)
    use = AccountedUse(driver, HANDLE, identities)
    use.read(10.0, [5, 6, 7])
    busy = use.busy_seconds
    assert busy[5, 50 * TICKS] == 2 * busy[6, 60 * TICKS] > 0
    assert use.samples == 28
    table[5] = stats(800, 28)  # its last ones, told after it has ended
    use.read(11.0, [6])
    assert busy[5, 50 * TICKS] == 4 * busy[6, 60 * TICKS]
    use.read(12.0, [6])
    assert use.samples == 42
    use.skip(START)


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"DeviceGetAccountingMode": 0},
        {"DeviceGetAccountingMode": 1, "DeviceGetAccountingStats_v2": Refusing(NOT_SUPPORTED)},
    ],
)
def test_without_accounting_there_is_none(tmp_path: Path, answers: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        AccountedUse(Answers(**answers), HANDLE, machine(tmp_path))


def test_samples_of_the_future_are_nonsense(tmp_path: Path) -> None:
    """They would hide all that come before that time."""
    rows = [row(5, 1, 50), row(6, 3600, 100)]
    use = sampled(Answers(DeviceGetProcessUtilization=lambda *_: rows), machine(tmp_path, p5=50))
    use.set_clock(START + 2)
    use.read(10.0, [5])
    assert use.busy_seconds == {(5, 50 * TICKS): pytest.approx(0.5)}
