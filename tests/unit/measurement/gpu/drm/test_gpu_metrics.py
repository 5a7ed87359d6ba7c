"""The binary table of amdgpu."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.gpu.drm.gpu_metrics import parse_gpu_metrics
from tests.machine.sim_drm import ENERGY_AT, FORMAT_OF_APU, gpu_metrics

ENERGY_NUMBER, WORD_64, POWER_NUMBER, WORD_16 = 7, 6, 3, 2


@pytest.mark.parametrize("minor", ENERGY_AT)
def test_energy_of_each_version(minor: int) -> None:
    metrics = parse_gpu_metrics(gpu_metrics(123_456_789_012, minor=minor))
    assert metrics is not None
    assert metrics.version == (1, minor)
    assert metrics.energy_units == 123_456_789_012
    assert not metrics.is_integrated


def test_processors_have_no_counter() -> None:
    for major in (FORMAT_OF_APU, 3):
        metrics = parse_gpu_metrics(gpu_metrics(5, major=major, minor=0))
        assert metrics is not None
        assert metrics.is_integrated
        assert metrics.energy_units is None


@pytest.mark.parametrize("units", [0, 2**64 - 1, 2**32 - 1])
def test_what_the_driver_writes_for_unknown(units: int) -> None:
    metrics = parse_gpu_metrics(gpu_metrics(units))
    assert metrics is not None
    assert metrics.energy_units is None


@pytest.mark.parametrize("minor", [0, 10, 200])
def test_versions_whose_layout_is_not_known(minor: int) -> None:
    table = bytearray(gpu_metrics(5))
    table[3] = minor
    metrics = parse_gpu_metrics(bytes(table))
    assert metrics is not None
    assert metrics.energy_units is None


def listed(*figures: tuple[int, int, int, list[int]]) -> bytes:
    """Return a table of version 1.9 from (number, type, bytes each, values)."""
    body = b""
    for number, kind, size, values in figures:
        body += (kind << 20 | number << 10 | len(values)).to_bytes(8, "little")
        body += b"".join(value.to_bytes(size, "little") for value in values)
    head = (
        (8 + len(body)).to_bytes(2, "little") + bytes((1, 9)) + len(figures).to_bytes(4, "little")
    )
    return head + body


def test_a_list_of_figures() -> None:
    table = listed(
        (POWER_NUMBER, WORD_16, 2, [194]),
        (33, WORD_16, 2, [2100] * 8),
        (ENERGY_NUMBER, WORD_64, 8, [987_654_321]),
        (12, 4, 4, [1]),
    )
    metrics = parse_gpu_metrics(table)
    assert metrics is not None
    assert metrics.energy_units == 987_654_321


def test_a_list_without_energy_or_cut_off() -> None:
    assert energy(listed((POWER_NUMBER, WORD_16, 2, [194]))) is None
    whole = listed((POWER_NUMBER, WORD_16, 2, [194]), (ENERGY_NUMBER, WORD_64, 8, [5]))
    assert energy(whole) == 5
    assert energy(whole[:-3]) is None
    assert energy(listed((POWER_NUMBER, 15, 2, [194]), (ENERGY_NUMBER, WORD_64, 8, [5]))) is None


def energy(table: bytes) -> int | None:
    metrics = parse_gpu_metrics(table)
    assert metrics is not None
    return metrics.energy_units


@pytest.mark.parametrize("table", [b"", b"\x01", b"\x00\x00\x01\x03" + bytes(100), b"\xff" * 8])
def test_what_is_no_table(table: bytes) -> None:
    assert parse_gpu_metrics(table) is None


@given(st.binary(max_size=300))
def test_any_bytes(table: bytes) -> None:
    metrics = parse_gpu_metrics(table)
    assert metrics is None or metrics.energy_units is None or metrics.energy_units > 0
