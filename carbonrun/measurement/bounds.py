"""How far off the energy attributed to the tree may be. Pure.

Four causes are multiplied: the sensor's own error, the idle floor (already in the ledger's low
and high sums), the moment at which a counter was last updated, and the coarseness of the
machine's busy time. They are taken as if all of them leaned the same way, so the bounds are
wider than a root of squares would make them.
"""

from __future__ import annotations

from carbonrun.measurement.model import ESTIMATED
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.ledger import Totals
    from carbonrun.measurement.model import Device


class Bounds(Record):
    """An interval in joules; 0 <= low <= high."""

    low_joules: float
    high_joules: float


def edge_error(device: Device, seconds: float) -> float:
    """Return the relative error from the two ends of a run, 0 to 1."""
    if device.method == ESTIMATED:
        return 0.0
    if seconds <= 0:
        return 1.0
    return min(1.0, 2 * device.update_seconds / seconds)


def machine_bounds(device: Device, totals: Totals) -> Bounds:
    """Return the bounds of the whole device's energy."""
    edge = edge_error(device, totals.seconds)
    return Bounds(
        low_joules=totals.machine_joules * device.low_factor * (1 - edge),
        high_joules=totals.machine_joules * device.high_factor * (1 + edge),
    )


def tree_bounds(
    device: Device, totals: Totals, activity_resolution: float, missed_activity: float = 0.0
) -> Bounds:
    """Return the bounds of what is attributed to the tree.

    Args:
        device: its ``low_factor`` and ``high_factor`` are the sensor's error.
        totals: of the run.
        activity_resolution: how far off the machine's activity may be, in its own unit.
        missed_activity: how much of the tree's activity may not have been seen, in the same unit.
    """
    machine = machine_bounds(device, totals)
    whole, part = totals.machine_activity, totals.tree_activity
    least, most = 1.0, 1.0
    if whole > 0:
        least = whole / (whole + activity_resolution)
        most = whole / max(part, whole - activity_resolution, whole * 1e-3)
    if part > 0:
        most *= (part + missed_activity) / part
    edge = edge_error(device, totals.seconds)
    low = totals.low_joules * device.low_factor * (1 - edge) * least
    high = totals.high_joules * device.high_factor * (1 + edge) * most
    return Bounds(low_joules=low, high_joules=max(low, min(high, machine.high_joules)))
