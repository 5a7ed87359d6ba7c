"""One NVIDIA GPU: what it is, and what a look at it says."""

from __future__ import annotations

from carbonrun.measurement.gpu.look import SAMPLED, GpuLook, GpuProcess
from carbonrun.measurement.gpu.nvml import sensors
from carbonrun.measurement.gpu.nvml.driver import Refused
from carbonrun.measurement.gpu.nvml.energy import EnergyReader
from carbonrun.measurement.gpu.nvml.presence import Presence
from carbonrun.measurement.gpu.nvml.use import AccountedUse, SampledUse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from carbonrun.measurement.gpu.nvml.driver import Driver
    from carbonrun.measurement.gpu.nvml.identities import Identities
    from carbonrun.measurement.gpu.nvml.use import Use

# When the power of a GPU that nobody uses is asked for: at the first looks, then rarely.
_FIRST_LOOKS = 4
# Samples may be told some time after they were taken.
_LATE_SECONDS = 2.0
_RARELY = 20
# Samples of a GPU that nobody is on are asked for at each second look: they last for ten seconds.
_RARER = 2
# Use that cannot be had so often in a row is not waited for any longer.
_MOST_MISSES = 3


class NvmlDevice:
    """One GPU.

    Attributes:
        id: its UUID.
        index: NVML's.
        product: its name.
    """

    def __init__(
        self,
        driver: Driver,
        handle: Any,
        index: int,
        identities: Identities,
        unix_seconds: Callable[[], float],
    ) -> None:
        """Find out what it is.

        Raises:
            Refused: it does not even tell its UUID.
        """
        self.index = index
        self.id = driver.text("DeviceGetUUID", handle) or f"GPU-{index}"
        self.product = _or(lambda: driver.text("DeviceGetName", handle), "") or "NVIDIA GPU"
        self._architecture = _or(
            lambda: int(driver.ask("DeviceGetArchitecture", handle)), sensors.UNKNOWN
        )
        minor = _or(lambda: int(driver.ask("DeviceGetMinorNumber", handle)), None)
        self._file = None if minor is None else f"/dev/nvidia{minor}"
        self._identities = identities
        self._unix_seconds = unix_seconds
        self._energy = EnergyReader(driver, handle, unix_seconds)
        self._presence = Presence(driver, handle, identities)
        self._use: Use = _open_use(driver, handle, identities, unix_seconds())
        self._looks = self._misses = 0
        self._is_unlisted = False

    def facts(self) -> dict[str, object]:
        """Return what may change during a run, and what the device is, for the reader."""
        sensor = self._energy.sensor
        window = sensors.window(sensor or "", self._architecture, self.product)
        return {
            "id": self.id,
            "index": self.index,
            "product": self.product,
            "file": self._file,
            "sensor": sensor,
            "window": window.text,
            "update_seconds": window.update_seconds,
            "energy_refusals": dict(self._energy.refusals),
            "sees_all": self._identities.sees_all,
            "has_mps": self._presence.has_mps,
            "is_divided": self._presence.is_divided,
            "is_accounted": isinstance(self._use, AccountedUse),
            "was_frozen": self._energy.was_frozen,
            "use_refusal": self._use.refusal,
            "resets": self._energy.resets,
            "list_refusal": "; ".join(dict.fromkeys(self._presence.refusals.values())) or None,
            "is_unlisted": self._is_unlisted,
        }

    def look(self, at_seconds: float) -> GpuLook:
        """Return what it says at a moment of the monotonic clock."""
        self._looks += 1
        joules, failure = self._joules(at_seconds)
        try:
            processes = self._presence.read(at_seconds)
            self._is_unlisted = processes is None
        except Refused as error:
            return GpuLook(
                device_id=self.id,
                at_seconds=at_seconds,
                joules=joules,
                failure=failure or error.text,
                was_listed=False,
            )
        if processes is not None:
            processes = self._with_use(processes, at_seconds)
        return GpuLook(
            device_id=self.id,
            at_seconds=at_seconds,
            joules=joules,
            failure=failure,
            processes=None if processes is None else tuple(processes),
            is_complete=self._identities.sees_all,
            use=SAMPLED if self._tells_use else None,
            samples=self._use.samples,
            watts=self._watts(processes),
        )

    def last_look(self, at_seconds: float) -> GpuLook:
        """Return its energy only: one call of the driver."""
        joules, failure = self._joules(at_seconds)
        return GpuLook(
            device_id=self.id,
            at_seconds=at_seconds,
            joules=joules,
            failure=failure,
            was_listed=False,
        )

    def _joules(self, at_seconds: float) -> tuple[float | None, str | None]:
        try:
            return self._energy.read(at_seconds), None
        except Refused as error:
            return None, error.text

    def _with_use(self, listed: list[GpuProcess], at_seconds: float) -> list[GpuProcess]:
        """Add how busy they were, and those who are not listed any more but were busy."""
        use = self._use
        if not listed and not self._looks % _RARER and not use.recent(at_seconds):
            return listed
        unix_seconds = self._unix_seconds()
        use.set_clock(unix_seconds)
        try:
            use.read(at_seconds, [process.pid for process in listed])
            self._misses = 0
        except Refused:
            self._misses += 1  # what was used shows in the next that answers
        if not self._tells_use:
            return listed
        if not listed and not use.recent(at_seconds):
            use.skip(unix_seconds - _LATE_SECONDS)
            return listed
        busy = use.busy_seconds
        found = [
            process.replace(busy_seconds=busy.get((process.pid, process.start_ticks), 0.0))
            for process in listed
        ]
        present = {(process.pid, process.start_ticks) for process in listed}
        found += [
            GpuProcess(pid=key[0], start_ticks=key[1], has_context=False, busy_seconds=busy[key])
            for key in use.recent(at_seconds)
            if key not in present
        ]
        return found

    @property
    def _tells_use(self) -> bool:
        return self._use.refusal is None and self._misses < _MOST_MISSES

    def _watts(self, processes: list[GpuProcess] | None) -> float | None:
        """Return the power of this moment, where it is worth a call."""
        is_first = self._looks == 1
        is_unused = not processes and (self._looks <= _FIRST_LOOKS or not self._looks % _RARELY)
        if not is_first and not is_unused:
            return None
        watts: float | None = _or(self._energy.watts, None)
        return watts


def _open_use(driver: Driver, handle: Any, identities: Identities, unix_seconds: float) -> Use:
    try:
        return AccountedUse(driver, handle, identities)
    except Refused:
        return SampledUse(driver, handle, identities, unix_seconds)


def _or(ask: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return ask()
    except Refused:
        return otherwise
