"""SPECpower servers (``tests/machine/specpower``), and what the model says of them."""

from __future__ import annotations

from statistics import mean, median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.support.cpu_fit import WALL_TO_PACKAGE, slope
from carbonrun.measurement.host import CpuIdentity, HostFacts
from carbonrun.measurement.meters.cpu_power import cpu_power, watts_at
from carbonrun.measurement.meters.estimate import MemoryEstimate
from tools.hardware_build import microarchitectures
from tools.hardware_build.raw import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from carbonrun.measurement.meters.cpu_tables import CpuTables

# Older servers do not put their packages to sleep; nobody measures carbon on one any more.
FIRST_YEAR = 2012
# The full power of servers that are bought today.
RECENT_YEAR = 2017
BYTES_PER_GB = 1_000_000_000


class Outcome(NamedTuple):
    """One point of a server: measured at the wall, modelled for CPU and memory together."""

    load: float
    measured_watts: float
    watts: float
    low_watts: float
    high_watts: float


def read_results(path: Path) -> list[Result]:
    """Return the results in the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t")[1:] for line in lines if not line.startswith("#")]
    return [
        Result(
            cpu=row[0],
            microarchitecture=row[1] or None,
            year=int(row[2]),
            design_watts=float(row[3]),
            chips=int(row[4]),
            threads=int(row[5]),
            threads_per_core=int(row[6]),
            memory_gb=float(row[7]),
            idle_watts=float(row[8]),
            full_watts=float(row[9]),
        )
        for row in rows
    ]


def full_share_of_servers(results: Iterable[Result]) -> float:
    """Return what CPUs draw of their design power at full load, by the power at the wall."""
    recent = [r for r in results if r.year >= RECENT_YEAR]
    points = [((r.design_watts or 0.0) * r.chips, r.memory_gb, r.full_watts) for r in recent]
    return slope(points) * WALL_TO_PACKAGE


def outcomes(result: Result, tables: CpuTables, *, virtual: bool) -> list[Outcome]:
    """Return idle and full power of a server; as a virtual machine that has all of it."""
    host = HostFacts(
        cpu=CpuIdentity(model_name=f"Xeon {result.cpu}"),
        logical_cpus=result.threads,
        sockets=result.chips,
        threads_per_core=result.threads_per_core,
        memory_bytes=int(result.memory_gb * BYTES_PER_GB),
        virtual=virtual,
    )
    power = cpu_power(host, tables)
    memory = MemoryEstimate(host.memory_bytes).device
    idle = memory.idle
    assert idle is not None
    return [
        Outcome(
            load=load,
            measured_watts=measured,
            watts=watts_at(power, load) + idle.watts,
            low_watts=watts_at(power, load) * power.low_factor + idle.watts * memory.low_factor,
            high_watts=watts_at(power, load) * power.high_factor + idle.watts * memory.high_factor,
        )
        for load, measured in ((0.0, result.idle_watts), (1.0, result.full_watts))
    ]


def by_name(results: Iterable[Result], tables: CpuTables) -> list[Outcome]:
    """Return the points of servers whose CPU is known by its name; none was used to fit."""
    return [o for r in results if r.year >= FIRST_YEAR for o in outcomes(r, tables, virtual=False)]


def without_cpu(results: list[Result], tables: CpuTables) -> list[Outcome]:
    """Return the points of servers of which only the microarchitecture is known.

    Each CPU is taken out of the table of its microarchitecture before.
    """
    return _left_out(results, tables.replace(tdp=""), lambda result: result.cpu)


def without_microarchitecture(results: list[Result], tables: CpuTables) -> list[Outcome]:
    """Return the points of servers of which nothing is known.

    Each microarchitecture is taken out of the table before.
    """
    unknown = tables.replace(tdp="", models="")
    return _left_out(results, unknown, lambda result: result.microarchitecture or "")


def _left_out(
    results: list[Result], tables: CpuTables, key: Callable[[Result], str]
) -> list[Outcome]:
    found: list[Outcome] = []
    known = [result for result in results if result.microarchitecture is not None]
    for left_out in dict.fromkeys(map(key, known)):
        rest = microarchitectures.rows({}, [result for result in known if key(result) != left_out])
        text = "\n".join(["#", *(f"{name}\t{row}" for name, row in rest.items())])
        rebuilt = tables.replace(threads=text)
        for result in known:
            if key(result) == left_out and result.year >= FIRST_YEAR:
                found += outcomes(result, rebuilt, virtual=True)
    return found


def mape(points: Iterable[Outcome]) -> float:
    """Return the mean absolute percentage error, as a share."""
    return mean(abs(p.watts - p.measured_watts) / p.measured_watts for p in points)


def coverage(points: Iterable[Outcome]) -> float:
    """Return the share of points within the bounds."""
    return mean(p.low_watts <= p.measured_watts <= p.high_watts for p in points)


def width(points: Iterable[Outcome]) -> float:
    """Return the mean width of the bounds, as a multiple of the modelled power."""
    return mean((p.high_watts - p.low_watts) / p.watts for p in points)


def bias(points: Iterable[Outcome]) -> float:
    """Return the median of measured over modelled power."""
    return median(p.measured_watts / p.watts for p in points)
