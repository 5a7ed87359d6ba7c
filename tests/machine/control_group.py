"""A control group of version 2 as the truth of CPU time: the kernel's own sum, to the microsecond.

Responsible for: making a group, putting processes into it, reading and removing it. Shares no code
with carbonrun, which it is to judge. Used by ``tests/accounting`` and by the benchmarks.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

_REMOVAL_SECONDS = 5.0


class NoControlGroup(Exception):
    """No group can be made here: no cgroup v2, or no right to."""


def own_folder() -> Path:
    """Return the directory of the group that this process lives in.

    Raises:
        NoControlGroup: there is no hierarchy of version 2, not even beside one of version 1.
    """
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        mount, _, rest = line.partition(" - ")
        if rest.startswith("cgroup2 "):
            for own in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
                if own.startswith("0::/"):
                    return Path(mount.split()[4]) / own[len("0::/") :]
    raise NoControlGroup("no control groups of version 2 are mounted")


class ControlGroup:
    """A group below our own; a context manager that ends what is left in it and removes it."""

    def __init__(self, name: str, parent: Path | None = None) -> None:
        """Make the group; ``name`` gets our process id appended.

        Raises:
            NoControlGroup: it cannot be made.
        """
        self.folder = (parent or own_folder()) / f"{name}-{os.getpid()}"
        try:
            self.folder.mkdir()
        except OSError as error:
            raise NoControlGroup(f"{self.folder}: {error.strerror}") from error

    def enter(self) -> None:
        """Move the calling process into the group."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_seconds(self) -> float:
        """Return the CPU time of all that ever ran in the group or below it."""
        fields = (self.folder / "cpu.stat").read_text("ascii").split()
        return int(fields[fields.index("usage_usec") + 1]) * 1e-6

    def pids(self) -> list[int]:
        """Return the processes in this very group."""
        return [int(pid) for pid in (self.folder / "cgroup.procs").read_text("ascii").split()]

    def children(self) -> list[Path]:
        """Return the groups in this group."""
        return [path for path in self.folder.iterdir() if path.is_dir()]

    def controllers(self) -> list[str]:
        """Return the controllers that groups below this one could have."""
        return (self.folder / "cgroup.controllers").read_text("ascii").split()

    def close(self) -> None:
        """End everything in the group and remove it, with the groups in it."""
        end = time.monotonic() + _REMOVAL_SECONDS
        while True:
            try:
                self._remove()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
            else:
                return

    def _remove(self) -> None:
        for folder, _, _ in os.walk(self.folder, topdown=False):
            for pid in Path(folder, "cgroup.procs").read_text("ascii").split():
                os.kill(int(pid), signal.SIGKILL)
            Path(folder).rmdir()

    def __enter__(self) -> Self:
        """Return the group."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
