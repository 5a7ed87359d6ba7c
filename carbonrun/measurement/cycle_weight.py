"""Weighs CPU time by cycles: a second on a slow core costs less than one on a fast core. Pure.

Cores differ in speed (performance and efficiency cores, a core whose other thread is idle and that
may run faster). Where both the tree's cycles and those of all CPUs are known, the tree's CPU time
counts by how its cycles per second compare with those of the average busy CPU::

    weight = (tree cycles / tree CPU time) / (cycles of all / busy CPU time of all)

so that its share of the activity becomes its share of the cycles.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Cores of one machine differ by less; what is beyond comes from intervals too short to tell.
LEAST, MOST = 0.2, 5.0


class CycleWeight:
    """The weighted CPU seconds of the tree on one package, or on all CPUs."""

    def __init__(self, tree_seconds: float = 0.0) -> None:
        """Start with what the tree has used before there were cycles."""
        self.was_weighed = False
        self._weighed_seconds = self._tree_seconds = tree_seconds
        self._busy_seconds = self._whole_seconds = 0.0
        self._cycles: tuple[float, float] | None = None

    def add(
        self,
        tree_seconds: float,
        busy_seconds: float,
        whole_seconds: float,
        cycles: tuple[float, float] | None,
    ) -> float:
        """Return the weighted CPU seconds so far; all figures are since the start.

        Args:
            tree_seconds: the tree's CPU time here.
            busy_seconds: of all processes here.
            whole_seconds: the tree's CPU time on all packages, which its cycles belong to.
            cycles: of the tree everywhere, of everybody here; None where they are not known.
        """
        before, self._cycles = self._cycles, cycles
        weight = None
        if before is not None and cycles is not None:
            weight = ratio(
                (cycles[0] - before[0], whole_seconds - self._whole_seconds),
                (cycles[1] - before[1], busy_seconds - self._busy_seconds),
            )
            self.was_weighed = self.was_weighed or weight is not None
        rise = max(0.0, tree_seconds - self._tree_seconds)
        self._weighed_seconds += rise * (1.0 if weight is None else weight)
        self._tree_seconds, self._busy_seconds = tree_seconds, busy_seconds
        self._whole_seconds = whole_seconds
        return self._weighed_seconds


def ratio(tree: Sequence[float], everybody: Sequence[float]) -> float | None:
    """Return how the cycles per second of two compare, each given as (cycles, seconds).

    None where that is not to be told: nothing has run, or the answer is beyond what cores differ.
    """
    if min(*tree, *everybody) <= 0:
        return None
    weight = tree[0] / tree[1] * everybody[1] / everybody[0]
    return weight if LEAST <= weight <= MOST else None
