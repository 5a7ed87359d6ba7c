"""The sensors of macOS and Windows, in their order; chosen by the name of the system."""

from __future__ import annotations

from carbonrun.measurement.model import CPU, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.model import Meter


def before_start_elsewhere(system: str) -> tuple[list[Meter], list[Unmeasured]]:
    """Return what is read from the start on, and the devices without a sensor, and why.

    Args:
        system: as ``sys.platform`` says it.
    """
    reason = f"no sensor is known for this system ({system})"
    return [], [Unmeasured(id="cpu", kind=CPU, reason=reason)]
