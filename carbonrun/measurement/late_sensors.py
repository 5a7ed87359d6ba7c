"""Adds to a running measurement what must not delay the start of the command.

Joins the parts: late sensors of CPU and memory, meters of the board, and the comparison of all of
them with what is billed.
"""

from __future__ import annotations

import os
import sys
import time

from carbonrun.measurement.cross_check import CrossChecks
from carbonrun.measurement.meters.discover import close_all
from carbonrun.measurement.meters.late import after_start
from carbonrun.measurement.model import ESTIMATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.measurement.meters.background_command import Helpers
    from carbonrun.measurement.meters.board.discover import Wanted
    from carbonrun.measurement.meters.poller import Poller
    from carbonrun.measurement.meters.sensors import Found, Places
    from carbonrun.measurement.model import Meter, Reading, Unmeasured
    from carbonrun.measurement.sampler import Sampler
    from carbonrun.notes import Notes


class LateSensors:
    """What was added to the sampler; ``unmeasured`` are the rows of all that is not measured."""

    def __init__(self, sampler: Sampler, unmeasured: Iterable[Unmeasured]) -> None:
        """Start with nothing added to ``sampler``, and the rows of the start."""
        self.unmeasured = tuple(unmeasured)
        self._sampler = sampler
        self._checks: tuple[Meter, ...] = ()
        self._pollers: tuple[Poller, ...] = ()
        self._cross = CrossChecks((), ())

    def add(self, places: Places, wanted: Wanted | None, helpers: Helpers, notes: Notes) -> None:
        """Open them, and begin to read them.

        Args:
            places: roots of the kernel's files.
            wanted: meters of the board that are asked for, None for none.
            helpers: who waits for the tools that are run.
            notes: for what fails.
        """
        board: Found | None = None
        if wanted is not None:
            from carbonrun.measurement.meters.board.discover import discover

            asked = wanted
            board = notes.guard(
                "board meters",
                lambda: discover(places, asked, helpers, os.environ, time.monotonic),
            )
        others: Found | None = None
        if sys.platform != "linux":
            from carbonrun.measurement.meters import other_systems

            where = other_systems.whereabouts(places.started, os.environ, helpers)
            meters = self._sampler.meters
            others = notes.guard(
                "sensors", lambda: other_systems.after_start(sys.platform, where, meters)
            )
        late = after_start(places, self._sampler.meters, self.unmeasured, board, others)
        self.unmeasured, self._checks, self._pollers = late.unmeasured, late.checks, late.pollers
        self._sampler.add_models((*late.meters, *late.checks))
        self._cross = CrossChecks(
            [check.device for check in late.checks],
            [meter.device for meter in self.metered() if meter.device.method != ESTIMATED],
        )

    def metered(self) -> list[Meter]:
        """Return what is billed or shown; second sensors are compared only."""
        meters = (*self._sampler.meters, *self._sampler.models)
        return [meter for meter in meters if meter not in self._checks]

    def compare(self, readings: Mapping[str, Reading]) -> None:
        """Take the readings of a moment, by device id."""
        self._cross.add(readings)

    def finish(self, notes: Notes, set_aside: Iterable[str]) -> None:
        """Tell which sensors disagree, but for devices that are set aside, and close all."""
        faulty = [m.device.id for m in self._checks if getattr(m, "implausible", None)]
        self._cross.notes(notes, (*set_aside, *faulty))
        for poller in self._pollers:
            poller.stop()
        close_all([*self.metered(), *self._checks])
