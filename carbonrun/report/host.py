"""The report's ``host`` block."""

from __future__ import annotations

import os
import sys

from carbonrun.measurement.model import GPU, Unmeasured
from carbonrun.measurement.tree.procstat import read_bytes
from carbonrun.report.model import Gpu, Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.ledger import DeviceLedger

# The row for all GPUs of a driver that does not even list them.
ALL_NVIDIA = "nvidia"
UNSEEN = "nobody has looked at it; its energy is not in the figures"


def describe_host(facts: HostFacts, machine_id: str | None, procfs: str) -> Host:
    """Return what the report says of the machine."""
    name, system = _name_and_system()
    return Host(
        name=name,
        machine_id=machine_id,
        os=system,
        cpu_model=facts.cpu_model,
        logical_cpus=facts.logical_cpus,
        memory_bytes=facts.memory_bytes or None,
        gpus=nvidia_gpus(procfs),
    )


def _name_and_system() -> tuple[str, str]:
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        return (
            os.environ.get("COMPUTERNAME", ""),
            f"Windows {version.major}.{version.minor}.{version.build}",
        )
    told = os.uname()
    return told.nodename, f"{told.sysname} {told.release}"


def nvidia_gpus(procfs: str) -> tuple[Gpu, ...]:
    """Return the GPUs that the NVIDIA driver lists in procfs; no library call is made."""
    folder = f"{procfs}/driver/nvidia/gpus"
    try:
        addresses = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return ()
    gpus = []
    for address in addresses:
        try:
            content = read_bytes(f"{folder}/{address}/information").decode("utf-8", "replace")
        except OSError:
            continue
        facts = dict(_fact(line) for line in content.splitlines())
        gpus.append(Gpu(id=facts.get("GPU UUID", address), name=facts.get("Model", "NVIDIA GPU")))
    return tuple(gpus)


def _fact(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()


def all_gpus(listed: Iterable[Gpu], ledgers: Iterable[DeviceLedger]) -> tuple[Gpu, ...]:
    """Return the GPUs that the driver lists in procfs, and those that were looked at."""
    seen = {each.device.id: each.device for each in ledgers if each.device.kind == GPU}
    known = tuple(listed)
    others = seen.keys() - {gpu.id for gpu in known}
    return (*known, *(Gpu(id=d.id, name=d.name) for d in seen.values() if d.id in others))


def unmeasured_gpus(
    gpus: Iterable[Gpu], ledgers: Iterable[DeviceLedger], rows: Iterable[Unmeasured]
) -> tuple[Unmeasured, ...]:
    """Return ``rows``, and one for each GPU that is listed and that nobody has looked at."""
    rows = tuple(rows)
    told = {each.device.id for each in ledgers} | {row.id for row in rows}
    of_driver = next((row for row in rows if row.id == ALL_NVIDIA), None)
    reason, hint = UNSEEN, None
    if of_driver is not None:
        reason, hint = of_driver.reason, of_driver.hint
    missing = tuple(
        Unmeasured(id=gpu.id, kind=GPU, reason=f"{gpu.name}: {reason}", hint=hint)
        for gpu in gpus
        if gpu.id not in told
    )
    kept = (row for row in rows if row is not of_driver or not missing)
    return (*kept, *missing)
