from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from carbonrun.intensity.model import ServiceFailed, ZoneNotCovered
from carbonrun.intensity.services import FOR_RUNS
from tests.unit.intensity.providers.services import (
    HOUR,
    KEY,
    NOW,
    Asked,
    Played,
    at,
    refused,
    short,
)


def values(rows: list[tuple[str, float]], **changes: Any) -> dict[str, Any]:
    meta = {
        "region": "CAISO_NORTH",
        "signal_type": "co2_moer",
        "units": "lbs_co2_per_mwh",
        "model": {"date": "2026-01-01"},
        "data_point_period_seconds": 300,
        "warnings": [],
        **changes,
    }
    return {"data": [{"point_time": time, "value": v} for time, v in rows], "meta": meta}


def service(**changes: Any) -> Any:
    def reply(asked: Asked) -> Any:
        if asked.path == "/login":
            return {"token": "abc.def"}
        if asked.path == "/v3/historical":
            return values([("2026-11-25T12:05:00+00:00", 1000.0)], **changes)
        return values([("2026-11-25T12:10:00+00:00", 870.0)], **changes)

    return reply


def test_marginal_points_after_one_login() -> None:
    played = Played(service())
    points = played.provider("watttime").series("US-CA", at("12:05"), NOW + 2 * HOUR)
    assert short(points) == [(-5, 0, 453.592, "actual"), (0, 5, 394.625, "forecast")]
    assert {(p.signal, p.basis) for p in points} == {("marginal", "direct")}
    login, past, forecast = played.asked
    assert login.headers == {"Authorization": "Basic " + b64encode(KEY.encode()).decode()}
    assert past.headers == {"Authorization": "Bearer abc.def"}
    assert past.params == {
        "region": "CAISO_NORTH",
        "signal_type": "co2_moer",
        "start": "2026-11-25T12:05Z",
        "end": "2026-11-25T12:10Z",
    }
    assert forecast.params["horizon_hours"] == "3"


@pytest.mark.parametrize(
    "changes",
    [
        {"region": "PJM_DC"},
        {"units": "percentile"},
        {"signal_type": "health_damage"},
        {"data_point_period_seconds": 0},
    ],
)
def test_another_region_unit_or_signal_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ServiceFailed):
        Played(service(**changes)).provider("watttime").series("US-CA", at("12:05"), NOW)


def test_a_token_that_would_break_the_header_is_refused() -> None:
    with pytest.raises(ServiceFailed):
        Played(lambda _: {"token": "a\r\nHost: x"}).provider("watttime").series("US-CA", NOW, NOW)


def test_a_key_that_is_good_for_the_forecast_only() -> None:
    played = Played(lambda asked: refused(403) if "hist" in asked.path else service()(asked))
    points = played.provider("watttime").series("US-CA", at("12:05"), NOW + HOUR)
    assert [p.kind for p in points] == ["forecast"]
    with pytest.raises(ServiceFailed):
        played.provider("watttime").series("US-CA", at("11:00"), at("12:00"))


def test_zones() -> None:
    with pytest.raises(ZoneNotCovered):
        Played(service()).provider("watttime").series("US-TX", NOW, NOW)


def test_it_is_not_offered_for_runs() -> None:
    assert "watttime" not in FOR_RUNS
    assert "neso" in FOR_RUNS
