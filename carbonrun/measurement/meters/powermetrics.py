"""The power of a Mac's processor as its own tool ``powermetrics`` tells it; for root only.

The tool is run for a second at a time, so runs of less than two seconds are too short for it.
"""

from __future__ import annotations

import os

from carbonrun.measurement.meters.apple import ACCURACY, INSTALL
from carbonrun.measurement.meters.power_meter import sampled_device
from carbonrun.measurement.meters.powermetrics_plist import parse_watts
from carbonrun.measurement.meters.sensors import NOTHING, Found
from carbonrun.measurement.meters.tool_meter import ToolReader, tool_meters
from carbonrun.measurement.meters.tools import background, find_tool
from carbonrun.measurement.model import CPU, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.meters.sensors import Whereabouts

METER_NAME = "powermetrics"
DEVICE_ID = "cpu"
TOOL = "powermetrics"
SAMPLE_SECONDS = 1.0
DEADLINE_SECONDS = 5.0
# One sample, with the frequencies of dozens of cores.
_MOST_BYTES = 1 << 20
_ROOT = 0


def discover(where: Whereabouts) -> Found:
    """Return the meter of the processor."""
    tool = find_tool((TOOL,), where.folders)
    if tool is None:
        return NOTHING
    if where.uid != _ROOT:
        reason = f"{TOOL} is for root only"
        hint = f"sudo carbonrun -- COMMAND (on Apple silicon better without root: {INSTALL})"
        return Found(unmeasured=(Unmeasured(id=DEVICE_ID, kind=CPU, reason=reason, hint=hint),))
    sample_ms = f"{SAMPLE_SECONDS * 1000:.0f}"
    words = (tool, "--samplers", "cpu_power", "-n", "1", "-i", sample_ms, "-f", "plist")
    command = background(words, DEADLINE_SECONDS, where.helpers, _MOST_BYTES)
    reader = ToolReader(command, lambda answer: {DEVICE_ID: parse_watts(answer)}, 0.0)
    device = sampled_device(
        DEVICE_ID,
        CPU,
        name="CPU (powermetrics)",
        meter=METER_NAME,
        source=" ".join((os.path.basename(tool), *words[1:])),  # noqa: PTH119
        accuracy=ACCURACY[CPU],
        period_seconds=SAMPLE_SECONDS,
    )
    return Found(meters=tool_meters([device], reader, where.started))
