"""Which sensors a calibration reads: those of a run, and the meters of the board."""

from __future__ import annotations

import os
import sys
import time

from carbonrun import clock
from carbonrun.measurement.meters import other_systems
from carbonrun.measurement.meters.background_command import OwnHelpers
from carbonrun.measurement.meters.board.discover import Wanted, discover
from carbonrun.measurement.meters.discover import before_start, close_all
from carbonrun.measurement.meters.late import after_start
from carbonrun.measurement.meters.sensors import places_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.measurement.model import Meter, Unmeasured
    from carbonrun.settings import Settings


def open_meters(settings: Settings) -> tuple[Sequence[Meter], Sequence[Unmeasured]]:
    """Return all meters that can be read, and what cannot be, and why."""
    now = clock.now()
    places = places_of(settings.sysfs, settings.procfs, now)
    meters, unmeasured = before_start(settings.sysfs, settings.procfs, now)
    wanted = Wanted(local=True, redfish_url=settings.redfish_url, offline=settings.offline)
    board = discover(places, wanted, OwnHelpers(), os.environ, time.monotonic)
    others = None
    if sys.platform != "linux":
        where = other_systems.whereabouts(now, os.environ, OwnHelpers())
        others = other_systems.after_start(sys.platform, where, meters)
    late = after_start(places, meters, unmeasured, board, others)
    close_all(late.checks)
    return (*meters, *late.meters), late.unmeasured
