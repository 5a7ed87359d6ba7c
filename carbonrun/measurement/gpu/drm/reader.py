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
from carbonrun.measurement.gpu.drm.energy import NOT_YET
from carbonrun.measurement.gpu.drm.kfd import card_of_gpu_id, compute_bytes
from carbonrun.measurement.gpu.drm.kin import Kin
from carbonrun.measurement.gpu.drm.processes import CardFiles
from carbonrun.measurement.gpu.look import COUNTED, GpuLook, GpuProcess
from carbonrun.measurement.meters.power_file import read_number
from carbonrun.measurement.tree.procstat import CLOCK_TICKS, read_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.drm.cards import Card
    from carbonrun.measurement.gpu.drm.clients import Sight
    from carbonrun.measurement.gpu.drm.energy import CounterEnergy, PowerEnergy
    from carbonrun.measurement.gpu.drm.fdinfo import ClientText
    from carbonrun.measurement.gpu.look import ProcessKey
    from carbonrun.measurement.gpu.source import Birth

# Nothing is looked at more often; a short run has many ticks.
LEAST_INTERVAL_SECONDS = 0.1
# Counters that change every millisecond tell power over that within 5 %.
LEAST_IDLE_SECONDS = 0.02
# Ours: what the driver itself holds, and what is on the screen, is less.
LEAST_HIDDEN_BYTES = 512 << 20
_NOBODY = 0


class DrmDevice:
    """What is metered as one device: a card, or the two of one module.

    Attributes:
        id: the PCI address of the first card.
        cards: those whose clients use it.
        energy: of all of them together.
        had_tree, had_others: processes of the command, and of others, were seen on it.
        uses_compute: some of them compute with ROCm.
        is_complete: nobody can have been on it unseen.
        tells_busy: how busy it is in all was told, where that is not so.
        has_answered: it has told its energy, or why it does not.
        is_alone: there is no other with its driver.
    """

    def __init__(
        self, cards: Sequence[Card], energy: CounterEnergy | PowerEnergy, started: Instant
    ) -> None:
        """Put the parts together; ``started`` is when the run was."""
        self.id = cards[0].address
        self.cards = tuple(cards)
        self.energy = energy
        self._addresses = frozenset(card.address for card in cards)
        self._has_address = all(":" in address for address in self._addresses)
        self._book = ClientBook(int(started.boottime_seconds * CLOCK_TICKS))
        self._busy = tuple(BusyTime(card) for card in cards)
        self._lead_seconds = 0.0
        self.has_answered = False
        self.is_alone = True
        self.had_tree = self.had_others = self.uses_compute = False
        self.is_complete = self.tells_busy = True

    def first_looks(self, started: Instant, first: GpuLook) -> tuple[GpuLook, ...]:
        """Return the looks that stand for the time up to the first one that was taken.

        Where the energy since the start is known there is one for the start, at which nobody of the
        tree was there; how busy others were up to the first look is taken from the time up to the
        second, with which it is joined.
        """
        if not self.energy.is_since_start:
            return (first,)
        self._lead_seconds = max(0.0, first.at_seconds - started.monotonic_seconds)
        start = first.replace(
            at_seconds=started.monotonic_seconds, joules=0.0, failure=None, processes=(), watts=None
        )
        if self.had_others:
            return (start, first.replace(joules=None))
        if first.processes or first.joules is None or self._lead_seconds < LEAST_IDLE_SECONDS:
            return (start, first)
        # Nobody was on it: what it has drawn up to now is what it draws when idle.
        return (start, first.replace(watts=first.joules / self._lead_seconds))

    def look(self, now: Instant, interval_seconds: float, seen: Seen | None) -> GpuLook:
        """Return what the device says now; ``seen`` is None for a look in a hurry."""
        joules, failure = None, None
        try:
            joules = self.energy.joules(now)
        except ReadFailed as error:
            failure = str(error)
        self.has_answered = joules is not None or failure != NOT_YET
        look = GpuLook(
            device_id=self.id,
            at_seconds=now.monotonic_seconds,
            joules=joules,
            failure=failure,
            was_listed=seen is not None,
            is_asleep=self.cards[0].is_asleep(),
        )
        return look if seen is None else self._with_processes(look, interval_seconds, seen)

    def _with_processes(self, look: GpuLook, interval_seconds: float, seen: Seen) -> GpuLook:
        now_seconds = seen.boottime_seconds
        sights = [
            sight.replace(
                is_ours=(sight.pid, sight.start_ticks) in seen.tree,
                age_seconds=now_seconds - sight.start_ticks / CLOCK_TICKS,
            )
            for sight in seen.sights
            if self._is_on(sight.text)
        ]
        lead_seconds = 0.0
        if interval_seconds > 0:
            lead_seconds, self._lead_seconds = self._lead_seconds, 0.0
        processes = self._book.look(sights, interval_seconds, lead_seconds)
        computing = [p for card in self.cards for p in seen.computing.get(card.address, ())]
        busy = [part.look(interval_seconds, lead_seconds) for part in self._busy]
        joined = _joined(processes, computing)
        if not seen.is_complete:
            joined += _hidden(self.cards, joined)
        self._remember(joined, computing, seen)
        tells_use = not computing and any(p.busy_seconds is not None for p in processes)
        has_busy = tells_use and not seen.is_complete and None not in busy
        self.tells_busy = seen.is_complete or has_busy
        return look.replace(
            processes=joined,
            watts=None if joined else self.energy.watts,
            is_complete=seen.is_complete,
            use=COUNTED if tells_use else None,
            machine_busy_seconds=sum(part or 0.0 for part in busy) if has_busy else None,
        )

    def _is_on(self, text: ClientText) -> bool:
        """Tell whether a client is on this device; without an address it is by its driver."""
        if text.card is None or not self._has_address:
            return self.is_alone and text.driver == self.cards[0].driver
        return text.card in self._addresses

    def _remember(
        self, processes: Sequence[GpuProcess], computing: Sequence[GpuProcess], seen: Seen
    ) -> None:
        """Keep what the notes at the end need."""
        present = {process.key for process in processes if process.has_context}
        self.had_tree = self.had_tree or not present.isdisjoint(seen.tree)
        self.had_others = self.had_others or not present.issubset(seen.tree)
        self.uses_compute = self.uses_compute or bool(computing)
        self.is_complete = seen.is_complete


class Seen:
    """Who was seen at one moment: files of cards, and processes of ROCm by card."""

    def __init__(
        self,
        sights: Sequence[Sight],
        computing: dict[str, list[GpuProcess]],
        tree: Collection[ProcessKey],
        boottime_seconds: float,
        *,
        is_complete: bool,
    ) -> None:
        """Keep them; ``tree`` are the processes of the command."""
        self.boottime_seconds = boottime_seconds
        self.tree = tree
        self.sights = sights
        self.computing = computing
        self.is_complete = is_complete


class DrmReader:
    """All devices; :meth:`look` is called at ticks, and once at the end."""

    def __init__(self, devices: Sequence[DrmDevice], sysfs: str, procfs: str) -> None:
        """Look at ``devices``, and at processes below ``procfs``."""
        self.devices = tuple(devices)
        drivers = [device.cards[0].driver for device in devices]
        for device in devices:
            device.is_alone = drivers.count(device.cards[0].driver) == 1
        self._sysfs = sysfs
        self._procfs = procfs
        self._compute_cards = card_of_gpu_id(sysfs)
        self._files = CardFiles(procfs)
        self._kin = Kin(procfs)
        self._last_seconds: float | None = None

    def look(
        self, now: Instant, tree: Collection[ProcessKey], *, is_last: bool = False
    ) -> tuple[GpuLook, ...]:
        """Return what each device says now; nothing if that was asked only just before.

        Args:
            now: the moment.
            tree: the processes of the tree.
            is_last: the command has ended and given its files back: only energy is read.
        """
        if not is_last and not self.is_due(now):
            return ()
        last_seconds = self._last_seconds
        interval_seconds = max(0.0, now.monotonic_seconds - (last_seconds or now.monotonic_seconds))
        seen = None if is_last else self._see(now, tree)
        if seen is not None:
            self._last_seconds = now.monotonic_seconds
        return tuple(device.look(now, interval_seconds, seen) for device in self.devices)

    def births(self) -> tuple[Birth, ...]:
        """Return the processes that were seen for the first time since this was asked."""
        return self._kin.births()

    def is_due(self, now: Instant) -> bool:
        """Tell whether it is time for a look."""
        last_seconds = self._last_seconds
        return (
            last_seconds is None or now.monotonic_seconds - last_seconds >= LEAST_INTERVAL_SECONDS
        )

    def close(self) -> None:
        """Give the descriptors back."""
        for device in self.devices:
            device.energy.close()

    def _see(self, now: Instant, tree: Collection[ProcessKey]) -> Seen:
        sights = self._files.look([pid for pid, _ in tree], now.monotonic_seconds)
        held = compute_bytes(self._sysfs, self._compute_cards) if self._compute_cards else {}
        computing = {
            card: [self._process(pid, held_bytes) for pid, held_bytes in by_pid.items()]
            for card, by_pid in held.items()
        }
        ours = self._kin.of_tree(sights, tree)
        seen_at = now.boottime_seconds
        return Seen(sights, computing, ours, seen_at, is_complete=self._files.sees_all)

    def _process(self, pid: int, held_bytes: int) -> GpuProcess:
        stat = read_stat(self._procfs, pid)
        start_ticks = None if stat is None else stat.start_ticks
        return GpuProcess(pid=pid, start_ticks=start_ticks, memory_bytes=held_bytes)


def _hidden(cards: Sequence[Card], processes: Sequence[GpuProcess]) -> tuple[GpuProcess, ...]:
    """Return somebody who holds the memory that none of ``processes`` does; nobody if it is little.

    Source: Linux, ``Documentation/gpu/amdgpu/driver-misc.rst`` (``mem_info_vram_used``).
    """
    try:
        used_bytes = sum(read_number(f"{card.device}/mem_info_vram_used") for card in cards)
    except ReadFailed:
        return ()
    hidden_bytes = used_bytes - sum(process.memory_bytes or 0 for process in processes)
    if hidden_bytes < LEAST_HIDDEN_BYTES:
        return ()
    return (GpuProcess(pid=_NOBODY, start_ticks=_NOBODY, memory_bytes=hidden_bytes),)


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
