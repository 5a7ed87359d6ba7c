"""Intel's processors on macOS and Windows, by the log of Intel Power Gadget where it is installed.

The tool reads the same registers as RAPL on Linux. Its log is asked for a second at a time, since
it is complete only at the end. Intel gives the tool out no more since 2023.
"""

from __future__ import annotations

import os
import tempfile

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.power_gadget_log import parse_watts
from carbonrun.measurement.meters.power_meter import sampled_device
from carbonrun.measurement.meters.rapl_checks import ACCURACY
from carbonrun.measurement.meters.sensors import NOTHING, Found
from carbonrun.measurement.meters.tool_meter import ToolReader, tool_meters
from carbonrun.measurement.meters.tools import background, find_tool
from carbonrun.measurement.model import CPU, MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.measurement.meters.sensors import Whereabouts

METER_NAME = "intel-power-gadget"
TOOLS = ("PowerLog", "PowerLog3.0.exe")
MAC_FOLDER = "/Applications/Intel Power Gadget"
LOG_SECONDS = 1
RESOLUTION_MS = 100
DEADLINE_SECONDS = 6.0
_MOST_BYTES = 1 << 20
# Of Windows; the installer sets the first.
_FOLDER_VARIABLE = "IPG_Dir"
_VERSIONS = range(8)
_DEVICES = (("package-0", CPU, "CPU package-0"), ("dram-0", MEMORY, "memory dram-0"))


class LogFile:
    """Where the tool writes to; read and removed after each run."""

    def __init__(self) -> None:
        """Choose a name in a folder of its own."""
        self.folder = tempfile.mkdtemp(prefix="carbonrun-")
        self.path = os.path.join(self.folder, "power.csv")  # noqa: PTH118

    def parse(self, _: str) -> dict[str, float]:
        """Return watts by device.

        Raises:
            ReadFailed: the tool has written no log, or none that tells power.
        """
        try:
            with open(self.path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                log = file.read(_MOST_BYTES)
            os.unlink(self.path)  # noqa: PTH108
        except OSError as error:
            raise ReadFailed(f"Intel Power Gadget has written no log: {error.strerror}") from error
        return parse_watts(log)

    def remove(self) -> None:
        """Remove what is left."""
        for remove, path in ((os.unlink, self.path), (os.rmdir, self.folder)):
            try:
                remove(path)
            except OSError:
                continue


class LogReader(ToolReader):
    """Runs the tool, and tidies up."""

    def __init__(self, tool: str, where: Whereabouts) -> None:
        """Log with the tool at the path ``tool``."""
        self.log = LogFile()
        words = (
            *(tool, "-resolution", str(RESOLUTION_MS), "-duration", str(LOG_SECONDS)),
            *("-file", self.log.path),
        )
        command = background(words, DEADLINE_SECONDS, where.helpers, _MOST_BYTES)
        super().__init__(command, self.log.parse, 0.0)

    def close(self) -> None:
        """End the tool if it still runs, and remove its log."""
        super().close()
        self.log.remove()


def discover(where: Whereabouts) -> Found:
    """Return meters of the package and its memory."""
    tool = find_tool(TOOLS, (*folders_of(where.environment), *where.folders))
    if tool is None:
        return NOTHING
    reader = LogReader(tool, where)
    devices = [
        sampled_device(
            device_id,
            kind,
            name=name,
            meter=METER_NAME,
            source="Intel Power Gadget, PowerLog",
            accuracy=ACCURACY[kind],
            period_seconds=float(LOG_SECONDS),
        )
        for device_id, kind, name in _DEVICES
    ]
    return Found(meters=tool_meters(devices, reader, where.started))


def folders_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return where the installer puts the tool."""
    programs = environment.get("ProgramFiles", r"C:\Program Files")
    given = environment.get(_FOLDER_VARIABLE)
    return (
        *((given,) if given else ()),
        *(rf"{programs}\Intel\Power Gadget 3.{version}" for version in reversed(_VERSIONS)),
        MAC_FOLDER,
    )
