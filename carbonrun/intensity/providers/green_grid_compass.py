"""Green Grid Compass of 50Hertz, FfE and TenneT: hourly, consumption, with bounds of its own.

Source: the description of its API, version 2. Its zones are market areas: Germany and Luxembourg
are one.
"""

from __future__ import annotations

from carbonrun.intensity.model import ACTUAL, FORECAST, ZoneNotCovered
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

_HOUR = 3600.0
_SAME = "AT BE BG CH CZ EE ES FI FR GR HR HU LT LV NL PL PT RO SI SK"
_ZONES = {
    "DE": "DE_LU",
    "LU": "DE_LU",
    "DK-DK1": "DK_1",
    "DK-DK2": "DK_2",
    **{code: code for code in _SAME.split(" ")},
}


class _Hour(Reply):
    interval: TIME
    consumption_co2_intensity: GRAMS | None
    consumption_co2_intensity_min: GRAMS | None = None
    consumption_co2_intensity_max: GRAMS | None = None


class _Hours(Reply):
    zone_data: list[_Hour]


class GreenGridCompassProvider:
    """Asks for the hours that were, and for the forecast."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return hourly points; see :class:`carbonrun.intensity.model.Provider`."""
        zone = _ZONES.get(grid_zone)
        if zone is None:
            raise ZoneNotCovered(f"Green Grid Compass does not cover {grid_zone}")
        this_hour = self._access.now() // _HOUR * _HOUR
        start = start_unix_seconds // _HOUR * _HOUR
        end = max(end_unix_seconds, start + _HOUR)
        rows: list[Row] = []
        if start < this_hour:
            path = "co2intensity/co2/summary/hourly"
            rows += self._rows(path, ACTUAL, zone, (start, min(end, this_hour)))
        if end > this_hour:
            path = "forecast/hourly"
            rows += self._rows(path, FORECAST, zone, (max(start, this_hour), end))
        asked = (start_unix_seconds, end_unix_seconds)
        return to_points(self._access.service, grid_zone, rows, asked)

    def _rows(self, path: str, kind: str, zone: str, period: tuple[float, float]) -> Iterator[Row]:
        form = "%Y-%m-%dT%H:00:00"
        params = {
            "zone_code": zone,
            "start": utc(period[0], form),
            "end": utc(period[1] + _HOUR - 1, form),
            "emission_scope": "operational",
            "apikey": self._access.key or "",
        }
        body = self._access.get(f"{self._access.url}/{path}", params)
        reply: _Hours = parse(self._access.service, _Hours, body)
        for hour in reply.zone_data:
            if hour.consumption_co2_intensity is not None:
                at = seconds(self._access.service, hour.interval)
                yield Row(
                    start=at,
                    end=at + _HOUR,
                    g_per_kwh=hour.consumption_co2_intensity,
                    kind=kind,
                    low=hour.consumption_co2_intensity_min,
                    high=hour.consumption_co2_intensity_max,
                )
