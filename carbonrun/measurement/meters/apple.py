"""Energy counters of Apple's processors (IOReport), through the package ``zeus-apple-silicon``.

The counters are of the whole system on chip and need no privilege. CPU and memory are metered.
What the graphics and neural cores draw cannot be divided among processes, as macOS does not tell
who used them, so it is listed as unmeasured.

Source: zeus-apple-silicon, ``AppleEnergyMonitor.get_cumulative_energy``: millijoules, None for what
a processor does not tell; powermetrics(1): such figures are Apple's estimates, not for comparing
one kind of machine with another.
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.counter_meter import CounterMeter, counted_device
from carbonrun.measurement.meters.rapl_checks import most_watts
from carbonrun.measurement.meters.sensors import NOTHING, Found
from carbonrun.measurement.model import CPU, GPU, MEMORY, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from carbonrun.measurement.meters.sensors import Whereabouts
else:
    Protocol = object

METER_NAME = "apple-ioreport"
APPLE_SILICON = "arm64"
INSTALL = "pip install 'carbonrun[apple]'"
JOULES_PER_UNIT = 1e-3
_FIELDS = (("cpu_total_mj", "cpu", CPU), ("dram_mj", "memory", MEMORY))
# The signed 64 bits that the package hands on.
COUNTER_MAX = 2**63 - 1
# No error is published; the figures are our reading of "estimated".
ACCURACY = {CPU: (0.7, 1.4), MEMORY: (0.6, 1.6)}
# How often the counters move is not told either: a cautious guess.
UPDATE_SECONDS = 0.1
NOT_DIVIDED = "macOS does not tell which process used it; its energy is not in the figures"


class Monitor(Protocol):
    """``zeus_apple_silicon.AppleEnergyMonitor``."""

    def get_cumulative_energy(self) -> Any:
        """Return millijoules since some moment in the past, by field; None for what is not told."""


class AppleCounter:
    """One field of what the monitor tells."""

    def __init__(self, monitor: Monitor, field: str) -> None:
        """Read ``field``."""
        self._monitor = monitor
        self._field = field

    def read(self) -> int:
        """Return millijoules.

        Raises:
            ReadFailed: the monitor does not tell them now.
        """
        try:
            value = getattr(self._monitor.get_cumulative_energy(), self._field, None)
        except (OSError, RuntimeError) as error:
            raise ReadFailed(f"IOReport: {error}") from error
        if value is None:
            raise ReadFailed(f"IOReport does not tell {self._field}")
        return int(value)

    def close(self) -> None:
        """Do nothing: the monitor goes with the program."""


def discover(where: Whereabouts) -> Found:
    """Return meters of processor and memory, as far as they are told."""
    if where.machine != APPLE_SILICON:
        return NOTHING
    try:
        from zeus_apple_silicon import AppleEnergyMonitor
    except ImportError:
        reason = "the package zeus-apple-silicon, which reads Apple's counters, is not installed"
        return Found(unmeasured=(Unmeasured(id="cpu", kind=CPU, reason=reason, hint=INSTALL),))
    try:
        return found_in(AppleEnergyMonitor())
    except (OSError, RuntimeError) as error:
        row = Unmeasured(id="cpu", kind=CPU, reason=f"Apple's counters cannot be opened: {error}")
        return Found(unmeasured=(row,))


def found_in(monitor: Monitor) -> Found:
    """Return what a monitor tells.

    Raises:
        RuntimeError: it fails.
    """
    told = monitor.get_cumulative_energy()
    meters = []
    for field, device_id, kind in _FIELDS:
        if getattr(told, field, None) is None:
            continue
        device = counted_device(
            device_id, kind, METER_NAME, f"IOReport Energy Model ({field})", ACCURACY[kind]
        ).replace(name=f"Apple {device_id}", update_seconds=UPDATE_SECONDS)
        counter = WrappingCounter(COUNTER_MAX, most_watts(kind, ()), JOULES_PER_UNIT)
        source = AppleCounter(monitor, field)
        meters.append(CounterMeter(device, [source], [counter], note_prefix="apple"))
    rows = []
    if getattr(told, "gpu_mj", None) is not None:
        rows.append(Unmeasured(id="gpu", kind=GPU, reason=f"Apple GPU: {NOT_DIVIDED}"))
    return Found(meters=tuple(meters), unmeasured=tuple(rows))
