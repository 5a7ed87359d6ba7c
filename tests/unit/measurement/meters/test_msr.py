from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.msr import discover
from carbonrun.measurement.meters.msr_registers import joules_per_unit, registers_of
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, places, read, read_all
from tests.machine.sim_msr import (
    AMD_PACKAGE,
    AMD_UNIT,
    INTEL_DRAM,
    INTEL_PACKAGE,
    INTEL_PSYS,
    INTEL_UNIT,
    SKYLAKE_UNITS,
    SimulatedMsr,
)
from tests.machine.sim_topology import AMD_SERVER, SimulatedCpus
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.measurement.model import Meter

UNIT_JOULES = 2.0**-14
DRAM_JOULES = 2.0**-16


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def intel(tmp_path: Path, cpu: int, **values: int) -> SimulatedMsr:
    registers = {
        INTEL_UNIT: SKYLAKE_UNITS,
        INTEL_PACKAGE: values.get("package", 1000),
        INTEL_DRAM: values.get("dram", 0),
        INTEL_PSYS: values.get("psys", 0),
    }
    return SimulatedMsr(tmp_path / "dev", cpu, registers)


def discovered(tmp_path: Path, clock: FakeClock) -> dict[str, Meter]:
    found = discover(places(tmp_path, clock))
    assert found.unmeasured == ()
    return by_id(found)


def test_each_register_has_its_unit(tmp_path: Path, clock: FakeClock) -> None:
    """The server's DRAM is counted in 15.3 uJ, whatever the unit register says."""
    SimulatedCpus(tmp_path, {0: [[0, 1]], 1: [[2, 3]]})
    files = {cpu: intel(tmp_path, cpu, dram=5, psys=7) for cpu in (0, 2)}
    meters = discovered(tmp_path, clock)
    assert sorted(meters) == ["dram-0", "dram-1", "package-0", "package-1", "psys"]
    read_all(meters.values(), clock.now())
    for cpu, file in files.items():
        file.count(INTEL_PACKAGE, 16384 * (30 + cpu))
        file.count(INTEL_DRAM, 65536 * (3 + cpu))
    files[0].count(INTEL_PSYS, 16384 * 90)
    assert read_all(meters.values(), clock.advance(1.0)) == pytest.approx(
        {"package-0": 30, "package-1": 32, "dram-0": 3, "dram-1": 5, "psys": 90}
    )
    assert meters["package-1"].device.meter == "rapl-msr"


def test_a_wrap_of_32_bits(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedCpus(tmp_path, {0: [[0]]})
    file = intel(tmp_path, 0, package=2**32 - 100)
    (meter,) = discovered(tmp_path, clock).values()
    read(meter, clock.now())
    file.count(INTEL_PACKAGE, 16384 * 50)
    assert read(meter, clock.advance(1.0)) == pytest.approx(50.0)
    assert note_codes(meter) == []


def test_memory_and_psys_that_read_zero_are_not_there(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedCpus(tmp_path, {0: [[0]]})
    intel(tmp_path, 0)
    assert list(discovered(tmp_path, clock)) == ["package-0"]


def test_dies_of_intel_are_summed(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedCpus(tmp_path, {0: [[0, 1], [2, 3]]})
    files = [intel(tmp_path, cpu) for cpu in (0, 2)]
    (meter,) = discovered(tmp_path, clock).values()
    read(meter, clock.now())
    files[0].count(INTEL_PACKAGE, 16384 * 10)
    files[1].count(INTEL_PACKAGE, 16384 * 7)
    assert read(meter, clock.advance(1.0)) == pytest.approx(17.0)


def test_a_package_of_amd_has_one_counter(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedCpus(tmp_path, {0: [[0, 1], [2, 3]], 1: [[4], [5]]}, AMD_SERVER)
    files = [
        SimulatedMsr(tmp_path / "dev", cpu, {AMD_UNIT: 0xA1003, AMD_PACKAGE: 9}) for cpu in (0, 4)
    ]
    meters = discovered(tmp_path, clock)
    assert list(meters) == ["package-0", "package-1"]
    read_all(meters.values(), clock.now())
    for index, file in enumerate(files):
        file.count(AMD_PACKAGE, 65536 * (20 + index))
    assert read_all(meters.values(), clock.advance(1.0)) == pytest.approx(
        {"package-0": 20, "package-1": 21}
    )


def test_a_cpu_that_goes_offline_leaves_its_package_to_another(
    tmp_path: Path, clock: FakeClock
) -> None:
    """The register is the package's, so the energy is whole."""
    SimulatedCpus(tmp_path, {0: [[0, 1]]})
    first, second = intel(tmp_path, 0), intel(tmp_path, 1)
    (meter,) = discovered(tmp_path, clock).values()
    read(meter, clock.now())
    os.truncate(first.path, 0)  # the open descriptor gives nothing any more
    first.path.unlink()
    second.count(INTEL_PACKAGE, 16384 * 12)
    assert read(meter, clock.advance(1.0)) == pytest.approx(12.0)
    second.path.unlink()
    meter.close()  # type: ignore[attr-defined]
    with pytest.raises(ReadFailed, match="0x611: No such file"):
        read(meter, clock.advance(1.0))


def test_an_error_of_the_device_is_a_failed_reading(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedCpus(tmp_path, {0: [[0]]})
    file = intel(tmp_path, 0)
    (meter,) = discovered(tmp_path, clock).values()
    read(meter, clock.now())
    meter.close()  # type: ignore[attr-defined]
    file.path.unlink()
    file.path.mkdir()
    with pytest.raises(ReadFailed, match="Is a directory"):
        read(meter, clock.advance(1.0))
    file.path.rmdir()


@pytest.mark.parametrize(
    "processor",
    [("GenuineIntel", 15, 4), ("AuthenticAMD", 0x15, 1), ("ARM", 0, 0), ("", 0, 0)],
)
def test_processors_without_known_registers_are_left_alone(
    tmp_path: Path, clock: FakeClock, processor: tuple[str, int, int]
) -> None:
    SimulatedCpus(tmp_path, {0: [[0]]}, processor)
    intel(tmp_path, 0)
    assert discover(places(tmp_path, clock)).meters == ()


def test_without_topology_or_module_there_is_nothing(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedCpus(tmp_path, {0: [[0]]})
    assert discover(places(tmp_path, clock)).meters == ()
    intel(tmp_path, 0)
    (tmp_path / "sys/devices/system/cpu/online").unlink()
    assert discover(places(tmp_path, clock)).meters == ()


def test_who_may_not_read_them_is_told() -> None:
    with public_folder() as folder:
        SimulatedCpus(folder, {0: [[0]]})
        intel(folder, 0).path.chmod(0o600 if os.geteuid() == 0 else 0)

        def rows() -> list[list[str | None]]:
            found = discover(places(folder, FakeClock()))
            return [[row.id, row.reason, row.hint] for row in found.unmeasured]

        answers = run_unprivileged(rows)
    assert [answer[0] for answer in answers] == ["package-0", "dram-0", "psys"]
    assert "Permission denied" in answers[0][1]
    assert "sudo" in answers[0][2]


@pytest.mark.parametrize(
    ("model", "number", "unit", "joules"),
    [
        (0x2A, INTEL_PACKAGE, 0xA1003, 2.0**-16),  # Sandy Bridge
        (0x3C, INTEL_DRAM, 0xA0E03, 2.0**-14),  # Haswell of a desktop: the common unit
        (0x3F, INTEL_DRAM, 0xA0E03, 2.0**-16),  # Haswell of a server
        (0x6A, INTEL_DRAM, 0xA0E03, 2.0**-16),  # Ice Lake of a server
        (0x8F, INTEL_DRAM, 0xA0E03, 2.0**-14),  # Sapphire Rapids has the common unit again
        (0x8F, INTEL_PSYS, 0xA0E03, 1.0),
        (0x37, INTEL_PACKAGE, 0xA0505, 32e-6),  # Silvermont: 2^5 microjoules
    ],
)
def test_units(model: int, number: int, unit: int, joules: float) -> None:
    registers = registers_of("GenuineIntel", 6, model)
    assert registers is not None
    (register,) = [each for each in registers.energy if each.number == number]
    assert joules_per_unit(registers, register, unit) == pytest.approx(joules, rel=1e-12)
