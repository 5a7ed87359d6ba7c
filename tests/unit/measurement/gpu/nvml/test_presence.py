"""Who holds a context, as the driver lists it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.measurement.gpu.nvml.driver import (
    GPU_IS_LOST,
    INSUFFICIENT_SIZE,
    NO_PERMISSION,
    NOT_FOUND,
    Refused,
)
from carbonrun.measurement.gpu.nvml.identities import MOST_PID
from carbonrun.measurement.gpu.nvml.presence import Presence, ProcessLists
from tests.unit.measurement.gpu.nvml.answers import HANDLE, Answers, Refusing
from tests.unit.measurement.gpu.nvml.test_samples import TICKS, machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carbonrun.measurement.gpu.look import GpuProcess


def row(pid: int, memory: int | None = 100) -> Any:
    return SimpleNamespace(pid=pid, usedGpuMemory=memory)


def lists(version: str = "_v3", **rows: Any) -> dict[str, Any]:
    kinds = {"Compute": [], "Graphics": [], "MPSCompute": [], **rows}
    return {f"DeviceGet{kind}RunningProcesses{version}": found for kind, found in kinds.items()}


def test_lists_are_put_together() -> None:
    driver = Answers(
        **lists(
            Compute=[row(5, 100), row(6, None), row(MOST_PID), row(0)],
            Graphics=[row(5, 300), row(7, 50)],
            MPSCompute=[row(6, 20)],
        )
    )
    found = ProcessLists(driver, HANDLE)
    assert found.read() == {5: 300, 6: 20, 7: 50}
    assert found.has_mps


@pytest.mark.parametrize("version", ["_v2", ""])
def test_older_drivers_know_older_lists(version: str) -> None:
    driver = Answers(**lists(version, Compute=[row(5)]))
    found = ProcessLists(driver, HANDLE)
    assert found.read() == {5: 100}
    asked = len(driver.asked)
    found.read()
    assert len(driver.asked) == asked + 1, "lists that nobody is on are asked for more rarely"
    found.read()
    assert len(driver.asked) == asked + 4, "what is not known is not asked again"


def test_lists_that_nobody_may_see() -> None:
    found = ProcessLists(Answers(**lists("_v3", **dict.fromkeys(
        ("Compute", "Graphics", "MPSCompute"), Refusing(NO_PERMISSION)
    ))), HANDLE)  # fmt: skip
    assert found.read() is None
    assert set(found.refusals) == {"Compute", "Graphics", "MPSCompute"}


def growing(times: int) -> Callable[[object], Any]:
    """Return a list that has grown so many times when it is asked for."""
    left = [times]

    def answer(_handle: object) -> Any:
        left[0] -= 1
        return Refusing(INSUFFICIENT_SIZE) if left[0] >= 0 else [row(5)]

    return answer


def test_a_list_that_grows_meanwhile_is_asked_for_again() -> None:
    assert ProcessLists(Answers(**lists(Compute=growing(2))), HANDLE).read() == {5: 100}
    with pytest.raises(Refused):
        ProcessLists(Answers(**lists(Compute=growing(9))), HANDLE).read()


def test_what_fails_for_now_is_said() -> None:
    with pytest.raises(Refused):
        ProcessLists(Answers(**lists(Compute=Refusing(GPU_IS_LOST))), HANDLE).read()


def read(presence: Presence) -> list[GpuProcess]:
    found = presence.read(10.0)
    assert found is not None
    return found


def test_processes_of_a_gpu(tmp_path: Path) -> None:
    identities = machine(tmp_path, p5=50)
    identities.begin(10.0)
    presence = Presence(Answers(**lists(Compute=[row(5), row(6)])), HANDLE, identities)
    known, unknown = read(presence)
    assert (known.key, known.memory_bytes, known.instance) == ((5, 50 * TICKS), 100, "")
    assert unknown.key is None
    assert not presence.is_divided


def test_parts_of_a_divided_gpu(tmp_path: Path) -> None:
    parts = {"first": 3, "second": None}
    identities = machine(tmp_path, p5=50)
    identities.begin(10.0)

    def part(_handle: object, index: int) -> Any:
        return list(parts)[index] if index < len(parts) else Refusing(NOT_FOUND)

    def size(name: str) -> Any:
        slices = parts[name]
        return Refusing(NOT_FOUND) if slices is None else SimpleNamespace(gpuInstanceSliceCount=3)

    def present(name: str) -> Any:
        return [row(5, None)] if name == "first" else []

    driver = Answers(
        **lists(Compute=present),
        DeviceGetMigMode=[1, 1],
        DeviceGetMaxMigDeviceCount=7,
        DeviceGetMigDeviceHandleByIndex=part,
        DeviceGetAttributes_v2=size,
    )
    presence = Presence(driver, HANDLE, identities)
    assert presence.is_divided
    (found,) = read(presence)
    assert found.instance == "1"
    assert found.instance_share == pytest.approx(3 / 7)


def test_without_the_list_of_those_who_compute_the_others_mean_nothing() -> None:
    """An empty list of who draws is no sign that nobody is on the GPU."""
    driver = Answers(**lists(Compute=Refusing(NO_PERMISSION)))
    assert ProcessLists(driver, HANDLE).read() is None
    driver = Answers(**lists(Compute=[row(5)], Graphics=Refusing(NO_PERMISSION)))
    assert ProcessLists(driver, HANDLE).read() == {5: 100}
