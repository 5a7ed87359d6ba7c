from __future__ import annotations

from typing import Any

import pytest

from carbonrun.intensity.model import ServiceFailed, ZoneNotCovered
from tests.unit.intensity.providers.services import HOUR, KEY, NOW, Asked, Played, at, short


def hour(time: str, value: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {
        "interval": time,
        "consumption_co2_intensity": value,
        "consumption_co2_intensity_min": low,
        "consumption_co2_intensity_max": high,
        "production_co2_intensity": 1.0,
    }


def reply(asked: Asked) -> Any:
    if asked.path == "/forecast/hourly":
        return {"zone_data": [hour("2026-11-25T12:00:00Z", 320.0, 280.0, 400.0)]}
    return {"zone_data": [hour("2026-11-25T11:00:00Z", 300.0, None, None)]}


def test_hours_with_the_bounds_of_the_service() -> None:
    played = Played(reply)
    points = played.provider("green-grid-compass").series("DE", at("11:30"), NOW + 600)
    assert short(points) == [(-70, -10, 300, "actual"), (-10, 50, 320, "forecast")]
    assert (points[1].low_g_per_kwh, points[1].high_g_per_kwh) == (280.0, 400.0)
    assert points[0].low_g_per_kwh == pytest.approx(300 / 1.41)
    assert [asked.path for asked in played.asked] == [
        "/co2intensity/co2/summary/hourly",
        "/forecast/hourly",
    ]
    params = played.asked[1].params
    assert (params["zone_code"], params["apikey"], params["start"]) == (
        *("DE_LU", KEY),
        "2026-11-25T12:00:00",
    )


def test_bounds_that_do_not_hold_the_figure_are_stretched_to_it() -> None:
    data = {"zone_data": [hour("2026-11-25T12:00:00Z", 320.0, 330.0, 300.0)]}
    (point,) = Played(lambda _: data).provider("green-grid-compass").series("DE", NOW, NOW + HOUR)
    assert point.low_g_per_kwh <= point.g_per_kwh <= point.high_g_per_kwh


def test_refusals() -> None:
    with pytest.raises(ZoneNotCovered):
        Played(reply).provider("green-grid-compass").series("US", NOW, NOW)
    naive = {"zone_data": [hour("2026-11-25T12:00:00", 320.0, None, None)]}
    with pytest.raises(ServiceFailed):
        Played(lambda _: naive).provider("green-grid-compass").series("DE", NOW, NOW + HOUR)
