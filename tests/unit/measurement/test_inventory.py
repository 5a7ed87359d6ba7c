"""What a machine is made of, in simulated files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbonrun.measurement.host import CpuIdentity, HostFacts
from carbonrun.measurement.inventory import parts_of
from carbonrun.measurement.parts import LAPTOP, UNKNOWN_KIND, VIRTUAL, Parts

if TYPE_CHECKING:
    from pathlib import Path

FACTS = HostFacts(
    cpu=CpuIdentity(model_name="Some CPU"),
    logical_cpus=8,
    sockets=2,
    threads_per_core=2,
    memory_bytes=5,
    virtual=False,
)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def drive(
    sysfs: Path, name: str, rotational: str, *, real: bool = True, fixed: bool = True
) -> None:
    folder = sysfs / "block" / name
    write(folder / "queue" / "rotational", rotational)
    write(folder / "removable", "0\n" if fixed else "1\n")
    if real:
        (folder / "device").mkdir()


def test_chassis_and_drives(tmp_path: Path) -> None:
    write(tmp_path / "class/dmi/id/chassis_type", "10\n")
    drive(tmp_path, "nvme0n1", "0\n")
    drive(tmp_path, "nvme1n1", "0\n")
    drive(tmp_path, "sda", "1\n")
    drive(tmp_path, "loop0", "1\n", real=False)
    drive(tmp_path, "dm-0", "0\n", real=False)
    drive(tmp_path, "sdb", "0\n", fixed=False)
    assert parts_of(FACTS, str(tmp_path), 3) == Parts(
        kind=LAPTOP,
        cpu_model="Some CPU",
        sockets=2,
        logical_cpus=8,
        memory_bytes=5,
        solid_state_drives=2,
        hard_disks=1,
        gpus=3,
    )


def test_nothing_is_told(tmp_path: Path) -> None:
    parts = parts_of(FACTS, str(tmp_path), 0)
    assert (parts.kind, parts.solid_state_drives, parts.hard_disks) == (UNKNOWN_KIND, 0, 0)
    write(tmp_path / "class/dmi/id/chassis_type", "nonsense\n")
    assert parts_of(FACTS, str(tmp_path), 0).kind == UNKNOWN_KIND


def test_the_chassis_of_a_virtual_machine_is_none(tmp_path: Path) -> None:
    write(tmp_path / "class/dmi/id/chassis_type", "23\n")
    assert parts_of(FACTS.replace(virtual=True), str(tmp_path), 0).kind == VIRTUAL
