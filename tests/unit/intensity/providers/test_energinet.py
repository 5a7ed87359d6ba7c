from __future__ import annotations

import json
from typing import Any

import pytest

from carbonrun.intensity.model import ServiceFailed, ZoneNotCovered
from tests.unit.intensity.providers.services import NOW, Asked, Played, at, short


def record(utc: str, danish: str, value: float | None, area: str = "DK1") -> dict[str, Any]:
    return {
        "Minutes5UTC": utc,
        "Minutes5DK": danish,
        "PriceArea": area,
        "CO2Emission": value,
    }


def test_actuals_and_forecast_of_a_price_area() -> None:
    def reply(asked: Asked) -> Any:
        if asked.path == "/dataset/CO2EmisProg":
            rows = [
                record("2026-11-25T12:05:00", "2026-11-25T13:05:00", 99.0),
                record("2026-11-25T12:10:00", "2026-11-25T13:10:00", 91.0),
            ]
        else:
            rows = [
                record("2026-11-25T12:00:00", "2026-11-25T13:00:00", None),
                record("2026-11-25T12:05:00", "2026-11-25T13:05:00", 87.0),
            ]
        return {"total": 2, "dataset": asked.path, "records": rows}

    played = Played(reply)
    points = played.provider("energinet").series("DK-DK1", at("12:00"), NOW + 60)
    assert short(points) == [(-5, 0, 87, "actual"), (0, 5, 91, "forecast")]
    params = played.asked[0].params
    assert json.loads(params["filter"]) == {"PriceArea": ["DK1"]}
    # Whether the service takes these for Danish or for UTC, the hours that count are among them.
    assert (params["start"], params["end"]) == ("2026-11-25T09:00", "2026-11-25T15:11")
    assert (params["limit"], params["sort"]) == ("0", "Minutes5UTC ASC")


def test_the_hour_that_comes_twice_in_denmark_counts_twice() -> None:
    rows = [
        record("2026-10-25T00:30:00", "2026-10-25T02:30:00", 50.0),
        record("2026-10-25T01:30:00", "2026-10-25T02:30:00", 150.0),
    ]
    played = Played(lambda _: {"records": rows})
    points = played.provider("energinet").series(
        "DK-DK1", at("2026-10-25T00:00"), at("2026-10-25T02:00")
    )
    starts = [at("2026-10-25T00:30"), at("2026-10-25T01:30")]
    assert [(p.start_unix_seconds, p.g_per_kwh) for p in points] == [
        (starts[0], 50.0),
        (starts[1], 150.0),
    ]


def test_a_time_with_a_zone_is_not_what_is_documented() -> None:
    rows = [record("2026-11-25T12:05:00Z", "", 87.0)]
    with pytest.raises(ServiceFailed):
        Played(lambda _: {"records": rows}).provider("energinet").series("DK-DK1", at("12:00"), NOW)


def test_another_area_is_refused() -> None:
    rows = [record("2026-11-25T12:05:00", "", 87.0, area="DK2")]
    with pytest.raises(ServiceFailed, match="another area"):
        Played(lambda _: {"records": rows}).provider("energinet").series("DK-DK1", at("12:00"), NOW)


def test_denmark_as_a_whole_has_a_hint() -> None:
    with pytest.raises(ZoneNotCovered) as caught:
        Played(lambda _: {}).provider("energinet").series("DK", NOW, NOW)
    assert "DK-DK1" in (caught.value.hint or "")
