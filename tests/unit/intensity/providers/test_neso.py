from __future__ import annotations

from typing import Any

import pytest

from carbonrun.intensity.model import ServiceFailed, ZoneNotCovered
from tests.unit.intensity.providers.services import HOUR, NOW, Asked, Played, at, short


def period(start: str, end: str, forecast: float | None, actual: float | None = None) -> Any:
    figures = {"forecast": forecast, "actual": actual, "index": "moderate"}
    return {"from": f"2026-11-25T{start}Z", "to": f"2026-11-25T{end}Z", "intensity": figures}


NATIONAL = {
    "data": [
        period("11:00", "11:30", 260, 255),
        period("11:30", "12:00", 266, 263),
        period("12:00", "12:30", 270),
        period("12:30", "13:00", 280),
    ]
}
REGION: dict[str, Any] = {
    "regionid": 13,
    "dnoregion": "UKPN London",
    "shortname": "London",
    "data": [
        {
            "from": "2026-11-25T12:00Z",
            "to": "2026-11-25T12:30Z",
            "intensity": {"forecast": 120, "index": "low"},
            "generationmix": [{"fuel": "wind", "perc": 40.1}],
        }
    ],
}


def test_the_nation_has_actuals_and_forecasts() -> None:
    played = Played(lambda _: NATIONAL)
    points = played.provider("neso").series("GB", at("11:40"), NOW + HOUR)
    assert short(points) == [
        (-40, -10, 263, "actual"),
        (-10, 20, 270, "forecast"),
        (20, 50, 280, "forecast"),
    ]
    assert played.asked[0].path == "/intensity/2026-11-25T11:30Z/2026-11-25T13:10Z"
    assert {(p.basis, p.signal, p.licence) for p in points} == {("direct", "average", "CC-BY-4.0")}


def test_a_forecast_that_never_became_an_actual_is_an_estimate() -> None:
    reply = {"data": [period("11:00", "11:30", 260), period("11:30", "12:00", None)]}
    points = Played(lambda _: reply).provider("neso").series("GB", at("11:00"), NOW)
    assert short(points) == [(-70, -40, 260, "estimated")]


@pytest.mark.parametrize("data", [REGION, [REGION]], ids=["one", "list"])
def test_a_region_in_both_envelopes(data: Any) -> None:
    played = Played(lambda _: {"data": data})
    points = played.provider("neso").series("GB-13", NOW, NOW + 60)
    assert short(points) == [(-10, 20, 120, "forecast")]
    path = "/regional/intensity/2026-11-25T12:00Z/2026-11-25T12:11Z/regionid/13"
    assert played.asked[0].path == path


def test_another_region_is_refused() -> None:
    played = Played(lambda _: {"data": {**REGION, "regionid": 12}})
    with pytest.raises(ServiceFailed, match="another region"):
        played.provider("neso").series("GB-13", NOW, NOW)


@pytest.mark.parametrize("zone", ["FR", "GB-18", "GB-0", "GB-x", "GBR", "WORLD", "GB-\u0663"])
def test_other_zones_are_not_asked_for(zone: str) -> None:
    played = Played(lambda _: NATIONAL)
    with pytest.raises(ZoneNotCovered):
        played.provider("neso").series(zone, NOW, NOW)
    assert played.asked == []


def test_long_periods_are_asked_for_in_pieces_without_a_gap() -> None:
    def reply(asked: Asked) -> Any:
        first = asked.path.split("/")[2]
        end = first.replace(":00Z", ":30Z") if ":00Z" in first else first.replace(":30Z", ":59Z")
        return {"data": [{"from": first, "to": end, "intensity": {"forecast": 1, "actual": 1}}]}

    played = Played(reply)
    played.provider("neso").series("GB", at("2026-10-01T00:00"), at("2026-11-01T00:00"))
    edges = [asked.path.split("/")[2:4] for asked in played.asked]
    assert edges[0][0] == "2026-10-01T00:00Z"
    assert edges[-1][1] == "2026-11-01T00:00Z"
    assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]
    assert len(edges) == 3


@pytest.mark.parametrize(
    "reply",
    [
        {"data": [period("11:30", "12:00", -1, 5)]},
        {"data": [period("11:30", "12:00", 1e9)]},
        '{"data": [{"to": "2026-11-25T12:00Z", "intensity": {"forecast": NaN}}]}',
        '{"data": [{"to": "2026-11-25T12:00Z", "intensity": {"forecast": 1e999}}]}',
        {"data": [{"to": "2026-11-25T12:00", "intensity": {"forecast": 5}}]},
        {"data": [{"to": "0001-01-01T12:00Z", "intensity": {"forecast": 5}}]},
        {"data": [{"to": 1764072000, "intensity": {"forecast": 5}}]},
        {"data": [{"to": "2026-11-25T12:00Z", "intensity": {"forecast": "5"}}]},
        {"data": [{"to": "2026-11-25T12:00Z", "intensity": {"forecast": True}}]},
        {"data": [{"to": "2026-11-25T12:00Z"}]},
        {"data": None},
        {"data": []},
        {},
        [],
        "null",
        "",
        "<html><body>login</body></html>",
        '{"data": [{"to": "2026-',
        "[" * 100_000,
    ],
)
def test_a_bad_reply_is_refused_whole(reply: Any) -> None:
    with pytest.raises(ServiceFailed) as caught:
        Played(lambda _: reply).provider("neso").series("GB", at("11:30"), NOW)
    assert "NESO" in caught.value.reason
    assert len(caught.value.reason) <= 300
    assert "html" not in caught.value.reason
