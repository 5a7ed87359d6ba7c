from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.host import (
    count_list,
    is_virtual_product,
    parse_cpuinfo,
    parse_memory_bytes,
    read_host,
)

if TYPE_CHECKING:
    from pathlib import Path

DESKTOP = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 158
model name\t: Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz
stepping\t: 12
flags\t\t: fpu vme de pse msr

processor\t: 1
vendor_id\t: GenuineIntel
model name\t: something else
"""
CLOUD = DESKTOP.replace("Core(TM) i7-9700K CPU @ 3.60GHz", "Xeon(R) Processor").replace(
    "msr", "msr hypervisor"
)
EPYC = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 1
model name\t: AMD EPYC 7763 64-Core Processor
stepping\t: 1
flags\t\t: fpu vme
"""
GRAVITON = """processor\t: 0
BogoMIPS\t: 243.75
Features\t: fp asimd evtstrm
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1
"""
RASPBERRY = """processor\t: 0
model name\t: ARMv7 Processor rev 3 (v7l)
BogoMIPS\t: 108.00
CPU implementer\t: 0x41
CPU part\t: 0xd08

Hardware\t: BCM2711
Model\t\t: Raspberry Pi 4 Model B Rev 1.1
"""
APPLE_VM = """processor\t: 0
BogoMIPS\t: 48.00
CPU implementer\t: 0x61
CPU part\t: 0x000
"""
S390 = """vendor_id       : IBM/S390
# processors    : 2
bogomips per cpu: 3241.00
processor 0: version = FF,  identification = 0133E8,  machine = 3931
"""
POWER = """processor\t: 0
cpu\t\t: POWER9, altivec supported
clock\t\t: 2166.000000MHz
machine\t\t: PowerNV 8335-GTH
model\t\t: 8335-GTH
"""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (DESKTOP, "Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz"),
        (CLOUD, "Intel(R) Xeon(R) Processor"),
        (EPYC, "AMD EPYC 7763 64-Core Processor"),
        (GRAVITON, "Neoverse-N1"),
        (RASPBERRY, "Cortex-A72"),
        (APPLE_VM, "Apple Silicon"),
        (S390, "IBM Z 3931"),
        (POWER, "POWER9, altivec supported"),
        ("", None),
        ("garbage without a colon\n: no key\n", None),
    ],
)
def test_the_cpus_name(text: str, name: str | None) -> None:
    assert parse_cpuinfo(text).model_name == name


def test_the_numbers_are_those_of_the_first_cpu() -> None:
    cpu = parse_cpuinfo(CLOUD)
    assert (cpu.vendor, cpu.family, cpu.model, cpu.stepping) == ("GenuineIntel", 6, 158, 12)
    assert cpu.has_hypervisor_flag
    assert not parse_cpuinfo(DESKTOP).has_hypervisor_flag
    assert parse_cpuinfo(POWER).model is None  # "8335-GTH" is no number


@given(st.text())
def test_any_cpuinfo_is_survived(text: str) -> None:
    parse_cpuinfo(text)
    assert parse_memory_bytes(text) >= 0
    assert count_list(text) >= 0


@pytest.mark.parametrize(
    ("text", "count"),
    [("0-3,8\n", 5), ("0", 1), ("0-127", 128), ("", 0), ("\n", 0), ("3-1", 0), ("a-b", 0)],
)
def test_kernel_lists(text: str, count: int) -> None:
    assert count_list(text) == count


@pytest.mark.parametrize(
    ("vendor", "product", "virtual"),
    [
        ("Amazon EC2", "m5.large", True),
        ("Amazon EC2", "m5.metal", False),
        ("Amazon EC2", "m7g.metal-48xl", False),
        ("Google", "Google Compute Engine", True),
        ("Microsoft Corporation", "Virtual Machine", True),
        ("Microsoft Corporation", "Surface Laptop 5", False),
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", True),
        ("Red Hat", "KVM", True),
        ("Apple Inc.", "Apple Virtualization Generic Platform", True),
        ("Dell Inc.", "PowerEdge R6625", False),
        ("", "", False),
    ],
)
def test_firmware_names_of_virtual_machines(vendor: str, product: str, virtual: bool) -> None:
    assert is_virtual_product(vendor, product) is virtual


def write(root: Path, files: dict[str, str]) -> tuple[str, str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return f"{root}/proc", f"{root}/sys"


def test_a_server_with_two_sockets(tmp_path: Path) -> None:
    topology = "sys/devices/system/cpu/cpu0/topology"
    host = read_host(
        *write(
            tmp_path,
            {
                "proc/cpuinfo": EPYC,
                "proc/meminfo": "MemTotal:       2048 kB\nMemFree: 1 kB\n",
                "sys/devices/system/cpu/online": "0-255\n",
                f"{topology}/package_cpus_list": "0-63,128-191\n",
                f"{topology}/core_cpus_list": "0,128\n",
            },
        )
    )
    assert (host.logical_cpus, host.sockets, host.threads_per_core) == (256, 2, 2)
    assert host.memory_bytes == 2048 * 1024
    assert not host.virtual
    assert host.cpu_model == "AMD EPYC 7763 64-Core Processor"


def test_without_topology_the_cpus_in_stat_count_as_one_socket(tmp_path: Path) -> None:
    files = {"proc/cpuinfo": GRAVITON, "proc/stat": "cpu 1 2\ncpu0 1 2\ncpu1 0 0\nintr 3\n"}
    host = read_host(*write(tmp_path, files))
    assert (host.logical_cpus, host.sockets, host.threads_per_core) == (2, 1, 1)


def test_nothing_at_all_is_one_unknown_cpu(tmp_path: Path) -> None:
    host = read_host(f"{tmp_path}/proc", f"{tmp_path}/sys")
    assert (host.cpu_model, host.logical_cpus, host.memory_bytes) == (None, 1, 0)
    assert not host.virtual


@pytest.mark.parametrize(
    "files",
    [
        {"proc/cpuinfo": CLOUD},
        {"sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "proc/cpuinfo": GRAVITON},
        {"sys/hypervisor/type": "xen\n"},
        {"proc/device-tree/compatible": "linux,dummy-virt\0"},
        {"proc/sysinfo": "Manufacturer: IBM\nVM00 Name: LINUX\n"},
    ],
)
def test_signs_of_a_virtual_machine(tmp_path: Path, files: dict[str, str]) -> None:
    host = read_host(*write(tmp_path, files))
    assert host.virtual
    assert host.virtual_evidence


@pytest.mark.skipif(not os.path.exists("/proc/cpuinfo"), reason="no procfs here")  # noqa: PTH110
def test_this_machine_has_cpus_and_memory() -> None:
    host = read_host("/proc", "/sys")
    assert host.logical_cpus == os.sysconf("SC_NPROCESSORS_ONLN")
    assert host.memory_bytes > 1e8
