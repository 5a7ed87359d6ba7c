"""The machine of the run, and the GPUs that its driver lists."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from carbonrun.measurement.host import read_host
from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.model import Device, IdleFloor, Unmeasured
from carbonrun.report.host import all_gpus, describe_host, nvidia_gpus, unmeasured_gpus
from carbonrun.report.model import Gpu

if TYPE_CHECKING:
    from pathlib import Path

# Source: what driver 535 shows for an A100.
INFORMATION = """\
Model: \t\t NVIDIA A100-SXM4-80GB
IRQ:   \t\t 143
GPU UUID: \t GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77
Video BIOS: \t 92.00.45.00.03
Bus Location: \t 0000:07:00.0
"""


def driver(root: Path, **information: str) -> None:
    for address, text in information.items():
        folder = root / "driver" / "nvidia" / "gpus" / address.replace("_", ":")
        folder.mkdir(parents=True)
        (folder / "information").write_text(text)


def test_the_gpus_of_the_driver(tmp_path: Path) -> None:
    driver(tmp_path, **{"0000_0a_00.0": "garbage", "0000_07_00.0": INFORMATION})
    (tmp_path / "driver" / "nvidia" / "gpus" / "0000:0b:00.0").mkdir()
    gpus = nvidia_gpus(str(tmp_path))
    assert gpus == (
        Gpu(id="GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77", name="NVIDIA A100-SXM4-80GB"),
        Gpu(id="0000:0a:00.0", name="NVIDIA GPU"),
    )
    rows = unmeasured_gpus(gpus, [], [])
    assert [(row.id, row.kind) for row in rows] == [(gpu.id, "gpu") for gpu in gpus]
    assert "A100" in rows[0].reason


def test_the_reason_of_the_driver_is_that_of_each_gpu() -> None:
    gpus = Gpu(id="GPU-1", name="A100"), Gpu(id="GPU-2", name="A100")
    of_driver = Unmeasured(id="nvidia", kind="gpu", reason="not loaded", hint="load it")
    rows = unmeasured_gpus(gpus, [], [of_driver])
    assert [(row.id, row.reason, row.hint) for row in rows] == [
        ("GPU-1", "A100: not loaded", "load it"),
        ("GPU-2", "A100: not loaded", "load it"),
    ]
    assert unmeasured_gpus([], [], [of_driver]) == (of_driver,)


def test_gpus_that_were_looked_at_are_listed_and_measured() -> None:
    device = Device(
        id="GPU-2", kind="gpu", name="GPU 0 A100", meter="nvml", method="counter",
        source="", low_factor=1.0, high_factor=1.0,
    )  # fmt: skip
    floor = IdleFloor(watts=0, low_watts=0, high_watts=0, source="")
    ledgers = [DeviceLedger(device, floor)]
    listed = (Gpu(id="GPU-1", name="A30"),)
    assert all_gpus(listed, ledgers) == (*listed, Gpu(id="GPU-2", name="GPU 0 A100"))
    assert [row.id for row in unmeasured_gpus(listed, ledgers, [])] == ["GPU-1"]


def test_no_driver_is_no_gpu(tmp_path: Path) -> None:
    assert nvidia_gpus(str(tmp_path)) == ()


def test_this_machine(tmp_path: Path) -> None:
    host = describe_host(read_host("/proc", "/sys"), "m1", str(tmp_path))
    assert host.name == os.uname().nodename
    assert host.machine_id == "m1"
    assert host.os.startswith(f"{os.uname().sysname} ")
    assert host.logical_cpus == os.cpu_count()
    assert host.memory_bytes is not None
    assert host.memory_bytes > 1e8
    assert host.gpus == ()
