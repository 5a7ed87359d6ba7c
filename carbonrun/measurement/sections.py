"""What of a quantity falls into each phase of a run. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonrun.measurement.phases import Path

# Beginnings and ends that nothing was added after yet.
MOST_AHEAD = 10_000


class Sections:
    """What of some quantities falls into each path; they come in intervals of time, in order.

    An interval that a phase begins or ends in is divided by time.
    """

    def __init__(self, quantities: int) -> None:
        """Start at zero for each of so many quantities."""
        self._zero = (0.0,) * quantities
        self._open: tuple[Path, ...] = ()
        self._ahead: list[tuple[float, tuple[Path, ...]]] = []
        self._sums: dict[Path, tuple[float, ...]] = {}

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is open, so that nothing need be added."""
        return not self._open and not self._ahead

    def change(self, at_seconds: float, open_paths: tuple[Path, ...]) -> None:
        """Take note that from a moment on, later than all that was added, others are open."""
        self._ahead.append((at_seconds, open_paths))
        if len(self._ahead) > MOST_AHEAD:  # nothing is added any more: its device has failed
            del self._ahead[::2]

    def add(self, start_seconds: float, end_seconds: float, amounts: Sequence[float]) -> None:
        """Add what happened between two moments."""
        seconds, at_seconds, taken = end_seconds - start_seconds, start_seconds, 0
        for moment, open_paths in self._ahead:
            if moment > at_seconds:
                if moment >= end_seconds:
                    break
                self._book(amounts, (moment - at_seconds) / seconds)
                at_seconds = moment
            self._open = open_paths
            taken += 1
        del self._ahead[:taken]
        self._book(amounts, (end_seconds - at_seconds) / seconds if seconds > 0 else 1.0)

    def of(self, path: Path) -> tuple[float, ...]:
        """Return the sums of a path."""
        return self._sums.get(path, self._zero)

    def _book(self, amounts: Sequence[float], share: float) -> None:
        for path in self._open:
            before = self.of(path)
            self._sums[path] = tuple(
                known + share * amount for known, amount in zip(before, amounts, strict=True)
            )
