"""Power of a CPU by what it is: idle and full watts, with bounds, and the curve between. Pure.

Responsible for choosing the best of what is known: thermal design power of a named CPU on bare
metal; watts per hardware thread of its microarchitecture on a virtual machine, which sees some
CPUs of a socket only; a wide default where the CPU is unknown. Not responsible for reading
tables or the host, or for time.

Two scopes, which the source text names: design power leads to the power of the CPU packages (what
RAPL would show); watts per thread are a share of a whole server at the wall, with memory, fans
and power supply, because nothing else is published. The bounds contain both readings.

How the factors were chosen: ``benchmarks/estimate_error.py``.
"""

from __future__ import annotations

from carbonrun.measurement.meters.cpu_tables import (
    model_row,
    normalise_name,
    tdp_watts,
    watts_per_thread,
)
from carbonrun.measurement.microarchitecture import microarchitecture
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.meters.cpu_tables import CpuTables, WattsPerThread

LINEAR = "linear"
SPECPOWER = "SPECpower"
# Share of the dynamic power at 0, 10 ... 100 % load.
# Source: mean of 229 SPECpower_ssj2008 results since 2016 (spec.org, March 2026); standard
# deviation up to 0.09.
SPECPOWER_CURVE = (0.0, 0.181, 0.249, 0.315, 0.380, 0.448, 0.525, 0.615, 0.726, 0.858, 1.0)

# Design power is what the cooler must bear, not what is drawn: four machines under full load drew
# 0.51, 0.62, 0.72 and 0.93 of it. Source: load profiles of CodeCarbon (MIT), January 2025.
FULL_SHARE_OF_TDP = 0.75
# Measured over modelled power lies between 0.33 and 1.79 at all points of the four profiles.
# (Bounds that had been chosen on two of them held at 82 % of the points of the other two.) What
# SPECpower servers draw at the wall is 0.36 to 1.99 of it for 95 % of the CPUs in both tables.
PACKAGE_LOW_FACTOR, PACKAGE_HIGH_FACTOR = 0.3, 2.0
# Desktop and laptop CPUs may hold more than their design power: an i9-13900K 253 W of 125 W.
# Source: Intel, 13th generation datasheet, "maximum turbo power".
CLIENT_HIGH_FACTOR = 2.7
# Measured idle power was 0.41 to 1.24 times the model's; deep sleep states go lower.
PACKAGE_IDLE_LOW_FACTOR, PACKAGE_IDLE_HIGH_FACTOR = 0.2, 2.0
DEFAULT_IDLE_SHARE = 0.2

# The same ratio for watts per thread: 0.36 to 2.69. Where the published servers of one
# microarchitecture spread wider than that, their spread counts.
THREAD_LOW_FACTOR, THREAD_HIGH_FACTOR = 0.3, 2.7
THREAD_IDLE_LOW_FACTOR = 0.2

# Source: Cloud Carbon Footprint's average over the servers of a cloud, for unknown CPUs (watts
# per thread). A thread of a desktop draws up to 12 W, a core of a single-board computer 1 W.
DEFAULT_IDLE_WATTS, DEFAULT_FULL_WATTS = 0.74, 3.5
DEFAULT_LOW_FACTOR, DEFAULT_HIGH_FACTOR = 0.25, 4.0

YEAR = 2026
TDP_SOURCE = "CodeCarbon 3.3.2, MIT, 2026"
THREAD_SOURCES = {
    "CCF": "Cloud Carbon Footprint, Apache-2.0, 2026",
    "SPEC": "mean of SPECpower results, spec.org, 2026",
}
_SERVER_NAMES = ("xeon", "epyc", "opteron", "neoverse", "ampere")


class CpuPower(Record):
    """What all visible CPUs draw together, in watts.

    Attributes:
        idle_watts, idle_low_watts, idle_high_watts: with nothing to do.
        full_watts, full_low_watts, full_high_watts: with every logical CPU busy.
        low_factor, high_factor: within which the truth lies at any load, of the modelled power.
        curve: ``linear`` or ``SPECpower``, between idle and full.
        source: tables, licence, year, for the reader.
        year: of the tables.
        how: the reasoning in short, for the reader.
    """

    idle_watts: float
    idle_low_watts: float
    idle_high_watts: float
    full_watts: float
    full_low_watts: float
    full_high_watts: float
    low_factor: float
    high_factor: float
    curve: str
    source: str
    year: int
    how: str


def dynamic_share(curve: str, load: float) -> float:
    """Return the share of the power above idle at a load of 0 to 1 (more counts as 1)."""
    load = min(1.0, max(0.0, load))
    if curve == LINEAR:
        return load
    index = min(int(load * 10), 9)
    low, high = SPECPOWER_CURVE[index], SPECPOWER_CURVE[index + 1]
    return low + (high - low) * (load * 10 - index)


def watts_at(power: CpuPower, load: float) -> float:
    """Return the modelled power at a load of 0 to 1."""
    dynamic_watts = power.full_watts - power.idle_watts
    return power.idle_watts + dynamic_watts * dynamic_share(power.curve, load)


def cpu_power(host: HostFacts, tables: CpuTables) -> CpuPower:
    """Return the power of the host's CPUs; never fails, the bounds say how little is known."""
    name = host.cpu.model_name or "unknown CPU"
    key = normalise_name(name)
    row = model_row(tables, key)
    cpu = host.cpu
    family = row.microarchitecture if row is not None else None
    family = family or microarchitecture(cpu.vendor, cpu.family, cpu.model, cpu.stepping, cpu.part)
    watts = watts_per_thread(tables, family)
    tdp = tdp_watts(tables, key)
    if tdp is not None and not host.virtual:
        return _by_design_power(host, name, tdp, family, watts)
    if watts is None or family is None:
        return _by_default(host, name)
    package_watts = None
    if tdp is not None and row is not None and row.threads_per_socket is not None:
        package_watts = tdp * FULL_SHARE_OF_TDP / row.threads_per_socket
    return _by_thread(host, name, family, watts, package_watts)


def _by_design_power(
    host: HostFacts, name: str, tdp: float, family: str | None, watts: WattsPerThread | None
) -> CpuPower:
    """Return the power of the packages of a CPU that is known by its name, on bare metal."""
    share = DEFAULT_IDLE_SHARE if watts is None else watts.idle_share
    full_watts = FULL_SHARE_OF_TDP * tdp * host.sockets
    is_server = any(word in name.lower() for word in _SERVER_NAMES)
    idle_from = "assumed" if watts is None else f"{family}, SPECpower results, spec.org, 2026"
    sockets = f" x {host.sockets} sockets" if host.sockets > 1 else ""
    return _power(
        idle_watts=share * full_watts,
        full_watts=full_watts,
        factors=(PACKAGE_LOW_FACTOR, PACKAGE_HIGH_FACTOR if is_server else CLIENT_HIGH_FACTOR),
        idle_factors=(PACKAGE_IDLE_LOW_FACTOR, PACKAGE_IDLE_HIGH_FACTOR),
        curve=SPECPOWER,
        source=f"model: {name}, TDP {tdp:g} W{sockets} ({TDP_SOURCE}); idle share {share:g} "
        f"({idle_from})",
        how=f"CPU packages: {FULL_SHARE_OF_TDP:g} of the design power at full load",
    )


def _by_thread(
    host: HostFacts,
    name: str,
    family: str,
    watts: WattsPerThread,
    package_watts: float | None,
) -> CpuPower:
    """Return the share of a server that the visible hardware threads have."""
    low = min(THREAD_LOW_FACTOR, watts.low_factor)
    spread = watts.high_factor
    how = f"share of a server at the wall: {host.logical_cpus} hardware threads"
    if host.threads_per_core < watts.threads_per_core:
        spread *= watts.threads_per_core
        how += f", or as many whole cores of {watts.threads_per_core}"
    high = max(THREAD_HIGH_FACTOR, spread)
    if package_watts is not None:
        low = min(low, package_watts / watts.full_watts)
        high = max(high, package_watts / watts.full_watts)
    return _power(
        idle_watts=watts.idle_watts * host.logical_cpus,
        full_watts=watts.full_watts * host.logical_cpus,
        factors=(low, high),
        idle_factors=(min(low, THREAD_IDLE_LOW_FACTOR), high),
        curve=LINEAR,
        source=f"model: {name} = {family}, {watts.idle_watts:.3g} to {watts.full_watts:.3g} W "
        f"x {host.logical_cpus} CPUs ({THREAD_SOURCES[watts.origin]})",
        how=how,
    )


def _by_default(host: HostFacts, name: str) -> CpuPower:
    """Return the wide default for a CPU that is in no table."""
    return _power(
        idle_watts=DEFAULT_IDLE_WATTS * host.logical_cpus,
        full_watts=DEFAULT_FULL_WATTS * host.logical_cpus,
        factors=(DEFAULT_LOW_FACTOR, DEFAULT_HIGH_FACTOR),
        idle_factors=(0.1, DEFAULT_HIGH_FACTOR),
        curve=LINEAR,
        source=f"model: {name} is in no table, {DEFAULT_IDLE_WATTS:g} to {DEFAULT_FULL_WATTS:g} W "
        f"x {host.logical_cpus} CPUs (average server, {THREAD_SOURCES['CCF']})",
        how="default for an unknown CPU",
    )


def _power(  # noqa: PLR0913 - one place that multiplies the bounds out
    *,
    idle_watts: float,
    full_watts: float,
    factors: tuple[float, float],
    idle_factors: tuple[float, float],
    curve: str,
    source: str,
    how: str,
) -> CpuPower:
    return CpuPower(
        idle_watts=idle_watts,
        idle_low_watts=idle_watts * idle_factors[0],
        idle_high_watts=idle_watts * idle_factors[1],
        full_watts=full_watts,
        full_low_watts=full_watts * factors[0],
        full_high_watts=full_watts * factors[1],
        low_factor=factors[0],
        high_factor=factors[1],
        curve=curve,
        source=source,
        year=YEAR,
        how=how,
    )
