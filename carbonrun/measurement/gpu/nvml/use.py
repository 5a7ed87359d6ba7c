"""How busy each process kept a GPU: from the driver's samples, or from its accounting.

A sample says which process was on the engines when it was taken, and how busy they were; the
driver keeps those of the last ten seconds. It answers with rows later than a moment in
*microseconds*, whose own times differ, so the next question is for what is later than the latest.
Where nobody was busy it says "not found". Rows of nonsense occur, and are dropped.

Accounting, where it is switched on, adds the same up itself, and forgets nobody who has ended.

Source: nvml.h; for the ring, the headers of NVIDIA's open kernel modules.
"""

from __future__ import annotations

from carbonrun.measurement.gpu.nvml.driver import NOT_FOUND, SUCCESS, Refused
from carbonrun.measurement.gpu.nvml.identities import KEPT_SECONDS, MOST_PID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from carbonrun.measurement.gpu.nvml.driver import Driver
    from carbonrun.measurement.gpu.nvml.identities import Identities

    UseKey = tuple[int, int | None]

_MICROSECONDS = 1e6
_PERCENT = 100
# Source: 72 samples in ten seconds, as above.
SAMPLES_PER_SECOND = 7
# The driver's clock may be a little ahead of what we have read.
CLOCK_SLACK_SECONDS = 1.0
MOST_KEPT = 1024


class Use:
    """Busy seconds of each process so far, whoever adds them up.

    Attributes:
        busy_seconds: by process.
        samples: how many there were.
        refusal: why there are none, None if there are.
    """

    def __init__(self) -> None:
        """Start with nobody."""
        self.busy_seconds: dict[UseKey, float] = {}
        self.samples = 0
        self.refusal: str | None = None
        self._grown_at_seconds: dict[UseKey, float] = {}

    def read(self, now_seconds: float, listed: Iterable[int]) -> None:
        """Take what is new at a moment of the monotonic clock; ``listed`` hold a context.

        Raises:
            Refused: not now.
        """

    def set_clock(self, unix_seconds: float) -> None:
        """Take note of what the clock of the samples says now; it may have been set."""

    def skip(self, unix_seconds: float) -> None:
        """Take note that nobody held a context up to now."""

    def recent(self, now_seconds: float) -> list[UseKey]:
        """Return who was busy in the last ten seconds."""
        return [k for k, at in self._grown_at_seconds.items() if now_seconds - at <= KEPT_SECONDS]

    def _set(self, key: UseKey, busy_seconds: float, now_seconds: float) -> None:
        if busy_seconds > self.busy_seconds.get(key, 0.0):
            self.busy_seconds[key] = busy_seconds
            self._grown_at_seconds[key] = now_seconds
        if len(self.busy_seconds) > MOST_KEPT:
            kept = set(self.recent(now_seconds))
            self.busy_seconds = {k: v for k, v in self.busy_seconds.items() if k in kept}
            self._grown_at_seconds = {k: v for k, v in self._grown_at_seconds.items() if k in kept}


class SampledUse(Use):
    """Adds up samples."""

    def __init__(
        self, driver: Driver, handle: Any, identities: Identities, start_unix_seconds: float
    ) -> None:
        """Begin with samples later than ``start_unix_seconds``."""
        super().__init__()
        self._driver = driver
        self._handle = handle
        self._identities = identities
        self._until = int(start_unix_seconds * _MICROSECONDS)
        self._now: int | None = None  # of the samples' clock, with some slack

    def read(self, now_seconds: float, listed: Iterable[int]) -> None:
        """Take the samples that are new.

        Raises:
            Refused: not now.
        """
        rows = [] if self.refusal is not None else self._rows()
        if not rows:
            return
        latest = max(row.timeStamp for row in rows)
        # It may be longer where the clock was set.
        span_seconds = min(KEPT_SECONDS, (latest - self._until) / _MICROSECONDS)
        by_pid: dict[int, list[Any]] = {}
        for row in rows:
            by_pid.setdefault(row.pid, []).append(row)
        # One row for each process is the mean of its samples; several are the samples.
        most = max(len(own) for own in by_pid.values())
        self.samples += most if most > 1 else max(1, int(span_seconds * SAMPLES_PER_SECOND))
        present = set(listed)
        for pid, own in by_pid.items():
            key = self._key(pid, own, present, now_seconds)
            share = sum(row.smUtil for row in own) / most / _PERCENT
            self._set(key, self.busy_seconds.get(key, 0.0) + share * span_seconds, now_seconds)
        self._until = latest

    def set_clock(self, unix_seconds: float) -> None:
        """Go on with samples from now on if the clock was set back: theirs will be earlier."""
        now = int((unix_seconds + CLOCK_SLACK_SECONDS) * _MICROSECONDS)
        self._now = now
        if self._until > now:
            self._until = int(unix_seconds * _MICROSECONDS)
            self._identities.clock_was_set()

    def skip(self, unix_seconds: float) -> None:
        """Leave out samples up to now: there was nobody to be sampled."""
        self._until = max(self._until, int(unix_seconds * _MICROSECONDS))

    def _key(self, pid: int, rows: list[Any], present: set[int], now_seconds: float) -> UseKey:
        if not self._identities.sees_all and pid not in present:
            return pid, None  # a number of another namespace
        first_seconds = min(row.timeStamp for row in rows) / _MICROSECONDS
        return pid, self._identities.sampled(pid, first_seconds, now_seconds)

    def _rows(self) -> list[Any]:
        try:
            rows = self._driver.ask("DeviceGetProcessUtilization", self._handle, self._until)
        except Refused as error:
            if error.code in {NOT_FOUND, SUCCESS}:
                return []  # nobody was busy
            if not error.is_final:
                raise
            self.refusal = error.text
            return []
        return [row for row in rows if self._is_sound(row)]

    def _is_sound(self, row: Any) -> bool:
        is_process = 0 < row.pid < MOST_PID
        is_new = row.timeStamp > self._until and (self._now is None or row.timeStamp <= self._now)
        return bool(is_process and row.smUtil <= _PERCENT and is_new)


class AccountedUse(Use):
    """Reads what the driver's accounting has added up."""

    def __init__(self, driver: Driver, handle: Any, identities: Identities) -> None:
        """Find out whether there are sums.

        Raises:
            Refused: there is no accounting, it is switched off, or it gives no sums.
        """
        super().__init__()
        if not int(driver.ask("DeviceGetAccountingMode", handle)):
            raise Refused(NOT_FOUND, "accounting is switched off")
        self._driver = driver
        self._handle = handle
        self._identities = identities
        self._running: dict[int, int | None] = {}
        self._ended_samples = 0
        try:
            driver.ask("DeviceGetAccountingStats_v2", handle, 1)
        except Refused as error:
            if error.is_final:
                raise

    def read(self, now_seconds: float, listed: Iterable[int]) -> None:
        """Take the sums of who is listed now, and the last ones of who was before."""
        current = {pid: self._identities.start_ticks(pid, now_seconds) for pid in listed}
        self.samples = self._ended_samples
        for pid, start_ticks in {**self._running, **current}.items():
            samples = self._take(pid, start_ticks, now_seconds)
            self.samples += samples
            if pid not in current:
                self._ended_samples += samples
        self._running = current

    def _take(self, pid: int, start_ticks: int | None, now_seconds: float) -> int:
        try:
            stats = self._driver.ask("DeviceGetAccountingStats_v2", self._handle, pid)
        except Refused:
            return 0  # not yet, or not any more
        # In hundredths of a percent, summed over the samples. Source: nvml.h.
        busy_seconds = stats.sumGpuUtil / _PERCENT / _PERCENT / SAMPLES_PER_SECOND
        self._set((pid, start_ticks), busy_seconds, now_seconds)
        return int(stats.sampleCount)
