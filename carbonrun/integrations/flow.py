"""What callbacks of training frameworks have in common: a tracker, and phases by their names.

A framework says that something begins, and mostly, but not when it fails, that it ends. What began
first is the measurement, what begins within is a phase of it.
"""

from __future__ import annotations

from carbonrun.api.active import current
from carbonrun.api.phase import OpenPhase
from carbonrun.api.tracker import Tracker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Unpack

    from carbonrun.api.options import TrackOptions
    from carbonrun.report.model import Report


class Flow:
    """A measurement at a time; ``reports`` has those that have ended."""

    def __init__(self, **options: Unpack[TrackOptions]) -> None:
        """Check the options.

        Raises:
            CarbonrunError: a bad option, configuration file or environment variable.
        """
        self._options = options
        Tracker(**options)  # a mistake is to be told now, not after hours of training
        self._tracker: Tracker | None = None
        self._outermost = ""
        self._open: list[OpenPhase] = []
        self.reports: list[Report] = []

    def begin(self, name: str) -> None:
        """Begin a measurement, or a phase of the one that goes on.

        The same again is a new one: the framework has failed in the one before.
        """
        if self._tracker is not None and name == self._outermost:
            self.stop()
        if self._tracker is None:
            self._outermost = name
            self._tracker = Tracker(**self._options).start()
        self._open.append(OpenPhase(name, current()))

    def is_open(self, name: str) -> bool:
        """Tell whether something of that name goes on."""
        return any(phase.name == name for phase in self._open)

    def end(self, name: str) -> None:
        """End what has begun under that name, and what has begun within and was not ended."""
        if not self.is_open(name):
            return
        while self._open:
            phase = self._open.pop()
            phase.end()
            if phase.name == name:
                break
        if not self._open:
            self.stop()

    def stop(self, error: BaseException | None = None) -> None:
        """End the measurement, if one goes on."""
        while self._open:
            self._open.pop().end()
        tracker, self._tracker = self._tracker, None
        if tracker is not None and (report := tracker.stop(error)) is not None:
            self.reports.append(report)

    @property
    def report(self) -> Report | None:
        """Return the last report."""
        return self.reports[-1] if self.reports else None


class FlowCallback:
    """What the callbacks of all frameworks share; to be put before the framework's own class."""

    def __init__(self, **options: Unpack[TrackOptions]) -> None:
        """Take the options of ``carbonrun.track``.

        Raises:
            CarbonrunError: a bad option, configuration file or environment variable.
        """
        super().__init__()
        self._flow = Flow(**options)

    @property
    def report(self) -> Report | None:
        """Return the report of the last measurement that has ended, be it an evaluation."""
        return self._flow.report

    @property
    def reports(self) -> tuple[Report, ...]:
        """Return the reports of all that has ended: each training, and what was done apart."""
        return tuple(self._flow.reports)
