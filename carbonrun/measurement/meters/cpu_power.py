"""Power of a CPU by what it is: idle and full watts, with bounds, and the curve between. Pure.

Responsible for the power of the CPU packages (what RAPL would show) at any load, from their design
power (:mod:`cpu_design`) or from what was measured of this very machine. Not responsible for
reading tables or the host, or for time. The memory has a model of its own; fans, board and power
supply are in neither, on bare metal as on virtual machines.

How the figures were chosen and how far off they are: ``benchmarks/estimate_error.py``, which fits
them again without the machine that it tests them on.
"""

from __future__ import annotations

from carbonrun.measurement.load_curve import LINEAR, dynamic_share
from carbonrun.measurement.meters.cpu_design import RESULTS_SOURCE, combine, design_power
from carbonrun.measurement.meters.cpu_tables import threads_row
from carbonrun.measurement.microarchitecture import AMD, INTEL
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.load_curve import Curve
    from carbonrun.measurement.meters.cpu_design import Design
    from carbonrun.measurement.meters.cpu_tables import CpuTables

# Design power is what the cooler must bear, not what is drawn. Geometric mean of two figures: four
# machines drew 0.69 of it at high load (0.53, 0.66, 0.70 and 0.94; load profiles of CodeCarbon,
# MIT, January 2025), and SPECpower servers since 2017 draw 1.01 W more at the wall for each watt
# of it, of which 0.83 reach the CPU. Source: spec.org, March 2026.
FULL_SHARE_OF_DESIGN = 0.76
# The chips of AMD's servers and desktops hang on one for memory and I/O that never sleeps; Intel's
# packages power down as a whole. Source: the same load profiles, 0.20 and 0.24; 0.09 and 0.08.
IDLE_SHARES = {AMD: 0.22, INTEL: 0.086}
# The geometric mean of all four.
OTHER_IDLE_SHARE = 0.14
_FIRST_AMD_OF_CHIPLETS = 23  # family 17h, Zen

# The 90 % interval for a fifth machine (Student's t, three degrees of freedom) is a factor of 2.16
# either way. It is wider upwards, because servers of clouds draw more than these four: the packages
# of six Xeons in Amazon's machines without a hypervisor 1.2 to 2.4 times the modelled power.
# Source: B. Davy, "Estimating AWS EC2 Instances Power Consumption", Teads, 2021.
PACKAGE_LOW_FACTOR, PACKAGE_HIGH_FACTOR = 0.46, 2.3
# Desktop and laptop CPUs may hold more than their design power: an i9-13900K 253 W of 125 W.
# Source: Intel, 13th generation datasheet, "maximum turbo power".
CLIENT_HIGH_FACTOR = 2.7
# Deep sleep states of laptops go lower than any of the four machines did.
IDLE_LOW_FACTOR = 0.2

YEAR = 2026


class CpuPower(Record):
    """What all visible CPUs draw together, in watts.

    Attributes:
        idle_watts, idle_low_watts, idle_high_watts: with nothing to do.
        full_watts, full_low_watts, full_high_watts: with every logical CPU busy.
        low_factor, high_factor: within which the truth lies at any load, of the modelled power.
        curve: load and share of the power between idle and full, both from 0 to 1, ascending.
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
    curve: Curve
    source: str
    year: int
    how: str


def watts_at(power: CpuPower, load: float) -> float:
    """Return the modelled power at a load of 0 to 1."""
    dynamic_watts = power.full_watts - power.idle_watts
    return power.idle_watts + dynamic_watts * dynamic_share(power.curve, load)


def cpu_power(host: HostFacts, tables: CpuTables) -> CpuPower:
    """Return the power of the host's CPUs; never fails, the bounds say how little is known."""
    design = design_power(host, tables)
    share, share_from = _idle_share(host, design, tables)
    high = PACKAGE_HIGH_FACTOR if design.is_server else CLIENT_HIGH_FACTOR
    return _power(
        idle_watts=share * design.watts,
        full_watts=FULL_SHARE_OF_DESIGN * design.watts,
        factors=(
            combine(PACKAGE_LOW_FACTOR, design.low_factor),
            combine(high, design.high_factor),
        ),
        idle_low_factor=combine(IDLE_LOW_FACTOR, design.low_factor),
        curve=LINEAR,
        source=f"model: {design.source}; idle {share:.2g} of that ({share_from})",
        how=f"CPU packages: {FULL_SHARE_OF_DESIGN:g} of the design power at full load; "
        f"{design.how}",
    )


def _idle_share(host: HostFacts, design: Design, tables: CpuTables) -> tuple[float, str]:
    """Return idle as a share of design power, and its source.

    Packages cannot draw more than the whole servers that they are in did.
    """
    share = IDLE_SHARES.get(_maker(host, design) or "", OTHER_IDLE_SHARE)
    rows = [threads_row(tables, name) for name in design.microarchitectures]
    most = min((row.most_idle_share for row in rows if row is not None), default=1.0)
    if most < share:
        return most, f"at most that in {RESULTS_SOURCE}"
    return share, "load profiles of CodeCarbon, MIT, 2025"


def _maker(host: HostFacts, design: Design) -> str | None:
    """Return the maker if it makes a difference; notebook chips of AMD are of one piece."""
    cpu = host.cpu
    names = design.microarchitectures
    if any(name.startswith("EPYC") for name in names):
        return AMD
    if cpu.vendor == AMD:
        is_of_chiplets = (cpu.family or 0) >= _FIRST_AMD_OF_CHIPLETS
        return AMD if is_of_chiplets and "radeon" not in (cpu.model_name or "").lower() else None
    is_arm = any(name.startswith(("Graviton", "Neoverse")) for name in names)
    return INTEL if cpu.vendor == INTEL or (names and not is_arm) else None


def _power(  # noqa: PLR0913 - one place that multiplies the bounds out
    *,
    idle_watts: float,
    full_watts: float,
    factors: tuple[float, float],
    idle_low_factor: float,
    curve: Curve,
    source: str,
    how: str,
    year: int = YEAR,
) -> CpuPower:
    low_factor, high_factor = factors
    return CpuPower(
        idle_watts=idle_watts,
        idle_low_watts=idle_watts * min(low_factor, idle_low_factor),
        idle_high_watts=idle_watts * high_factor,
        full_watts=full_watts,
        full_low_watts=full_watts * low_factor,
        full_high_watts=full_watts * high_factor,
        low_factor=low_factor,
        high_factor=high_factor,
        curve=curve,
        source=source,
        year=year,
        how=how,
    )
