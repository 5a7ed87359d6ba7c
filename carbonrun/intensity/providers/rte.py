"""RTE's eCO2mix on Open Data Reseaux Energies: France, direct, production, every 15 minutes.

Source: the data set eco2mix-national-tr and the Explore API v2.1 of Opendatasoft. At most 100
records come at once. There is no forecast of emissions.
"""

from __future__ import annotations

from carbonrun.intensity.model import ACTUAL, ZoneNotCovered
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

_PATH = "/api/explore/v2.1/catalog/datasets/eco2mix-national-tr/records"
_STEP = 900.0
_AT_ONCE = 100
_MOST_PAGES = 20


class _Record(Reply):
    date_heure: TIME
    taux_co2: GRAMS | None


class _Records(Reply):
    total_count: int
    results: list[_Record]


class RteProvider:
    """Asks for the national figures, page by page."""

    def __init__(self, access: Access) -> None:
        """Take the way to the service."""
        self._access = access
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return quarters of an hour; see :class:`carbonrun.intensity.model.Provider`."""
        if grid_zone != "FR":
            raise ZoneNotCovered(f"RTE covers FR only, not {grid_zone}")
        start = start_unix_seconds // _STEP * _STEP
        rows = self._rows(start, max(end_unix_seconds, start + _STEP))
        return to_points(
            self._access.service, grid_zone, rows, (start_unix_seconds, end_unix_seconds)
        )

    def _rows(self, start: float, end: float) -> Iterator[Row]:
        for page in range(_MOST_PAGES):
            reply = self._ask(start, end, page * _AT_ONCE)
            for record in reply.results:
                if record.taux_co2 is not None:
                    at = seconds(self._access.service, record.date_heure)
                    yield Row(start=at, end=at + _STEP, g_per_kwh=record.taux_co2, kind=ACTUAL)
            if not reply.results or (page + 1) * _AT_ONCE >= reply.total_count:
                return

    def _ask(self, start: float, end: float, offset: int) -> _Records:
        form = "%Y-%m-%dT%H:%M:%SZ"
        since, until = utc(start, form), utc(end, form)
        params = {
            "select": "date_heure,taux_co2",
            "where": "taux_co2 is not null"
            f" and date_heure >= date'{since}' and date_heure < date'{until}'",
            "order_by": "date_heure",
            "limit": str(_AT_ONCE),
            "offset": str(offset),
        }
        body = self._access.get(f"{self._access.url}{_PATH}", params)
        reply: _Records = parse(self._access.service, _Records, body)
        return reply
