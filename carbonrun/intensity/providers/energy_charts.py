"""Energy-Charts of Fraunhofer ISE: countries of Europe, every 15 minutes, to the end of the day.

Source: the API's specification (api.energy-charts.info). A null among the figures has a forecast
beside it, or nothing.
"""

from __future__ import annotations

from itertools import pairwise

from carbonrun.intensity.model import ACTUAL, FORECAST, ServiceFailed, ZoneNotCovered
from carbonrun.intensity.providers.parsing import (
    GRAMS,
    Reply,
    Row,
    parse,
    seconds_in_range,
    to_points,
    utc,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.intensity.model import Point
    from carbonrun.intensity.providers.access import Access

_CODES = (
    "AL AT BA BE BG CH CY CZ DE DK EE ES FI FR GB GE GR HR HU IE IT LT LU LV MD ME MK MT NL NO PL "
    "PT RO RS RU SE SI SK UA XK"
)
_COUNTRIES = frozenset(_CODES.split(" "))
_QUARTER, _HOUR = 900.0, 3600.0


class _Series(Reply):
    unix_seconds: list[int]
    co2eq: list[GRAMS | None]
    co2eq_forecast: list[GRAMS | None] | None = None


class EnergyChartsProvider:
    """Asks for a country and a period."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return quarters of an hour; see :class:`carbonrun.intensity.model.Provider`."""
        if grid_zone not in _COUNTRIES:
            raise ZoneNotCovered(f"Energy-Charts covers countries of Europe, not {grid_zone}")
        start = start_unix_seconds // _HOUR * _HOUR
        params = {
            "country": grid_zone.lower(),
            "start": utc(start),
            "end": utc(max(end_unix_seconds, start + _HOUR)),
        }
        body = self._access.get(f"{self._access.url}/co2eq", params)
        reply: _Series = parse(self._access.service, _Series, body)
        asked = (start_unix_seconds, end_unix_seconds)
        return to_points(self._access.service, grid_zone, self._rows(reply), asked)

    def _rows(self, reply: _Series) -> Iterator[Row]:
        times = [seconds_in_range(self._access.service, float(at)) for at in reply.unix_seconds]
        forecasts = reply.co2eq_forecast or [None] * len(times)
        if not len(times) == len(reply.co2eq) == len(forecasts):
            raise ServiceFailed("Energy-Charts replies with columns of different length")
        gaps = [b - a for a, b in pairwise(times) if b > a]
        step = min([*gaps, _HOUR]) if gaps else _QUARTER
        for start, actual, forecast in zip(times, reply.co2eq, forecasts, strict=True):
            value, kind = (actual, ACTUAL) if actual is not None else (forecast, FORECAST)
            if value is not None:
                yield Row(start=start, end=start + step, g_per_kwh=value, kind=kind)
