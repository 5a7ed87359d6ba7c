from __future__ import annotations

import time
from typing import TYPE_CHECKING

from carbonrun import clock
from carbonrun.measurement.meters.catalogue import CatalogueEntry, catalogue
from carbonrun.measurement.meters.order import ORDER
from carbonrun.measurement.meters.sensors import places_of
from carbonrun.measurement.model import IN_VAIN
from tests.machine.sim_battery import SimulatedSupply
from tests.machine.sim_cray import SimulatedCray
from tests.machine.sim_hwmon import hsmp
from tests.machine.sim_ipmitool import SimulatedIpmi
from tests.machine.sim_perf import SimulatedPmu
from tests.machine.sim_sysfs import SimulatedPowercap
from tests.machine.sim_topology import SimulatedCpus

if TYPE_CHECKING:
    from pathlib import Path

NO_PMU = 999_999


def entries(root: Path, **options: object) -> dict[str, CatalogueEntry]:
    places = places_of(str(root / "sys"), str(root / "proc"), clock.now())
    environment = {"PATH": str(root / "bin")}
    before = time.monotonic()
    found = catalogue(places, environment, time.monotonic, **options)  # type: ignore[arg-type]
    assert time.monotonic() - before < 1.0
    return {entry.name: entry for entry in found}


def test_an_empty_machine(tmp_path: Path) -> None:
    found = entries(tmp_path)
    names = [kind.name for kind in ORDER]
    assert list(found) == [*names, "battery", "acpi-power", "ipmi-dcmi", "redfish"]
    assert [found[name].rank for name in names] == list(range(1, len(names) + 1))
    for entry in found.values():
        assert (entry.found, entry.readable, entry.devices) == (False, False, ())
        assert entry.reason
    assert found["rapl-msr"].remedy == "sudo modprobe msr"
    assert found["battery"].remedy is None


def test_drivers_are_no_remedy_in_a_virtual_machine(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    found = entries(tmp_path, virtual=True)
    assert found["rapl-powercap"].remedy == IN_VAIN
    assert found["rapl-msr"].remedy == IN_VAIN
    assert found["redfish"].remedy.startswith("carbonrun --redfish-url")  # type: ignore[union-attr]


def test_what_would_be_measured_with_what(tmp_path: Path) -> None:
    SimulatedCpus(tmp_path, {0: [[0]]})
    powercap = SimulatedPowercap(tmp_path / "sys")
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.add_zone("intel-rapl:0:0", "dram")
    powercap.energy_file("intel-rapl:0:0").unlink()
    powercap.energy_file("intel-rapl:0:0").mkdir()
    SimulatedPmu(tmp_path / "sys", [0], ["energy-pkg"], NO_PMU)
    SimulatedCray(tmp_path / "sys", cpu_energy=1, memory_energy=2, energy=3)
    hsmp(tmp_path / "sys", 0, 90_000_000)
    found = entries(tmp_path)
    rapl = found["rapl-powercap"]
    assert (rapl.found, rapl.readable, rapl.devices) == (True, False, ("package-0", "dram-0"))
    assert "Is a directory" in str(rapl.reason)
    assert "dmesg" in str(rapl.remedy)
    assert rapl.billed == ("package-0",)
    perf = found["rapl-perf"]
    assert (perf.found, perf.readable, perf.billed) == (True, False, ())
    assert perf.reason is not None
    cray = found["cray-pm-counters"]
    assert (cray.readable, cray.billed) == (True, ("memory", "node"))
    assert (found["amd-hsmp"].readable, found["amd-hsmp"].billed) == (True, ())


def test_a_sensor_that_gives_no_figure_is_not_readable(tmp_path: Path) -> None:
    hsmp(tmp_path / "sys", 0, 0).fail("power1_input")
    entry = entries(tmp_path)["amd-hsmp"]
    assert (entry.found, entry.readable, entry.billed) == (True, False, ())
    assert "Is a directory" in str(entry.reason)


def test_boards(tmp_path: Path) -> None:
    SimulatedSupply(tmp_path / "sys", "BAT0", status="Charging")
    ipmi = SimulatedIpmi(tmp_path)
    found = entries(tmp_path, redfish_url="https://bmc.example")
    assert (found["battery"].found, found["battery"].readable) == (True, False)
    assert "unplug" in str(found["battery"].remedy)
    assert (found["ipmi-dcmi"].readable, found["ipmi-dcmi"].devices) == (True, ("ipmi",))
    assert ipmi.runs() == []
    assert found["redfish"].readable
    (ipmi.folder / "ipmitool").unlink()
    entry = entries(tmp_path, redfish_url="bmc")
    assert entry["ipmi-dcmi"].remedy == "sudo apt install ipmitool"
    assert not entry["redfish"].readable


def test_it_is_plain_data(tmp_path: Path) -> None:
    rows = [entry.as_dict() for entry in entries(tmp_path).values()]
    assert rows[0]["name"] == "rapl-powercap"
