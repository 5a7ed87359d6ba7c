"""Disk and network of a run as ledgers, made at its end.

The bytes of a process are known when it has ended, so there are two readings: at the start and at
the end. What cannot be known is a row that says why.
"""

from __future__ import annotations

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.floor import choose_floor
from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.model import DISK, NETWORK, Unmeasured
from carbonrun.measurement.sampler import origin
from carbonrun.measurement.transfer import coefficients
from carbonrun.measurement.transfer.disks import read_disks
from carbonrun.measurement.transfer.network import NetworkWatch
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.measurement.model import Device, Reading
    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.notes import Notes

LATER = "it is known when the command has ended"


class Transfers(Record):
    """What became of disk and network."""

    ledgers: tuple[DeviceLedger, ...]
    unmeasured: tuple[Unmeasured, ...]


def watch(tree: TreeAccountant, procfs: str, sysfs: str, *, virtual: bool) -> TransferEstimates:
    """Return the estimates for what an accountant accounts for; counting starts now."""
    is_alone = tree.group is not None and tree.group.is_shared_with_us
    return TransferEstimates(procfs, sysfs, virtual=virtual, is_alone=is_alone)


class TransferEstimates:
    """Watches the command while it runs and makes the ledgers when it has ended."""

    def __init__(self, procfs: str, sysfs: str, *, virtual: bool, is_alone: bool) -> None:
        """Find the disks and start counting.

        Args:
            procfs: where our own processes are.
            sysfs: the machine's.
            virtual: whether this is a virtual machine.
            is_alone: nobody but the command lives in our control group.
        """
        self._disks = read_disks(sysfs, virtual=virtual)
        self._network = NetworkWatch(procfs, sysfs, is_alone=is_alone)

    def look(self, pids: Iterable[int]) -> None:
        """Look at the live processes of the tree."""
        self._network.look(pids)

    def pending(self) -> tuple[Unmeasured, ...]:
        """Return the rows while the command runs."""
        return tuple(Unmeasured(id=kind, kind=kind, reason=LATER) for kind in (DISK, NETWORK))

    def finish(
        self, seconds: float, storage_bytes: tuple[int | None, int | None], notes: Notes
    ) -> Transfers:
        """Return the ledgers of a run.

        Args:
            seconds: that it took.
            storage_bytes: read and written by the tree, None where it is not known.
            notes: are told how far off the figures may be.
        """
        ledgers: list[DeviceLedger] = []
        unmeasured: list[Unmeasured] = []
        for kind, device_of in ((DISK, self._disk), (NETWORK, self._net)):
            try:
                device, reading = device_of(seconds, storage_bytes)
            except MeterUnavailable as error:
                row = Unmeasured(id=kind, kind=kind, reason=error.reason, hint=error.hint)
                unmeasured.append(row)
                continue
            ledgers.append(_ledger(device, reading))
            message = (
                f"{kind} energy is a model by bytes: the truth may be "
                f"{device.low_factor:g} to {device.high_factor:g} times the figure"
            )
            notes.info(f"{kind}-estimated", message)
        return Transfers(ledgers=tuple(ledgers), unmeasured=tuple(unmeasured))

    def _disk(
        self, seconds: float, storage_bytes: tuple[int | None, int | None]
    ) -> tuple[Device, Reading]:
        if not self._disks:
            raise MeterUnavailable("no disk of this machine is to be seen")
        read, written = storage_bytes
        if read is None or written is None:
            reason = "what some of the processes read and wrote is not readable"
            raise MeterUnavailable(reason, "--cgroup counts it with the io controller")
        reading = coefficients.disk_reading(self._disks, seconds, read + written)
        return coefficients.disk_device(self._disks), reading

    def _net(
        self, seconds: float, _storage_bytes: tuple[int | None, int | None]
    ) -> tuple[Device, Reading]:
        tree_bytes = self._network.tree_bytes()
        reading = coefficients.network_reading(seconds, self._network.machine_bytes(), tree_bytes)
        return coefficients.network_device(), reading


def _ledger(device: Device, reading: Reading) -> DeviceLedger:
    ledger = DeviceLedger(device, choose_floor(device, {}, {}, {}, None))
    ledger.add(origin())
    ledger.add(reading)
    return ledger
