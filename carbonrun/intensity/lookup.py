"""Asks a service while the command runs, in a thread of its own that nobody has to wait for.

Started after the command. The thread dies with the program, wherever it hangs. Nothing here knows
how an answer comes about (:mod:`carbonrun.intensity.feed`).
"""

from __future__ import annotations

import threading

from carbonrun.intensity.model import IntensityUnavailable, contains
from carbonrun.notes import Notes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.notes import Note

    Ask = Callable[[float, Notes], IntensityFound]

# A service is not asked more often; what is asked for is on the shelf until then.
REFRESH_SECONDS = 900.0


class Answer(Record):
    """What an attempt has brought: something found, or why not; and what there is to say of it."""

    found: IntensityFound | None
    failure: IntensityUnavailable | None
    notes: tuple[Note, ...]


class Lookup:
    """Looks the intensity up again and again; the last answer is at hand at any time."""

    def __init__(
        self, ask: Ask, now: Callable[[], float], refresh_seconds: float = REFRESH_SECONDS
    ) -> None:
        """Prepare.

        Args:
            ask: returns what is found up to a moment; may raise whatever it likes.
            now: returns the time, seconds since 1970.
            refresh_seconds: from the end of one attempt to the next.
        """
        self._ask = ask
        self._now = now
        self._refresh_seconds = refresh_seconds
        self._changed = threading.Condition()
        self._latest: Answer | None = None
        self._asked_until = float("-inf")
        self._wanted_until = float("-inf")

    def start(self) -> None:
        """Begin; without a thread to be had the answer is that failure."""
        try:
            threading.Thread(target=self._run, name="carbonrun-intensity", daemon=True).start()
        except RuntimeError as error:  # the limit of processes is reached
            self._latest = Answer(found=None, failure=IntensityUnavailable(str(error)), notes=())
            self._asked_until = float("inf")

    @property
    def latest(self) -> Answer | None:
        """Return the last answer; None while there is none."""
        with self._changed:
            return self._latest

    def finish(self, end_unix_seconds: float, within_seconds: float) -> Answer | None:
        """Return an answer that reaches to the end of the run, or the last one in time.

        None if not even one attempt has ended.
        """
        with self._changed:
            self._wanted_until = end_unix_seconds
            if not self._reaches(end_unix_seconds):
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._reaches(end_unix_seconds), within_seconds)
            return self._latest

    def _reaches(self, end_unix_seconds: float) -> bool:
        if self._latest is None:
            return False
        if self._asked_until >= end_unix_seconds:
            return True
        found = self._latest.found
        return found is not None and any(contains(p, end_unix_seconds) for p in found.points)

    def _is_more_wanted(self) -> bool:
        return self._wanted_until > self._asked_until and not self._reaches(self._wanted_until)

    def _run(self) -> None:
        while True:
            until = self._now()
            answer = self._attempt(until)
            with self._changed:
                self._latest, self._asked_until = answer, until
                self._changed.notify_all()
                self._changed.wait_for(self._is_more_wanted, self._refresh_seconds)

    def _attempt(self, until: float) -> Answer:
        notes = Notes()
        try:
            found = self._ask(until, notes)
        except IntensityUnavailable as error:
            return Answer(found=None, failure=error, notes=notes.all())
        except Exception as error:  # noqa: BLE001 - its text may be anything
            failure = IntensityUnavailable(f"carbonrun failed ({type(error).__name__})")
            return Answer(found=None, failure=failure, notes=notes.all())
        return Answer(found=found, failure=None, notes=notes.all())
