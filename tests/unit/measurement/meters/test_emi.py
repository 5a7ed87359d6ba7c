"""Windows' Energy Meter Interface, on the bytes that a driver answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import emi_structures as emi
from carbonrun.measurement.meters.emi import discover, found_in
from carbonrun.measurement.meters.windows_devices import open_energy_meters
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, read
from tests.machine.sim_other_systems import (
    SimulatedEmi,
    metadata_v1,
    metadata_v2,
    whereabouts,
)

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("RAPL_Package0_PP0", "RAPL_Package0_PKG", "RAPL_Package0_DRAM", "RAPL_Package0_PP1")


def test_the_control_codes_are_those_of_the_header() -> None:
    codes = (emi.GET_VERSION, emi.GET_METADATA_SIZE, emi.GET_METADATA, emi.GET_MEASUREMENT)
    assert codes == (0x224000, 0x224004, 0x224008, 0x22400C)


def test_the_channels_of_both_versions() -> None:
    (one,) = emi.parse_channels(1, metadata_v1("RAPL_Package0_PKG"))
    assert one == emi.Channel(name="RAPL_Package0_PKG", unit=0)
    assert [each.name for each in emi.parse_channels(2, metadata_v2(NAMES))] == list(NAMES)


@pytest.mark.parametrize("cut", [1, 3, 20, 60, 80])
def test_metadata_that_are_cut_off_are_an_error(cut: int) -> None:
    for version, content in ((1, metadata_v1("RAPL_Package0_PKG")), (2, metadata_v2(NAMES))):
        with pytest.raises(emi.EmiFormatError):
            emi.parse_channels(version, content[:-cut])


def test_a_version_that_is_not_known_is_an_error() -> None:
    with pytest.raises(emi.EmiFormatError, match="version 3"):
        emi.parse_channels(3, metadata_v2(NAMES))


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("RAPL_Package0_PKG", ("package-0", "cpu")),
        ("rapl_package1_pkg", ("package-1", "cpu")),
        ("RAPL_Package1_DRAM", ("dram-1", "memory")),
        ("RAPL_Package0_PP0", None),
        ("Current Socket Energy", ("package-0", "cpu")),
        ("Apu Energy", None),
        ("PSU_USB", None),
    ],
)
def test_which_device_a_channel_meters(name: str, device: tuple[str, str] | None) -> None:
    assert emi.device_of(name) == device


def test_joules_come_from_the_channel_of_the_package() -> None:
    clock, driver = FakeClock(), SimulatedEmi(NAMES)
    driver.energies = [5, 10**15, 10**12, 7]
    meters = by_id(found_in([driver]))
    assert set(meters) == {"package-0", "dram-0"}
    assert meters["package-0"].device.method == "counter"
    assert [read(meter, clock.now()) for meter in meters.values()] == [0.0, 0.0]
    driver.use(0, 30.0)  # the cores, which the package contains
    driver.use(1, 42.0)
    driver.use(2, 3.0)
    now = clock.advance(1.0)
    assert read(meters["package-0"], now) == pytest.approx(42.0)
    assert read(meters["dram-0"], now) == pytest.approx(3.0)
    assert note_codes(meters["package-0"]) == []


def test_a_jump_that_is_not_possible_is_a_gap() -> None:
    clock, driver = FakeClock(), SimulatedEmi(NAMES)
    meter = by_id(found_in([driver]))["package-0"]
    read(meter, clock.now())
    driver.use(1, 50_000.0)
    assert read(meter, clock.advance(1.0)) == 0.0
    driver.energies[1] = 0
    assert read(meter, clock.advance(1.0)) == 0.0
    driver.use(1, 5.0)
    assert read(meter, clock.advance(1.0)) == pytest.approx(5.0)
    assert note_codes(meter) == ["emi-too-fast", "emi-reset"]


def test_a_device_that_fails_now_may_answer_later() -> None:
    clock, driver = FakeClock(), SimulatedEmi(NAMES)
    meter = by_id(found_in([driver]))["package-0"]
    read(meter, clock.now())
    driver.failure = OSError(31, "A device attached to the system is not functioning")
    with pytest.raises(ReadFailed, match="not functioning"):
        read(meter, clock.advance(1.0))
    driver.failure = None
    driver.use(1, 8.0)
    assert read(meter, clock.advance(1.0)) == pytest.approx(8.0)


def test_the_first_of_two_drivers_of_one_package_counts() -> None:
    first, second, other = (
        SimulatedEmi(NAMES),
        SimulatedEmi(["Current Socket Energy"], version=1),
        SimulatedEmi(["PSU_USB"]),
    )
    found = found_in([other, first, second])
    assert set(by_id(found)) == {"package-0", "dram-0"}
    assert [each.is_open for each in (other, first, second)] == [False, True, False]


def test_what_cannot_be_read_is_told() -> None:
    broken = SimulatedEmi(NAMES)
    broken.failure = OSError(5, "Access is denied")
    (row,) = found_in([broken]).unmeasured
    assert "Access is denied" in row.reason
    unknown = SimulatedEmi(NAMES)
    unknown.metadata = metadata_v2(NAMES, unit=1)
    assert found_in([unknown]) == found_in([])


def test_there_is_none_where_there_is_no_windows(tmp_path: Path) -> None:
    assert open_energy_meters() == []
    assert discover(whereabouts(FakeClock(), tmp_path)) == found_in([])
