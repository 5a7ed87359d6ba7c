"""How long anybody kept a card busy, whoever it was: what the kernel tells of the card itself.

It matters where the files of other users' processes cannot be read. Cumulative since the first
look; None for a moment at which it is not to be had.

=======  ==============================================================================
amdgpu   ``gpu_busy_percent``: of the moment before, taken for the time since the last look
i915     the time that the card was not in RC6, its state of rest: a little too much
xe       the time that a tile's part was not idle: a little too much
=======  ==============================================================================

Source: Linux, ``Documentation/gpu/amdgpu/thermal.rst``,
``drivers/gpu/drm/i915/gt/intel_gt_sysfs_pm.c``, ``drivers/gpu/drm/xe/xe_gt_idle.c``.
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed
from carbonrun.measurement.gpu.presence import AMDGPU, I915
from carbonrun.measurement.meters.power_file import MILLI, read_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.gpu.drm.cards import Card

_PERCENT = 100


class BusyTime:
    """The busy time of one card."""

    def __init__(self, card: Card) -> None:
        """Find out what the card tells."""
        self._card = card
        self._rests = _rest_files(card)
        self._rested_seconds: float | None = None
        self._seconds = 0.0

    def look(self, interval_seconds: float, lead_seconds: float = 0.0) -> float | None:
        """Return seconds since the first look, None if they are not to be had now.

        At the second look the time before the first may be given: the card is taken to have been as
        busy then.
        """
        if self._card.is_asleep():
            return self._seconds
        try:
            seconds = self._since_last(interval_seconds)
        except ReadFailed:
            self._rested_seconds = None
            return None
        if interval_seconds > 0:
            seconds *= 1 + lead_seconds / interval_seconds
        self._seconds += seconds
        return self._seconds

    def _since_last(self, interval_seconds: float) -> float:
        if self._card.driver == AMDGPU:
            percent = read_number(f"{self._card.device}/gpu_busy_percent")
            return interval_seconds * min(_PERCENT, max(0, percent)) / _PERCENT
        if not self._rests:
            raise ReadFailed("the card does not tell when it rests")
        rested = sum(read_number(path) for path in self._rests) * MILLI
        before, self._rested_seconds = self._rested_seconds, rested
        if before is None:
            return 0.0
        return max(0.0, len(self._rests) * interval_seconds - max(0.0, rested - before))


def _rest_files(card: Card) -> tuple[str, ...]:
    """Return the files that tell how long a part of the card was at rest."""
    if card.driver == AMDGPU:
        return ()
    above = card.device.rpartition("/")[0]
    if card.driver == I915:
        return _existing(f"{above}/gt", "gt", "rc6_residency_ms") or _existing(
            above, "power", "rc6_residency_ms"
        )
    return tuple(
        path
        for tile in _children(card.device, "tile")
        for path in _existing(tile, "gt", "gtidle/idle_residency_ms")
    )


def _existing(folder: str, prefix: str, file: str) -> tuple[str, ...]:
    paths = (f"{child}/{file}" for child in _children(folder, prefix))
    return tuple(path for path in paths if os.path.lexists(path))


def _children(folder: str, prefix: str) -> tuple[str, ...]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith(prefix))  # noqa: PTH208
    except OSError:
        return ()
    return tuple(f"{folder}/{name}" for name in names)
