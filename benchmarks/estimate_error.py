"""How far off the CPU model is, against machines that have a sensor.

Usage: ``python benchmarks/estimate_error.py``

Four machines were loaded in eleven steps while RAPL counted (``tests/machine/cpu_load``). For
each, the model sees what it would see without the sensor: the CPU's name and numbers. Compared
with simpler models: design power times load; design power times (0.1 + 0.9 load cubed); half the
design power. The error is the mean absolute percentage error (MAPE) of the package power over
the load points; the coverage is the share of points at which the measured power lies between the
model's low and high factor. A first choice on two of the machines held at 82 % of the points of
the other two; the factors were then widened to all four, so a fifth machine may well lie outside
at a tenth of the points.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from carbonrun.measurement.host import CpuIdentity, HostFacts  # noqa: E402
from carbonrun.measurement.meters.cpu_data import read_tables  # noqa: E402
from carbonrun.measurement.meters.cpu_power import (  # noqa: E402
    LINEAR,
    CpuPower,
    cpu_power,
    watts_at,
)
from carbonrun.measurement.meters.cpu_tables import (  # noqa: E402
    CpuTables,
    normalise_name,
    tdp_watts,
)
from carbonrun.record import Record  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CURVES = ROOT / "tests" / "machine" / "cpu_load"
JOULES_PER_KWH = 3.6e6

AMD, INTEL = "AuthenticAMD", "GenuineIntel"
# file -> sockets, vendor, family, model, stepping. 24 threads of an E5-2620 v3 are two sockets.
SERVERS = {
    "AMD_EPYC_8024P_8C.csv": (1, AMD, 25, 160, 2),
    "E5-2620.csv": (2, INTEL, 6, 63, 2),
}
OTHERS = {
    "E3-1240_v2.csv": (1, INTEL, 6, 58, 9),
    "Threadripper_1950X.csv": (1, AMD, 23, 1, 1),
}


class Point(Record):
    """One step of a load profile: load from 0 to 1, measured power of the packages."""

    load: float
    watts: float


class Machine(Record):
    """One load profile, and what the model is told of the machine."""

    name: str
    host: HostFacts
    points: tuple[Point, ...]


def read_machine(file: str, facts: tuple[int, str, int, int, int], *, virtual: bool) -> Machine:
    """Return a profile; as a virtual machine that has all threads, if ``virtual``."""
    with (CURVES / file).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    sockets, vendor, family, model, stepping = facts
    name = rows[0]["cpu_name"]
    cpu = CpuIdentity(model_name=name, vendor=vendor, family=family, model=model, stepping=stepping)
    points = tuple(
        Point(
            load=float(row["cpu_load"]) / 100,
            watts=float(row["rapl_energy"]) * JOULES_PER_KWH / float(row["duration"]),
        )
        for row in rows
    )
    host = HostFacts(
        cpu=cpu,
        logical_cpus=int(rows[0]["cores_used"]),
        sockets=sockets,
        threads_per_core=2,
        memory_bytes=0,
        virtual=virtual,
    )
    return Machine(name=name, host=host, points=points)


def machines(
    files: dict[str, tuple[int, str, int, int, int]], *, virtual: bool = False
) -> list[Machine]:
    """Return the profiles of ``files``."""
    return [read_machine(file, facts, virtual=virtual) for file, facts in files.items()]


def ratios(machine: Machine, power: CpuPower) -> list[float]:
    """Return measured over modelled power at each point."""
    return [point.watts / watts_at(power, point.load) for point in machine.points]


def coverage(profiles: Iterable[Machine], tables: CpuTables) -> float:
    """Return the share of points at which the measured power is within the model's bounds."""
    inside: list[bool] = []
    for machine in profiles:
        power = cpu_power(machine.host, tables)
        inside += [power.low_factor <= r <= power.high_factor for r in ratios(machine, power)]
    return sum(inside) / len(inside)


def error(profiles: Iterable[Machine], model: Callable[[Machine, float], float]) -> float:
    """Return the mean absolute percentage error of ``model(machine, load)``, as a share."""
    errors = [
        abs(model(machine, point.load) - point.watts) / point.watts
        for machine in profiles
        for point in machine.points
    ]
    return sum(errors) / len(errors)


def models(tables: CpuTables) -> dict[str, Callable[[Machine, float], float]]:
    """Return the models to compare, ours first."""

    def design_watts(machine: Machine) -> float:
        watts = tdp_watts(tables, normalise_name(machine.name))
        return (watts or 0.0) * machine.host.sockets

    def ours(machine: Machine, load: float) -> float:
        return watts_at(cpu_power(machine.host, tables), load)

    def ours_linear(machine: Machine, load: float) -> float:
        return watts_at(cpu_power(machine.host, tables).replace(curve=LINEAR), load)

    return {
        "ours": ours,
        "ours, linear curve": ours_linear,
        "TDP x load": lambda machine, load: design_watts(machine) * load,
        "TDP x (0.1 + 0.9 load^3)": lambda m, load: design_watts(m) * (0.1 + 0.9 * load**3),
        "TDP x 0.5": lambda machine, _load: design_watts(machine) * 0.5,
    }


def main() -> None:
    """Print the tables of errors and coverages."""
    tables = read_tables()
    groups = {"two servers": SERVERS, "two others": OTHERS}
    groups["all four"] = {**SERVERS, **OTHERS}
    print(f"{'MAPE of package power':26}", *(f"{name:>15}" for name in groups))
    for name, model in models(tables).items():
        errors = (f"{error(machines(files), model):15.1%}" for files in groups.values())
        print(f"{name:26}", *errors)
    for virtual in (False, True):
        kind = "coverage, as a VM" if virtual else "coverage, bare metal"
        shares = (coverage(machines(f, virtual=virtual), tables) for f in groups.values())
        print(f"{kind:26}", *(f"{share:15.1%}" for share in shares))
    for virtual in (False, True):
        for machine in machines(groups["all four"], virtual=virtual):
            power = cpu_power(machine.host, tables)
            measured = ratios(machine, power)
            print(
                f"{machine.name[:40]:41}{'VM' if virtual else 'bare':5}"
                f"measured / model {min(measured):.2f} to {max(measured):.2f}, "
                f"bounds {power.low_factor:.2f} to {power.high_factor:.2f}, "
                f"idle {measured[0] * watts_at(power, machine.points[0].load):.1f} W, "
                f"model {power.idle_low_watts:.1f} {power.idle_watts:.1f} "
                f"{power.idle_high_watts:.1f}"
            )


if __name__ == "__main__":
    main()
