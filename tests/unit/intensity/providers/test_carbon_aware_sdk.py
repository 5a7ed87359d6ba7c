from __future__ import annotations

from typing import Any

import pytest

from carbonrun.intensity.model import IntensityUnavailable, ServiceFailed
from tests.unit.intensity.providers.services import HOUR, NOW, Asked, Played, at, refused, short

URL = "https://service.example/#signal=average&basis=direct"


def value(time: str, grams: float) -> dict[str, Any]:
    return {"location": "eastus", "timestamp": time, "duration": 5, "value": grams}


def forecast(**more: Any) -> list[dict[str, Any]]:
    return [
        {
            "generatedAt": "2026-11-25T12:00:00+00:00",
            "requestedAt": "2026-11-25T12:10:00+00:00",
            "location": "eastus",
            "windowSize": 5,
            "forecastData": [value("2026-11-25T12:10:00+00:00", 359.2)],
            **more,
        }
    ]


EMISSIONS = [
    {
        "location": "eastus",
        "time": "2026-11-25T12:05:00+00:00",
        "rating": 400.0,
        "duration": "00:05:00",
    }
]


def service(forecasts: Any) -> Any:
    def reply(asked: Asked) -> Any:
        return EMISSIONS if asked.path == "/emissions/bylocation" else forecasts

    return reply


@pytest.mark.parametrize(
    "more",
    [{"optimalDataPoints": None}, {"optimalDataPoint": value("2026-11-25T12:10:00Z", 1.0)}],
    ids=["newer", "older"],
)
def test_what_was_and_what_is_to_come(more: dict[str, Any]) -> None:
    played = Played(service(forecast(**more)))
    provider = played.provider("carbon-aware-sdk", URL)
    points = provider.series("azure:eastus", at("12:05"), NOW + HOUR)
    assert short(points) == [(-5, 0, 400, "actual"), (0, 5, 359.2, "forecast")]
    assert {(p.signal, p.basis) for p in points} == {("average", "direct")}
    assert played.asked[0].params == {
        "location": "eastus",
        "time": "2026-11-25T12:05:00Z",
        "toTime": "2026-11-25T12:10:00Z",
    }


def test_not_every_back_end_has_forecasts() -> None:
    played = Played(service(refused(501)))
    points = played.provider("carbon-aware-sdk", URL).series("eastus", at("12:05"), NOW + HOUR)
    assert [p.kind for p in points] == ["actual"]


def test_what_is_not_declared_stays_unknown() -> None:
    played = Played(service(forecast()))
    points = played.provider("carbon-aware-sdk").series("eastus", at("12:05"), NOW)
    assert {(p.signal, p.basis) for p in points} == {(None, None)}


def test_another_place_is_refused() -> None:
    played = Played(service(forecast()))
    with pytest.raises(ServiceFailed, match="another place"):
        played.provider("carbon-aware-sdk", URL).series("westus", at("12:05"), NOW)


def test_a_bad_declaration_is_refused() -> None:
    with pytest.raises(IntensityUnavailable, match="signal=best"):
        Played(service([])).provider("carbon-aware-sdk", "https://a.example/#signal=best")
