"""Strict reading of what services reply, and the way from their rows to points.

Responsible for: types and ranges that all replies share, and one series without gaps in its rules:
in order, no overlap, one kind of quantity. Not responsible for: the form of each service's replies.

One bad figure makes the whole reply bad: what else is in it cannot be trusted either. What a
service documents as possibly missing (null) is left out.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from carbonrun.intensity.model import ACTUAL, FORECAST, PROVISIONAL, Point, ServiceFailed
from carbonrun.intensity.uncertainty import bounds
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from carbonrun.intensity.services import Service

# No plant emits so much for each kWh: lignite at its worst is near 1300.
# Source: IPCC AR5 WG3 Annex III, table A.III.2; twice that, for small diesel grids with losses.
MOST_G_PER_KWH = 3000.0
GRAMS = Annotated[float, Field(ge=0, le=MOST_G_PER_KWH, allow_inf_nan=False, strict=True)]
TIME = AwareDatetime
_EARLIEST, _LATEST = 946684800.0, 4102444800.0  # the years 2000 to 2099

_SURENESS = (FORECAST, PROVISIONAL, ACTUAL)
Form = TypeVar("Form")


class Reply(BaseModel):
    """A part of a reply; fields that are not named here are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Row(Record):
    """One figure of a service; the bounds are None where it gives none."""

    start: float
    end: float
    g_per_kwh: float
    kind: str
    low: float | None = None
    high: float | None = None


def parse(service: Service, form: Any, body: bytes) -> Any:
    """Return the reply as ``form`` (a model, or a type of models).

    Raises:
        ServiceFailed: it is no JSON, or not of that form. Nothing of it is told.
    """
    try:
        return TypeAdapter(form).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        what = "it is not JSON" if first["type"] == "json_invalid" else first["msg"]
        message = f"{service.title} does not reply as documented: {where}: {what}"
    raise ServiceFailed(message[:300], "it may be a passing fault of the service")


def seconds(service: Service, time: datetime) -> float:
    """Return a time as seconds since 1970; one without a zone is UTC.

    Raises:
        ServiceFailed: it lies in another century.
    """
    aware = time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)
    return seconds_in_range(service, aware.timestamp())


def seconds_in_range(service: Service, unix_seconds: float) -> float:
    """Return a time that is one of this century.

    Raises:
        ServiceFailed: it is not.
    """
    if not _EARLIEST <= unix_seconds < _LATEST:
        raise ServiceFailed(f"{service.title} replies with a time in another century")
    return unix_seconds


def utc(unix_seconds: float, form: str = "%Y-%m-%dT%H:%MZ") -> str:
    """Return a moment as services want it in a query."""
    return datetime.fromtimestamp(unix_seconds, timezone.utc).strftime(form)


def to_points(
    service: Service,
    grid_zone: str,
    rows: Iterable[Row],
    asked: tuple[float, float],
    declared: tuple[str | None, str | None] | None = None,
) -> tuple[Point, ...]:
    """Return the points that touch the time asked for, in order and without overlap.

    Of several rows of the same start the surest is taken, else the last. A row that reaches into
    the next ends where that begins.

    Args:
        service: whose they are.
        grid_zone: what they are the intensity of.
        rows: in any order.
        asked: beginning and end.
        declared: basis and signal, where the service does not fix them.

    Raises:
        ServiceFailed: none touches it.
    """
    by_start: dict[float, Row] = {}
    for row in rows:
        known = by_start.get(row.start)
        if known is None or _SURENESS.index(row.kind) >= _SURENESS.index(known.kind):
            by_start[row.start] = row
    ordered = [by_start[start] for start in sorted(by_start)]
    ends = [*(row.start for row in ordered[1:]), float("inf")]
    basis, signal = declared or (service.basis, service.signal)
    points = tuple(
        _point(service, grid_zone, row.replace(end=min(row.end, end)), (basis, signal))
        for row, end in zip(ordered, ends, strict=False)  # without rows there is still an end
        if row.start < max(asked[1], asked[0] + 1) and min(row.end, end) > asked[0]
    )
    if not points:
        raise ServiceFailed(f"{service.title} has no figures of {grid_zone} for this time")
    return points


def _point(
    service: Service, grid_zone: str, row: Row, quantity: tuple[str | None, str | None]
) -> Point:
    low, high = bounds(row.g_per_kwh, row.kind)
    if row.low is not None and row.high is not None:
        low, high = min(row.low, row.g_per_kwh), max(row.high, row.g_per_kwh)
    return Point(
        start_unix_seconds=row.start,
        end_unix_seconds=row.end,
        g_per_kwh=row.g_per_kwh,
        low_g_per_kwh=low,
        high_g_per_kwh=high,
        basis=quantity[0],
        signal=quantity[1],
        kind=row.kind,
        provider=service.name,
        source=service.title,
        grid_zone=grid_zone,
        attribution=service.attribution,
        licence=service.licence,
    )
