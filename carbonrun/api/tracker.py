"""``carbonrun.track`` and ``Tracker``: measure this process, and what it starts, from now on."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, overload

from carbonrun.api import active
from carbonrun.api.options import settings_of, settings_of_flags
from carbonrun.api.phase import OpenPhase, phase
from carbonrun.api.wrapping import wrap
from carbonrun.errors import CarbonrunError
from carbonrun.mark import MARK, Mark
from carbonrun.units import duration_text, energy_text, mass_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeVar

    from typing_extensions import Self, Unpack

    from carbonrun.api.options import Flags, TrackOptions
    from carbonrun.api.session import Session
    from carbonrun.report.model import Phase, Report
    from carbonrun.settings import Settings

    Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_NAME = "tracked"


class Tracker:
    """A measurement of this process and what it starts meanwhile.

    There is one measurement in a process: a tracker that is started while another one goes on is a
    phase of that, named after it, and has the same report when that has ended.
    """

    def __init__(
        self,
        *,
        on_report: Callable[[Report], None] | None = None,
        **options: Unpack[TrackOptions],
    ) -> None:
        """Check the options; nothing is measured yet.

        Args:
            on_report: is given the report when there is one.
            options: those of the command line.

        Raises:
            CarbonrunError: a bad option, configuration file or environment variable.
        """
        self._on_report = on_report
        self._options = options
        self._settings: Settings = settings_of(options)
        self._session: Session | None = None
        self._share: OpenPhase | None = None
        self._is_running = False
        self._owner_pid = 0

    @classmethod
    def of_flags(cls, flags: Flags) -> Self:
        """Return a tracker with the options that stand in a command line.

        Raises:
            CarbonrunError: a bad value, configuration file or environment variable.
        """
        tracker = cls()
        tracker._settings = settings_of_flags(flags)
        return tracker

    @property
    def report(self) -> Report | None:
        """Return the report, as of ``carbonrun --json``; None until it has ended."""
        return None if self._session is None else self._session.report

    @property
    def is_shared(self) -> bool:
        """Tell whether it is a phase of another tracker's measurement."""
        return self._share is not None

    @property
    def part(self) -> Phase | None:
        """Return the phase that it is, once the report is there; None if it is not a phase."""
        if self._share is None or self.report is None:
            return None
        path = "/".join(self._share.path)
        return next((each for each in self.report.phases if each.path == path), None)

    @property
    def joules(self) -> float | None:
        """Return the energy, None while or where it is not known."""
        if self.report is None:
            return None
        if self._share is None:
            return self.report.energy.joules
        return None if self.part is None else self.part.joules

    @property
    def grams_co2e(self) -> float | None:
        """Return the emissions, None while or where they are not known."""
        if self.report is None:
            return None
        if self._share is None:
            return self.report.emissions.grams_co2e
        return None if self.part is None else self.part.grams_co2e

    def as_dict(self) -> dict[str, Any] | None:
        """Return the report as the JSON object of schema ``carbonrun.report/1``."""
        return None if self.report is None else self.report.as_dict()

    def read(self) -> Report | None:
        """Read all sensors and return the report as if it ended now; None if it does not run."""
        return None if self._session is None else self._session.report_so_far()

    def start(self) -> Self:
        """Begin to measure; while it runs this does nothing.

        Raises:
            CarbonrunError: it was refused, for example since an output cannot be written.
        """
        if self._is_running and self._owner_pid == os.getpid():
            return self
        self._owner_pid = os.getpid()
        self._session = self._share = None
        try:
            self._session, is_first = active.join(self._settings)
        except CarbonrunError:
            raise
        except Exception as error:  # noqa: BLE001 - the program is not to fail for a fault of ours
            problem = f"{type(error).__name__}: {error}"
            warnings.warn(f"carbonrun cannot measure: {problem}", RuntimeWarning, stacklevel=2)
            return self
        self._is_running = True
        if not is_first:
            name = self._settings.name or DEFAULT_NAME
            self._share = OpenPhase(name, self._session)
            self._session.note_shared(name, sorted(set(self._options) - {"name"}))
        return self

    def stop(self, error: BaseException | None = None) -> Report | None:
        """End it and return the report; once it has ended this only returns the report.

        In a process that was forked while it ran it does nothing. A tracker that is a phase of
        another one's measurement has no report before that has ended.

        Args:
            error: what the work has ended with, if it has failed.
        """
        if not self._is_running or self._session is None or self._owner_pid != os.getpid():
            return self.report
        self._is_running = False
        if self._share is not None:
            self._share.end()
            return self.report
        active.end(self._session, error)
        if self.report is not None and self._on_report is not None:
            self._on_report(self.report)
        return self.report

    def phase(self, name: str) -> phase:
        """Return a part of the work, as a context manager or decorator.

        Raises:
            UsageError: the name is empty, too long, or has control characters.
        """
        return phase(name)

    def mark(self, name: str) -> None:
        """Begin a phase that lasts until the next mark.

        Raises:
            UsageError: the name is empty, too long, or has control characters.
        """
        phase(name)  # checks it
        if self._session is not None:
            self._session.apply(Mark(kind=MARK, name=name.strip()))

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; an exception goes on, and is named in the report."""
        self.stop(error)

    async def __aenter__(self) -> Self:
        """Start."""
        return self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop(error)

    def __call__(self, function: Function) -> Function:
        """Let each call of a function be a measurement of its own; coroutines and generators too.

        Without a name in the options it is named after the function.
        """
        options = dict(self._options)
        if self._settings.name is None:
            options["name"] = function.__qualname__
        on_report = self._on_report
        return wrap(
            function,
            lambda: Tracker(on_report=on_report, **options),  # type: ignore[arg-type]
        )

    def __repr__(self) -> str:
        """Show what it has come to."""
        if self.report is not None:
            seconds = self.report.run.duration_seconds
            joules, grams = energy_text(self.joules), mass_text(self.grams_co2e)
            return f"<Tracker: {joules}, {grams} CO2e in {duration_text(seconds)}>"
        return "<Tracker, running>" if self._is_running else "<Tracker, not started>"

    def _repr_html_(self) -> str | None:
        """Show the report as a table, in notebooks."""
        if self.report is None:
            return None
        from carbonrun.report.html_table import html_table

        return html_table(self.report)


@overload
def track(function: Function, /) -> Function: ...
@overload
def track(
    *, on_report: Callable[[Report], None] | None = None, **options: Unpack[TrackOptions]
) -> Tracker: ...
def track(function: Any = None, /, **options: Any) -> Any:
    """Measure this process, and what it starts, for a while.

    ::

        with carbonrun.track(name="training") as run:
            ...
        print(run.joules, run.grams_co2e, run.report)

        @carbonrun.track
        def train(): ...

    The options are those of the command line (``docs/python.md``); ``on_report`` is given the
    report of each measurement.

    Raises:
        CarbonrunError: a bad option, configuration file or environment variable.
    """
    tracker = Tracker(**options)
    return tracker if function is None else tracker(function)
