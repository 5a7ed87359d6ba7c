"""NESO's Carbon Intensity API: Great Britain and its 17 regions, direct, half-hourly.

Source: the API's definitions (carbon-intensity.github.io/api-definitions). The nation has actuals
(null until they are known) and forecasts, the regions forecasts only. Both ends of a range count.
"""

from __future__ import annotations

from carbonrun.intensity.model import ACTUAL, FORECAST, PROVISIONAL, ServiceFailed, ZoneNotCovered
from carbonrun.intensity.providers.parsing import (
    GRAMS,
    TIME,
    Reply,
    Row,
    parse,
    seconds,
    to_points,
    utc,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.intensity.model import Point
    from carbonrun.intensity.providers.access import Access

NATION = "GB"
_REGIONS = range(1, 18)
_HALF_HOUR = 1800.0
_MOST_SECONDS = 14 * 86400.0 - _HALF_HOUR


class _Figures(Reply):
    forecast: GRAMS | None = None
    actual: GRAMS | None = None


class _Period(Reply):
    # "from" is a word of Python; the rest of the period is as long as it is.
    to: TIME
    intensity: _Figures


class _National(Reply):
    data: list[_Period]


class _Region(Reply):
    regionid: int
    data: list[_Period]


class _Regional(Reply):
    # One question in two forms: a list of regions, or the only one.
    data: _Region | list[_Region]


class NesoProvider:
    """Asks for the nation or a region, at most 14 days at once."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return half-hourly points; see :class:`carbonrun.intensity.model.Provider`."""
        region = _region(grid_zone)
        start = start_unix_seconds // _HALF_HOUR * _HALF_HOUR
        end = max(end_unix_seconds, start_unix_seconds + 1)
        rows: list[Row] = []
        while start < end:
            stop = min(end, start + _MOST_SECONDS)
            rows += self._rows(self._ask(region, start, stop))
            start = stop
        asked = (start_unix_seconds, end_unix_seconds)
        return to_points(self._access.service, grid_zone, rows, asked)

    def _ask(self, region: int | None, start: float, end: float) -> list[_Period]:
        period = f"{utc(start)}/{utc(end)}"
        service, url = self._access.service, self._access.url
        if region is None:
            body = self._access.get(f"{url}/intensity/{period}")
            national: _National = parse(service, _National, body)
            return national.data
        body = self._access.get(f"{url}/regional/intensity/{period}/regionid/{region}")
        reply: _Regional = parse(service, _Regional, body)
        regions = reply.data if isinstance(reply.data, list) else [reply.data]
        if any(found.regionid != region for found in regions):
            raise ServiceFailed(f"NESO answers for another region than {region}")
        return [period for found in regions for period in found.data]

    def _rows(self, periods: list[_Period]) -> Iterator[Row]:
        now = self._access.now()
        for period in periods:
            end = seconds(self._access.service, period.to)
            value, kind = period.intensity.actual, ACTUAL
            if value is None:
                # What is over and will have no actual is still the best that there is.
                value, kind = period.intensity.forecast, FORECAST if end > now else PROVISIONAL
            if value is not None:
                yield Row(start=end - _HALF_HOUR, end=end, g_per_kwh=value, kind=kind)


def _region(grid_zone: str) -> int | None:
    if grid_zone == NATION:
        return None
    nation, _, number = grid_zone.partition("-")
    if nation == NATION and number.isascii() and number.isdecimal() and int(number) in _REGIONS:
        return int(number)
    raise ZoneNotCovered(f"NESO covers Great Britain only, not {grid_zone}")
