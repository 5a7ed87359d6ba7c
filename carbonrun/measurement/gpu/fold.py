"""Looks at one GPU and the tree's processes, folded into cumulative readings. Pure.

A stretch for which samples of use are still to come is *carried*: it yields no reading, and the
next look spans it. After ``CARRIED_SECONDS`` without any sample nobody was busy.

Time before the first look (the driver is only asked once the command runs) is filled in with what
the first look says: its power, and who is on the GPU. How long that was is part of the bounds.
"""

from __future__ import annotations

from carbonrun.measurement.gpu.look import SAMPLED
from carbonrun.measurement.gpu.split import SOLE, UNUSED, Holders, Use, holders, split
from carbonrun.measurement.meters.rapl_checks import MOST_WATTS
from carbonrun.measurement.model import GPU, Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from carbonrun.measurement.gpu.look import GpuLook, GpuProcess, ProcessKey
    from carbonrun.measurement.gpu.split import Split

CARRIED_SECONDS = 1.0
# A counter may say at once what was drawn up to so long before.
COUNTER_LAG_SECONDS = 2.0
# Counters that are any good change at least every tenth of a second.
STALE_SECONDS = 0.25
MOST_PROCESSES = 4096
# Instead of no use at all, which has no shares.
NO_USE = 1e-6


class GpuFold:
    """The fold of one GPU's looks; they come in their order.

    Attributes:
        lead_seconds: from the start to the first look.
        filled_seconds: at the end, for which the counter had not moved and power was taken instead.
        looks: how many told the energy.
        joules_by_basis: machine energy of the stretches, by what their split rests on.
        samples: of use in those that were split by it.
        resets: how often the energy went backwards, or on by more than a GPU can draw.
        is_listed: some look told who is on the GPU.
    """

    def __init__(self, start_seconds: float) -> None:
        """Count from a moment on the monotonic clock."""
        self.lead_seconds = self.filled_seconds = 0.0
        self.looks = self.samples = self.resets = 0
        self.is_listed = False
        self.joules_by_basis: dict[str, float] = {}
        self._start_seconds = start_seconds
        self._until_seconds = start_seconds  # the end of what is accounted for
        self._last: GpuLook | None = None  # that told any joules
        self._watts = 0.0
        self._told_watts: float | None = None  # by a sensor of power
        self._moved_at_seconds = start_seconds
        self._lacks_lead = False
        self._pending_joules = 0.0
        self._processes: tuple[GpuProcess, ...] = ()
        self._held = Holders()  # at the end of what is accounted for
        self._shares: Split | None = None
        self._busy_seconds: dict[tuple[int, int | None], float] = {}
        self._machine_busy_seconds: float | None = None
        self._busy_share = 0.0  # of the engines, in the last stretch that told it
        self._samples_before = 0
        self._joules = 0.0
        self._machine_activity = self._tree_activity = 0.0
        self._machine_presence = self._tree_presence = 0.0

    def add(self, look: GpuLook, tree: Container[ProcessKey]) -> Reading | None:
        """Take a look; return a reading if all up to now can be accounted for.

        Args:
            look: later than the one before; one without joules is passed over.
            tree: the processes of the tree, those that have ended in the last ten seconds too.
        """
        if look.joules is None:
            return None
        self.looks += 1
        if look.was_listed and look.processes is not None:
            self.is_listed = True
            self._processes = look.processes
        if look.watts is not None:
            self._told_watts = look.watts
        held = holders(self._processes, tree)
        last, self._last = self._last, look
        if last is None:
            return self._begin(look, held)
        self._add_energy(last, look)
        return self._account(look, held, self._use(look, tree))

    def _begin(self, look: GpuLook, held: Holders) -> Reading | None:
        """Fill in the time before the first look, if its power is known already."""
        self.lead_seconds = max(0.0, look.at_seconds - self._start_seconds)
        self._held = held
        self._moved_at_seconds = look.at_seconds
        self._remember_use(look)
        self._shares = split(held, held, None, is_complete=look.is_complete)
        self._lacks_lead = look.watts is None
        if look.watts is None:
            return None
        self._watts = look.watts
        self._pending_joules = look.watts * self.lead_seconds
        return self._reading(look, held, self._shares, 0.0)

    def _add_energy(self, last: GpuLook, look: GpuLook) -> None:
        """Add the energy since the last look; a counter that jumped is bridged by its power."""
        seconds = max(0.0, look.at_seconds - last.at_seconds)
        joules = (look.joules or 0.0) - (last.joules or 0.0)
        if not 0 <= joules <= MOST_WATTS[GPU] * (seconds + COUNTER_LAG_SECONDS):
            self.resets += 1
            joules = (self._watts if look.watts is None else look.watts) * seconds
        elif seconds > 0:
            self._watts = joules / seconds
        if joules != 0:
            self._moved_at_seconds = look.at_seconds
        elif not look.was_listed:
            joules = self._fill(look)
        if self._lacks_lead and seconds > 0:
            self._pending_joules += joules / seconds * self.lead_seconds
            self._lacks_lead = False
        self._pending_joules += joules

    def _fill(self, look: GpuLook) -> float:
        """Return the energy of a time for which the counter has not moved until the end."""
        seconds = look.at_seconds - self._moved_at_seconds
        if self._told_watts is None or seconds < STALE_SECONDS:
            return 0.0
        self.filled_seconds = seconds
        return self._told_watts * seconds

    def _account(self, look: GpuLook, held: Holders, use: Use | None) -> Reading | None:
        """Return the reading of a stretch, None if its use is still to be told."""
        part = split(self._held, held, use, is_complete=look.is_complete)
        if not look.was_listed:
            part = part if part.active_share == 1.0 else self._as_before(part)
        elif _is_late(look, use, part) and self._seconds(look) < CARRIED_SECONDS:
            return None
        if look.was_listed:
            self._shares = part
            self._count_samples(look, part)
            self._remember_use(look)
        return self._reading(look, held, part, 0.0 if use is None else use.all_seconds)

    def _as_before(self, part: Split) -> Split:
        """Return the split of a hurried look: use is not told, so it goes on as it was."""
        before = self._shares
        if before is None or before.basis == UNUSED:
            return part
        return part.replace(active_share=before.active_share, basis=before.basis)

    def _use(self, look: GpuLook, tree: Container[ProcessKey]) -> Use | None:
        """Return the busy time since the end of what is accounted for."""
        if look.use is None:
            return None
        ours = everybody = 0.0
        for process in self._processes:
            before = self._busy_seconds.get((process.pid, process.start_ticks), 0.0)
            seconds = max(0.0, (process.busy_seconds or 0.0) - before)
            everybody += seconds
            ours += seconds if process.key in tree else 0.0
        now, then = look.machine_busy_seconds, self._machine_busy_seconds
        if now is not None and then is not None:
            everybody = max(everybody, now - then)
        return Use(tree_seconds=ours, all_seconds=everybody)

    def _remember_use(self, look: GpuLook) -> None:
        """Keep what was used so far; a figure that fell back stays where it was."""
        known = self._busy_seconds
        current = {
            key: max(process.busy_seconds or 0.0, known.get(key, 0.0))
            for process in self._processes
            for key in [(process.pid, process.start_ticks)]
        }
        self._busy_seconds = current if len(known) > MOST_PROCESSES else {**known, **current}
        self._machine_busy_seconds = look.machine_busy_seconds

    def _count_samples(self, look: GpuLook, part: Split) -> None:
        if part.basis != UNUSED:
            self.samples += max(0, look.samples - self._samples_before)
        self._samples_before = look.samples

    def _seconds(self, look: GpuLook) -> float:
        return max(0.0, look.at_seconds - self._until_seconds)

    def _reading(self, look: GpuLook, held: Holders, part: Split, busy_seconds: float) -> Reading:
        """Account for all up to a look."""
        seconds = self._seconds(look)
        if not look.was_listed:
            busy_seconds = self._busy_share * seconds
        elif seconds > 0:
            self._busy_share = busy_seconds / seconds
        activity = busy_seconds or seconds * (1.0 if look.use is None else NO_USE)
        presence = ((self._held.bytes + held.bytes) / 2 or 1.0) * seconds
        self._machine_activity += activity
        self._tree_activity += activity * part.active_share
        self._machine_presence += presence
        self._tree_presence += presence * part.idle_share
        known = self.joules_by_basis.get(part.basis, 0.0)
        self.joules_by_basis[part.basis] = known + self._pending_joules
        self._joules += self._pending_joules
        self._pending_joules = 0.0
        self._held = held
        self._until_seconds = max(self._until_seconds, look.at_seconds)
        return Reading(
            at_seconds=self._until_seconds - self._start_seconds,
            machine_joules=self._joules,
            machine_activity=self._machine_activity,
            tree_activity=self._tree_activity,
            machine_presence=self._machine_presence,
            tree_presence=self._tree_presence,
        )


def _is_late(look: GpuLook, use: Use | None, part: Split) -> bool:
    """Tell whether samples of use may be still to come, and matter."""
    has_no_sample = look.use == SAMPLED and use is not None and use.all_seconds <= 0
    return has_no_sample and part.basis not in {UNUSED, SOLE}
