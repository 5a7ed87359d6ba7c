"""Energinet's Energi Data Service: the two price areas of Denmark, direct, every five minutes.

Source: the data sets CO2Emis and CO2EmisProg and the guide to the API. Times in the query are
Danish, those in the column ``Minutes5UTC`` are UTC without saying so; so more is asked for than is
needed, and only that column counts, whatever hour is skipped or repeated in Denmark.
"""

from __future__ import annotations

from pydantic import NaiveDatetime

from carbonrun.intensity.model import ACTUAL, FORECAST, ServiceFailed, ZoneNotCovered
from carbonrun.intensity.providers.parsing import (
    GRAMS,
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

_AREAS = {"DK-DK1": "DK1", "DK-DK2": "DK2"}
_STEP = 300.0
_MARGIN = 3 * 3600.0
_MOST_SECONDS = 7 * 86400.0


class _Record(Reply):
    Minutes5UTC: NaiveDatetime
    PriceArea: str
    CO2Emission: GRAMS | None


class _Records(Reply):
    records: list[_Record]


class EnerginetProvider:
    """Asks for what was, and for what is to come where that is wanted."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return points of five minutes; see :class:`carbonrun.intensity.model.Provider`."""
        area = _AREAS.get(grid_zone)
        if area is None:
            hint = "name the price area: --zone DK-DK1 (west) or DK-DK2 (east)"
            raise ZoneNotCovered(f"Energinet covers DK-DK1 and DK-DK2, not {grid_zone}", hint)
        now = self._access.now()
        rows: list[Row] = []
        if start_unix_seconds < now:
            rows += self._rows("CO2Emis", ACTUAL, area, start_unix_seconds, end_unix_seconds)
        if end_unix_seconds > now - _STEP:
            rows += self._rows("CO2EmisProg", FORECAST, area, start_unix_seconds, end_unix_seconds)
        asked = (start_unix_seconds, end_unix_seconds)
        return to_points(self._access.service, grid_zone, rows, asked)

    def _rows(self, data: str, kind: str, area: str, start: float, end: float) -> Iterator[Row]:
        start, end = start - _MARGIN, end + _MARGIN
        while start < end:
            stop = min(end, start + _MOST_SECONDS)
            for record in self._ask(data, area, start, stop):
                if record.PriceArea != area:
                    raise ServiceFailed(f"Energinet answers for another area than {area}")
                if record.CO2Emission is not None:
                    at = seconds(self._access.service, record.Minutes5UTC)
                    yield Row(start=at, end=at + _STEP, g_per_kwh=record.CO2Emission, kind=kind)
            start = stop

    def _ask(self, data: str, area: str, start: float, end: float) -> list[_Record]:
        params = {
            "filter": f'{{"PriceArea":["{area}"]}}',
            "start": utc(start, "%Y-%m-%dT%H:%M"),
            "end": utc(end, "%Y-%m-%dT%H:%M"),
            "sort": "Minutes5UTC ASC",
            "limit": "0",  # all; otherwise it is the hundred newest
        }
        body = self._access.get(f"{self._access.url}/dataset/{data}", params)
        reply: _Records = parse(self._access.service, _Records, body)
        return reply.records
