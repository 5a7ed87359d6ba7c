from __future__ import annotations

from typing import Any

import pytest

from carbonrun.intensity.model import ServiceFailed, ZoneNotCovered
from tests.unit.intensity.providers.services import HOUR, NOW, Played, at, short

TIMES = [int(at(text)) for text in ("11:45", "12:00", "12:15", "12:30")]


def reply(**changes: Any) -> dict[str, Any]:
    return {
        "unix_seconds": TIMES,
        "co2eq": [310.5, 300.0, None, None],
        "co2eq_forecast": [None, 305.0, 299.0, None],
        "deprecated": False,
        **changes,
    }


def test_a_null_has_a_forecast_beside_it_or_nothing() -> None:
    played = Played(lambda _: reply())
    points = played.provider("energy-charts").series("FR", at("11:50"), NOW + HOUR)
    assert short(points) == [
        (-25, -10, 310.5, "actual"),
        (-10, 5, 300, "actual"),
        (5, 20, 299, "forecast"),
    ]
    assert played.asked[0].path == "/co2eq"
    assert played.asked[0].params == {
        "country": "fr",
        "start": "2026-11-25T11:00Z",
        "end": "2026-11-25T13:10Z",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"co2eq": [1.0]},
        {"co2eq_forecast": [1.0, 2.0]},
        {"co2eq": [-1.0, 1.0, 1.0, 1.0]},
        {"unix_seconds": [1, 2, 3, 4]},
        {"unix_seconds": [float(TIMES[0]) + 0.5, *TIMES[1:]]},
        {"unix_seconds": None},
    ],
)
def test_a_bad_reply_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ServiceFailed):
        Played(lambda _: reply(**changes)).provider("energy-charts").series("FR", NOW, NOW)


def test_other_continents_are_not_asked_for() -> None:
    with pytest.raises(ZoneNotCovered):
        Played(lambda _: reply()).provider("energy-charts").series("US", NOW, NOW)
