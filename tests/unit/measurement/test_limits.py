from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.host import CpuIdentity, HostFacts
from carbonrun.measurement.limits import Limits, note_limits, parse_cpu_max, read_limits
from carbonrun.measurement.surroundings import look_around
from carbonrun.notes import Notes

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = len(os.sched_getaffinity(0))


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """Make a procfs and a control group two levels below its mount; return the inner group."""
    group = tmp_path / "cgroup/outer/inner"
    group.mkdir(parents=True)
    own = tmp_path / "proc/self"
    own.mkdir(parents=True)
    (own / "cgroup").write_text("0::/outer/inner\n")
    mount = f"41 31 0:38 / {tmp_path}/cgroup rw,relatime - cgroup2 cgroup2 rw\n"
    (own / "mountinfo").write_text(mount)
    return group


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("max 100000\n", None),
        ("150000 100000\n", 1.5),
        ("10000 100000\n", 0.1),
        ("", None),
        ("1", None),
        ("1 0", None),
    ],
)
def test_cpu_max(text: str, cpus: float | None) -> None:
    assert parse_cpu_max(text) == cpus


@given(st.text())
def test_any_cpu_max_is_survived(text: str) -> None:
    parse_cpu_max(text)


def test_the_least_limit_of_all_groups_counts(container: Path, tmp_path: Path) -> None:
    (container / "cpu.max").write_text("max 100000\n")
    (container.parent / "cpu.max").write_text("50000 100000\n")
    (container / "memory.max").write_text("4000000000\n")
    (container.parent / "memory.max").write_text("max\n")
    limits = read_limits(f"{tmp_path}/proc")
    assert limits == Limits(cpus=0.5, memory_bytes=4_000_000_000)


def test_a_set_of_cpus_is_a_limit(container: Path, tmp_path: Path) -> None:
    (container / "cpuset.cpus.effective").write_text("3\n")
    assert read_limits(f"{tmp_path}/proc").cpus == 1


def test_without_groups_the_affinity_is_left(tmp_path: Path) -> None:
    assert read_limits(f"{tmp_path}/proc") == Limits(cpus=ALLOWED, memory_bytes=None)


def host(cpus: int = 64, memory_bytes: int = 256_000_000_000) -> HostFacts:
    return HostFacts(
        cpu=CpuIdentity(),
        logical_cpus=cpus,
        sockets=1,
        threads_per_core=2,
        memory_bytes=memory_bytes,
        virtual=False,
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(cpus=2.5, memory_bytes=4_000_000_000), "2.5 of 64 CPUs and 4 of 256 GB of memory"),
        (Limits(cpus=2, memory_bytes=None), "use 2 of 64 CPUs;"),
        (Limits(cpus=64, memory_bytes=1_000_000_000), "use 1 of 256 GB of memory;"),
        (Limits(cpus=64, memory_bytes=None), None),
        (Limits(cpus=None, memory_bytes=2**63 - 4096), None),
    ],
)
def test_the_note_tells_what_is_ours(limits: Limits, expected: str | None) -> None:
    notes = Notes()
    note_limits(host(), limits, notes)
    messages = [note.message for note in notes.all()]
    assert len(messages) == (expected is not None)
    assert all((expected or "") in message for message in messages)


@pytest.mark.parametrize(
    ("vendor", "ask_cloud", "offline", "codes"),
    [
        ("Google", False, False, []),
        ("Google", True, True, ["cloud-metadata"]),
        ("Dell Inc.", True, False, ["cloud-unknown"]),
    ],
)
def test_looking_around_asks_nobody_unless_told_to(
    tmp_path: Path, vendor: str, ask_cloud: bool, offline: bool, codes: list[str]
) -> None:
    folder = tmp_path / "sys/class/dmi/id"
    folder.mkdir(parents=True)
    (folder / "sys_vendor").write_text(f"{vendor}\n")
    (folder / "product_name").write_text("Google Compute Engine\n" if codes == [] else "x\n")
    notes = Notes()
    facts = look_around(
        f"{tmp_path}/proc", f"{tmp_path}/sys", notes, ask_cloud=ask_cloud, offline=offline
    )
    assert facts.cpu_model is None
    assert [note.code for note in notes.all() if note.code != "limited"] == codes
