"""The web API of the Green Software Foundation's Carbon Aware SDK, which users host themselves.

Source: its OpenAPI description and generated clients. Locations are names of cloud regions. Whether
its figures are average or marginal depends on what is behind it: the user declares it.
"""

from __future__ import annotations

from pydantic import Field

from carbonrun.intensity.model import ACTUAL, FORECAST, ServiceFailed
from carbonrun.intensity.providers.declared import declaration
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

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_MOST_MINUTES = 1440


class _Emission(Reply):
    location: str
    time: TIME
    rating: GRAMS
    duration: str = Field(pattern=r"^\d{2}:\d{2}:\d{2}(\.\d+)?$")


class _Value(Reply):
    location: str
    timestamp: TIME
    duration: int = Field(gt=0, le=_MOST_MINUTES)
    value: GRAMS


class _Forecast(Reply):
    # Older ones also have optimalDataPoint, newer ones optimalDataPoints: neither is needed.
    location: str
    forecastData: list[_Value] | None  # noqa: N815 - as the service names it


class CarbonAwareSdkProvider:
    """Asks for what was, and for the current forecast."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        url, basis, signal = declaration(access.url)
        self._url = url.rstrip("/")
        self._declared = (basis, signal)
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return points; see :class:`carbonrun.intensity.model.Provider`."""
        location = grid_zone.rpartition(":")[2]
        now = self._access.now()
        rows: list[Row] = []
        if start_unix_seconds < now:
            end = max(min(now, end_unix_seconds), start_unix_seconds + 1)
            rows += self._emissions(location, start_unix_seconds, end)
        if end_unix_seconds > now:
            try:
                rows += self._forecasts(location)
            except ServiceFailed:
                if not rows:  # not every back-end has forecasts
                    raise
        asked = (start_unix_seconds, end_unix_seconds)
        return to_points(self._access.service, grid_zone, rows, asked, self._declared)

    def _emissions(self, location: str, start: float, end: float) -> Iterator[Row]:
        params = {"location": location, "time": utc(start, _FORM), "toTime": utc(end, _FORM)}
        body = self._access.get(f"{self._url}/emissions/bylocation", params)
        for emission in parse(self._access.service, list[_Emission], body):
            self._check(emission.location, location)
            at = seconds(self._access.service, emission.time)
            end = at + max(60.0, _duration_seconds(emission.duration))
            yield Row(start=at, end=end, g_per_kwh=emission.rating, kind=ACTUAL)

    def _forecasts(self, location: str) -> Iterator[Row]:
        params = {"location": location}
        body = self._access.get(f"{self._url}/emissions/forecasts/current", params)
        for forecast in parse(self._access.service, list[_Forecast], body):
            for value in forecast.forecastData or ():
                self._check(value.location, location)
                at = seconds(self._access.service, value.timestamp)
                end = at + value.duration * 60.0
                yield Row(start=at, end=end, g_per_kwh=value.value, kind=FORECAST)

    def _check(self, replied: str, asked: str) -> None:
        if replied.lower() != asked.lower():
            raise ServiceFailed(f"the Carbon Aware SDK answers for another place than {asked}")


def _duration_seconds(text: str) -> float:
    hours, minutes, secs = text.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0 + float(secs)
