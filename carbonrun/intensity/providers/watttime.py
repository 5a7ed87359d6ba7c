"""WattTime, version 3: marginal intensities, for choosing when to start.

Source: docs.watttime.org and the official client for Python. A marginal figure says what one kWh
more or less changes; it is no share of what the grid emits, and never part of a run's footprint.
"""

from __future__ import annotations

from base64 import b64encode

from pydantic import Field

from carbonrun.intensity.model import ACTUAL, FORECAST, ServiceFailed, ZoneNotCovered
from carbonrun.intensity.providers.parsing import (
    MOST_G_PER_KWH,
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

# Source: the pound is 453.59237 g by definition (1959).
G_PER_KWH_OF_LB_PER_MWH = 0.45359237
_UNITS = "lbs_co2_per_mwh"
_SIGNAL = "co2_moer"
_HOUR, _DAY = 3600.0, 86400.0
_MOST_PAST_SECONDS = 32 * _DAY
_MOST_HOURS = 72
_FORBIDDEN = 403
_TOKEN_SECONDS = 25 * 60.0  # it is good for 30 minutes
_REGIONS = {"US-CA": "CAISO_NORTH", "GB": "UK", "AU-NSW": "NEM_NSW", "CA-QC": "HQ"}


class _Value(Reply):
    point_time: TIME
    value: float = Field(ge=0, le=MOST_G_PER_KWH / G_PER_KWH_OF_LB_PER_MWH, allow_inf_nan=False)


class _About(Reply):
    region: str
    signal_type: str
    units: str
    data_point_period_seconds: int = Field(gt=0, le=86400)


class _Values(Reply):
    data: list[_Value]
    meta: _About


class _Token(Reply):
    token: str = Field(min_length=1, max_length=8192, pattern=r"^[\x21-\x7e]+$")


class WattTimeProvider:
    """Logs in, and asks for what was and what is to come."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        self._token = ""
        self._token_ends = 0.0
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return marginal points; see :class:`carbonrun.intensity.model.Provider`."""
        region = _region(grid_zone)
        now = self._access.now()
        rows: list[Row] = []
        try:
            rows += self._past(region, start_unix_seconds, min(end_unix_seconds, now))
        except ServiceFailed as error:  # not every key is good for what was
            if error.status != _FORBIDDEN or end_unix_seconds < now:
                raise
        if end_unix_seconds >= now:
            hours = min(_MOST_HOURS, int(max(0.0, end_unix_seconds - now) // _HOUR) + 1)
            rows += self._rows("forecast", FORECAST, region, {"horizon_hours": str(hours)})
        asked = (start_unix_seconds, end_unix_seconds)
        return to_points(self._access.service, grid_zone, rows, asked)

    def _past(self, region: str, start: float, end: float) -> Iterator[Row]:
        while start < end:
            stop = min(end, start + _MOST_PAST_SECONDS)
            params = {"start": utc(start), "end": utc(stop)}
            yield from self._rows("historical", ACTUAL, region, params)
            start = stop

    def _rows(self, what: str, kind: str, region: str, more: dict[str, str]) -> Iterator[Row]:
        params = {"region": region, "signal_type": _SIGNAL, **more}
        headers = {"Authorization": f"Bearer {self._log_in()}"}
        body = self._access.get(f"{self._access.url}/v3/{what}", params, headers)
        reply: _Values = parse(self._access.service, _Values, body)
        about = reply.meta
        if (about.region, about.signal_type, about.units) != (region, _SIGNAL, _UNITS):
            raise ServiceFailed(f"WattTime answers for another region or unit than {region}")
        for value in reply.data:
            at = seconds(self._access.service, value.point_time)
            yield Row(
                start=at,
                end=at + about.data_point_period_seconds,
                g_per_kwh=value.value * G_PER_KWH_OF_LB_PER_MWH,
                kind=kind,
            )

    def _log_in(self) -> str:
        if self._access.now() >= self._token_ends:
            user = b64encode((self._access.key or "").encode()).decode()
            headers = {"Authorization": f"Basic {user}"}
            body = self._access.get(f"{self._access.url}/login", None, headers)
            reply: _Token = parse(self._access.service, _Token, body)
            self._token, self._token_ends = reply.token, self._access.now() + _TOKEN_SECONDS
        return self._token


def _region(grid_zone: str) -> str:
    if grid_zone in _REGIONS:
        return _REGIONS[grid_zone]
    if len(grid_zone) == 2:  # noqa: PLR2004 - a country; those with several regions are refused
        return grid_zone
    raise ZoneNotCovered(f"the region of WattTime for {grid_zone} is not known here")
