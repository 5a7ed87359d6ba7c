"""The board's controller (BMC), asked with IPMI DCMI through the tool ``ipmitool``.

The tool takes a good part of a second: it is started at one tick, and what it answers is collected
at a later one. It is run only when asked for (``--board``), if there is a device to talk to.

Source: ipmitool(1), "dcmi power reading"; the figure is an average that the controller renews every
second or less often.
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.background_command import BackgroundCommand
from carbonrun.measurement.meters.board.dcmi import parse_watts
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.meters.sensors import NOTHING, Found
from carbonrun.measurement.model import BOARD, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.background_command import Helpers
    from carbonrun.measurement.meters.sensors import Places
    from carbonrun.measurement.model import MachineState
    from carbonrun.notes import Notes

METER_NAME = "ipmi-dcmi"
DEVICE_ID = "ipmi"
TOOL = "ipmitool"
PERIOD_SECONDS = 5.0
DEADLINE_SECONDS = 4.0
DEVICES = ("ipmi0", "ipmi/0", "ipmidev/0")
# Power supplies measure their input to 5 % or better at half load, and worse below. Our reading.
_ACCURACY = (0.9, 1.1)


class IpmiMeter:
    """The power that the controller reports."""

    def __init__(self, tool: str, started: Instant, helpers: Helpers) -> None:
        """Ask through the tool at the path ``tool``."""
        self.device = sampled_device(
            DEVICE_ID,
            BOARD,
            name="board (IPMI)",
            meter=METER_NAME,
            source="ipmitool dcmi power reading",
            accuracy=_ACCURACY,
            period_seconds=PERIOD_SECONDS,
        )
        self._power = PowerMeter(self.device, started, PERIOD_SECONDS)
        words = (tool, "dcmi", "power", "reading")
        self._command = BackgroundCommand(words, DEADLINE_SECONDS, helpers)
        self._next_seconds = 0.0

    def read_joules(self, now: Instant, machine: MachineState) -> float:
        """Return joules since the start; looks for an answer, and asks anew when it is time."""
        seconds = now.monotonic_seconds
        try:
            answer = self._command.poll(seconds)
            if answer is not None:
                self._power.take(now, parse_watts(answer))
            if not self._command.is_running and seconds >= self._next_seconds:
                self._next_seconds = seconds + PERIOD_SECONDS
                self._command.start(seconds)
        except ReadFailed as error:
            self._power.fail(str(error))
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
        self._command.close()


def discover(places: Places, folders: Iterable[str], helpers: Helpers) -> Found:
    """Return the meter of the board's controller.

    Args:
        places: where the kernel shows the controller.
        folders: where to look for the tool.
        helpers: who waits for it.
    """
    path = device_path(places.dev)
    if path is None:
        return NOTHING
    tool = find_tool(folders)
    if tool is None:
        reason, hint = f"{TOOL} is not installed", f"sudo apt install {TOOL}"
    elif not os.access(path, os.R_OK | os.W_OK):
        reason = f"{path} is for root only"
        hint = f"until the next boot: sudo chmod a+rw {path} (or sudo setfacl -m u:$USER:rw {path})"
    else:
        return Found(meters=(IpmiMeter(tool, places.started, helpers),))
    row = Unmeasured(id=DEVICE_ID, kind=BOARD, reason=reason, hint=hint)
    return Found(unmeasured=(row,))


def device_path(dev: str) -> str | None:
    """Return the device of the controller, None if there is none (or its driver is not loaded)."""
    paths = [f"{dev}/{name}" for name in DEVICES]
    return next((path for path in paths if os.path.lexists(path)), None)


def find_tool(folders: Iterable[str]) -> str | None:
    """Return the path of the tool, None if it is in none of the folders."""
    paths = [f"{folder}/{TOOL}" for folder in folders if folder]
    return next((path for path in paths if os.access(path, os.X_OK)), None)
