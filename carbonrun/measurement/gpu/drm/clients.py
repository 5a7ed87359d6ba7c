"""How long each process has kept a card busy, added up over looks at its open files. Pure.

Responsible for counting a client once however many files and processes share it, for values that
step back (the larger one stands, as the kernel asks), and for drivers that tell cycles. Not
responsible for reading files.

Engines of one kind count as one: a client that keeps one of two busy has used half of that kind.
Otherwise a second is a second, whatever the engine. What a client used before it was first seen
does not count, unless it is new: its process was started since the run was, or has been looked at.

Nobody sees what a process does between the last look and its end. Where another of the same side,
the command's or the others', has begun meanwhile, the work is taken to have gone on up to then, by
whichever processes; else for half of the time. On the average that is right, whether processes
follow each other at once or with pauses.

Source: Linux, ``Documentation/gpu/drm-usage-stats.rst``.
"""

from __future__ import annotations

from carbonrun.measurement.gpu.look import GpuProcess
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from carbonrun.measurement.gpu.drm.fdinfo import ClientText, Engine
    from carbonrun.measurement.gpu.look import ProcessKey

    ClientKey = tuple[str | None, int | None, int]

# So many clients that have gone are remembered: one that comes back must not count again.
MOST_GONE = 1000


class Sight(Record):
    """A client's file, and whose it is.

    Attributes:
        pid, start_ticks: of the process that has it open.
        text: what the file says.
        was_visited: the files of the process were looked at before.
        is_ours: the process is one of the command's.
        age_seconds: how long ago it was started.
    """

    pid: int
    start_ticks: int
    text: ClientText
    was_visited: bool = False
    is_ours: bool = False
    age_seconds: float = float("inf")


class _Client:
    """The largest values that were seen of one client."""

    def __init__(self, *, counts_from_zero: bool) -> None:
        self._counts_from_zero = counts_from_zero
        self._largest: dict[str, float] = {}
        self._clocks: dict[str, int] = {}

    def take(self, engines: Mapping[str, Engine], interval_seconds: float) -> float:
        """Return the engine time since the last look."""
        seconds = 0.0
        for name, engine in engines.items():
            if engine.busy_seconds is not None:
                seconds += self._rise(name, engine.busy_seconds) / engine.capacity
            else:
                seconds += self._from_cycles(name, engine, interval_seconds) / engine.capacity
        self._counts_from_zero = True  # an engine that is told of later was not used before
        return seconds

    def _rise(self, name: str, value: float) -> float:
        before = self._largest.get(name, 0.0 if self._counts_from_zero else value)
        self._largest[name] = max(before, value)
        return max(0.0, value - before)

    def _from_cycles(self, name: str, engine: Engine, interval_seconds: float) -> float:
        """Turn cycles into seconds by the clock that the driver counts them in."""
        rise = self._rise(name, engine.cycles or 0)
        total = engine.total_cycles or 0
        before = self._clocks.get(name)
        self._clocks[name] = max(total, before or 0)
        # How long a new client has been there is not known, but it is no longer than the interval.
        passed = total if before is None else total - before
        if rise <= 0 or passed <= 0:
            return 0.0
        return interval_seconds * min(float(engine.capacity), rise / passed)


class _Process:
    """What one process has used so far."""

    def __init__(self, *, is_ours: bool) -> None:
        self.is_ours = is_ours
        self.busy_seconds = 0.0
        self.memory_bytes: int | None = None
        self.tells_engines = False
        self.share = 0.0

    def go_on(self, seconds: float, present_seconds: float) -> None:
        self.busy_seconds += seconds
        self.share = seconds / present_seconds if present_seconds > 0 else 0.0

    def hold(self, text: ClientText) -> None:
        if text.memory_bytes is not None:
            self.memory_bytes = (self.memory_bytes or 0) + text.memory_bytes
        self.tells_engines |= bool(text.engines)


class ClientBook:
    """The clients of one device; :meth:`look` takes what was seen at one moment."""

    def __init__(self, started_ticks: int) -> None:
        """Start without any; processes that were started later count from the beginning."""
        self._started_ticks = started_ticks
        self._clients: dict[ClientKey, _Client] = {}
        self._processes: dict[ProcessKey, _Process] = {}

    def look(
        self,
        sights: Iterable[Sight],
        interval_seconds: float,
        lead_seconds: float = 0.0,
    ) -> tuple[GpuProcess, ...]:
        """Take the files of a moment; return the processes, with what they have used so far.

        Those that have ended since the last look are among them once more.

        Args:
            sights: every file of this device that was readable, in any order.
            interval_seconds: since the look before; 0 at the first.
            lead_seconds: how long before the first look those count as well that were there at it;
                given at the second: they are taken to have done then as they do now.
        """
        texts: dict[ClientKey, Sight] = {}
        for sight in sorted(sights, key=lambda sight: sight.pid):
            texts.setdefault(_key(sight), sight)  # what is shared is the first process's
        owners = {(s.pid, s.start_ticks): _Process(is_ours=s.is_ours) for s in texts.values()}
        owners |= {key: p for key, p in self._processes.items() if key in owners}
        used = self._take(texts, owners, interval_seconds)
        since = self._go_on(owners, texts.values(), used, (interval_seconds, lead_seconds))
        ended = {key: p for key, p in self._processes.items() if key not in owners}
        for is_ours in (True, False):
            side = [process for process in ended.values() if process.is_ours is is_ours]
            _end(side, since[is_ours], interval_seconds)
        self._forget(texts)
        self._processes = owners
        return (*_listed(owners, has_context=True), *_listed(ended, has_context=False))

    def _take(
        self,
        texts: Mapping[ClientKey, Sight],
        owners: Mapping[ProcessKey, _Process],
        interval_seconds: float,
    ) -> dict[ProcessKey, float]:
        """Return what the clients of each process have used, and let these hold their memory."""
        used = dict.fromkeys(owners, 0.0)
        for process in owners.values():
            process.memory_bytes = None
        for key, sight in texts.items():
            owner = (sight.pid, sight.start_ticks)
            client = self._clients.get(key)
            if client is None:
                is_new = sight.was_visited or sight.start_ticks >= self._started_ticks
                client = self._clients[key] = _Client(counts_from_zero=is_new)
            used[owner] += client.take(sight.text.engines, interval_seconds)
            owners[owner].hold(sight.text)
        return used

    def _go_on(
        self,
        owners: Mapping[ProcessKey, _Process],
        sights: Iterable[Sight],
        used: Mapping[ProcessKey, float],
        times: tuple[float, float],
    ) -> dict[bool, list[float]]:
        """Let processes have used so much; return the ages of those that have begun, by side.

        Args:
            owners: those that are there now.
            sights: of all of them.
            used: since the last look.
            times: interval and lead, in seconds.
        """
        interval_seconds, lead_seconds = times
        ages = {(s.pid, s.start_ticks): max(0.0, s.age_seconds) for s in sights}
        since: dict[bool, list[float]] = {True: [], False: []}
        for owner, process in owners.items():
            seconds, is_known = used[owner], owner in self._processes
            if is_known and interval_seconds > 0 and owner[1] < self._started_ticks:
                seconds *= 1 + lead_seconds / interval_seconds
            is_young = not is_known and ages[owner] < interval_seconds
            if is_young:
                since[process.is_ours].append(ages[owner])
            process.go_on(seconds, ages[owner] if is_young else interval_seconds)
        return since

    def _forget(self, present: Container[ClientKey]) -> None:
        """Drop the oldest of those that have gone; the others may only have been unreadable."""
        gone = [key for key in self._clients if key not in present]
        for key in gone[:-MOST_GONE]:
            del self._clients[key]


def _end(ended: Iterable[_Process], ages: list[float], interval_seconds: float) -> None:
    """Add what processes did after they were last seen.

    Args:
        ended: those that have ended since the last look.
        ages: of those of the same side that have begun since.
        interval_seconds: since the last look.
    """
    waiting = sorted(ages, reverse=True)
    for process in sorted(ended, key=lambda process: -process.share):
        seconds = interval_seconds - waiting.pop() if waiting else interval_seconds / 2
        process.busy_seconds += process.share * seconds


def _key(sight: Sight) -> ClientKey:
    """Return what tells clients apart; one without a number is its process's."""
    text = sight.text
    return (text.card, text.client_id, sight.pid if text.client_id is None else 0)


def _listed(processes: Mapping[ProcessKey, _Process], *, has_context: bool) -> Iterable[GpuProcess]:
    for (pid, start_ticks), process in processes.items():
        yield GpuProcess(
            pid=pid,
            start_ticks=start_ticks,
            has_context=has_context,
            memory_bytes=process.memory_bytes if has_context else None,
            busy_seconds=process.busy_seconds if process.tells_engines else None,
        )
