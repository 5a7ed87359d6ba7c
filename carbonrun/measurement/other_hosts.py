r"""What kind of machine this is, on systems without procfs and sysfs.

macOS tells it through ``sysctl``, Windows in its registry. Memory and the number of CPUs come from
psutil through :class:`carbonrun.measurement.portable_machine.PortableMachine`.

Source: sysctl(3) of macOS, ``machdep.cpu`` and ``hw``; the keys of ``HARDWARE\DESCRIPTION`` that
Windows fills in at its start.
"""

from __future__ import annotations

import os
import sys
import time

from carbonrun.errors import ReadFailed
from carbonrun.measurement.cloud import Firmware, cloud_of
from carbonrun.measurement.host import CpuIdentity, HostFacts, is_virtual_product
from carbonrun.measurement.meters.background_command import OwnHelpers
from carbonrun.measurement.meters.tools import background, find_tool
from carbonrun.measurement.portable_machine import PortableMachine, physical_cpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SYSCTL_NAMES = (
    "machdep.cpu.brand_string", "machdep.cpu.vendor", "machdep.cpu.family", "machdep.cpu.model",
    "machdep.cpu.stepping", "hw.packages", "hw.physicalcpu", "kern.hv_vmm_present", "hw.model",
)  # fmt: skip
# It answers within milliseconds.
_SYSCTL_SECONDS = 2.0
_POLL_SECONDS = 0.001
_MOST_BYTES = 1 << 16
_REGISTRY_ROOT = "HARDWARE\\DESCRIPTION\\System\\"
_REGISTRY = (
    (r"CentralProcessor\0", ("ProcessorNameString", "VendorIdentifier", "Identifier")),
    ("BIOS", ("SystemManufacturer", "SystemProductName", "BIOSVersion")),
)  # fmt: skip


def read_other_host(system: str) -> HostFacts:
    """Return the facts; whatever is missing or odd is left at its least surprising value.

    Args:
        system: as ``sys.platform`` says it.
    """
    state, cores = PortableMachine().read(), physical_cpus()
    counts = (state.logical_cpus, cores or state.logical_cpus, state.memory_bytes)
    if system == "darwin":
        return facts_of_sysctl(parse_sysctl(_ask_sysctl()), *counts)
    if system == "win32":
        return facts_of_registry(_read_registry(), *counts)
    return HostFacts(
        cpu=CpuIdentity(),
        logical_cpus=counts[0],
        sockets=1,
        threads_per_core=_threads(counts[0], counts[1]),
        memory_bytes=counts[2],
        virtual=False,
    )


def parse_sysctl(text: str) -> dict[str, str]:
    """Return names and values; names that the machine does not have are left out."""
    pairs = [line.partition(": ") for line in text.splitlines()]
    return {name: value.strip() for name, colon, value in pairs if colon and value.strip()}


def facts_of_sysctl(
    told: Mapping[str, str], logical_cpus: int, cores: int, memory_bytes: int
) -> HostFacts:
    """Return the facts of a Mac.

    Args:
        told: what ``sysctl`` says.
        logical_cpus: online.
        cores: physical ones.
        memory_bytes: installed.
    """
    name = told.get("machdep.cpu.brand_string")
    is_virtual = told.get("kern.hv_vmm_present") == "1"
    return HostFacts(
        cpu=CpuIdentity(
            model_name=name,
            vendor=told.get("machdep.cpu.vendor", "Apple" if name else ""),
            family=_integer(told.get("machdep.cpu.family")),
            model=_integer(told.get("machdep.cpu.model")),
            stepping=_integer(told.get("machdep.cpu.stepping")),
            has_hypervisor_flag=is_virtual,
        ),
        logical_cpus=logical_cpus,
        sockets=max(1, _integer(told.get("hw.packages")) or 1),
        threads_per_core=_threads(logical_cpus, cores),
        memory_bytes=memory_bytes,
        virtual=is_virtual,
        virtual_evidence="kern.hv_vmm_present" if is_virtual else None,
    )


def facts_of_registry(
    told: Mapping[str, str], logical_cpus: int, cores: int, memory_bytes: int
) -> HostFacts:
    """Return the facts of a Windows machine.

    Args:
        told: values of the registry by their names.
        logical_cpus: online.
        cores: physical ones.
        memory_bytes: installed.
    """
    name = " ".join(told.get("ProcessorNameString", "").split())
    # "Intel64 Family 6 Model 158 Stepping 10"
    words = told.get("Identifier", "").split()
    numbers = dict(zip(words[1::2], words[2::2], strict=False))
    maker, product = told.get("SystemManufacturer", ""), told.get("SystemProductName", "")
    is_virtual = is_virtual_product(maker, product)
    return HostFacts(
        cpu=CpuIdentity(
            model_name=name or None,
            vendor=told.get("VendorIdentifier", ""),
            family=_integer(numbers.get("Family")),
            model=_integer(numbers.get("Model")),
            stepping=_integer(numbers.get("Stepping")),
            has_hypervisor_flag=is_virtual,
        ),
        logical_cpus=logical_cpus,
        sockets=1,  # not told; few machines with more run Windows on the desk
        threads_per_core=_threads(logical_cpus, cores),
        memory_bytes=memory_bytes,
        virtual=is_virtual,
        virtual_evidence=f"{maker} {product}".strip() if is_virtual else None,
        cloud=cloud_of(Firmware(sys_vendor=maker, product_name=product)),
    )


def _threads(logical_cpus: int, cores: int) -> int:
    return max(1, round(logical_cpus / max(1, cores)))


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _ask_sysctl() -> str:
    """Return what ``sysctl`` says of the names that it knows.

    It is run in a process group of its own: a Ctrl-Z between fork and exec would stop us as well.
    """
    tool = find_tool(("sysctl",), (*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin"))
    if tool is None:
        return ""
    command = background((tool, *SYSCTL_NAMES), _SYSCTL_SECONDS, OwnHelpers(), _MOST_BYTES)
    try:
        command.start(time.monotonic())
        while (answer := command.poll(time.monotonic())) is None:
            time.sleep(_POLL_SECONDS)
    except ReadFailed:
        return ""
    return answer


def _read_registry() -> dict[str, str]:
    """Return the values that are there."""
    values: dict[str, str] = {}
    if sys.platform == "win32":
        import winreg

        for path, names in _REGISTRY:
            try:
                key = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, f"{_REGISTRY_ROOT}{path}")
            except OSError:
                continue
            with key:
                for name in names:
                    try:
                        values[name] = str(winreg.QueryValueEx(key, name)[0])
                    except OSError:
                        continue
    return values
