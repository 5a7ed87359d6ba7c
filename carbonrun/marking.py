"""Marks as they come in: taken at once, each with a reading of everything, as far as that is cheap.

Responsible for: that a mark is known with the energy at its moment, and that any number of marks
costs little: beyond a budget they are timed but not read (the readings around them are divided),
and beyond a rate they are dropped. Both are noted.
Not responsible for: which phases they make (:mod:`carbonrun.measurement.phases`).
"""

from __future__ import annotations

import time

from carbonrun import clock
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.mark import Mark
    from carbonrun.mark_socket import MarkSocket
    from carbonrun.measurement.sampler import Moment
    from carbonrun.notes import Notes
    from carbonrun.rig import Rig

# Of one CPU; and what may be spent at once, so that a short run has its phases exact.
READING_CPU_SHARE = 0.005
READING_BURST_CPU_SECONDS = 0.05
# Marks that are heeded: so many at once, and so many more each second. Each costs 10 microseconds.
BURST_MARKS = 2000
MARKS_PER_SECOND = 500
# Processes whose phases are kept apart.
MOST_CONTEXTS = 20
MOST_ANCESTORS = 50
# Those of carbonrun.mark, which most runs do not need.
_BEGIN, _END = "begin", "end"
SLOW_DOWN = "mark longer phases, or give those of a loop one name and mark the loop"


class Marked(Record):
    """Marks of one moment; ``moment`` is None where it was not read."""

    at_seconds: float
    marks: tuple[Mark, ...]
    moment: Moment | None


class Marking:
    """Takes marks, and reads at each of them.

    Attributes:
        cpu_seconds: of this thread and others, that the readings took.
    """

    def __init__(
        self,
        observe: Callable[[], Moment],
        notes: Notes,
        socket: MarkSocket | None,
        started_seconds: float,
        lineage_of: Callable[[int], tuple[int, ...]] = lambda _: (),
    ) -> None:
        """Take marks from now on.

        Args:
            observe: reads everything.
            notes: where to say what was left out.
            socket: where marks of other processes come from; None if there is none.
            started_seconds: now, on the monotonic clock.
            lineage_of: tells a process of the run, if it is one and lives, and those above it.
        """
        self.socket = socket
        self.cpu_seconds = 0.0
        self._observe = observe
        self._notes = notes
        self._started_seconds = started_seconds
        self._pending: list[Marked] = []
        self._heeded = self._unread = self._dropped = self._strange = 0
        self._begun = 0  # phases that were begun, and not ended
        self._lineage_of = lineage_of
        self._contexts: dict[int, tuple[int, ...]] = {}

    def drain(self) -> None:
        """Take what has come to the socket; must not fail, and does not."""
        if self.socket is None:
            return
        datagrams = self.socket.receive()
        if datagrams:
            self.take_in(datagrams)

    def take_in(self, datagrams: list[bytes]) -> None:
        """Take datagrams that have come just now."""
        if self._room() <= 0:  # in a flood not even the lines are read
            ends = [line for line in datagrams if self._begun > 0 and line.startswith(b"end ")]
            self._dropped += len(datagrams) - len(ends)
            datagrams = ends
        from carbonrun.mark import parse  # most runs have no marks

        marks = [parse(datagram) for datagram in datagrams]
        known = [mark for mark in marks if mark is not None]
        self._strange += len(marks) - len(known)
        if known:
            self.submit(*known)

    def submit(self, *marks: Mark) -> bool:
        """Take marks that are made now; False if all of them were dropped."""
        heeded = tuple(self._placed(mark) for mark in marks if self._is_heeded(mark))
        self._dropped += len(marks) - len(heeded)
        if heeded:
            self._take(heeded)
        return bool(heeded)

    def _is_heeded(self, mark: Mark) -> bool:
        """Tell whether there is room for a mark; what has begun may always end."""
        if self._room() <= 0 and (mark.kind != _END or self._begun <= 0):
            return False
        self._heeded += 1
        self._begun += (mark.kind == _BEGIN) - (mark.kind == _END)
        return True

    def _placed(self, mark: Mark) -> Mark:
        """Return a mark with the processes that it may be within the phases of.

        A process that has begun a phase and has ended, such as a script for that, stands for the
        one above it.
        """
        is_told = mark.frame is not None if mark.kind == _END else mark.parent is not None
        if mark.pid is None or is_told:
            return mark
        lineage = self._lineage_of(mark.pid)
        if not lineage:  # of another PID namespace, or it has just ended
            return mark.replace(pid=None)
        ended = [
            pid
            for pid, above in self._contexts.items()
            if pid not in lineage and self._nearest(above) in lineage
        ]
        if mark.kind != _END:
            self._contexts[mark.pid] = lineage
        if len(self._contexts) > MOST_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        return mark.replace(ancestors=(*lineage, *ended))

    def _nearest(self, lineage: tuple[int, ...]) -> int | None:
        """Return the first that lives above one that does not; None if it lives itself."""
        if self._lineage_of(lineage[0]):
            return None
        return next((pid for pid in lineage[1:] if self._lineage_of(pid)), None)

    def _take(self, marks: tuple[Mark, ...]) -> None:
        moment = None
        if self.cpu_seconds <= READING_BURST_CPU_SECONDS + READING_CPU_SHARE * self._elapsed():
            before = time.thread_time()
            moment = self._notes.guard("reading at a mark", self._observe)
            self.cpu_seconds += time.thread_time() - before
        at_seconds = clock.now().monotonic_seconds
        if moment is None:
            self._unread += 1
        else:
            at_seconds = moment.now.monotonic_seconds
        self._pending.append(Marked(at_seconds=at_seconds, marks=marks, moment=moment))

    @property
    def has_marks(self) -> bool:
        """Tell whether any was heeded so far."""
        return self._heeded > 0

    def take(self, until_seconds: float) -> list[Marked]:
        """Return, once, the marks that were made before a moment of the monotonic clock."""
        taken = [each for each in self._pending if each.at_seconds <= until_seconds]
        del self._pending[: len(taken)]
        return taken

    def close(self) -> None:
        """Take no more marks; say what was left out."""
        if self.socket is not None:
            self.socket.close()
        if self._dropped:
            message = f"marks of phases came too fast: {self._dropped:,} were not heeded"
            self._notes.warn("marks-dropped", message, SLOW_DOWN)
        if self._unread:
            message = (
                f"marks of phases came fast: at {self._unread:,} of {self._heeded:,} the sensors "
                "were not read, and readings around them were divided by time"
            )
            self._notes.info("marks-unread", message, SLOW_DOWN)
        if self._strange:
            message = f"{self._strange:,} datagrams to CARBONRUN_SOCKET were no marks"
            self._notes.info("marks-unknown", message, "a line is: mark NAME, begin NAME, end NAME")

    def _room(self) -> int:
        """Return how many more marks may be heeded by now."""
        return int(BURST_MARKS + MARKS_PER_SECOND * self._elapsed()) - self._heeded

    def _elapsed(self) -> float:
        return time.monotonic() - self._started_seconds


def marking_of(rig: Rig, socket: MarkSocket | None, started_seconds: float) -> Marking:
    """Return what takes marks since then, and reads the rig at each of them."""

    def observe() -> Moment:
        rig.tree.look(time.monotonic())
        return rig.sampler.observe(clock.now(), rig.tree)

    table = rig.tree.table

    def lineage_of(pid: int) -> tuple[int, ...]:
        above: list[int] = []
        while pid > 0 and len(above) < MOST_ANCESTORS:
            if pid == table.own_pid:
                return (*above, pid)
            stat = table.reader.stat(pid)
            if stat is None or stat.is_zombie:
                break
            above.append(pid)
            pid = stat.parent_pid
        return ()

    return Marking(observe, rig.notes, socket, started_seconds, lineage_of)
