"""Whether counters of the CPU move while a CPU is busy: virtual machines show some that do not."""

from __future__ import annotations

import time

from carbonrun import clock
from carbonrun.errors import ReadFailed
from carbonrun.measurement.model import COUNTER, CPU
from carbonrun.measurement.sampler import UNKNOWN_MACHINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.measurement.model import Meter

# RAPL moves every millisecond, the counters of Cray nodes ten times a second.
# Source: K. N. Khan et al., RAPL in Action, ACM TOMPECS 3(2), 2018; HPE Cray EX, pm_counters.
LONGEST_SECONDS = 0.25


def standing_still(
    meters: Iterable[Meter], longest_seconds: float = LONGEST_SECONDS
) -> dict[str, str]:
    """Return why counters of the CPU tell nothing, by device id; empty as soon as all have moved.

    Keeps one CPU busy meanwhile, so that there is energy to count.
    """
    left = {m.device.id: m for m in meters if m.device.kind == CPU and m.device.method == COUNTER}
    first = {device_id: _joules(meter) for device_id, meter in left.items()}
    end_seconds = time.monotonic() + longest_seconds
    while left and time.monotonic() < end_seconds:
        left = {name: meter for name, meter in left.items() if not _moves(meter, first[name])}
    reason = f"its counter did not move in {longest_seconds:g} s, although a CPU was busy"
    return dict.fromkeys(left, reason)


def _moves(meter: Meter, first_joules: float | None) -> bool:
    joules = _joules(meter)
    # One that cannot be read is told of by others.
    return joules is None or first_joules is None or joules > first_joules


def _joules(meter: Meter) -> float | None:
    try:
        return meter.read_joules(clock.now(), UNKNOWN_MACHINE)
    except ReadFailed:
        return None
