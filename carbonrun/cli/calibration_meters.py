"""Which sensors a calibration reads: those of a run."""

from __future__ import annotations

from carbonrun.measurement.meters import rapl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.measurement.model import Meter, Unmeasured
    from carbonrun.settings import Settings


def open_meters(settings: Settings) -> tuple[Sequence[Meter], Sequence[Unmeasured]]:
    """Return all meters that can be read, and what cannot be, and why."""
    return rapl.discover(settings.sysfs)
