"""What a look at one GPU says when some of its calls fail."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.measurement.gpu.look import SAMPLED, GpuLook
from carbonrun.measurement.gpu.nvml.device import NvmlDevice
from carbonrun.measurement.gpu.nvml.driver import NO_PERMISSION, UNKNOWN
from tests.unit.measurement.gpu.nvml.answers import HANDLE, Answers, Refusing
from tests.unit.measurement.gpu.nvml.test_presence import lists, row
from tests.unit.measurement.gpu.nvml.test_samples import START, machine

if TYPE_CHECKING:
    from pathlib import Path

USE = "DeviceGetProcessUtilization"


class Bench:
    """A GPU with one process on it."""

    def __init__(self, root: Path, **answers: Any) -> None:
        known = {"DeviceGetUUID": "GPU-1", "DeviceGetTotalEnergyConsumption": 1000}
        self.driver = Answers(**{**known, **lists(Compute=[row(5)]), **answers})
        identities = machine(root, p5=50)
        self.at = 0.0
        self.device = NvmlDevice(self.driver, HANDLE, 3, identities, lambda: START + self.at)

    def look(self) -> GpuLook:
        self.at += 0.5
        return self.device.look(self.at)


def test_use_that_fails_hides_nobody(tmp_path: Path) -> None:
    """It is waited for; when it goes on failing the GPU is split without it."""
    bench = Bench(tmp_path, **{USE: Refusing(UNKNOWN)})
    looks = [bench.look() for _ in range(3)]
    assert [[p.pid for p in look.processes or ()] for look in looks] == [[5], [5], [5]]
    assert [look.use for look in looks] == [SAMPLED, SAMPLED, None]
    sample = SimpleNamespace(pid=5, timeStamp=round((START + 1.9) * 1e6), smUtil=50)
    bench.driver.table[USE] = lambda *_: [sample]
    look = bench.look()
    assert look.use == SAMPLED
    assert (look.processes or ())[0].busy_seconds == pytest.approx(0.95)


def test_who_cannot_be_listed_is_not_taken_for_nobody(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert not bench.device.facts()["is_unlisted"]
    for version in ("_v3", "_v2", ""):
        name = f"DeviceGetComputeRunningProcesses{version}"
        bench.driver.table[name] = Refusing(NO_PERMISSION)
    look = bench.look()
    assert (look.processes, look.joules) == (None, 1.0)
    facts = bench.device.facts()
    assert (facts["is_unlisted"], facts["list_refusal"]) == (True, "no permission")


def test_a_gpu_without_an_identity_has_its_number(tmp_path: Path) -> None:
    device = Bench(tmp_path, DeviceGetUUID="", DeviceGetName="").device
    assert (device.id, device.product) == ("GPU-3", "NVIDIA GPU")


@pytest.mark.parametrize("is_told", [True, False])
def test_parts_of_a_divided_gpu_are_asked_each(tmp_path: Path, is_told: bool) -> None:
    rows = [row(5)] if is_told else Refusing(NO_PERMISSION)
    names = (f"DeviceGetComputeRunningProcesses{version}" for version in ("_v3", "_v2", ""))
    bench = Bench(
        tmp_path,
        DeviceGetMigMode=[1, 1],
        DeviceGetMaxMigDeviceCount=1,
        DeviceGetMigDeviceHandleByIndex=HANDLE,
        **dict.fromkeys(names, rows),
    )
    assert (bench.look().processes is not None) is is_told


def test_on_a_divided_gpu_without_parts_there_is_nobody(tmp_path: Path) -> None:
    bench = Bench(tmp_path, DeviceGetMigMode=[1, 1], DeviceGetMaxMigDeviceCount=0)
    assert bench.look().processes == ()
