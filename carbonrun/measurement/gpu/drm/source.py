"""The cards of AMD and Intel as a source of looks for the watch over all GPUs.

Responsible for what is said of a device: sensor, method, faults, notes. Where there is no such card
this module is not even imported.
"""

from __future__ import annotations

from carbonrun.measurement.gpu.accelerators import accelerators
from carbonrun.measurement.gpu.drm.advice import UNSEEN_HINT, advice
from carbonrun.measurement.gpu.drm.discover import ACCURACY, METER_NAME, discover
from carbonrun.measurement.gpu.drm.energy import CounterEnergy
from carbonrun.measurement.gpu.drm.reader import DrmReader
from carbonrun.measurement.model import COUNTER, GPU, INTEGRATED, Device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.drm.discover import DrmFound
    from carbonrun.measurement.gpu.drm.reader import DrmDevice
    from carbonrun.measurement.gpu.look import GpuLook, ProcessKey
    from carbonrun.measurement.gpu.source import Advice, Birth
    from carbonrun.measurement.model import Unmeasured
    from carbonrun.notes import Notes

# Counters of Intel change every millisecond, those of AMD and the averages are not finer than that.
COUNTER_SECONDS = 0.001
METRICS_SECONDS = 0.05


class DrmSource:
    """All devices, read in this process."""

    def __init__(
        self, found: DrmFound, reader: DrmReader, rows: Iterable[Unmeasured], sysfs: str = "/sys"
    ) -> None:
        """Begin to sample power; ``rows`` are what is there and not measured."""
        self._sysfs = sysfs
        self._found = found
        self._reader = reader
        self._rows = tuple(rows)
        self._started: Instant | None = None
        self._had_tree = self._has_ended = False
        self._first: tuple[GpuLook, ...] = ()
        if found.poller is not None:
            found.poller.start()

    def begin(self, started: Instant, now: Instant, tree: Mapping[int, ProcessKey]) -> None:
        """Take the first look at each device; :meth:`looks` hands them out."""
        self._started = started
        self._had_tree = bool(tree)
        self._first = self._reader.look(now, tuple(tree.values()))

    def looks(self, now: Instant, tree: Mapping[int, ProcessKey]) -> tuple[GpuLook, ...]:
        """Return a look at each device; of its energy only if nobody of the tree is left."""
        self._had_tree = self._had_tree or bool(tree)
        if self._had_tree and not tree:
            self._has_ended = True
            return (*self._take_first(is_only=True), *self._reader.look(now, (), is_last=True))
        first = self._take_first() if self._reader.is_due(now) else ()
        return (*first, *self._reader.look(now, tuple(tree.values())))

    def last_looks(self, now: Instant) -> tuple[GpuLook, ...]:
        """Return the energy of each device; the command has given its files back."""
        looks: tuple[GpuLook, ...] = ()
        if not self._has_ended:  # else that look has told the energy up to the end
            first = self._take_first(is_only=True)
            looks = (*first, *self._reader.look(now, (), is_last=True))
        if self._found.poller is not None:
            self._found.poller.stop()
        self._reader.close()
        return looks

    def _take_first(self, *, is_only: bool = False) -> tuple[GpuLook, ...]:
        """Return the first looks, once; ``is_only`` if no other tells who is there."""
        first, self._first = self._first, ()
        if is_only or self._started is None:
            return first
        pairs = zip(self._reader.devices, first, strict=False)
        return tuple(
            look for device, seen in pairs for look in device.first_looks(self._started, seen)
        )

    def ask_last(self) -> None:
        """Do nothing: reading takes no time worth asking early for."""

    def births(self) -> tuple[Birth, ...]:
        """Return processes that are new on a card."""
        return self._reader.births()

    def devices(self) -> tuple[Device, ...]:
        """Return what the report says of the devices."""
        return tuple(map(_described, self._reader.devices))

    def unmeasured(self) -> tuple[Unmeasured, ...]:
        """Return what is there and not measured."""
        return self._rows

    def faults(self) -> dict[str, str]:
        """Return nothing: each look says itself what is wrong."""
        return {}

    def is_ready(self) -> bool:
        """Tell whether every device has told its energy, or why it does not."""
        return all(device.has_answered for device in self._reader.devices)

    def advice(self) -> tuple[Advice, ...]:
        """Return what there is to know of each device before it is used."""
        dev = f"{self._sysfs.rpartition('/')[0]}/dev"
        return tuple(each for device in self._reader.devices for each in advice(device, dev))

    def notes(self, into: Notes) -> None:
        """Add what the reader has to know."""
        for device in self._reader.devices:
            _note(device, into)


def open_source(sysfs: str, procfs: str, started: Instant, before: Mapping[str, int]) -> DrmSource:
    """Open what can be read of cards, and find what is there besides.

    Args:
        sysfs: root of the kernel's files, without a slash at the end; ``/dev`` is beside it.
        procfs: root of the processes whose files are looked at.
        started: when the run was.
        before: what counters said just before, by path.
    """
    found = discover(sysfs, started, before)
    reader = DrmReader(found.devices, sysfs, procfs)
    dev = f"{sysfs.rpartition('/')[0]}/dev"
    return DrmSource(found, reader, (*found.unmeasured, *accelerators(sysfs, dev)), sysfs)


def _described(device: DrmDevice) -> Device:
    card, energy = device.cards[0], device.energy
    source, method, update_seconds = energy.file, COUNTER, COUNTER_SECONDS
    if not isinstance(energy, CounterEnergy):
        if energy.is_counted:
            source, update_seconds = f"gpu_metrics, agrees with {energy.file}", METRICS_SECONDS
        else:
            method, update_seconds = INTEGRATED, energy.meter.device.update_seconds
            source = f"{energy.file}, every {1000 * update_seconds:.0f} ms"
    more = f", {len(device.cards)} GPUs of one module" if len(device.cards) > 1 else ""
    return Device(
        id=device.id,
        kind=GPU,
        name=card.name,
        meter=METER_NAME,
        method=method,
        source=f"{card.driver} {source}{more}",
        low_factor=ACCURACY[0],
        high_factor=ACCURACY[1],
        update_seconds=update_seconds,
    )


def _note(device: DrmDevice, into: Notes) -> None:
    card, energy = device.cards[0], device.energy
    if not isinstance(energy, CounterEnergy):
        energy.meter.notes(into)
    elif energy.gap_seconds > 0:
        message = f"{card.name}: the energy of {energy.gap_seconds:.3g} s is unknown"
        into.warn("gpu-gap", message, about=device.id)
    if not card.is_present():
        into.warn("gpu-gone", f"{card.name} was taken out during the run", about=device.id)
    if not device.had_tree:
        return
    if device.uses_compute and device.had_others:
        message = f"{card.name}: ROCm does not tell how busy each process keeps it"
        into.info("gpu-compute", message, about=device.id)
    if not device.is_complete:
        what = (
            "only how busy it is in all tells of them" if device.tells_busy else "if there are any"
        )
        message = f"{card.name}: files of other users' processes cannot be read; {what}"
        into.info("gpu-unseen", message, UNSEEN_HINT, about=device.id)
