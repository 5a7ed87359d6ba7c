"""Opens what can be read of the cards of AMD and Intel, and says why the rest is not measured.

A module with two GPUs (MI250) is listed as two cards, of which only the first tells power, and that
is of both: they are one device here.

Source: Linux, ``drivers/gpu/drm/amd/pm/swsmu/smu13/aldebaran_ppt.c`` (the second die tells no
power), and the PCI numbers in ``drivers/gpu/drm/amd/amdgpu/amdgpu_drv.c``.
"""

from __future__ import annotations

import os
from types import MappingProxyType

from carbonrun.measurement.gpu.accelerators import INSIDE
from carbonrun.measurement.gpu.drm.cards import Card, cards
from carbonrun.measurement.gpu.drm.energy import (
    CounterEnergy,
    PowerEnergy,
    energy_channel,
    period_seconds,
    power_file,
)
from carbonrun.measurement.gpu.drm.reader import DrmDevice
from carbonrun.measurement.gpu.presence import AMDGPU
from carbonrun.measurement.meters.poller import Poller
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.model import GPU, Unmeasured
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from carbonrun.clock import Instant

METER_NAME = "drm"
# Sensors of cards are good to about 5 %; the counters of Intel are not better than that.
# Source: arXiv 2312.02741, for cards of Nvidia; no such study of these is known to us.
ACCURACY = (0.9, 1.1)
_TWO_DIES = ("1002:7408", "1002:740c")


class DrmFound(Record):
    """What there is.

    Attributes:
        devices: that can be read.
        unmeasured: why the others are not.
        poller: takes samples of power; not started; None if there is nothing to sample.
    """

    devices: tuple[DrmDevice, ...]
    unmeasured: tuple[Unmeasured, ...]
    poller: Poller | None


def discover(
    sysfs: str, started: Instant, before: Mapping[str, int] = MappingProxyType({})
) -> DrmFound:
    """Return what the kernel tells of cards; nothing is woken for it.

    Args:
        sysfs: root of the kernel's files.
        started: when the run was.
        before: what counters said then, by path.
    """
    found = cards(sysfs)
    devices: list[DrmDevice] = []
    unmeasured: list[Unmeasured] = []
    probes: list[tuple[PowerMeter, Callable[[], float]]] = []
    groups = _grouped([card for card in found if card.is_read and not card.is_integrated])
    period = period_seconds(len(groups))
    for group in groups:
        energy = _open(group[0], started, period)
        if isinstance(energy, Unmeasured):
            unmeasured.append(energy)
            continue
        devices.append(DrmDevice(group, energy, started))
        if isinstance(energy, CounterEnergy) and energy.path in before:
            energy.count_from(before[energy.path], started)
        if isinstance(energy, PowerEnergy):
            probes.append((energy.meter, energy.read_watts))
    unmeasured += [_row(card) for card in found if card.is_integrated or not card.is_read]
    poller = Poller(probes, period) if probes else None
    return DrmFound(devices=tuple(devices), unmeasured=tuple(unmeasured), poller=poller)


def _grouped(found: Sequence[Card]) -> list[list[Card]]:
    """Put the two GPUs of a module together; they follow each other in the order of addresses."""
    groups: list[list[Card]] = []
    for card in found:
        last = groups[-1] if groups else None
        if last is not None and len(last) == 1 and card.pci_id == last[0].pci_id in _TWO_DIES:
            last.append(card)
        else:
            groups.append([card])
    return groups


def _open(card: Card, started: Instant, period: float) -> CounterEnergy | PowerEnergy | Unmeasured:
    """Return what tells the energy of a card, or why nothing does."""
    if card.driver != AMDGPU:
        channel = energy_channel(card)
        if channel is None:
            return _no_sensor(card, "Linux 6.2 or newer with i915, 6.9 with xe, shows one")
        return CounterEnergy(card, channel) if _is_readable(channel) else _unreadable(card, channel)
    path = power_file(card)
    if path is None:
        return _no_sensor(card, None)
    if not _is_readable(path):
        return _unreadable(card, path)
    device = sampled_device(
        card.address,
        GPU,
        name=card.name,
        meter=METER_NAME,
        source=card.driver,
        accuracy=ACCURACY,
        period_seconds=period,
    )
    return PowerEnergy(card, PowerMeter(device, started, period), path, started)


def _is_readable(path: str) -> bool:
    return os.access(path, os.R_OK)


def _no_sensor(card: Card, hint: str | None) -> Unmeasured:
    reason = f"{card.name}: the driver {card.driver} tells neither energy nor power of it"
    return Unmeasured(id=card.address, kind=GPU, reason=reason, hint=hint)


def _unreadable(card: Card, path: str) -> Unmeasured:
    reason = f"{card.name}: {path} cannot be read"
    hint = f"until the next boot: sudo chmod a+r {path}"
    return Unmeasured(id=card.address, kind=GPU, reason=reason, hint=hint)


def _row(card: Card) -> Unmeasured:
    if card.is_integrated:
        return Unmeasured(id=card.address, kind=GPU, reason=f"{card.name}: {INSIDE}")
    return _no_sensor(card, None)
