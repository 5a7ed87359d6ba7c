"""Embodied emissions: what making the machine emitted, and the run's part of it. Pure.

::

    M = TE x TS x RS
    TS = duration / life of the machine      RS = CPU time of the tree / (logical CPUs x duration)

For the part of TE that is GPUs, RS is the tree's share of their energy: a training that keeps one
core and all GPUs busy has the GPUs, not one core's part of them.

Source of the formula: SCI specification 1.1 (ISO/IEC 21031:2024), "Embodied emissions".

Source of TE for servers: Cloud Carbon Footprint, methodology, "Embodied emissions", and
ccf-coefficients (Apache-2.0): 1000 kg for a server with one CPU and 16 GB, 533/384 kg for each GB
more, 100 kg for each further CPU or solid-state drive, 50 kg for a hard disk, 150 kg for a GPU, and
four years. Of laptops and desktops: medians of manufacturers' figures collected by Boavizta
(ODbL). None of these was measured on this machine: half of it either way is a choice.
"""

from __future__ import annotations

from carbonrun.measurement.model import GPU
from carbonrun.measurement.parts import DESKTOP, LAPTOP, SERVER, VIRTUAL
from carbonrun.record import Record
from carbonrun.report.footprint.model import Embodied
from carbonrun.report.footprint.platforms import platform_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.parts import Parts
    from carbonrun.report.model import Report

HOURS_A_YEAR = 8760.0
_SERVER_KG, _SERVER_GB = 1000.0, 16.0
_CPU_KG, _SSD_KG, _DISK_KG, _GPU_KG = 100.0, 100.0, 50.0, 150.0
_KG_PER_GB = 533 / 384
_LAPTOP_KG, _DESKTOP_KG = 236.0, 249.0
_LOW, _HIGH = 0.5, 1.5
_GB = 2.0**30
# Hardware threads of a host that is not known: the median of the 23 platforms of ccf-coefficients,
# aws-instances-cpus.csv, and what 20 of them lie between. It is taken to have two sockets.
_HOST_THREADS, _FEW_THREADS, _MANY_THREADS = 48.0, 32.0, 128.0
CCF = "Cloud Carbon Footprint, ccf-coefficients (Apache-2.0)"
BOAVIZTA = "Boavizta, median of manufacturers' figures (ODbL)"
MAKER = "as given"


class Making(Record):
    """What the making of a machine emitted, kg CO2e.

    Attributes:
        kg, low_kg, high_kg: in all.
        gpu_part: which part of that is GPUs, 0 to 1.
        source: for people.
    """

    kg: float
    low_kg: float
    high_kg: float
    gpu_part: float
    source: str


def making_of(parts: Parts, given_kg: float | None) -> Making:
    """Return what the making of a machine emitted: as given, else by its parts."""
    by_parts = _making_by_parts(parts)
    if given_kg is None:
        return by_parts
    return by_parts.replace(kg=given_kg, low_kg=given_kg, high_kg=given_kg, source=MAKER)


def _making_by_parts(parts: Parts) -> Making:
    if parts.kind == VIRTUAL:
        return _slice_of_host(parts)
    if parts.kind in (LAPTOP, DESKTOP):
        kg = _LAPTOP_KG if parts.kind == LAPTOP else _DESKTOP_KG
        more = _GPU_KG * max(0, parts.gpus - 1)  # one is in the figures
        return _around((kg + more,) * 3, more, f"{parts.kind}: {BOAVIZTA}")
    gigabytes = max(0.0, parts.memory_bytes / _GB - _SERVER_GB)
    drives = _SSD_KG * parts.solid_state_drives + _DISK_KG * parts.hard_disks
    kg = _SERVER_KG + _CPU_KG * max(0, parts.sockets - 1) + drives
    gpu_kg = _GPU_KG * parts.gpus
    kg += _KG_PER_GB * gigabytes + gpu_kg
    if parts.kind == SERVER:
        return _around((kg, kg, kg), gpu_kg, f"server: {CCF}")
    return _around((kg, min(kg, _LAPTOP_KG), kg), gpu_kg, f"taken for a server: {CCF}")


def _slice_of_host(parts: Parts) -> Making:
    """Return a virtual machine's part of its host; drives are not its own."""
    gpu_kg = _GPU_KG * parts.gpus
    own = _KG_PER_GB * parts.memory_bytes / _GB + gpu_kg
    host = platform_of(parts.cpu_model)
    threads = (_HOST_THREADS, _MANY_THREADS, _FEW_THREADS)
    server_kg, what = _SERVER_KG + _CPU_KG, "a server"
    if host is not None:
        threads = (float(host.threads),) * 3
        server_kg = _SERVER_KG + _CPU_KG * (host.sockets - 1)
        what = f"a server with {host.threads} of them"
    kgs = tuple(server_kg * min(1.0, parts.logical_cpus / number) + own for number in threads)
    source = f"part of {what}, for {parts.logical_cpus} virtual CPUs: {CCF}"
    return _around(kgs, gpu_kg, source)


def _around(kgs: tuple[float, ...], gpu_kg: float, source: str) -> Making:
    """Return a figure of a model: as it is, at the least and at the most."""
    kg, low, high = kgs
    return Making(
        kg=kg, low_kg=low * _LOW, high_kg=high * _HIGH, gpu_part=gpu_kg / kg, source=source
    )


def embodied_of(report: Report, making: Making, life_years: float) -> Embodied | None:
    """Return the run's part; None if its CPU time is not known.

    Args:
        report: of the run.
        making: of the machine.
        life_years: how long the machine is used, above 0.
    """
    share = resource_share(report, making.gpu_part)
    if share is None:
        return None
    life_seconds = life_years * HOURS_A_YEAR * 3600
    time_share = min(1.0, report.run.duration_seconds / life_seconds)
    part = 1000 * time_share * share
    return Embodied(
        grams_co2e=making.kg * part,
        low_grams_co2e=making.low_kg * part,
        high_grams_co2e=making.high_kg * part,
        machine_kg_co2e=making.kg,
        low_machine_kg_co2e=making.low_kg,
        high_machine_kg_co2e=making.high_kg,
        life_seconds=life_seconds,
        time_share=time_share,
        resource_share=share,
        source=making.source,
    )


def resource_share(report: Report, gpu_part: float) -> float | None:
    """Return the tree's part of the machine, 0 to 1; 1 if all of it is billed.

    Args:
        report: of the run.
        gpu_part: which part of the machine is GPUs.
    """
    if report.run.scope == "machine":
        return 1.0
    seconds = report.run.host.logical_cpus * report.run.duration_seconds
    if report.tree.cpu_seconds is None:
        return None
    cpu_share = min(1.0, report.tree.cpu_seconds / seconds) if seconds > 0 else 0.0
    return min(1.0, (1 - gpu_part) * cpu_share + gpu_part * _gpu_share(report, cpu_share))


def _gpu_share(report: Report, cpu_share: float) -> float:
    """Return the tree's share of the energy of all GPUs; of unmeasured ones its CPU share."""
    gpus = [device for device in report.energy.devices if device.kind == GPU]
    measured = sum(d.joules / d.machine_joules for d in gpus if d.machine_joules > 0)
    unmeasured = sum(row.kind == GPU for row in report.energy.unmeasured)
    count = max(1, len(report.run.host.gpus), len(gpus) + unmeasured)
    return min(1.0, (measured + unmeasured * cpu_share) / count)
