"""Where our own control group is, in the layouts of real systems; groups as files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.cgroup import Group, find_hierarchy

if TYPE_CHECKING:
    from pathlib import Path

V1 = "30 25 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"


def procfs(folder: Path, mountinfo: str, own: str) -> str:
    (folder / "self").mkdir()
    (folder / "self" / "mountinfo").write_text(mountinfo)
    (folder / "self" / "cgroup").write_text(own)
    return str(folder)


LAYOUTS = {
    "systemd, unified": (
        "25 1 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
        "0::/user.slice/user-1000.slice/session-2.scope\n",
        ("/sys/fs/cgroup", "/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope"),
    ),
    "hybrid": (
        V1 + "31 25 0:27 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n",
        "4:memory:/x\n1:name=systemd:/init.scope\n0::/init.scope\n",
        ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/init.scope"),
    ),
    "the true root": (
        V1 + "31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        "0::/\n",
        ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified"),
    ),
    "container, own namespace": (
        "900 899 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
        "0::/\n",
        ("/sys/fs/cgroup", "/sys/fs/cgroup"),
    ),
    "container, the host's namespace": (
        "900 899 0:26 /docker/3f2a /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
        "0::/docker/3f2a/inner\n",
        ("/sys/fs/cgroup", "/sys/fs/cgroup/inner"),
    ),
    "another container's part": (
        "900 899 0:26 /docker/3f2a /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
        "0::/docker/3f2ab\n",
        ("/sys/fs/cgroup", None),
    ),
    "outside of the namespace": (
        "900 899 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
        "0::/../other\n",
        ("/sys/fs/cgroup", None),
    ),
    "a blank in the path": (
        "25 1 0:22 / /mnt/c\\040g rw - cgroup2 cgroup2 rw\n",
        "0::/a\n",
        ("/mnt/c g", "/mnt/c g/a"),
    ),
    "version 1 only": (V1, "2:cpu:/x\n", None),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_where_our_own_group_is(tmp_path: Path, name: str) -> None:
    mountinfo, own, expected = LAYOUTS[name]
    found = find_hierarchy(procfs(tmp_path, mountinfo, own))
    assert (found and (found.mount, found.own_folder)) == expected


def test_no_procfs(tmp_path: Path) -> None:
    assert find_hierarchy(str(tmp_path / "nothing")) is None


def group(folder: Path, **files: str) -> Group:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return Group(str(folder))


def test_what_a_group_says(tmp_path: Path) -> None:
    made = group(
        tmp_path,
        cpu_stat="usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n",
        memory_current="1048576\n",
        memory_peak="2097152\n",
        io_stat="8:0 rbytes=10 wbytes=20 rios=1 wios=1\n8:16 rbytes=1 wbytes=2 rios=1 wios=1\n",
        cgroup_type="domain\n",
    )
    assert made.cpu_seconds() == 1.5
    assert (made.memory_bytes(), made.peak_memory_bytes()) == (1048576, 2097152)
    assert made.storage_bytes() == (11, 22)
    assert not made.is_root()


def test_what_a_group_without_controllers_does_not_say(tmp_path: Path) -> None:
    made = group(tmp_path)
    assert made.memory_bytes() is None
    assert made.peak_memory_bytes() is None
    assert made.storage_bytes() is None
    with pytest.raises(MeterUnavailable, match=r"cpu\.stat is not readable"):
        made.cpu_seconds()


@pytest.mark.parametrize(
    ("pids", "sub_group", "alone"),
    [
        ("{own}\n", None, True),
        ("{own}\n1\n", None, False),
        ("{own}\n", "populated 0\n", True),
        ("{own}\n", "populated 1\n", False),
        ("", None, False),
    ],
)
def test_whether_nobody_else_lives_in_the_group(
    tmp_path: Path, pids: str, sub_group: str | None, alone: bool
) -> None:
    made = group(tmp_path, cgroup_procs=pids.format(own=os.getpid()), cgroup_type="domain\n")
    if sub_group is not None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "cgroup.events").write_text(sub_group)
    assert made.is_ours_alone() is alone
