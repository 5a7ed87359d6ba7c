"""The design power of all visible CPUs, from the best that is known of them. Pure.

In this order: the CPU's name in the table of design powers, for whole sockets on bare metal and
for single hardware threads on a virtual machine, which sees some CPUs of a socket only; its
microarchitecture; the family of cloud instances that it belongs to; the middle of all servers.

Not responsible for what a CPU draws of its design power (:mod:`cpu_power`).
"""

from __future__ import annotations

from math import exp, log, sqrt

from carbonrun.measurement.cloud import NAMES, family_key
from carbonrun.measurement.meters.cpu_tables import (
    Threads,
    instance_row,
    model_row,
    normalise_name,
    tdp_watts,
    threads_row,
)
from carbonrun.measurement.microarchitecture import microarchitecture
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.meters.cpu_tables import CpuTables, InstanceRow, ModelRow

TDP_SOURCE = "CodeCarbon 3.3.2, MIT, 2026"
RESULTS_SOURCE = "SPECpower results, spec.org, 2026"
WALL_SOURCES = {"CCF": "Cloud Carbon Footprint, Apache-2.0, 2026", "SPEC": RESULTS_SOURCE}
INSTANCE_SOURCES = {
    "aws": "Amazon EC2 instance types, 2026",
    "azure": WALL_SOURCES["CCF"],
    "gcp": WALL_SOURCES["CCF"],
}
UNKNOWN = "unknown"
# For an installation without its tables; the row of the table that is called so.
UNKNOWN_THREADS = Threads(
    design_watts=3.269,
    low_factor=0.375,
    high_factor=3.82,
    most_idle_share=1.0,
    threads_per_core=2,
    wall_idle_watts=0.7128,
    wall_full_watts=2.604,
    origin="CCF",
)
_SERVER_NAMES = ("xeon", "epyc", "opteron", "neoverse", "ampere")


class Design(Record):
    """Thermal design power of all visible CPUs together.

    Attributes:
        watts: best value, more than 0.
        low_factor, high_factor: within which the design power itself lies; 1 where it is known.
        microarchitectures: that the CPUs may have; empty if that is not known.
        is_server: whether the CPUs are known to be those of a server.
        source: tables, licence, year, for the reader.
        how: the reasoning in short, for the reader.
    """

    watts: float
    low_factor: float
    high_factor: float
    microarchitectures: tuple[str, ...]
    is_server: bool
    source: str
    how: str


class _Known(Record):
    """What was found of the CPUs in the tables."""

    name: str
    key: str
    row: ModelRow | None
    instance: InstanceRow | None
    microarchitectures: tuple[str, ...]
    is_server: bool


def combine(*factors: float) -> float:
    """Return the factor that independent factors come to: the root of the squares of their logs.

    >>> round(combine(0.5, 0.5), 3)
    0.375
    """
    length = sqrt(sum(log(factor) ** 2 for factor in factors))
    return exp(length) if max(factors) > 1 else exp(-length)


def design_power(host: HostFacts, tables: CpuTables) -> Design:
    """Return the design power of the host's CPUs; never fails, the factors say how sure it is."""
    known = _identify(host, tables)
    tdp = tdp_watts(tables, known.key)
    if tdp is not None and not host.virtual:
        return _of_sockets(host, known, tdp)
    if tdp is not None:
        threads = _threads_per_socket(known)
        if threads is not None:
            return _of_named_threads(host, known, tdp, threads)
    rows = [threads_row(tables, name) for name in known.microarchitectures]
    found = [row for row in rows if row is not None]
    if found:
        return _of_microarchitecture(host, known, found)
    return _of_unknown(host, known, threads_row(tables, UNKNOWN) or UNKNOWN_THREADS)


def _identify(host: HostFacts, tables: CpuTables) -> _Known:
    """Look everything up; a name that tells nothing gives way to the only CPU of an instance."""
    name = host.cpu.model_name or "unknown CPU"
    key, cpu = normalise_name(name), host.cpu
    instance = None
    if host.cloud is not None and host.cloud.instance_type is not None:
        family = family_key(host.cloud.provider, host.cloud.instance_type)
        instance = instance_row(tables, family)
    if instance is not None and len(instance.cpus) == 1 and tdp_watts(tables, key) is None:
        key = normalise_name(instance.cpus[0])
        name = f"{name} = {instance.cpus[0]}"
    row = model_row(tables, key)
    told = microarchitecture(cpu.vendor, cpu.family, cpu.model, cpu.stepping, cpu.part)
    one = row.microarchitecture if row is not None else told
    several = instance.microarchitectures if instance is not None else ()
    # Graviton2 has the cores of Neoverse N1: what the instance is says more than its cores.
    is_more_exact = len(several) == 1 and several[0].startswith("Graviton")
    return _Known(
        name=name,
        key=key,
        row=row,
        instance=instance,
        microarchitectures=several if one is None or is_more_exact else (one,),
        is_server=any(word in name.lower() for word in _SERVER_NAMES),
    )


def _threads_per_socket(known: _Known) -> int | None:
    """Return hardware threads of a socket, by table or by the name ("64-Core")."""
    if known.row is not None and known.row.threads_per_socket is not None:
        return known.row.threads_per_socket
    for word in known.name.lower().split():
        cores = word.removesuffix("-core")
        if cores != word and cores.isascii() and cores.isdigit() and int(cores) > 0:
            return 2 * int(cores)  # AMD alone names CPUs so, and all since 2017 have two threads
    return None


def _of_sockets(host: HostFacts, known: _Known, tdp: float) -> Design:
    sockets = f" x {host.sockets} sockets" if host.sockets > 1 else ""
    return Design(
        watts=tdp * host.sockets,
        low_factor=1.0,
        high_factor=1.0,
        microarchitectures=known.microarchitectures,
        is_server=known.is_server,
        source=f"{known.name}, TDP {tdp:g} W{sockets} ({TDP_SOURCE})",
        how="named CPU, whole sockets",
    )


def _of_named_threads(host: HostFacts, known: _Known, tdp: float, threads: int) -> Design:
    count, high, how = _visible_threads(host, known, 2)
    return Design(
        watts=tdp / threads * count,
        low_factor=1.0,
        high_factor=high,
        microarchitectures=known.microarchitectures,
        is_server=known.is_server,
        source=f"{_place(host, known)}{known.name}, TDP {tdp:g} W / {threads} threads x {count} "
        f"({TDP_SOURCE}; {RESULTS_SOURCE})",
        how=f"named CPU, {how}",
    )


def _of_microarchitecture(host: HostFacts, known: _Known, rows: list[Threads]) -> Design:
    """Return the design power by what CPUs of this kind have; of several kinds the middle."""
    count, whole_cores, how = _visible_threads(host, known, max(r.threads_per_core for r in rows))
    watts = exp(sum(log(row.design_watts) for row in rows) / len(rows))
    low = min(row.design_watts * row.low_factor for row in rows) / watts
    high = max(row.design_watts * row.high_factor for row in rows) / watts
    wall = f"{rows[0].wall_idle_watts:.3g} to {rows[0].wall_full_watts:.3g}"
    wall_source = WALL_SOURCES[rows[0].origin]
    instance = known.instance
    if instance is not None and instance.wall_idle_watts and instance.wall_full_watts:
        wall = f"{instance.wall_idle_watts:.3g} to {instance.wall_full_watts:.3g}"
        wall_source = WALL_SOURCES["CCF"]
    names = " or ".join(known.microarchitectures)
    return Design(
        watts=watts * count,
        low_factor=low,
        high_factor=high * whole_cores,
        microarchitectures=known.microarchitectures,
        is_server=known.is_server,
        source=f"{_place(host, known)}{known.name} = {names}, {watts:.3g} W x {count} threads "
        f"({TDP_SOURCE}; {RESULTS_SOURCE}); a server at the wall {wall} W a CPU ({wall_source})",
        how=f"{names}, {how}",
    )


def _of_unknown(host: HostFacts, known: _Known, row: Threads) -> Design:
    count = host.logical_cpus
    return Design(
        watts=row.design_watts * count,
        low_factor=row.low_factor,
        high_factor=row.high_factor,
        microarchitectures=(),
        is_server=False,
        source=f"{known.name} is in no table, {row.design_watts:.3g} W x {count} CPUs "
        f"(middle of all servers, {TDP_SOURCE}; {RESULTS_SOURCE})",
        how="default for an unknown CPU",
    )


def _visible_threads(host: HostFacts, known: _Known, per_core: int) -> tuple[int, float, str]:
    """Return hardware threads, how many times as many there may be, and that in words.

    A virtual machine may not be told whether its CPUs are threads or whole cores.
    """
    count = host.logical_cpus
    if known.instance is not None:
        is_whole = known.instance.threads_per_vcpu > 1
        words = f"{count} whole cores" if is_whole else f"{count} hardware threads"
        return count * known.instance.threads_per_vcpu, 1.0, words
    if host.threads_per_core < per_core:
        words = f"{count} hardware threads, or as many whole cores of {per_core}"
        return count, float(per_core), words
    return count, 1.0, f"{count} hardware threads"


def _place(host: HostFacts, known: _Known) -> str:
    """Return the instance type with its source, if it told anything."""
    cloud = host.cloud
    if known.instance is None or cloud is None:
        return ""
    source = INSTANCE_SOURCES[cloud.provider]
    return f"{NAMES[cloud.provider]} {cloud.instance_type} ({source}), "
