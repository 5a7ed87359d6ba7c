"""Windows' Energy Meter Interface: counters of the processor and its memory that drivers offer.

Where the drivers of Intel or AMD offer them, they are the counters of RAPL, for everybody to read.
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import emi_structures as emi
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.counter_meter import CounterMeter, counted_device
from carbonrun.measurement.meters.rapl_checks import most_watts
from carbonrun.measurement.meters.sensors import Found
from carbonrun.measurement.model import CPU, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from carbonrun.measurement.meters.sensors import Whereabouts
else:
    Protocol = object

METER_NAME = "windows-emi"
COUNTER_MAX = 2**64 - 1
_MOST_METADATA_BYTES = 1 << 16
# How often a driver reads its counters is not told: a cautious guess.
UPDATE_SECONDS = 0.1


class EmiDevice(Protocol):
    """An open device that can be asked."""

    path: str

    def ask(self, code: int, size: int) -> bytes:
        """Return up to ``size`` bytes in answer to a control code.

        Raises:
            OSError: as DeviceIoControl.
        """

    def close(self) -> None:
        """Give the handle back."""


class EmiChannel:
    """One channel of a device."""

    def __init__(self, device: EmiDevice, channels: int, index: int) -> None:
        """Read the channel number ``index`` of so many."""
        self._device = device
        self._channels = channels
        self._index = index

    def read(self) -> int:
        """Return picowatt-hours.

        Raises:
            ReadFailed: the device does not tell them now.
        """
        size = self._channels * emi.CHANNEL_BYTES
        try:
            content = self._device.ask(emi.GET_MEASUREMENT, size)
            return emi.parse_energies(content, self._channels)[self._index]
        except (OSError, emi.EmiFormatError) as error:
            raise ReadFailed(f"EMI: {error}") from error

    def close(self) -> None:
        """Give the handle back."""
        self._device.close()


def discover(_: Whereabouts) -> Found:
    """Return the meters that drivers offer on this machine."""
    from carbonrun.measurement.meters.windows_devices import open_energy_meters

    return found_in(open_energy_meters())


def found_in(devices: Iterable[EmiDevice]) -> Found:
    """Return a meter for each package and its memory; the first where several devices have one."""
    meters: dict[str, CounterMeter] = {}
    failures: list[str] = []
    for device in devices:
        try:
            channels = _channels(device)
        except (OSError, emi.EmiFormatError) as error:
            failures.append(str(error))
            device.close()
            continue
        new = 0
        for index, channel in enumerate(channels):
            what = emi.device_of(channel.name)
            if what is None or what[0] in meters or channel.unit != emi.PICOWATT_HOURS:
                continue
            meters[what[0]] = _meter(EmiChannel(device, len(channels), index), what, channel.name)
            new += 1
        if not new:
            device.close()
    rows = []
    if failures and not meters:
        reason = f"an energy meter of this machine cannot be read: {failures[0]}"
        rows.append(Unmeasured(id="cpu", kind=CPU, reason=reason))
    return Found(meters=tuple(meters.values()), unmeasured=tuple(rows))


def _channels(device: EmiDevice) -> tuple[emi.Channel, ...]:
    version = emi.parse_version(device.ask(emi.GET_VERSION, emi.VERSION_BYTES))
    size = emi.parse_size(device.ask(emi.GET_METADATA_SIZE, emi.SIZE_BYTES))
    content = device.ask(emi.GET_METADATA, min(size, _MOST_METADATA_BYTES))
    return emi.parse_channels(version, content)


def _meter(source: EmiChannel, what: tuple[str, str], name: str) -> CounterMeter:
    device_id, kind = what
    device = counted_device(device_id, kind, METER_NAME, f"Windows EMI, channel {name}")
    counter = WrappingCounter(COUNTER_MAX, most_watts(kind, ()), emi.JOULES_PER_PICOWATT_HOUR)
    device = device.replace(update_seconds=UPDATE_SECONDS)
    return CounterMeter(device, [source], [counter], note_prefix="emi")
