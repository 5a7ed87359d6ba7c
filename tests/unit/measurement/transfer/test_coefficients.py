from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.attribution import attribute
from carbonrun.measurement.model import ESTIMATED
from carbonrun.measurement.sampler import origin
from carbonrun.measurement.transfer.coefficients import (
    Disk,
    disk_bytes_per_second,
    disk_device,
    disk_reading,
    disk_watts,
    network_device,
    network_reading,
)

TERABYTE = 10**12
SSD = Disk(name="nvme0n1", capacity_bytes=TERABYTE, is_rotating=False)
HDD = Disk(name="sda", capacity_bytes=4 * TERABYTE, is_rotating=True)
UNTOLD = Disk(name="vda", capacity_bytes=TERABYTE, is_rotating=None)

Disks = st.lists(
    st.builds(
        Disk,
        name=st.just("x"),
        capacity_bytes=st.integers(min_value=512, max_value=10**14),
        is_rotating=st.sampled_from([True, False, None]),
    ),
    min_size=1,
    max_size=5,
)
Bytes = st.integers(min_value=0, max_value=10**15)
Seconds = st.floats(min_value=1e-3, max_value=1e6)


def test_power_by_capacity_and_kind() -> None:
    assert disk_watts(SSD) == pytest.approx(1.2)
    assert disk_watts(HDD) == pytest.approx(4 * 0.65)
    assert disk_watts(UNTOLD) == disk_watts(SSD)


def test_a_byte_costs_its_time_at_the_pace_of_the_disk() -> None:
    device = disk_device([SSD])
    assert device.idle is not None
    reading = disk_reading([SSD], 100, 5_000_000_000)
    share = attribute(origin(), reading, device.idle.watts)
    assert share.machine_joules == pytest.approx(120)
    assert share.joules == pytest.approx(10 * 1.2)
    assert share.active_joules == 0


def test_a_gigabyte_over_the_network_is_a_watt_hour() -> None:
    reading = network_reading(10, 3 * 10**9, 10**9)
    share = attribute(origin(), reading, 0.0)
    assert share.joules == pytest.approx(3600)
    assert share.machine_joules == pytest.approx(3 * 3600)


@given(Disks, Seconds, Bytes)
def test_the_tree_gets_at_most_the_disks(disks: list[Disk], seconds: float, moved: int) -> None:
    device, reading = disk_device(disks), disk_reading(disks, seconds, moved)
    assert device.idle is not None
    share = attribute(origin(), reading, device.idle.watts)
    assert 0 <= share.joules <= share.machine_joules * (1 + 1e-9)
    assert share.machine_joules == pytest.approx(sum(map(disk_watts, disks)) * seconds)


@given(Disks, Seconds, Bytes, Seconds)
def test_bytes_cost_the_same_however_long_the_run_is(
    disks: list[Disk], seconds: float, moved: int, more_seconds: float
) -> None:
    most = int(sum(map(disk_bytes_per_second, disks)) * seconds)
    moved = min(moved, most)
    idle_watts = sum(map(disk_watts, disks))
    short, long = (
        attribute(origin(), disk_reading(disks, duration, moved), idle_watts).joules
        for duration in (seconds, seconds + more_seconds)
    )
    assert long == pytest.approx(short, rel=1e-6, abs=1e-12)


@given(Seconds, Bytes, Bytes)
def test_network_shares_of_complementary_trees_sum_to_the_machine(
    seconds: float, one: int, other: int
) -> None:
    first, second = (
        attribute(origin(), network_reading(seconds, one + other, part), 0.0)
        for part in (one, other)
    )
    assert first.joules + second.joules == pytest.approx(first.machine_joules)


def test_the_devices_say_what_they_rest_on() -> None:
    for device in (disk_device([SSD, HDD]), network_device()):
        assert device.method == ESTIMATED
        assert "Cloud Carbon Footprint, Apache-2.0, 2026" in device.source
        assert device.low_factor < 1 < device.high_factor
    assert "HDD 0.65 and SSD 1.2 W/TB" in disk_device([SSD, HDD]).source
    assert disk_device([SSD, HDD]).name == "disk 5 TB"
