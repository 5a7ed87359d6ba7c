"""Meters over a tool that tells power: it is run again and again, and never waited for.

One run may tell the power of several devices. It is started at one tick, and what it answers is
collected at a later one.
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.power_meter import PowerMeter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from carbonrun.clock import Instant
    from carbonrun.measurement.model import Device, MachineState
    from carbonrun.notes import Notes
else:
    Protocol = object


class Tool(Protocol):
    """A command in the background (:mod:`carbonrun.measurement.meters.background_command`)."""

    @property
    def is_running(self) -> bool:
        """Return whether there is an answer to wait for."""

    def start(self, now_seconds: float) -> None:
        """Start it; raises ReadFailed if that is not possible."""

    def poll(self, now_seconds: float) -> str | None:
        """Return what it has written once it has ended; raises ReadFailed at its deadline."""

    def close(self) -> None:
        """End it if it still runs."""


class ToolReader:
    """Runs the tool, one run after the other, and gives each answer to the devices' meters."""

    def __init__(
        self, tool: Tool, parse: Callable[[str], Mapping[str, float]], pause_seconds: float
    ) -> None:
        """Prepare.

        Args:
            tool: what is run.
            parse: returns watts by device from an answer; raises ReadFailed.
            pause_seconds: from the end of one run to the next.
        """
        self.powers: dict[str, PowerMeter] = {}
        self._tool = tool
        self._parse = parse
        self._pause_seconds = pause_seconds
        self._next_seconds = 0.0

    def look(self, now: Instant) -> None:
        """Collect an answer that has come, and run the tool again when it is time to."""
        seconds = now.monotonic_seconds
        try:
            answer = self._tool.poll(seconds)
            if answer is not None:
                self._next_seconds = seconds + self._pause_seconds
                self._give(now, self._parse(answer))
            if not self._tool.is_running and seconds >= self._next_seconds:
                self._tool.start(seconds)
        except ReadFailed as error:
            self._next_seconds = seconds + self._pause_seconds
            for power in self.powers.values():
                power.fail(str(error))

    def _give(self, now: Instant, watts: Mapping[str, float]) -> None:
        for device_id, power in self.powers.items():
            if device_id in watts:
                power.take(now, watts[device_id])
            else:
                power.fail("the tool does not tell its power")

    def close(self) -> None:
        """End the tool if it still runs."""
        self._tool.close()


class ToolMeter:
    """One device of those that the tool tells of."""

    def __init__(self, device: Device, reader: ToolReader, power: PowerMeter) -> None:
        """Meter ``device``, whose samples go to ``power``."""
        self.device = device
        self._reader = reader
        self._power = power

    def read_joules(self, now: Instant, machine: MachineState) -> float:
        """Return joules since the start, as far as they are known."""
        self._reader.look(now)
        return self._power.read_joules(now, machine)

    @property
    def implausible(self) -> str | None:
        """Return why the figures are not those of the whole run, None if they are."""
        return self._power.implausible

    def notes(self, into: Notes) -> None:
        """Tell about answers that did not come."""
        self._power.notes(into)

    def close(self) -> None:
        """End the tool if it still runs."""
        self._reader.close()


def tool_meters(
    devices: Sequence[Device], reader: ToolReader, started: Instant
) -> tuple[ToolMeter, ...]:
    """Return a meter for each device that the reader gives samples of."""
    meters = []
    for device in devices:
        power = PowerMeter(device, started, device.update_seconds)
        reader.powers[device.id] = power
        meters.append(ToolMeter(device, reader, power))
    return tuple(meters)
