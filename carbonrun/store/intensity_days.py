"""What services have told about some days, read from the shelf; nobody is asked.

The shelf is :mod:`carbonrun.store.intensity_shelf`.
"""

from __future__ import annotations

import os

from carbonrun.intensity.cache import DAY_SECONDS
from carbonrun.store.intensity_shelf import FileShelf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.intensity.model import Point


def kept_points(
    state_dir: str,
    grid_zone: str,
    period: tuple[float, float],
    quantity: tuple[str | None, str | None],
) -> dict[str, tuple[Point, ...]]:
    """Return what is known of a zone and period, by the provider that has told it.

    Args:
        state_dir: the state directory.
        grid_zone: the zone.
        period: beginning and end, seconds since 1970.
        quantity: basis and signal; points of another one are left out.

    Returns:
        Of several addresses of one provider, what the one has told that told most.
    """
    folder = f"{state_dir}/intensity"
    found: dict[str, tuple[Point, ...]] = {}
    for service in _folders(folder):
        shelf = FileShelf(f"{folder}/{service}")
        days = range(int(period[0] // DAY_SECONDS), int(period[1] // DAY_SECONDS) + 1)
        entries = [shelf.day(grid_zone, day) for day in days]
        points = tuple(
            point
            for entry in entries
            if entry is not None
            for point in entry.points
            if (point.basis, point.signal) == quantity
        )
        provider = points[0].provider if points else ""
        if len(points) > len(found.get(provider, ())):
            found[provider] = points
    return found


def _folders(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
