"""A shelf that lasts as long as the program: where there is no directory to keep anything in."""

from __future__ import annotations

from contextlib import nullcontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from carbonrun.intensity.cache import Day, Failure


class MemoryShelf:
    """See :class:`carbonrun.intensity.cache.Shelf`."""

    def __init__(self) -> None:
        """Start empty."""
        self._days: dict[tuple[str, int], Day] = {}
        self._failures: dict[str, Failure] = {}

    def day(self, grid_zone: str, day: int) -> Day | None:
        """Return what is known of a day."""
        return self._days.get((grid_zone, day))

    def keep_day(self, grid_zone: str, day: int, merge: Callable[[Day | None], Day]) -> Day:
        """Replace a day; return what it is now."""
        self._days[grid_zone, day] = kept = merge(self._days.get((grid_zone, day)))
        return kept

    def asking(self, grid_zone: str) -> AbstractContextManager[None]:
        """Do nothing: nobody else knows this shelf."""
        del grid_zone
        return nullcontext()

    def failure(self, grid_zone: str) -> Failure | None:
        """Return why the service is left alone."""
        return self._failures.get(grid_zone)

    def keep_failure(self, grid_zone: str, failure: Failure | None) -> None:
        """Keep why the service is left alone."""
        if failure is None:
            self._failures.pop(grid_zone, None)
        else:
            self._failures[grid_zone] = failure
