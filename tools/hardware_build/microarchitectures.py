"""Watts per hardware thread by microarchitecture, with how much its CPUs differ.

The design power per thread is the median over the CPUs (each counts once) of the SPECpower
results; what the servers drew at the wall is beside it.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from tools.hardware_build.raw import USE_FILES, read_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tools.hardware_build.raw import Result

# For a CPU that is in no table: the middle of all microarchitectures.
UNKNOWN = "unknown"
# Left out: 3.68 W idle and 8.96 W full per thread are six to fourteen times what the SPECpower
# results of these CPUs give (0.26 and 1.46), and more than any other server of its decade. Our
# row is the mean of the published results, the way that the other rows were made.
WRONG_ROWS = frozenset(("EPYC 5th Gen",))
# These have no SPECpower results of their own: the coefficients repeat those of EPYC 2nd Gen.
PROXIES = frozenset(("Graviton2", "Graviton3", "Graviton3E", "Graviton4"))
ONE_THREAD_PER_CORE = frozenset(("Neoverse N1", *PROXIES))

# With fewer CPUs their own spread says little; then that of all the others counts.
LEAST_CPUS = 5
# Of idle power at the wall; the rest is lost in the power supply and drawn by board and fans.
# Source: 80 PLUS asks for 0.90 to 0.94 of server power supplies at a fifth of the load.
MOST_PACKAGE_SHARE = 0.8

Wall = dict[str, tuple[float, float]]


class Spread(NamedTuple):
    """Middle, and how many times as much the lowest and the highest twentieth are."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """Return the median and what a twentieth of the values lies below and above of."""
    ordered = sorted(values)
    middle, last = statistics.median(ordered), len(ordered) - 1
    return Spread(
        median=middle,
        low=min(1.0, ordered[round(0.05 * last)] / middle),
        high=max(1.0, ordered[round(0.95 * last)] / middle),
    )


def design_per_thread(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """Return design watts per thread by CPU, by microarchitecture."""
    found: dict[str, dict[str, float]] = {}
    for result in results:
        if result.design_watts is not None and result.microarchitecture is not None:
            watts = result.design_watts * result.chips / result.threads
            found.setdefault(result.microarchitecture, {})[result.cpu] = watts
    return found


def published(raw: Path) -> Wall:
    """Return idle and full watts per vCPU at the wall as Cloud Carbon Footprint has them."""
    return {
        row["Architecture"]: (float(row["Min Watts"]), float(row["Max Watts"]))
        for row in read_csv(raw / USE_FILES["aws"])
        if row["Architecture"] not in WRONG_ROWS
    }


def rows(wall: Mapping[str, tuple[float, float]], results: Sequence[Result]) -> dict[str, str]:
    """Return the table's rows: see :class:`carbonrun.measurement.meters.cpu_tables.Threads`."""
    designs = design_per_thread(results)
    within = spread(
        watts / statistics.median(cpus.values())
        for cpus in designs.values()
        for watts in cpus.values()
        if len(cpus) > 1
    )
    wall_ratio = statistics.median(
        r.full_watts / (r.design_watts * r.chips)
        for r in results
        if r.microarchitecture is not None and r.design_watts is not None
    )
    names = [*dict.fromkeys((*wall, *(r.microarchitecture or "" for r in results)))]
    of = {name: [r for r in results if r.microarchitecture == name] for name in names if name}
    at_wall = {name: wall.get(name) or _mean_watts(of[name]) for name in of}
    found = {
        name: _row(
            name,
            of[name],
            _design(designs.get(name, {}), within, at_wall[name][1] / wall_ratio),
            at_wall[name],
            "CCF" if name in wall else "SPEC",
        )
        for name in of
    }
    return {**found, UNKNOWN: _unknown(designs, within, at_wall.values())}


def _mean_watts(results: Sequence[Result]) -> tuple[float, float]:
    return (
        statistics.mean(r.idle_watts / r.threads for r in results),
        statistics.mean(r.full_watts / r.threads for r in results),
    )


def _design(cpus: Mapping[str, float], within: Spread, guess_watts: float) -> Spread:
    """Return the design power per thread of CPUs, of ``guess_watts`` where there is none."""
    design = spread(cpus.values()) if cpus else Spread(guess_watts, 1.0, 1.0)
    if len(cpus) >= LEAST_CPUS:
        return design
    return Spread(design.median, min(design.low, within.low), max(design.high, within.high))


def _row(
    name: str, results: Sequence[Result], design: Spread, wall: tuple[float, float], origin: str
) -> str:
    shares = [r.idle_watts / (r.design_watts * r.chips) for r in results if r.design_watts]
    idle_share = statistics.median(shares) if shares else wall[0] / design.median
    return "\t".join(
        (
            f"{design.median:.4g}",
            f"{design.low:.3g}",
            f"{design.high:.3g}",
            f"{MOST_PACKAGE_SHARE * idle_share:.3g}",
            "1" if name in ONE_THREAD_PER_CORE else "2",
            f"{wall[0]:.4g}",
            f"{wall[1]:.4g}",
            origin,
        )
    )


def _unknown(
    designs: Mapping[str, Mapping[str, float]],
    within: Spread,
    walls: Iterable[tuple[float, float]],
) -> str:
    """Return the row for what is in no table; what is known of it is how much others differ."""
    between = spread(statistics.median(cpus.values()) for cpus in designs.values())
    idle, full = (statistics.median(watts) for watts in zip(*walls, strict=True))
    return (
        f"{between.median:.4g}\t{between.low * within.low:.3g}\t{between.high * within.high:.3g}"
        f"\t1\t2\t{idle:.4g}\t{full:.4g}\tCCF"
    )
