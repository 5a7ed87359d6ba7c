"""Whose descendants the processes on a card are.

The tree is looked through rarely where it is large, and a process that has just begun to use a card
may not be known yet as the command's: so its ancestors are looked up here.
"""

from __future__ import annotations

from carbonrun.measurement.gpu.source import Birth
from carbonrun.measurement.tree.procstat import OWN_PROCFS, read_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from carbonrun.measurement.gpu.drm.clients import Sight
    from carbonrun.measurement.gpu.look import ProcessKey

_MOST_ANCESTORS = 64


class Kin:
    """The ancestors of all processes that were ever on a card."""

    def __init__(self, procfs: str) -> None:
        """Look them up in ``procfs``."""
        self._procfs = procfs
        self._ancestors: dict[ProcessKey, tuple[int, ...]] = {}
        self._new: list[Birth] = []

    def births(self) -> tuple[Birth, ...]:
        """Return the processes that were seen for the first time since this was asked."""
        new, self._new = tuple(self._new), []
        return new

    def of_tree(
        self, sights: Iterable[Sight], tree: Collection[ProcessKey]
    ) -> frozenset[ProcessKey]:
        """Return the processes of the tree: those that are known, and those below them."""
        known = frozenset(tree)
        pids = {pid for pid, _ in known}
        for key in {(sight.pid, sight.start_ticks) for sight in sights}:
            if key not in self._ancestors:
                self._ancestors[key] = self._look_up(key[0])
                self._new.append(Birth(key=key, ancestors=self._ancestors[key]))
            if not pids.isdisjoint(self._ancestors[key]):
                known |= {key}
        return known

    def _look_up(self, pid: int) -> tuple[int, ...]:
        found: list[int] = []
        while len(found) < _MOST_ANCESTORS:
            stat = read_stat(self._procfs, pid) or read_stat(OWN_PROCFS, pid)
            pid = 0 if stat is None else stat.parent_pid
            if pid <= 0:
                break
            found.append(pid)
        return tuple(found)
