"""What kind of machine this is: CPU, sockets, threads, memory, virtual or not.

Responsible for parsing what the kernel says under the two given roots. Not responsible for what
changes during a run (:mod:`carbonrun.measurement.machine`) or for power.

Only the head of ``cpuinfo`` is read: the whole file takes the kernel milliseconds on a machine
with hundreds of CPUs, and topology is in sysfs, where the limits of a container do not hide it.

Source: proc_cpuinfo(5); Linux, ``Documentation/ABI/testing/sysfs-devices-system-cpu``.
"""

from __future__ import annotations

import os

from carbonrun.measurement.cloud import FIRMWARE_FILES, Firmware, cloud_of
from carbonrun.measurement.microarchitecture import arm_core_name
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.cloud import CloudInstance

_READ_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_HEAD_BYTES = 16384
_SMALL_BYTES = 4096

# In the vendor or product name of a virtual machine's firmware, lower case.
_VIRTUAL_MARKS = (
    "amazon ec2",
    "google compute engine",
    "virtual machine",
    "virtualization",
    "virtualbox",
    "vmware",
    "qemu",
    "kvm",
    "openstack",
    "hvm domu",
    "bochs",
    "parallels",
    "bhyve",
    "alibaba cloud ecs",
    "droplet",
)
# Amazon's machines without a hypervisor have the same vendor as those with one.
_BARE_MARK = ".metal"


class CpuIdentity(Record):
    """What the first CPU says of itself; None where it does not.

    Attributes:
        model_name: for people and for look-ups; generic on many virtual machines.
        vendor: x86's ``vendor_id`` or ARM's implementer, "" if there is none.
        family, model, stepping: x86's numbers.
        part: ARM's part number, as in ``0xd0c``.
        has_hypervisor_flag: x86 guests are told so.
    """

    model_name: str | None = None
    vendor: str = ""
    family: int | None = None
    model: int | None = None
    stepping: int | None = None
    part: str | None = None
    has_hypervisor_flag: bool = False


class HostFacts(Record):
    """The machine.

    Attributes:
        cpu: identity of the CPUs (of the first, where they differ).
        logical_cpus: online, 1 or more.
        sockets: visible, 1 or more.
        threads_per_core: 1 or more; a virtual machine may not be told the truth.
        memory_bytes: installed, 0 if unknown.
        virtual: whether this is a virtual machine.
        virtual_evidence: what says so, None on bare metal.
        cloud: the provider, and the instance type where the firmware tells it; None elsewhere.
    """

    cpu: CpuIdentity
    logical_cpus: int
    sockets: int
    threads_per_core: int
    memory_bytes: int
    virtual: bool
    virtual_evidence: str | None = None
    cloud: CloudInstance | None = None

    @property
    def cpu_model(self) -> str | None:
        """Return the CPU's name for people."""
        return self.cpu.model_name


def read_host(procfs: str, sysfs: str) -> HostFacts:
    """Return the facts; whatever is missing or odd is left at its least surprising value."""
    head = _read(f"{procfs}/cpuinfo", _HEAD_BYTES)
    cpu = parse_cpuinfo(head)
    cpus = f"{sysfs}/devices/system/cpu"
    logical_cpus = count_list(_read(f"{cpus}/online")) or _count_processors(procfs)
    topology = f"{cpus}/cpu0/topology"
    in_socket = count_list(
        _read(f"{topology}/package_cpus_list") or _read(f"{topology}/core_siblings_list")
    )
    in_core = count_list(
        _read(f"{topology}/core_cpus_list") or _read(f"{topology}/thread_siblings_list")
    )
    firmware = read_firmware(sysfs)
    evidence = _virtual_evidence(cpu, firmware, procfs, sysfs)
    return HostFacts(
        cpu=cpu,
        logical_cpus=logical_cpus,
        sockets=max(1, round(logical_cpus / in_socket)) if in_socket else 1,
        threads_per_core=min(max(1, in_core), logical_cpus),
        memory_bytes=parse_memory_bytes(_read(f"{procfs}/meminfo")),
        virtual=evidence is not None,
        virtual_evidence=evidence,
        cloud=cloud_of(firmware),
    )


def read_firmware(sysfs: str) -> Firmware:
    """Return what the firmware says of the machine; nothing of it needs a privilege."""
    folder = f"{sysfs}/class/dmi/id"
    return Firmware(**{name: _read(f"{folder}/{name}").strip() for name in FIRMWARE_FILES})


def parse_cpuinfo(text: str) -> CpuIdentity:
    """Return the identity in the (head of the) text of ``cpuinfo``; of the first CPU in it."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and value.strip():
            fields.setdefault(key.strip(), value.strip())
    vendor = fields.get("CPU implementer") or fields.get("vendor_id", "")
    part = fields.get("CPU part")
    return CpuIdentity(
        model_name=_model_name(fields, vendor, part),
        vendor=vendor,
        family=_integer(fields.get("cpu family")),
        model=_integer(fields.get("model")),
        stepping=_integer(fields.get("stepping")),
        part=part,
        has_hypervisor_flag="hypervisor" in fields.get("flags", "").split(),
    )


def _model_name(fields: dict[str, str], vendor: str, part: str | None) -> str | None:
    """Prefer the name of an ARM core to the generic text that old kernels give there."""
    core = arm_core_name(vendor, part) if part else None
    if core is not None:
        return core
    if vendor == "IBM/S390":
        machine = fields.get("processor 0", "").rpartition("machine =")[2].strip()
        return f"IBM Z {machine}".strip()
    for key in ("model name", "Processor", "cpu model", "cpu", "uarch", "Model", "Hardware"):
        if key in fields:
            return " ".join(fields[key].split())
    return None


def parse_memory_bytes(meminfo: str) -> int:
    """Return installed memory, 0 if it is not told; what the firmware keeps is not in it."""
    fields = meminfo.split()
    try:
        return int(fields[fields.index("MemTotal:") + 1]) * 1024
    except (ValueError, IndexError):
        return 0


def count_list(text: str) -> int:
    """Return how many numbers a kernel list such as ``0-3,8`` names; 0 if it is not one."""
    count = 0
    for item in text.strip().split(","):
        first, dash, last = item.partition("-")
        low, high = _integer(first), _integer(last if dash else first)
        if low is None or high is None or high < low:
            return 0
        count += high - low + 1
    return count


def is_virtual_product(vendor: str, product: str) -> bool:
    """Return whether firmware names are those of a virtual machine."""
    names = f"{vendor} {product}".lower()
    return _BARE_MARK not in names and any(mark in names for mark in _VIRTUAL_MARKS)


def _virtual_evidence(cpu: CpuIdentity, firmware: Firmware, procfs: str, sysfs: str) -> str | None:
    vendor, product = firmware.sys_vendor, firmware.product_name
    if is_virtual_product(vendor, product):
        return f"{vendor} {product}".strip()
    if cpu.has_hypervisor_flag:
        return "hypervisor flag"
    hypervisor = _read(f"{sysfs}/hypervisor/type").strip()
    if hypervisor:
        return hypervisor
    if "virt" in _read(f"{procfs}/device-tree/compatible"):
        return "device tree"
    if "\nVM00" in _read(f"{procfs}/sysinfo"):
        return "VM00 in sysinfo"
    return None


def _count_processors(procfs: str) -> int:
    """Count in ``stat``, which is cheap to read; at least 1."""
    return max(1, _read(f"{procfs}/stat", 1 << 20).count("\ncpu"))


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _read(path: str, most_bytes: int = _SMALL_BYTES) -> str:
    """Return the head of a file, "" if it cannot be read."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
        try:
            content = b""
            while len(content) < most_bytes:
                more = os.read(descriptor, most_bytes - len(content))
                if not more:
                    break
                content += more
        finally:
            os.close(descriptor)
    except OSError:
        return ""
    return content.decode("utf-8", "replace")
