from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.intensity.model import ServiceFailed, ZoneNotCovered
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

if TYPE_CHECKING:
    from collections.abc import Callable


def item(hour: int, value: float | None, day: int = 25, **more: Any) -> dict[str, Any]:
    return {
        "zone": "DE",
        "carbonIntensity": value,
        "datetime": f"2026-11-{day:02}T{hour:02}:00:00.000Z",
        "updatedAt": "2026-11-25T11:59:00.000Z",
        "emissionFactorType": "lifecycle",
        "isEstimated": False,
        "estimationMethod": None,
        "temporalGranularity": "hourly",
        **more,
    }


def service(**changes: Any) -> Callable[[Asked], Any]:
    replies = {
        "latest": item(12, 310, isEstimated=True, estimationMethod="TIME_SLICER_AVERAGE"),
        "history": {"zone": "DE", "history": [item(10, 290), item(11, 302)]},
        "past-range": {"zone": "DE", "data": [item(0, 250, 20), item(1, None, 20)]},
        "forecast": {
            "zone": "DE",
            "forecast": [{"carbonIntensity": 281, "datetime": "2026-11-25T13:00:00.000Z"}],
            "temporalGranularity": "hourly",
        },
        **changes,
    }
    return lambda asked: replies[asked.path.rpartition("/")[2]]


def test_the_last_hours_and_the_latest() -> None:
    played = Played(service())
    points = played.provider("electricitymaps").series("DE", at("11:30"), NOW)
    assert short(points) == [(-70, -10, 302, "actual"), (-10, 50, 310, "estimated")]
    assert [asked.path for asked in played.asked] == [
        "/carbon-intensity/history",
        "/carbon-intensity/latest",
    ]
    for asked in played.asked:
        assert asked.params == {
            "zone": "DE",
            "emissionFactorType": "lifecycle",
            "disableCallerLookup": "true",
        }
        assert asked.headers == {"auth-token": KEY}
    point = points[0]
    assert (point.basis, point.signal, point.provider) == (
        *("lifecycle", "average"),
        "electricitymaps",
    )
    assert point.low_g_per_kwh < 302 < point.high_g_per_kwh
    assert points[1].high_g_per_kwh / 310 > point.high_g_per_kwh / 302


def test_days_ago_are_asked_for_as_a_range() -> None:
    played = Played(service())
    points = played.provider("electricitymaps").series("DE", at("2026-11-20T00:00"), at("11:00"))
    assert [p.g_per_kwh for p in points] == [250]
    (asked,) = played.asked
    assert (asked.params["start"], asked.params["end"]) == (
        "2026-11-20T00:00Z",
        "2026-11-25T11:00Z",
    )


def test_a_key_that_is_good_for_the_last_day_only() -> None:
    played = Played(service(**{"past-range": refused(403)}))
    points = played.provider("electricitymaps").series("DE", at("2026-11-24T00:00"), NOW)
    assert [p.g_per_kwh for p in points] == [290, 302, 310]
    with pytest.raises(ServiceFailed):
        played.provider("electricitymaps").series(
            "DE", at("2026-11-20T00:00"), at("2026-11-21T00:00")
        )


def test_the_forecast_is_added_where_the_key_is_good_for_it() -> None:
    played = Played(service())
    points = played.provider("electricitymaps").series("DE", NOW, NOW + 20 * HOUR)
    assert [p.kind for p in points] == ["estimated", "forecast"]
    assert played.asked[-1].params["horizonHours"] == "24"
    without = Played(service(forecast=refused(403)))
    points = without.provider("electricitymaps").series("DE", NOW, NOW + 20 * HOUR)
    assert [p.kind for p in points] == ["estimated"]
    with pytest.raises(ServiceFailed):
        without.provider("electricitymaps").series("DE", NOW + HOUR, NOW + 20 * HOUR)


def test_an_answer_about_the_place_of_the_caller_is_refused() -> None:
    played = Played(service(history={"zone": "CA-QC", "history": [item(11, 30)]}))
    with pytest.raises(ServiceFailed, match="another zone than DE"):
        played.provider("electricitymaps").series("DE", at("11:30"), NOW)


def test_figures_of_another_basis_than_was_asked_for_are_refused() -> None:
    direct = {"zone": "DE", "history": [item(12, 290, emissionFactorType="direct")]}
    with pytest.raises(ServiceFailed, match="emissionFactorType"):
        Played(service(history=direct)).provider("electricitymaps").series("DE", at("11:30"), NOW)


def test_zones_are_named_as_the_service_names_them() -> None:
    played = Played(service(history={"zone": "US-CAL-CISO", "history": [item(12, 180)]}))
    (point,) = played.provider("electricitymaps").series("US-CA", at("12:00"), NOW)
    assert (point.grid_zone, played.asked[0].params["zone"]) == ("US-CA", "US-CAL-CISO")


@pytest.mark.parametrize("zone", ["WORLD", "EUROPE", "aws:eu-west-3"])
def test_what_is_no_grid_zone_is_not_asked_for(zone: str) -> None:
    played = Played(service())
    with pytest.raises(ZoneNotCovered):
        played.provider("electricitymaps").series(zone, NOW, NOW)
    assert played.asked == []


def test_no_recent_data_is_a_failure() -> None:
    reply = {"status": "error", "message": "No recent data for zone DE"}
    with pytest.raises(ServiceFailed, match="as documented"):
        Played(service(history=reply)).provider("electricitymaps").series("DE", NOW, NOW)
