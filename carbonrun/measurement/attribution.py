"""The one formula of the package: which share of a device's energy belongs to the tree. Pure.

::

    floor  = min(dE, idle_watts * dt)
    active = (dE - floor) * tree_activity / machine_activity
    idle   = floor        * tree_presence / machine_presence

It is the only one of the published formulas whose result for a job does not change when an
unrelated neighbour starts: the neighbour raises ``dE`` and ``machine_activity`` together, and
leaves the floor and the tree's presence alone. (Splitting all power by CPU share, as the
formulas without a floor do, makes a job on a quiet machine pay for the idle power of the whole.)

Complementary trees sum to at most the machine, and the tree never gets more than the machine.
"""

from __future__ import annotations

from carbonrun.measurement.model import Slice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.model import Reading


def share(part: float, whole: float) -> float:
    """Return ``part / whole`` within 0 and 1; 0 if there is no part, 1 if it exceeds the whole.

    The two come from different clocks of the kernel (exact run time against ticks of 1 to 10 ms),
    so in a short interval the part may seem larger than the whole.
    """
    if part <= 0:
        return 0.0
    if part >= whole:
        return 1.0
    return part / whole


def attribute(previous: Reading, current: Reading, idle_watts: float) -> Slice:
    """Return what the device did between two of its readings, in joules.

    A reading that seems to go backwards counts as no change: a slice is never negative.
    """
    interval_seconds = max(0.0, current.at_seconds - previous.at_seconds)
    machine_joules = max(0.0, current.machine_joules - previous.machine_joules)
    floor_joules = min(machine_joules, max(0.0, idle_watts) * interval_seconds)
    activity_share = share(
        current.tree_activity - previous.tree_activity,
        current.machine_activity - previous.machine_activity,
    )
    presence_share = share(
        current.tree_presence - previous.tree_presence,
        current.machine_presence - previous.machine_presence,
    )
    return Slice(
        start_seconds=previous.at_seconds,
        end_seconds=previous.at_seconds + interval_seconds,
        machine_joules=machine_joules,
        active_joules=(machine_joules - floor_joules) * activity_share,
        idle_joules=floor_joules * presence_share,
    )
