"""Texts of open card files, as several drivers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.gpu.drm.fdinfo import Engine, parse_fdinfo

AMDGPU = b"""pos:\t0
flags:\t02100002
mnt_id:\t25
ino:\t1041
drm-driver:\tamdgpu
drm-client-id:\t42
drm-pdev:\t0000:03:00.0
pasid:\t32773
drm-memory-vram:\t 1024 KiB
drm-memory-gtt: \t 4096 KiB
drm-memory-cpu: \t 0 KiB
amd-memory-visible-vram:\t 512 KiB
drm-engine-gfx:\t123456789 ns
drm-engine-compute:\t1000000000 ns
"""
I915 = b"""drm-driver:\ti915
drm-client-id:\t7
drm-pdev:\t0000:03:00.0
drm-total-local0:\t4 MiB
drm-resident-local0:\t2 MiB
drm-resident-system0:\t64 MiB
drm-resident-stolen-local0:\t8 MiB
drm-engine-render:\t5000000 ns
drm-engine-video:\t10 ns
drm-engine-capacity-video:\t2
"""
XE = b"""drm-driver:\txe
drm-client-id:\t3
drm-pdev:\t0000:03:00.0
drm-resident-gtt:\t192 KiB
drm-resident-vram0:\t23992 KiB
drm-resident-vram1:\t8 KiB
drm-cycles-rcs:\t28257900
drm-total-cycles-rcs:\t7655183225
drm-cycles-ccs:\t0
drm-total-cycles-ccs:\t7655183225
drm-engine-capacity-ccs:\t4
"""


def test_amdgpu() -> None:
    client = parse_fdinfo(AMDGPU)
    assert client is not None
    assert (client.driver, client.card, client.client_id) == ("amdgpu", "0000:03:00.0", 42)
    assert client.engines["gfx"].busy_seconds == pytest.approx(0.123456789)
    assert client.engines["compute"].busy_seconds == 1.0
    assert client.memory_bytes == 1024 << 10


def test_i915_with_engines_of_a_kind_and_resident_memory() -> None:
    client = parse_fdinfo(I915)
    assert client is not None
    assert client.engines["video"] == Engine(busy_seconds=1e-8, capacity=2)
    assert set(client.engines) == {"render", "video"}
    assert client.memory_bytes == 2 << 20


def test_xe_tells_cycles_and_two_memories() -> None:
    client = parse_fdinfo(XE)
    assert client is not None
    assert client.engines["rcs"] == Engine(
        busy_seconds=None, cycles=28257900, total_cycles=7655183225
    )
    assert client.engines["ccs"].capacity == 4
    assert client.memory_bytes == 24000 << 10


def test_resident_memory_replaces_held_memory_of_the_same_region() -> None:
    text = b"drm-driver: amdgpu\ndrm-memory-vram: 8 MiB\ndrm-resident-vram: 3 MiB\n"
    client = parse_fdinfo(text)
    assert client is not None
    assert client.memory_bytes == 3 << 20


def test_old_kernels_tell_no_memory() -> None:
    client = parse_fdinfo(b"drm-driver: i915\ndrm-engine-render: 0 ns\n")
    assert client is not None
    assert client.memory_bytes is None
    assert (client.card, client.client_id) == (None, None)


@pytest.mark.parametrize(
    ("text", "is_in_use"),
    [
        (b"drm-driver: xe\ndrm-cycles-rcs: 0\ndrm-total-cycles-rcs: 99999\n", False),
        (b"drm-driver: xe\ndrm-cycles-rcs: 1\ndrm-total-cycles-rcs: 99999\n", True),
        (b"drm-driver: amdgpu\ndrm-engine-gfx: 0 ns\ndrm-memory-vram: 0\n", False),
        (b"drm-driver: amdgpu\ndrm-engine-gfx: 0 ns\ndrm-memory-vram: 4\n", True),
        (b"drm-driver: amdgpu\ndrm-engine-gfx: 9 ns\n", True),
    ],
)
def test_a_file_that_was_only_opened(text: bytes, is_in_use: bool) -> None:
    client = parse_fdinfo(text)
    assert client is not None
    assert client.is_in_use is is_in_use


@pytest.mark.parametrize(
    "line",
    [
        b"drm-engine-gfx: -5 ns",
        b"drm-engine-gfx: 5 ms",
        b"drm-engine-gfx: x ns",
        b"drm-engine-gfx: 5_0 ns",
        "drm-engine-gfx: ٣ ns".encode(),
        b"drm-engine-gfx:",
        b"drm-engine-gfx 5 ns",
        b"drm-memory-vram: 5 parsecs",
        b"\xff\xfe\x00",
    ],
)
def test_lines_that_make_no_sense_are_passed_over(line: bytes) -> None:
    client = parse_fdinfo(b"drm-driver: amdgpu\n" + line + b"\n")
    assert client is not None
    assert not client.engines
    assert client.memory_bytes is None


def test_a_capacity_of_zero_is_one() -> None:
    text = b"drm-driver: xe\ndrm-engine-ccs: 5 ns\ndrm-engine-capacity-ccs: 0\n"
    client = parse_fdinfo(text)
    assert client is not None
    assert client.engines["ccs"].capacity == 1


@pytest.mark.parametrize("text", [b"", b"pos: 0\n", b"drm-driver:\n", b"inotify wd:1 ino:2\n"])
def test_other_files(text: bytes) -> None:
    assert parse_fdinfo(text) is None


@given(st.binary(max_size=400))
def test_any_bytes(noise: bytes) -> None:
    client = parse_fdinfo(b"drm-driver: amdgpu\n" + noise)
    if client is not None:
        assert all((e.busy_seconds or 0) >= 0 for e in client.engines.values())
