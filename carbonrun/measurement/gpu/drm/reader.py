"""Looks at the cards of AMD and Intel: energy, who is on them, how busy they were.

Joins the parts of this package to what all vendors' readers give
(:mod:`carbonrun.measurement.gpu.look`). Reading happens in this process: a file of the kernel may
fail, but it does not crash who reads it. Power is sampled by a thread, as firmware may take its
time.
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.gpu.drm.busy import BusyTime
from carbonrun.measurement.gpu.drm.clients import ClientBook
from carbonrun.measurement.gpu.drm.kfd import card_of_gpu_id, compute_bytes
from carbonrun.measurement.gpu.drm.processes import CardFiles
from carbonrun.measurement.gpu.look import COUNTED, GpuLook, GpuProcess
from carbonrun.measurement.tree.procstat import CLOCK_TICKS, read_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.drm.cards import Card
    from carbonrun.measurement.gpu.drm.clients import Sight
    from carbonrun.measurement.gpu.drm.energy import CounterEnergy, PowerEnergy


class DrmDevice:
    """What is metered as one device: a card, or the two of one module.

    Attributes:
        id: the PCI address of the first card.
        cards: those whose clients use it.
        energy: of all of them together.
    """

    def __init__(self, cards: Sequence[Card], energy: CounterEnergy | PowerEnergy) -> None:
        """Put the parts together."""
        self.id = cards[0].address
        self.cards = tuple(cards)
        self.energy = energy
        self._addresses = frozenset(card.address for card in cards)
        self._book = ClientBook()
        self._busy = tuple(BusyTime(card) for card in cards)
        self.uses_compute = False

    def look(self, now: Instant, interval_seconds: float, seen: Seen | None) -> GpuLook:
        """Return what the device says now; ``seen`` is None for a look in a hurry."""
        joules, failure = None, None
        try:
            joules = self.energy.joules(now)
        except ReadFailed as error:
            failure = str(error)
        look = GpuLook(
            device_id=self.id,
            at_seconds=now.monotonic_seconds,
            joules=joules,
            failure=failure,
            was_listed=seen is not None,
        )
        return look if seen is None else self._with_processes(look, now, interval_seconds, seen)

    def _with_processes(
        self, look: GpuLook, now: Instant, interval_seconds: float, seen: Seen
    ) -> GpuLook:
        sights = [sight for sight in seen.sights if sight.text.card in self._addresses]
        ticks = int(now.boottime_seconds * CLOCK_TICKS)
        processes = self._book.look(sights, interval_seconds, ticks)
        computing = [p for card in self.cards for p in seen.computing.get(card.address, ())]
        busy = [part.look(interval_seconds) for part in self._busy]
        self.uses_compute = self.uses_compute or bool(computing)
        tells_use = not computing and any(p.busy_seconds is not None for p in processes)
        has_busy = tells_use and not seen.is_complete and None not in busy
        return look.replace(
            processes=_joined(processes, computing),
            is_complete=seen.is_complete,
            use=COUNTED if tells_use else None,
            machine_busy_seconds=sum(part or 0.0 for part in busy) if has_busy else None,
        )


class Seen:
    """Who was seen at one moment: files of cards, and processes of ROCm by card."""

    def __init__(
        self,
        sights: Sequence[Sight],
        computing: dict[str, list[GpuProcess]],
        *,
        is_complete: bool,
    ) -> None:
        """Keep them."""
        self.sights = sights
        self.computing = computing
        self.is_complete = is_complete


class DrmReader:
    """All devices; :meth:`look` is called at ticks, and once at the end."""

    def __init__(
        self, devices: Sequence[DrmDevice], sysfs: str, procfs: str, own_procfs: str
    ) -> None:
        """Look at ``devices``, and at processes below ``procfs``."""
        self.devices = tuple(devices)
        self._sysfs = sysfs
        self._procfs = procfs
        self._compute_cards = card_of_gpu_id(sysfs)
        self._files = CardFiles(procfs, own_procfs)
        self._last_seconds: float | None = None

    def look(
        self, now: Instant, tree: Collection[int], *, is_last: bool = False
    ) -> tuple[GpuLook, ...]:
        """Return what each device says now.

        Args:
            now: the moment.
            tree: the numbers of the tree's processes.
            is_last: the command has ended and given its files back: only energy is read.
        """
        last_seconds = self._last_seconds or now.monotonic_seconds
        interval_seconds = max(0.0, now.monotonic_seconds - last_seconds)
        seen = None if is_last else self._see(now, tree)
        if seen is not None:
            self._last_seconds = now.monotonic_seconds
        return tuple(device.look(now, interval_seconds, seen) for device in self.devices)

    def close(self) -> None:
        """Give the descriptors back."""
        for device in self.devices:
            device.energy.close()

    def _see(self, now: Instant, tree: Collection[int]) -> Seen:
        sights = self._files.look(tree, now.monotonic_seconds)
        held = compute_bytes(self._sysfs, self._compute_cards) if self._compute_cards else {}
        computing = {
            card: [self._process(pid, held_bytes) for pid, held_bytes in by_pid.items()]
            for card, by_pid in held.items()
        }
        return Seen(sights, computing, is_complete=self._files.sees_all)

    def _process(self, pid: int, held_bytes: int) -> GpuProcess:
        stat = read_stat(self._procfs, pid)
        start_ticks = None if stat is None else stat.start_ticks
        return GpuProcess(pid=pid, start_ticks=start_ticks, memory_bytes=held_bytes)


def _joined(
    processes: Sequence[GpuProcess], computing: Sequence[GpuProcess]
) -> tuple[GpuProcess, ...]:
    """Return all processes once, with the memory that they hold in one way and the other."""
    known = {(p.pid, p.start_ticks): p for p in processes}
    for process in computing:
        key = (process.pid, process.start_ticks)
        other = known.get(key, process)
        held_bytes = max(other.memory_bytes or 0, process.memory_bytes or 0)
        known[key] = other.replace(memory_bytes=held_bytes, has_context=True)
    return tuple(known.values())
