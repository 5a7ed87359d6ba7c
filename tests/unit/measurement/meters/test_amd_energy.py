from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.amd_energy import discover
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, places, read, read_all
from tests.machine.sim_hwmon import SimulatedChip, amd_energy
from tests.machine.sim_topology import AMD_SERVER, SimulatedCpus
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_sockets_are_metered_and_cores_are_not(tmp_path: Path, clock: FakeClock) -> None:
    SimulatedChip(tmp_path / "sys", 0, "k10temp", {"temp1_input": 41000})
    chip = amd_energy(tmp_path / "sys", {0: 5_000_000, 1: 9_000_000})
    found = discover(places(tmp_path, clock))
    assert list(by_id(found)) == ["package-0", "package-1"]
    read_all(found.meters, clock.now())
    chip.set("energy3_input", 5_000_000 + 30_000_000)
    chip.set("energy4_input", 9_000_000 + 40_000_000)
    assert read_all(found.meters, clock.advance(1.0)) == pytest.approx(
        {"package-0": 30, "package-1": 40}
    )


def test_nodes_of_one_package_show_one_register(tmp_path: Path, clock: FakeClock) -> None:
    """With four NUMA nodes a socket the driver has four channels for each package."""
    SimulatedCpus(tmp_path, {0: [[0, 1]], 1: [[2, 3]]}, AMD_SERVER)
    for node in range(4):
        folder = tmp_path / f"sys/devices/system/node/node{node}"
        folder.mkdir(parents=True)
        (folder / "cpulist").write_text(f"{node}\n")
    amd_energy(tmp_path / "sys", {0: 10, 1: 11, 2: 20, 3: 21})
    meters = by_id(discover(places(tmp_path, clock)))
    assert {key: meter.device.source.split()[-1] for key, meter in meters.items()} == {
        "package-0": "Esocket0",
        "package-1": "Esocket2",
    }


def test_it_has_no_wrap_so_a_fall_is_a_reset(tmp_path: Path, clock: FakeClock) -> None:
    chip = amd_energy(tmp_path / "sys", {0: 2**40})
    (meter,) = discover(places(tmp_path, clock)).meters
    read(meter, clock.now())
    chip.set("energy3_input", 17)
    assert read(meter, clock.advance(1.0)) == 0.0
    chip.set("energy3_input", 17 + 25_000_000)
    assert read(meter, clock.advance(1.0)) == pytest.approx(25.0)
    assert note_codes(meter) == ["rapl-reset"]


def test_a_core_that_is_offline_fails_and_comes_back(tmp_path: Path, clock: FakeClock) -> None:
    chip = amd_energy(tmp_path / "sys", {0: 0})
    (meter,) = discover(places(tmp_path, clock)).meters
    read(meter, clock.now())
    chip.set("energy3_input", "")
    with pytest.raises(ReadFailed):
        read(meter, clock.advance(1.0))
    chip.set("energy3_input", 60_000_000)
    assert read(meter, clock.advance(1.0)) == pytest.approx(60.0)


def test_the_group_that_may_read_it_is_named(clock: FakeClock) -> None:
    with public_folder() as folder:
        chip = amd_energy(folder / "sys", {0: 0})
        (chip.folder / "energy3_input").chmod(0o440 if os.geteuid() == 0 else 0)

        def rows() -> list[list[str | None]]:
            found = discover(places(folder, clock))
            return [[row.id, row.reason, row.hint] for row in found.unmeasured]

        ((device_id, _, hint),) = run_unprivileged(rows)
    assert device_id == "package-0"
    assert "chmod a+r" in str(hint)
