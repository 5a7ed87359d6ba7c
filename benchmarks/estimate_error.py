"""How far off the CPU model is, on CPUs that it was not fitted to.

Usage: ``python benchmarks/estimate_error.py``

Two kinds of truth. Four machines were loaded in eleven steps while RAPL counted
(``tests/machine/cpu_load``): the power of the CPU packages, which is what the model is of. And
SPECpower servers since 2012 (``tests/machine/specpower``): power at the wall, idle and full, beside
what a report would say of CPU and memory together; a server draws more than these two, at the least
what its power supply loses.

The error is the mean absolute percentage error (MAPE) over the points; the coverage is the share of
points within the bounds; the width is that of the bounds as a multiple of the modelled power. What
was held out is said in each row. The straight line was chosen among several curves on the same four
machines; the differences are within chance.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support import servers  # noqa: E402
from benchmarks.support.cpu_fit import Fit, LoadCurve, fit  # noqa: E402
from carbonrun.measurement.host import CpuIdentity, HostFacts  # noqa: E402
from carbonrun.measurement.meters.cpu_data import read_tables  # noqa: E402
from carbonrun.measurement.meters.cpu_power import cpu_power, watts_at  # noqa: E402
from carbonrun.measurement.meters.cpu_tables import (  # noqa: E402
    CpuTables,
    normalise_name,
    tdp_watts,
)
from carbonrun.record import Record  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CURVES = ROOT / "tests" / "machine" / "cpu_load"
RESULTS = ROOT / "tests" / "machine" / "specpower" / "results.tsv"
JOULES_PER_KWH = 3.6e6

AMD, INTEL = "AuthenticAMD", "GenuineIntel"
# file -> sockets, vendor, family, model, stepping. 24 threads of an E5-2620 v3 are two sockets.
MACHINES = {
    "AMD_EPYC_8024P_8C.csv": (1, AMD, 25, 160, 2),
    "E5-2620.csv": (2, INTEL, 6, 63, 2),
    "E3-1240_v2.csv": (1, INTEL, 6, 58, 9),
    "Threadripper_1950X.csv": (1, AMD, 23, 1, 1),
}
# Share of the power between idle and full at 0, 10 ... 100 % load.
# Source: mean of 229 SPECpower_ssj2008 results since 2016, spec.org, March 2026.
SPECPOWER_CURVE = (0.0, 0.181, 0.249, 0.315, 0.380, 0.448, 0.525, 0.615, 0.726, 0.858, 1.0)


class Machine(Record):
    """One load profile, and what the model is told of the machine."""

    host: HostFacts
    design_watts: float
    curve: LoadCurve


class Score(Record):
    """How a model did; None for models that give no bounds."""

    mape: float
    coverage: float | None = None
    width: float | None = None


def read_machine(file: str, tables: CpuTables) -> Machine:
    """Return a profile."""
    with (CURVES / file).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    sockets, vendor, family, model, stepping = MACHINES[file]
    name = rows[0]["cpu_name"]
    cpu = CpuIdentity(model_name=name, vendor=vendor, family=family, model=model, stepping=stepping)
    host = HostFacts(
        cpu=cpu,
        logical_cpus=int(rows[0]["cores_used"]),
        sockets=sockets,
        threads_per_core=2,
        memory_bytes=0,
        virtual=False,
    )
    design_watts = (tdp_watts(tables, normalise_name(name)) or 0.0) * sockets
    points = tuple(
        (
            float(row["cpu_load"]) / 100,
            float(row["rapl_energy"]) * JOULES_PER_KWH / float(row["duration"]) / design_watts,
        )
        for row in rows
    )
    return Machine(
        host=host,
        design_watts=design_watts,
        curve=LoadCurve(name=name, maker=vendor, points=points),
    )


def read_machines(tables: CpuTables) -> list[Machine]:
    """Return all profiles."""
    return [read_machine(file, tables) for file in MACHINES]


def score(points: Iterable[tuple[float, float, float, float]]) -> Score:
    """Return the score for points of measured, modelled, lowest and highest power."""
    listed = list(points)
    return Score(
        mape=mean(abs(watts - truth) / truth for truth, watts, _, _ in listed),
        coverage=mean(low <= truth <= high for truth, _, low, high in listed),
        width=mean((high - low) / watts for _, watts, low, high in listed),
    )


def simple(machines: Iterable[Machine], model: Callable[[float], float]) -> Score:
    """Return the score of a model that is a function of the load, in units of design power."""
    errors = [
        abs(model(load) - share) / share
        for machine in machines
        for load, share in machine.curve.points
    ]
    return Score(mape=mean(errors))


def refitted(
    machines: Sequence[Machine], servers_share: float, curve: Callable[[float], float]
) -> Score:
    """Return the score when each machine is modelled by a fit to the three others."""
    points = []
    for machine in machines:
        others = [other.curve for other in machines if other is not machine]
        found = fit(others, servers_share)
        for load, share in machine.curve.points:
            modelled = found.share(machine.curve.maker, curve(load))
            points.append((share, modelled, modelled / found.factor, modelled * found.factor))
    return score(points)


def shipped(machines: Iterable[Machine], tables: CpuTables, *, virtual: bool = False) -> Score:
    """Return the score of the figures that ship; they are fitted to these machines."""
    points = []
    for machine in machines:
        power = cpu_power(machine.host.replace(virtual=virtual), tables)
        for load, share in machine.curve.points:
            watts = watts_at(power, load)
            low, high = watts * power.low_factor, watts * power.high_factor
            points.append((share * machine.design_watts, watts, low, high))
    return score(points)


def specpower_curve(load: float) -> float:
    """Return the share of the dynamic power of an average SPECpower server."""
    index = min(int(load * 10), 9)
    low, high = SPECPOWER_CURVE[index], SPECPOWER_CURVE[index + 1]
    return low + (high - low) * (min(1.0, load) * 10 - index)


def fit_all(machines: Iterable[Machine], servers_share: float) -> Fit:
    """Return what the shipped figures were rounded from."""
    return fit([machine.curve for machine in machines], servers_share)


def curve_scores(tables: CpuTables) -> dict[str, Score]:
    """Return the scores on the measured load curves; ours, then simpler models."""
    machines = read_machines(tables)
    share = servers.full_share_of_servers(servers.read_results(RESULTS))
    return {
        "ours, each machine held out": refitted(machines, share, lambda load: load),
        " with the SPECpower curve": refitted(machines, share, specpower_curve),
        " full at 80 % load": refitted(machines, share, lambda load: min(1.0, load / 0.8)),
        "ours as shipped": shipped(machines, tables),
        " as a VM": shipped(machines, tables, virtual=True),
        " as a VM without a name": shipped(
            machines, tables.replace(tdp="", models=""), virtual=True
        ),
        "TDP x load": simple(machines, lambda load: load),
        "TDP x (0.1 + 0.9 load^3)": simple(machines, lambda load: 0.1 + 0.9 * load**3),
        "TDP x 0.5": simple(machines, lambda _load: 0.5),
        "TDP x 0.85": simple(machines, lambda _load: 0.85),
    }


def server_scores(tables: CpuTables) -> dict[str, Score]:
    """Return the scores on SPECpower servers, for idle and full power together."""
    results = servers.read_results(RESULTS)
    groups = {
        "named CPU (no row was used to fit)": servers.by_name(results, tables),
        "microarchitecture, CPU held out": servers.without_cpu(results, tables),
        "nothing, microarchitecture held out": servers.without_microarchitecture(results, tables),
    }
    return {
        name: score((p.measured_watts, p.watts, p.low_watts, p.high_watts) for p in points)
        for name, points in groups.items()
    }


def main() -> None:
    """Print the tables of errors and coverages."""
    tables = read_tables()
    print(f"{'package power, 44 points':37}{'MAPE':>8}{'coverage':>10}{'width':>8}")
    for name, found in curve_scores(tables).items():
        print(_row(name, found))
    print(f"\n{'CPU + memory against the wall':37}{'MAPE':>8}{'coverage':>10}{'width':>8}")
    for name, found in server_scores(tables).items():
        print(_row(name, found))
    machines = read_machines(tables)
    fitted = fit_all(machines, servers.full_share_of_servers(servers.read_results(RESULTS)))
    print(f"\nfit to all four: {fitted}")


def _row(name: str, found: Score) -> str:
    bounds = "" if found.coverage is None else f"{found.coverage:10.1%}{found.width:8.2f}"
    return f"{name:37}{found.mape:8.1%}{bounds}"


if __name__ == "__main__":
    main()
