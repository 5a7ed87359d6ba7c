"""Watches all GPUs during a run: from what their readers see to a ledger for each.

Joins the parts: readers of the vendors' drivers, the tree's processes, folds, idle floors. Nothing
here waits for a driver, but for the last looks, and for these not long.
"""

from __future__ import annotations

from carbonrun.measurement.gpu.floor import USED_SOURCE, SeenFloor
from carbonrun.measurement.gpu.fold import GpuFold
from carbonrun.measurement.gpu.ledger import GpuLedger
from carbonrun.measurement.gpu.look import COUNTED
from carbonrun.measurement.gpu.split import BUSY, EQUAL, FILES, MEMORY, SLICES, SOLE
from carbonrun.measurement.gpu.wording import main_basis, split_error, split_words
from carbonrun.measurement.model import GPU, Unmeasured
from carbonrun.measurement.sampler import origin
from carbonrun.measurement.selection import is_much

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.look import GpuLook
    from carbonrun.measurement.gpu.members import Members
    from carbonrun.measurement.gpu.source import Advice, GpuSource
    from carbonrun.measurement.model import Device, IdleFloor
    from carbonrun.notes import Notes

NOT_LISTED = "the driver does not tell which processes use it"
# Before its first look a GPU's power is taken to have been that of the look.
LATE_SECONDS = 1.0
PERSISTENCE = "sudo nvidia-smi -pm 1 keeps the driver loaded"
MACHINE_HINT = "--scope machine bills all of it"
NOT_VISIBLE = (
    "the driver names its processes by numbers of another PID namespace: "
    "whether the command is among them cannot be told"
)
# Splits that do not go by who was busy: the tree's part may be from a tenth of that to all.
ESTIMATED_BASES = (MEMORY, EQUAL, SLICES, FILES)
UNKNOWN_ACTIVITY = 9.0
NEVER = float("inf")
TOO_SHORT = "the run was over before it could be looked at twice"


class WatchedGpu:
    """One GPU and what became of it.

    Attributes:
        late_seconds: how long after the end of the run it was looked at last: energy of that time
            is billed too, which is part of the bounds.
    """

    def __init__(self, device: Device, start_seconds: float, chosen: IdleFloor) -> None:
        """Start at zero."""
        self.fold = GpuFold(start_seconds)
        self.ledger = GpuLedger(device, chosen)
        self.ledger.add(origin())
        self._device = device
        self._chosen = chosen
        self._seen = SeenFloor()
        self.failure: str | None = None
        self.late_seconds = 0.0
        self.has_tree = self.has_others_unseen = False
        self._was_awake = self._may_hide = False

    def take(self, look: GpuLook, members: Members) -> None:
        """Take a look."""
        self.failure = look.failure
        self._was_awake = self._was_awake or not look.is_asleep
        if look.was_listed:
            is_told = look.is_complete or look.machine_busy_seconds is not None
            self._may_hide = look.use == COUNTED and not is_told
        for process in look.processes or ():
            self.has_tree = self.has_tree or process.key in members
            self.ledger.tells_memory = self.ledger.tells_memory or bool(process.memory_bytes)
            if process.key is None and not look.is_complete:
                self.has_others_unseen = True
        self.ledger.tells_use = self.ledger.tells_use or look.use is not None
        self._seen.add(look)
        reading = self.fold.add(look, members)
        if reading is not None:
            self.ledger.add(reading)
        self.ledger.floor = self._seen.floor(self._chosen)
        self.ledger.unused_watts = self._seen.unused_watts

    def describe(self, device: Device) -> None:
        """Tell what the figures rest on: the sensor, the split, the time before the first look."""
        fold, totals = self.fold, self.ledger.totals()
        unsure_seconds = fold.lead_seconds + fold.filled_seconds + self.late_seconds
        share = totals.tree_activity / max(1e-9, totals.machine_activity)
        words = split_words(main_basis(fold.joules_by_basis), share, fold.samples)
        self.ledger.device = device.replace(
            source=f"{device.source}; {words}",
            update_seconds=device.update_seconds + unsure_seconds / 2,
        )

    def activity_resolution(self) -> float:
        """Return how far off the machine's activity may be.

        For a split by samples that is told by their number; where others may have been busy unseen,
        they were for all of the time that is left; and memory tells little of who was busy.
        """
        totals, basis = self.ledger.totals(), main_basis(self.fold.joules_by_basis)
        if basis in ESTIMATED_BASES:
            return UNKNOWN_ACTIVITY * totals.machine_activity
        if self._may_hide and basis in (SOLE, BUSY):
            return max(0.0, totals.seconds - totals.machine_activity)
        if basis != BUSY or not self.fold.samples:
            return 0.0
        share = totals.tree_activity / max(1e-9, totals.machine_activity)
        return split_error(share, self.fold.samples) * totals.machine_activity

    def fault(self, elapsed_seconds: float, silence: str | None, *, whole: bool) -> str | None:
        """Return why the figures cannot be those of the run.

        Args:
            elapsed_seconds: how long the run is by now.
            silence: why there are no more looks, None if there are.
            whole: the tree's share does not matter.
        """
        totals, reason = self.ledger.totals(), self.failure or silence
        if totals.readings < 2:  # noqa: PLR2004 - the origin is the first
            return reason or TOO_SHORT
        if reason is not None and is_much(elapsed_seconds - totals.seconds, elapsed_seconds):
            return f"{reason} (after {totals.seconds:.3g} s of {elapsed_seconds:.3g})"
        if self._was_awake and totals.machine_joules <= 0:
            return f"its counter did not move in {totals.seconds:.3g} s"
        return None if whole else self._invisible()

    def _invisible(self) -> str | None:
        """Return why the tree's share cannot be told, None if it can."""
        if not self.fold.is_listed:
            return f"{NOT_LISTED} ({MACHINE_HINT})"
        if self.has_others_unseen and not self.has_tree:
            return f"{NOT_VISIBLE} ({MACHINE_HINT})"
        return None


class GpuWatch:
    """All GPUs of a run.

    Attributes:
        ledgers: one for each GPU that a look was taken of.
    """

    def __init__(
        self,
        sources: Iterable[GpuSource],
        members: Members,
        started: Instant,
        choose: Callable[[Device], IdleFloor],
    ) -> None:
        """Watch what ``sources`` see, from ``started`` on; ``choose`` knows idle floors."""
        self._sources = tuple(sources)
        self._members = members
        self._start_seconds = started.monotonic_seconds
        self._choose = choose
        self._elapsed_seconds = 0.0
        self._gpus: dict[str, WatchedGpu] = {}
        self.ledgers: list[GpuLedger] = []

    def look(self, now: Instant) -> None:
        """Take what was seen since the last time."""
        self._elapsed_seconds = now.monotonic_seconds - self._start_seconds
        tree = self._members.by_pid()
        for source in self._sources:
            self._take(source, tuple(source.looks(now, tree)))

    def ask_last(self) -> None:
        """Ask for the last looks where they take time; :meth:`finish` is called soon."""
        for source in self._sources:
            source.ask_last()

    def finish(self, ended: Instant, notes: Notes) -> None:
        """Take the last looks, and say what there is to say."""
        self._elapsed_seconds = ended.monotonic_seconds - self._start_seconds
        for source in self._sources:
            last = source.last_looks(ended)
            end_seconds = ended.monotonic_seconds
            self._take(source, tuple(last), end_seconds)
            source.notes(notes)
        for gpu in self._gpus.values():
            self._note(gpu, notes)

    def is_ready(self) -> bool:
        """Tell whether everything that there is was looked at by now."""
        return all(source.is_ready() for source in self._sources)

    def advice(self) -> tuple[Advice, ...]:
        """Return what could be better, for who asks about it."""
        return tuple(each for source in self._sources for each in source.advice())

    def describe(self) -> None:
        """Bring up to date what is said of each device; asked for at each report."""
        for source in self._sources:
            for device in source.devices():
                if device.id in self._gpus:
                    self._gpus[device.id].describe(device)

    def faults(self, *, whole: bool) -> dict[str, str]:
        """Return why the figures of a GPU are not those of the run, by its id."""
        silences: dict[str, str] = {}
        for source in self._sources:
            silences.update(source.faults())
        faults = {
            device_id: gpu.fault(self._elapsed_seconds, silences.get(device_id), whole=whole)
            for device_id, gpu in self._gpus.items()
        }
        return {device_id: fault for device_id, fault in faults.items() if fault is not None}

    def failures(self) -> dict[str, str]:
        """Return what was wrong at the last look, by the id of the GPU; empty if nothing was."""
        return {i: gpu.failure for i, gpu in self._gpus.items() if gpu.failure is not None}

    def unmeasured(self) -> tuple[Unmeasured, ...]:
        """Return what is there and was not looked at."""
        rows = [row for source in self._sources for row in source.unmeasured()]
        return tuple(row for row in rows if row.id not in self._gpus)

    def activity_resolution(self) -> dict[str, float]:
        """Return how far off the activity of each GPU may be, by its id."""
        return {device_id: gpu.activity_resolution() for device_id, gpu in self._gpus.items()}

    def _take(
        self, source: GpuSource, looks: tuple[GpuLook, ...], end_seconds: float = NEVER
    ) -> None:
        for birth in source.births():
            self._members.learn(birth)
        devices = {device.id: device for device in source.devices()} if looks else {}
        for look in looks:
            gpu = self._gpus.get(look.device_id)
            if gpu is None:
                device = devices[look.device_id]
                gpu = WatchedGpu(device, self._start_seconds, self._choose(device))
                self._gpus[look.device_id] = gpu
                self.ledgers.append(gpu.ledger)
            gpu.late_seconds = max(0.0, look.at_seconds - end_seconds)
            if look.at_seconds > end_seconds:
                look = look.replace(at_seconds=end_seconds)  # noqa: PLW2901
            gpu.take(self._members.named(look), self._members)

    def _note(self, gpu: WatchedGpu, notes: Notes) -> None:
        device, floor = gpu.ledger.device, gpu.ledger.floor
        if gpu.fold.lead_seconds > LATE_SECONDS and gpu.has_tree:
            lead = f"{gpu.fold.lead_seconds:.2g} s"
            message = f"{device.name}: the driver answered after {lead}; these have its first power"
            notes.info("gpu-late", message, PERSISTENCE, about=device.id)
        if gpu.fold.resets:
            message = f"{device.name}: its counter began anew or jumped; its power stands in"
            notes.warn("gpu-counter-reset", message, about=device.id)
        if floor.source == USED_SOURCE and gpu.has_tree:
            message = f"{device.name}: idle floor {floor.watts:.3g} W is the {USED_SOURCE}"
            notes.info("idle-floor", message, f"--idle-watts {device.id}=WATTS", about=device.id)


def unmeasured_gpu(device_id: str, reason: str, hint: str | None = None) -> Unmeasured:
    """Return the row of a GPU that is not measured."""
    return Unmeasured(id=device_id, kind=GPU, reason=reason, hint=hint)
