"""What a GPU draws when idle, as a run sees it. Pure.

The best witness is the power while nobody holds a context; a GPU that somebody holds one on draws
more, however little it does. A figure of earlier runs counts where it is lower than what is seen.
"""

from __future__ import annotations

from carbonrun.measurement.floor import CALIBRATED, GIVEN, UNKNOWN
from carbonrun.measurement.model import IdleFloor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.gpu.look import GpuLook

UNUSED_SOURCE = "lowest power seen while nobody used it"
USED_SOURCE = "lowest power seen, while it was in use"
# Counters change every tenth of a second: over two seconds their steps are 5 % at the most.
WINDOW_SECONDS = 2.0


class SeenFloor:
    """Watches one GPU.

    Attributes:
        unused_watts: the lowest power while nobody held a context, None if that was never seen.
    """

    def __init__(self) -> None:
        """Start without having seen any power."""
        self.unused_watts: float | None = None
        self._lowest_watts: float | None = None
        self._window: GpuLook | None = None
        self._unused_window: GpuLook | None = None
        self._joules: float | None = None  # at the look before

    def add(self, look: GpuLook) -> None:
        """Take a look."""
        is_unused = look.was_listed and look.processes is not None
        is_unused = is_unused and not any(process.has_context for process in look.processes or ())
        self._window = self._widen(self._window, look, is_unused=False)
        self._unused_window = (
            self._widen(self._unused_window, look, is_unused=True)
            if is_unused and look.is_complete
            else None
        )
        self._joules = look.joules
        if look.watts is not None:
            self._see(look.watts, is_unused=is_unused and look.is_complete)

    def floor(self, chosen: IdleFloor) -> IdleFloor:
        """Return the floor, given the one that is known from elsewhere (or not)."""
        if chosen.source.startswith((GIVEN, CALIBRATED)):
            return chosen
        known = None if chosen.source == UNKNOWN else chosen.watts
        if self.unused_watts is not None and (known is None or self.unused_watts < known):
            return _seen(self.unused_watts, UNUSED_SOURCE)
        if known is not None and (self._lowest_watts is None or known <= self._lowest_watts):
            return chosen
        if self._lowest_watts is None:
            return chosen
        return _seen(self._lowest_watts, USED_SOURCE)

    def _widen(self, window: GpuLook | None, look: GpuLook, *, is_unused: bool) -> GpuLook | None:
        """Return the beginning of the window that the next look belongs to."""
        if look.joules is None or window is None or window.joules is None:
            return look
        seconds = look.at_seconds - window.at_seconds
        if look.joules < window.joules:
            return look
        # While the counter stands still it does not tell what is drawn.
        if seconds < WINDOW_SECONDS or look.joules == self._joules:
            return window
        self._see((look.joules - window.joules) / seconds, is_unused=is_unused)
        return look

    def _see(self, watts: float, *, is_unused: bool) -> None:
        if watts <= 0:
            return
        self._lowest_watts = min(watts, self._lowest_watts or watts)
        if is_unused:
            self.unused_watts = min(watts, self.unused_watts or watts)


def _seen(watts: float, source: str) -> IdleFloor:
    return IdleFloor(watts=watts, low_watts=0.0, high_watts=watts, source=source)
