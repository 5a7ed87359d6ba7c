"""Stand-ins for sensors of macOS and Windows: recorded answers, fake tools, the bytes of EMI."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from carbonrun.measurement.meters import emi_structures as emi
from carbonrun.measurement.meters.background_command import OwnHelpers
from carbonrun.measurement.meters.sensors import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.machine.fake_clock import FakeClock

# The form of powermetrics' answer on macOS 14, without what is not read.
APPLE_SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" \
"http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
<key>is_delta</key><true/>
<key>elapsed_ns</key><integer>{elapsed_ns}</integer>
<key>hw_model</key><string>Mac14,9</string>
<key>kern_osversion</key><string>23G93</string>
<key>timestamp</key><date>2026-11-23T10:14:25Z</date>
<key>processor</key>
<dict>
<key>clusters</key><array><dict><key>name</key><string>E-Cluster</string></dict></array>
<key>ane_energy</key><integer>0</integer>
<key>ane_power</key><real>0</real>
<key>cpu_energy</key><integer>{cpu_millijoules}</integer>
<key>cpu_power</key><real>{cpu_milliwatts}</real>
<key>gpu_energy</key><integer>21</integer>
<key>gpu_power</key><real>20.4</real>
<key>combined_power</key><real>{cpu_milliwatts}</real>
</dict>
<key>gpu</key><dict><key>freq_hz</key><real>338</real></dict>
</dict>
</plist>
"""
INTEL_SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict><key>elapsed_ns</key><integer>1004000000</integer>
<key>processor</key><dict><key>package_watts</key><real>12.5</real>
<key>package_joules</key><real>12.55</real><key>freq_hz</key><real>2300000000</real>
<key>packages</key><array/></dict></dict></plist>
"""

# Columns and form of Power Gadget 3.7 on a laptop; the sums at the end are as it writes them.
POWER_LOG = """\
System Time,RDTSC,Elapsed Time (sec), CPU Utilization(%),CPU Frequency_0(MHz),\
Processor Power_0(Watt),Cumulative Processor Energy_0(Joules),\
Cumulative Processor Energy_0(mWh),IA Power_0(Watt),Cumulative IA Energy_0(Joules),\
Cumulative IA Energy_0(mWh),Package Temperature_0(C),Package Hot_0,DRAM Power_0(Watt),\
Cumulative DRAM Energy_0(Joules),Cumulative DRAM Energy_0(mWh),Package Power Limit_0(Watt)
10:14:25:120,26541822133218,0.105,11.0,1792,9.810,1.030,0.286,1.1,0.1,0.0,67,0,1.2,0.126,0.035,15.0
10:14:25:223,26542060117338,0.208,12.0,1792,10.200,2.080,0.578,1.2,0.2,0.1,68,0,1.1,0.239,0.066,15.0
10:14:26:121,26543960117338,1.105,12.0,1792,10.000,11.030,3.064,1.2,0.9,0.3,68,0,1.1,1.226,0.341,15.0

Total Elapsed Time (sec) = 1.105
Measured RDTSC Frequency (GHz) = 2.304

Cumulative Processor Energy_0 (Joules) = 11.030
Average Processor Power_0 (Watt) = 9.982
"""

SYSCTL_APPLE = """\
machdep.cpu.brand_string: Apple M2 Pro
hw.packages: 1
hw.physicalcpu: 12
kern.hv_vmm_present: 0
hw.model: Mac14,9
"""
SYSCTL_INTEL = """\
machdep.cpu.brand_string: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz
machdep.cpu.vendor: GenuineIntel
machdep.cpu.family: 6
machdep.cpu.model: 158
machdep.cpu.stepping: 10
hw.packages: 1
hw.physicalcpu: 6
kern.hv_vmm_present: 0
hw.model: MacBookPro15,1
"""
REGISTRY = {
    "ProcessorNameString": "11th Gen Intel(R) Core(TM) i7-1185G7 @ 3.00GHz  ",
    "VendorIdentifier": "GenuineIntel",
    "Identifier": "Intel64 Family 6 Model 140 Stepping 1",
    "SystemManufacturer": "LENOVO",
    "SystemProductName": "20XXS3HC26",
}


def whereabouts(
    clock: FakeClock,
    folder: Path,
    *,
    uid: int = 0,
    machine: str = "arm64",
    environment: Mapping[str, str] | None = None,
) -> Whereabouts:
    """Return a place with tools in ``folder``, for a run that starts now."""
    return Whereabouts(
        started=clock.now(),
        environment=environment or {"PATH": str(folder)},
        folders=(str(folder),),
        helpers=OwnHelpers(),
        uid=uid,
        machine=machine,
    )


def make_tool(folder: Path, name: str, script: str) -> Path:
    """Make a shell script that stands in for a tool; return its path."""
    folder.mkdir(exist_ok=True)
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return tool


def make_powermetrics(folder: Path, answer: str) -> Path:
    """Make a ``powermetrics`` that logs its arguments and answers at once."""
    folder.mkdir(exist_ok=True)
    (folder / "answer").write_text(answer)
    return make_tool(folder, "powermetrics", f'echo "$*" >> "{folder}/log"; cat "{folder}/answer"')


def make_power_log(folder: Path, log: str, name: str = "PowerLog") -> Path:
    """Make a ``PowerLog`` that writes a log to where it is told to."""
    folder.mkdir(exist_ok=True)
    (folder / "log.csv").write_text(log)
    copy = f'while [ "$1" != -file ]; do shift; done; cp "{folder}/log.csv" "$2"'
    return make_tool(folder, name, f'echo "$*" >> "{folder}/log"; {copy}; echo Done')


def channel(name: str, unit: int = emi.PICOWATT_HOURS) -> bytes:
    """Return an ``EMI_CHANNEL_V2``."""
    text = f"{name}\0".encode("utf-16-le")
    return struct.pack("<iH", unit, len(text)) + text


def metadata_v2(names: Sequence[str], unit: int = emi.PICOWATT_HOURS) -> bytes:
    """Return an ``EMI_METADATA_V2``."""
    maker = "Intel\0".encode("utf-16-le").ljust(32, b"\0") + b"RAPL".ljust(32, b"\0")
    channels = b"".join(channel(name, unit) for name in names)
    return maker + struct.pack("<HH", 1, len(names)) + channels


def metadata_v1(name: str) -> bytes:
    """Return an ``EMI_METADATA_V1``."""
    text = f"{name}\0".encode("utf-16-le")
    return struct.pack("<i64sHH", emi.PICOWATT_HOURS, b"", 1, len(text)) + text


class SimulatedEmi:
    """An energy meter as a driver offers it: answers control codes with bytes."""

    def __init__(self, names: Sequence[str], version: int = emi.VERSION_2) -> None:
        """Have a channel for each name, all at zero."""
        self.path = r"\\?\acpi#intc0000#0#{45bd8344-7ed6-49cf-a440-c276c933b053}"
        self.version = version
        self.metadata = metadata_v1(names[0]) if version == 1 else metadata_v2(names)
        self.energies = [0] * len(names)
        self.failure: OSError | None = None
        self.is_open = True

    def use(self, index: int, joules: float) -> None:
        """Let a channel count up."""
        self.energies[index] += round(joules / emi.JOULES_PER_PICOWATT_HOUR)

    def ask(self, code: int, size: int) -> bytes:
        """Answer as the driver."""
        if self.failure is not None:
            raise self.failure
        answers = {
            emi.GET_VERSION: struct.pack("<H", self.version),
            emi.GET_METADATA_SIZE: struct.pack("<I", len(self.metadata)),
            emi.GET_METADATA: self.metadata,
            emi.GET_MEASUREMENT: b"".join(struct.pack("<QQ", e, 133_000) for e in self.energies),
        }
        return answers[code][:size]

    def close(self) -> None:
        """Take note of it."""
        self.is_open = False
