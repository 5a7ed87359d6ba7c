"""Energy of CPU and memory where there is no sensor: power of a model, integrated over time.

Responsible for turning modelled watts and the machine's busy time into cumulative joules. Not
responsible for the watts (:mod:`carbonrun.measurement.meters.cpu_power`) or for choosing between
a sensor and the model (:mod:`carbonrun.measurement.selection`). Always ``estimated``.

The power of a container's machine does not depend on the container's limits: the model is that of
the machine, and attribution takes the share.
"""

from __future__ import annotations

from carbonrun.measurement.fitted_power import share_at
from carbonrun.measurement.host import read_host
from carbonrun.measurement.meters.cpu_data import read_tables
from carbonrun.measurement.meters.cpu_power import LINEAR, cpu_power, dynamic_share
from carbonrun.measurement.model import CPU, ESTIMATED, MEMORY, Device, IdleFloor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.clock import Instant
    from carbonrun.measurement.fitted_power import FittedPower
    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.meters.cpu_power import CpuPower
    from carbonrun.measurement.model import MachineState, Meter
    from carbonrun.notes import Notes

METER_NAME = "estimate"

# Source: Cloud Carbon Footprint, methodology, "memory" (mean of two DRAM makers' figures). A GB is
# 10^9 bytes here; read as 2^30 the figure would be 7 % lower, which the bounds contain.
MEMORY_WATTS_PER_GB = 0.392
BYTES_PER_GB = 1e9
# Others have 0.284 (BoaviztAPI) and 0.375 W/GB (eco2AI). Counted by module at 5 W each, as
# CodeCarbon does, 64 GB modules draw 0.08 W/GB and 8 GB modules 0.63.
MEMORY_LOW_FACTOR, MEMORY_HIGH_FACTOR = 0.15, 1.7

# Busy time has steps of a clock tick; more than this beyond what the CPUs can have run since the
# first reading is a counter that was not readable before, not work.
BUSY_SLACK_SECONDS = 0.1
# The two clocks are read one after the other; a smaller difference is no suspend.
SUSPEND_SECONDS = 1.0


def discover(procfs: str, sysfs: str, power: CpuPower | FittedPower | None = None) -> list[Meter]:
    """Return a model of the machine's CPUs and one of its memory, if its size is known."""
    return models(read_host(procfs, sysfs), power)


def models(host: HostFacts, power: CpuPower | FittedPower | None = None) -> list[Meter]:
    """Return a model of the host's CPUs and one of its memory, if its size is known.

    Args:
        host: the machine.
        power: what a calibration has found of its CPUs; None takes the tables.
    """
    meters: list[Meter] = [CpuEstimate(power or cpu_power(host, read_tables()), host)]
    if host.memory_bytes > 0:
        meters.append(MemoryEstimate(host.memory_bytes))
    return meters


class AwakeTime:
    """Seconds that the machine was awake since the first call; a suspend is remembered."""

    def __init__(self) -> None:
        """Start at the first call of :meth:`step`."""
        self.suspended_seconds = 0.0
        self._last: Instant | None = None

    def step(self, now: Instant) -> float:
        """Return the seconds since the last call, 0 or more; the monotonic clock stops in sleep."""
        last = self._last
        if last is None:
            self._last = now
            return 0.0
        seconds = now.monotonic_seconds - last.monotonic_seconds
        if seconds <= 0:
            return 0.0
        asleep_seconds = now.boottime_seconds - last.boottime_seconds - seconds
        if asleep_seconds > SUSPEND_SECONDS:
            self.suspended_seconds += asleep_seconds
        self._last = now
        return seconds

    def notes(self, into: Notes, device: Device) -> None:
        """Tell of the time that the machine slept through."""
        if self.suspended_seconds > 0:
            message = (
                f"the machine was suspended for {self.suspended_seconds:.0f} s, "
                "for which the model counts nothing"
            )
            into.info("suspended", message, about=device.id)


class CpuEstimate:
    """Cumulative joules of all CPUs by a model of their power.

    With the linear curve the result does not depend on how often it is read. With the other one
    it does a little: load that comes and goes between two readings is taken as even, which is off
    by at most 0.09 of the power between idle and full.
    """

    def __init__(self, power: CpuPower | FittedPower, host: HostFacts) -> None:
        """Model ``host`` with ``power``; counting starts at the first reading."""
        self.power = power
        self._host = host
        self._dynamic_watts = power.full_watts - power.idle_watts
        self._awake = AwakeTime()
        self._busy_seconds: float | None = None
        self._origin_seconds = 0.0
        self._elapsed_seconds = 0.0
        self._joules = 0.0
        self._jumps = 0
        self.device = Device(
            id="cpu",
            kind=CPU,
            name=f"CPU {host.cpu.model_name or ''}".strip(),
            meter=METER_NAME,
            method=ESTIMATED,
            source=power.source,
            low_factor=power.low_factor,
            high_factor=power.high_factor,
            idle=IdleFloor(
                watts=power.idle_watts,
                low_watts=power.idle_low_watts,
                high_watts=power.idle_high_watts,
                source=getattr(power, "idle_source", f"modelled ({power.how})"),
            ),
        )

    def read_joules(self, now: Instant, machine: MachineState) -> float:
        """Return joules since the first reading: idle all the time, dynamic while busy."""
        seconds = self._awake.step(now)
        if self._busy_seconds is None:
            self._busy_seconds = self._origin_seconds = machine.busy_cpu_seconds
            return self._joules
        if seconds <= 0:
            return self._joules
        self._elapsed_seconds += seconds
        busy_seconds = self._busy_since_last(self._busy_seconds, machine)
        self._joules += self.power.idle_watts * seconds
        if self.power.curve == LINEAR:
            # Watts per CPU as of the start, so that CPUs that go or come change nothing else.
            self._joules += self._dynamic_watts / self._host.logical_cpus * busy_seconds
        else:
            load = busy_seconds / (self._cpus(machine) * seconds)
            share = _dynamic_share(self.power.curve, load)
            self._joules += self._dynamic_watts * share * seconds
        return self._joules

    def notes(self, into: Notes) -> None:
        """Say that this is a model and where it is weak; what would be better is said elsewhere."""
        low, high = self.power.low_factor, self.power.high_factor
        message = (
            f"CPU energy is a model ({self.power.how}): "
            f"the truth may be {low:.2g} to {high:.2g} times the figure"
        )
        into.info("cpu-estimated", message, about=self.device.id)
        if self._jumps:
            message = "busy time of the machine jumped; what was done meanwhile counts as idle"
            into.warn("busy-time-jumped", message, about=self.device.id)
        self._awake.notes(into, self.device)

    def _busy_since_last(self, last_seconds: float, machine: MachineState) -> float:
        """Return CPU seconds since the last reading, 0 if they cannot be true or went backwards."""
        busy_seconds = machine.busy_cpu_seconds - last_seconds
        if busy_seconds < 0:
            return 0.0  # the next reading that is ahead of the last one spans the gap
        self._busy_seconds = machine.busy_cpu_seconds
        # Against the whole time, because a reading may also bring what failed ones have missed.
        most_seconds = self._cpus(machine) * (self._elapsed_seconds + BUSY_SLACK_SECONDS)
        if machine.busy_cpu_seconds - self._origin_seconds > most_seconds:
            self._jumps += 1
            self._origin_seconds += busy_seconds
            return 0.0
        return busy_seconds

    def _cpus(self, machine: MachineState) -> int:
        """Return how many CPUs the full power is for; a container may show fewer in procfs."""
        return max(machine.logical_cpus, self._host.logical_cpus)


def _dynamic_share(curve: str | tuple[tuple[float, float], ...], load: float) -> float:
    """Return the share of the power above idle, of a curve by name or of one that was fitted."""
    return dynamic_share(curve, load) if isinstance(curve, str) else share_at(curve, load)


class MemoryEstimate:
    """Cumulative joules of the memory: a constant power for each byte installed, all of it idle."""

    def __init__(self, memory_bytes: int) -> None:
        """Model ``memory_bytes``; counting starts at the first reading."""
        self._awake = AwakeTime()
        self._joules = 0.0
        self._watts = MEMORY_WATTS_PER_GB * memory_bytes / BYTES_PER_GB
        gigabytes = memory_bytes / BYTES_PER_GB
        self.device = Device(
            id="memory",
            kind=MEMORY,
            name=f"memory {gigabytes:.3g} GB",
            meter=METER_NAME,
            method=ESTIMATED,
            source=f"model: {gigabytes:.3g} GB x {MEMORY_WATTS_PER_GB} W "
            "(Cloud Carbon Footprint, Apache-2.0, 2026)",
            low_factor=MEMORY_LOW_FACTOR,
            high_factor=MEMORY_HIGH_FACTOR,
            idle=IdleFloor(
                watts=self._watts,
                low_watts=self._watts,
                high_watts=self._watts * MEMORY_HIGH_FACTOR,
                source="modelled (all of the memory's power)",
            ),
        )

    def read_joules(self, now: Instant, machine: MachineState) -> float:  # noqa: ARG002
        """Return joules since the first reading."""
        self._joules += self._watts * self._awake.step(now)
        return self._joules

    def notes(self, into: Notes) -> None:
        """Say that this is a model and where it is weak."""
        message = (
            "memory energy is a model by size: "
            f"the truth may be {MEMORY_LOW_FACTOR:g} to {MEMORY_HIGH_FACTOR:g} times the figure"
        )
        into.info("memory-estimated", message, about=self.device.id)
        self._awake.notes(into, self.device)
