"""One figure that the user gives (``--intensity``), for all zones and times."""

from __future__ import annotations

from carbonrun.errors import UsageError
from carbonrun.intensity.model import CONSTANT, Point


def check_g_per_kwh(g_per_kwh: float) -> float:
    """Return the figure if it can be an intensity: finite, 0 or more.

    Raises:
        UsageError: it cannot.
    """
    if 0 <= g_per_kwh < float("inf"):  # false for NaN
        return g_per_kwh
    message = f"bad carbon intensity {g_per_kwh:g}: it must be a finite number, 0 or more"
    raise UsageError(message, "give grams of CO2e per kWh, e.g. --intensity 56")


class ConstantProvider:
    """Answers with the user's figure; its basis and signal are the user's and unknown here."""

    name = "constant"

    def __init__(self, g_per_kwh: float) -> None:
        """Take the figure, g CO2e per kWh.

        Raises:
            UsageError: it is negative or not finite.
        """
        self._g_per_kwh = check_g_per_kwh(g_per_kwh)

    def series(
        self, grid_zone: str | None, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return one open-ended point; see :class:`carbonrun.intensity.model.Provider`."""
        del start_unix_seconds, end_unix_seconds  # a constant is the same at any time
        return (
            Point(
                g_per_kwh=self._g_per_kwh,
                low_g_per_kwh=self._g_per_kwh,
                high_g_per_kwh=self._g_per_kwh,
                basis=None,
                signal=None,
                kind=CONSTANT,
                provider=self.name,
                source="given",
                grid_zone=grid_zone,
            ),
        )
