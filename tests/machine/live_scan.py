"""What a scan of live processes sees of a tree: how most tools do it, and what they miss.

Generous to them: at each scan the whole CPU time of every live descendant is taken, to the
nanosecond, and what was seen of a process is kept when it has ended. Used to show that the tests
of ``tests/accounting`` would fail for such a scan, and by ``benchmarks/accounting.py``.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class LiveScan:
    """A thread that scans the descendants of a process; a context manager."""

    def __init__(self, root_pid: int, interval_seconds: float) -> None:
        """Prepare; the process itself is not counted."""
        self._root_pid = root_pid
        self._interval_seconds = interval_seconds
        self._seen: dict[tuple[int, str], float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def cpu_seconds(self) -> float:
        """Return the sum of what was seen."""
        return sum(self._seen.values())

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_seconds):
            self._scan()

    def _scan(self) -> None:
        children: dict[int, list[tuple[int, str]]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append((int(path.parent.name), fields[19]))
        queue = [self._root_pid]
        while queue:
            for pid, start in children.get(queue.pop(), ()):
                queue.append(pid)
                try:
                    # Source: clock_getcpuclockid(3).
                    self._seen[pid, start] = time.clock_gettime(~pid << 3 | 2)
                except OSError:
                    continue
