from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.transfer.coefficients import Disk
from carbonrun.measurement.transfer.disks import read_disks

if TYPE_CHECKING:
    from pathlib import Path


def add(root: Path, name: str, size: str, *, device: bool = True, **files: str) -> None:
    folder = root / "block" / name
    (folder / "queue").mkdir(parents=True)
    (folder / "size").write_text(size)
    if device:
        (folder / "device").mkdir()
    for file, text in files.items():
        (folder / file.replace("__", "/")).write_text(text)


def test_disks_of_a_server(tmp_path: Path) -> None:
    add(tmp_path, "sda", "7814037168\n", queue__rotational="1\n", removable="0\n")
    add(tmp_path, "nvme0n1", "1953525168\n", queue__rotational="0\n")
    add(tmp_path, "nvme1c1n1", "1953525168\n", hidden="1\n")
    add(tmp_path, "sdb", "60000000\n", removable="1\n")
    add(tmp_path, "sr0", "0\n")
    add(tmp_path, "loop0", "800\n", device=False)
    add(tmp_path, "md0", "7814037168\n", device=False)
    assert read_disks(str(tmp_path), virtual=False) == (
        Disk(name="nvme0n1", capacity_bytes=1953525168 * 512, is_rotating=False),
        Disk(name="sda", capacity_bytes=7814037168 * 512, is_rotating=True),
    )


@pytest.mark.parametrize(("name", "virtual"), [("vda", False), ("xvda", False), ("sda", True)])
def test_what_a_virtual_disk_is_kept_on_is_not_told(
    tmp_path: Path, name: str, virtual: bool
) -> None:
    add(tmp_path, name, "2048\n", queue__rotational="1\n")
    (disk,) = read_disks(str(tmp_path), virtual=virtual)
    assert disk.is_rotating is None


def test_nonsense_is_passed_over(tmp_path: Path) -> None:
    add(tmp_path, "sda", "many\n")
    add(tmp_path, "sdb", "4096\n", queue__rotational="perhaps\n")
    (disk,) = read_disks(str(tmp_path), virtual=False)
    assert disk == Disk(name="sdb", capacity_bytes=4096 * 512, is_rotating=None)
    assert read_disks(f"{tmp_path}/nothing", virtual=False) == ()
