"""Electricity Maps, version 4 of its API: lifecycle averages of most zones of the world.

Source: the API's documentation and its official client for Python (electricitymaps 0.0.1).
Asked for a zone that it does not know, the service answers for the place of the caller's address:
that is switched off, and the zone of each reply is compared.
"""

from __future__ import annotations

from typing import Literal

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
    from typing import Any

    from carbonrun.intensity.model import Point
    from carbonrun.intensity.providers.access import Access

_HOUR, _DAY = 3600.0, 86400.0
_PAST_DAYS_AT_ONCE = 10
_HORIZONS = (6, 24, 48, 72)
_STEPS = {"5_minutes": 300.0, "15_minutes": 900.0, "hourly": _HOUR}
# Where its zones are named otherwise than ours.
_NAMES = {"US-CA": "US-CAL-CISO", "US-NY": "US-NY-NYIS", "US-TX": "US-TEX-ERCO"}
_WIDER = {"WORLD", "AFRICA", "ASIA", "ASEAN", "EUROPE", "LATIN-AMERICA", "OCEANIA"}
_REFUSALS = (401, 403)


class _Item(Reply):
    carbonIntensity: GRAMS | None  # noqa: N815 - as the service names it
    datetime: TIME
    isEstimated: bool | None = None  # noqa: N815
    emissionFactorType: Literal["lifecycle"] | None = None  # noqa: N815 - what was asked for
    temporalGranularity: str | None = None  # noqa: N815


class _Latest(_Item):
    zone: str


class _History(Reply):
    zone: str
    history: list[_Item]


class _Past(Reply):
    zone: str
    data: list[_Item]


class _Forecast(Reply):
    zone: str
    forecast: list[_Item]
    temporalGranularity: str | None = None  # noqa: N815


class ElectricityMapsProvider:
    """Asks for the last hours, for days of the past, or for the forecast."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return hourly points; see :class:`carbonrun.intensity.model.Provider`."""
        if ":" in grid_zone or grid_zone in _WIDER:
            raise ZoneNotCovered(f"Electricity Maps has no zone {grid_zone}")
        zone = _NAMES.get(grid_zone, grid_zone)
        now = self._access.now()
        rows: list[Row] = []
        if start_unix_seconds <= now:
            rows += self._past(zone, start_unix_seconds, min(now, end_unix_seconds), now)
        if end_unix_seconds > now + _HOUR:
            try:
                rows += self._forecast(zone, end_unix_seconds - now)
            except ServiceFailed as error:  # free keys have no forecast
                if not rows or error.status not in _REFUSALS:
                    raise
        asked = (start_unix_seconds, end_unix_seconds)
        return to_points(self._access.service, grid_zone, rows, asked)

    def _past(self, zone: str, start: float, end: float, now: float) -> Iterator[Row]:
        if start < now - _DAY:
            try:
                yield from self._days(zone, start, end)
            except ServiceFailed as error:  # free keys have the last day only
                if error.status not in _REFUSALS or end < now - _DAY:
                    raise
            else:
                return
        rows = list(self._rows(self._ask("history", _History, zone).history, ACTUAL))
        yield from rows
        if all(row.end < end for row in rows):
            yield from self._rows([self._ask("latest", _Latest, zone)], ACTUAL)

    def _days(self, zone: str, start: float, end: float) -> Iterator[Row]:
        while start < end:
            stop = min(end, start + _PAST_DAYS_AT_ONCE * _DAY)
            params = {"start": utc(start), "end": utc(stop)}
            yield from self._rows(self._ask("past-range", _Past, zone, params).data, ACTUAL)
            start = stop

    def _forecast(self, zone: str, ahead_seconds: float) -> Iterator[Row]:
        hours = next((h for h in _HORIZONS if h * _HOUR >= ahead_seconds), _HORIZONS[-1])
        reply = self._ask("forecast", _Forecast, zone, {"horizonHours": str(hours)})
        return self._rows(reply.forecast, FORECAST, reply.temporalGranularity)

    def _ask(self, what: str, form: Any, zone: str, more: dict[str, str] | None = None) -> Any:
        """Return a reply that is about the zone.

        Raises:
            ServiceFailed: there is none, or it is about another zone.
        """
        params = {
            "zone": zone,
            "emissionFactorType": "lifecycle",
            "disableCallerLookup": "true",
            **(more or {}),
        }
        headers = {"auth-token": self._access.key or ""}
        body = self._access.get(f"{self._access.url}/carbon-intensity/{what}", params, headers)
        reply = parse(self._access.service, form, body)
        if reply.zone != zone:
            raise ServiceFailed(f"Electricity Maps answers for another zone than {zone}")
        return reply

    def _rows(self, items: list[_Item], kind: str, granularity: str | None = None) -> Iterator[Row]:
        for item in items:
            if item.carbonIntensity is None:
                continue
            start = seconds(self._access.service, item.datetime)
            step = _STEPS.get(item.temporalGranularity or granularity or "hourly", _HOUR)
            is_estimated = kind == ACTUAL and item.isEstimated
            yield Row(
                start=start,
                end=start + step,
                g_per_kwh=item.carbonIntensity,
                kind=PROVISIONAL if is_estimated else kind,
            )
