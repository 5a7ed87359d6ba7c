"""Which process a number of the driver's is, and whose descendant.

The driver may give numbers of another PID namespace, one of which may by chance be that of a
process here. So a number counts only for a process that was there when the driver first named it;
a process that has ended keeps its number for ten seconds, for as long as the driver's ring of
samples may speak of it.
"""

from __future__ import annotations

import os

from carbonrun.measurement.tree.procstat import read_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.gpu.look import ProcessKey

KEPT_SECONDS = 10.0
# Source: linux/threads.h, PID_MAX_LIMIT on 64-bit machines; other numbers are no processes.
MOST_PID = 1 << 22
# Source: linux/proc_ns.h, PROC_PID_INIT_INO.
_INITIAL_NAMESPACE = "pid:[4026531836]"
_MOST_ANCESTORS = 64
# btime is in whole seconds.
_START_TOLERANCE_SECONDS = 1.5


class Identities:
    """The processes that the driver has named.

    Attributes:
        born: identities that are new, each with its ancestors; whoever reads it empties it.
        sees_all: this is the PID namespace of the machine: no process is unseen.
    """

    def __init__(self, procfs: str) -> None:
        """Look processes up in ``procfs``."""
        self._procfs = procfs
        self._seen_at_seconds: dict[int, float] = {}
        self._start_ticks: dict[int, int] = {}
        self._foreign: set[int] = set()
        self._asked: dict[int, int | None] = {}
        self._boot_seconds = _boot_seconds(procfs)
        self.born: list[tuple[ProcessKey, tuple[int, ...]]] = []
        self.sees_all = _namespace(procfs) == _INITIAL_NAMESPACE

    def begin(self, now_seconds: float) -> None:
        """Begin a round of looks: each process is looked up once in it."""
        self._foreign.intersection_update(self._asked)  # the others are not listed any more
        self._asked = {}
        gone = [p for p, at in self._seen_at_seconds.items() if now_seconds - at > KEPT_SECONDS]
        for pid in gone:
            del self._seen_at_seconds[pid], self._start_ticks[pid]

    def start_ticks(self, pid: int, now_seconds: float) -> int | None:
        """Return when a process that is listed now was started; None if it is none of ours."""
        if pid in self._asked:
            return self._asked[pid]
        stat = read_stat(self._procfs, pid)
        known = self._start_ticks.get(pid)
        if stat is None:
            if known is None:
                self._foreign.add(pid)
            found = known
        elif pid in self._foreign:
            found = None
        else:
            found = stat.start_ticks
            self._seen_at_seconds[pid] = now_seconds
            if known != found:
                self._start_ticks[pid] = found
                self.born.append(((pid, found), self._ancestors(stat.parent_pid)))
        self._asked[pid] = found
        return found

    def clock_was_set(self) -> None:
        """Read anew when the machine was started, by the clock as it is now."""
        self._boot_seconds = _boot_seconds(self._procfs)

    def sampled(self, pid: int, unix_seconds: float, now_seconds: float) -> int | None:
        """Return when the process of a sample was started; None if the sample is another's.

        Args:
            pid: the number in the sample.
            unix_seconds: when the sample was taken.
            now_seconds: on the monotonic clock.
        """
        known = self._start_ticks.get(pid)
        if known is None and self.sees_all:
            known = self.start_ticks(pid, now_seconds)
        if known is None or self._boot_seconds is None:
            return known
        start_seconds = self._boot_seconds + known / os.sysconf("SC_CLK_TCK")
        return known if unix_seconds >= start_seconds - _START_TOLERANCE_SECONDS else None

    def _ancestors(self, pid: int) -> tuple[int, ...]:
        found: list[int] = []
        while pid > 0 and len(found) < _MOST_ANCESTORS:
            found.append(pid)
            stat = read_stat(self._procfs, pid)
            pid = 0 if stat is None else stat.parent_pid
        return tuple(found)


def _namespace(procfs: str) -> str:
    try:
        return os.readlink(f"{procfs}/self/ns/pid")  # noqa: PTH115
    except OSError:
        return _INITIAL_NAMESPACE


def _boot_seconds(procfs: str) -> float | None:
    try:
        with open(f"{procfs}/stat", "rb") as file:  # noqa: PTH123
            lines = [line for line in file if line.startswith(b"btime ")]
        return float(lines[0].split()[1])
    except (OSError, IndexError, ValueError):
        return None
