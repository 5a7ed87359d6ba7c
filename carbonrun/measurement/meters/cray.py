"""The power management counters of Cray nodes, ``/sys/cray/pm_counters``.

The node controller measures outside of the processor, ten times a second, and gives whole joules:
of all processors together, of the memory, and of the whole node (accelerators included). A file
holds a value, its unit and a time stamp: ``48294 J 1693412345678901 us``. ``freshness`` counts the
updates; where it stands still the other values are old, which a counter that stands still tells as
well.

Source: HPE, "User Access to Compute Node Power Data" (CSM documentation); geopm_pio_cnl(7).
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import rapl_checks
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.counter_meter import CounterMeter, counted_device
from carbonrun.measurement.meters.sensors import Found
from carbonrun.measurement.model import BOARD, CPU, MEMORY, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.meters.sensors import Places

METER_NAME = "cray-pm-counters"
FOLDER = "cray/pm_counters"
_FILES = (
    ("cpu_energy", "cpu", CPU),
    ("memory_energy", "memory", MEMORY),
    ("energy", "node", BOARD),
)
_MOST_BYTES = 128
# No error is published for these sensors that is known to us; the figures are our reading. Each end
# of a run may miss an update and a joule, which is UPDATE_SECONDS.
_ACCURACY = {CPU: (0.9, 1.1), MEMORY: (0.85, 1.15), BOARD: (0.9, 1.1)}
UPDATE_SECONDS = 0.1
# 64 bits that no machine lives to see wrap.
_COUNTER_MAX = 2**63 - 1
# All sockets of a node together draw more than one package.
_SOCKETS = 4


class PmCounter:
    """One file, kept open: its number is what comes first."""

    def __init__(self, path: str) -> None:
        """Read from ``path``."""
        self._path = path
        self._descriptor: int | None = None

    def read(self) -> int:
        """Return joules.

        Raises:
            ReadFailed: there is no number of joules to be had.
        """
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            words = os.pread(self._descriptor, _MOST_BYTES, 0).split()
        except OSError as error:
            self.close()
            raise ReadFailed(f"{self._path}: {error.strerror}") from error
        if len(words) < 2 or not words[0].isdigit() or words[1] != b"J":  # noqa: PLR2004
            self.close()
            raise ReadFailed(f"{self._path}: {b' '.join(words)!r} is no energy")
        return int(words[0])

    def close(self) -> None:
        """Give the descriptor back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def discover(places: Places) -> Found:
    """Return meters of the processors, the memory and the node, as far as there are files."""
    meters: list[CounterMeter] = []
    unmeasured: list[Unmeasured] = []
    folder = f"{places.sysfs}/{FOLDER}"
    for name, device_id, kind in _FILES:
        path = f"{folder}/{name}"
        if not os.path.lexists(path):
            continue
        source = PmCounter(path)
        try:
            source.read()
        except ReadFailed as error:
            source.close()
            hint = None
            if isinstance(error.__cause__, PermissionError):
                hint = f"ask the administrator for: chmod a+r {folder}/*"
            unmeasured.append(Unmeasured(id=device_id, kind=kind, reason=str(error), hint=hint))
            continue
        most_watts = _SOCKETS * rapl_checks.most_watts(kind, ())
        device = counted_device(
            device_id, kind, METER_NAME, f"Cray pm_counters {name}", _ACCURACY[kind]
        ).replace(update_seconds=UPDATE_SECONDS)
        counter = WrappingCounter(_COUNTER_MAX, most_watts, joules_per_unit=1.0)
        meters.append(CounterMeter(device, [source], [counter], note_prefix="cray"))
    return Found(meters=tuple(meters), unmeasured=tuple(unmeasured))
