"""The running process that ``carbonrun attach`` is pointed at, where there is no procfs."""

from __future__ import annotations

import os
import time

from carbonrun.errors import UsageError
from carbonrun.measurement.tree.portable import TICKS_PER_SECOND, PsutilReader
from carbonrun.measurement.tree.target import Target


class SightedTarget(Target):
    """A process, by its number and the moment of its start."""

    def has_ended(self) -> bool:
        """Look whether it has ended; its parent need not have taken notice."""
        stat = PsutilReader().stat(self.pid)
        return stat is None or stat.start_ticks != self.start_ticks or stat.is_zombie


def find_target(reader: PsutilReader, pid: int) -> SightedTarget:
    """Return the running process of that number.

    Raises:
        UsageError: there is none, it is not ours to look at, or it is this program itself.
    """
    if pid == os.getpid():
        raise UsageError(f"process {pid} is this carbonrun itself", "give another process")
    stat = reader.stat(pid)
    if stat is None or stat.is_zombie:
        message = f"there is no process {pid} that you may look at"
        raise UsageError(message, "as an administrator you may look at those of other users")
    return SightedTarget(
        procfs="",
        pid=pid,
        start_ticks=stat.start_ticks,
        command=reader.command(pid) or (f"[{stat.name}]",),
        age_seconds=max(0.0, time.time() - stat.start_ticks / TICKS_PER_SECOND),
        descriptor=-1,
    )
