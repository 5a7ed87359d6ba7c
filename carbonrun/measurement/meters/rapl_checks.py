"""What can be true of RAPL counters: bounds on power, dies that show one counter. Pure.

The bounds are our own, wide enough for every machine that is known to us; they exist to recognise
what is impossible, not what is unusual.
"""

from __future__ import annotations

from carbonrun.measurement.model import BOARD, CPU, GPU, MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The sensor's error, low and high. No paper gives one figure for all processors; these are our
# reading of them. Packages: readings agree closely with the plug where voltage regulators measure
# (Intel since Haswell-EP), less where they are modelled (AMD Zen 2). Memory: right in trend and
# good under load, off by a constant when idle. psys: whatever the maker of the board wired.
# Source: Khan et al. 2018 (ACM TOMPECS 3(2)); Hackenberg et al. 2015 (HPPAC); Schoene et al. 2021
# (IEEE CLUSTER); Desrochers et al. 2016 (MEMSYS).
ACCURACY = {CPU: (0.9, 1.1), MEMORY: (0.7, 1.5), BOARD: (0.5, 1.5)}

# More than any device of the kind draws. Packages: server processors of 2025 are specified for up
# to 500 W, accelerators with CPU cores (MI300A) for 760 W at the peak. Memory of one package: 24
# modules of up to 15 W. Board: a machine with four or eight such packages. GPU: the largest
# accelerators have 1400 W, and peaks above.
# Source: AMD and Intel data sheets; the margins are ours.
MOST_WATTS = {CPU: 1000.0, MEMORY: 400.0, BOARD: 10000.0, GPU: 3000.0}

# A processor may exceed its limits for milliseconds, and limits may be set far below what it can
# do. A limit of zero means unknown, one of kilowatts means "none".
LIMIT_MARGIN = 2.0
LEAST_WATTS = 200.0

# Memory that draws more than the processor that uses it, and ten times as much as the memory of
# another package (or 100 W, where there is none to compare with), is a counter in wrong units.
# Source: our bound. A Granite Rapids machine showed 200 W beside 6 W, with packages at 190 and
# 243 W (PAPI, pull request 635).
SIBLING_FACTOR = 10.0
LONE_MEMORY_WATTS = 100.0

# Counters are updated about every millisecond: fewer updates than this tell nothing about power.
# Source: K. N. Khan et al., RAPL in Action, ACM TOMPECS 3(2), 2018.
SHORTEST_JUDGED_SECONDS = 0.01

# Dies that mirror one counter of the package agree but for the moment of reading: at 400 W, one
# update at either end is 0.8 J.
MIRROR_TOLERANCE = 0.01
MIRROR_SLACK_JOULES = 1.0


def most_watts(kind: str, limits_watts: Iterable[float]) -> float:
    """Return more power than a device can draw.

    Args:
        kind: ``cpu``, ``memory`` or ``board``.
        limits_watts: the power limits that the kernel shows for it, sane or not.
    """
    most = MOST_WATTS[kind]
    sane = [watts for watts in limits_watts if 1.0 <= watts <= most]
    return min(most, max(LEAST_WATTS, LIMIT_MARGIN * max(sane))) if sane else most


def memory_fault(
    watts: float, package_watts: float | None, sibling_watts: Iterable[float]
) -> str | None:
    """Return why the power of one package's memory cannot be true, or None.

    Args:
        watts: of the memory.
        package_watts: of the package that it belongs to, None if unknown.
        sibling_watts: of the memory of the other packages.
    """
    if package_watts is None or watts <= package_watts:
        return None
    least_sibling = min(sibling_watts, default=None)
    if least_sibling is None:
        if watts <= LONE_MEMORY_WATTS:
            return None
        beside = ""
    else:
        if watts <= SIBLING_FACTOR * least_sibling:
            return None
        beside = f" and {least_sibling:.3g} W for the memory of another package"
    return (
        f"its counter claims {watts:.3g} W, which cannot be true "
        f"beside {package_watts:.3g} W for its package{beside}"
    )


def look_mirrored(raws: Sequence[int], max_raw: int | None, joules_per_unit: float) -> bool:
    """Tell whether the first readings of several dies are near enough to be of one counter."""
    distance = max(raws) - min(raws)
    if max_raw is not None:
        distance = min(distance, max_raw + 1 - distance)  # one may have wrapped already
    slack = MIRROR_SLACK_JOULES / joules_per_unit
    return distance <= MIRROR_TOLERANCE * max(raws) + slack


def move_alike(joules: Sequence[float]) -> bool:
    """Tell whether dies have counted the same energy since the first reading."""
    return max(joules) - min(joules) <= MIRROR_TOLERANCE * max(joules) + MIRROR_SLACK_JOULES
