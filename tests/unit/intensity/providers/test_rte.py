from __future__ import annotations

from typing import Any

import pytest

from carbonrun.intensity.model import ServiceFailed, ZoneNotCovered
from tests.unit.intensity.providers.services import NOW, Asked, Played, at, short


def record(time: str, value: float | None) -> dict[str, Any]:
    return {"date_heure": time, "taux_co2": value}


def test_quarters_of_an_hour_with_the_offset_that_they_have() -> None:
    rows = [
        record("2026-11-25T11:45:00+00:00", 21),
        record("2026-11-25T13:00:00+01:00", 22),
        record("2026-11-25T12:15:00+00:00", None),
    ]
    played = Played(lambda _: {"total_count": 3, "results": rows})
    points = played.provider("rte").series("FR", at("11:50"), NOW)
    assert short(points) == [(-25, -10, 21, "actual"), (-10, 5, 22, "actual")]
    params = played.asked[0].params
    assert "date_heure >= date'2026-11-25T11:45:00Z'" in params["where"]
    assert "date_heure < date'2026-11-25T12:10:00Z'" in params["where"]
    assert played.asked[0].path == (
        "/api/explore/v2.1/catalog/datasets/eco2mix-national-tr/records"
    )


def test_the_hour_that_comes_twice_is_told_by_its_offset() -> None:
    rows = [
        record("2026-10-25T02:30:00+02:00", 10),
        record("2026-10-25T02:30:00+01:00", 20),
    ]
    played = Played(lambda _: {"total_count": 2, "results": rows})
    points = played.provider("rte").series("FR", at("2026-10-25T00:00"), at("2026-10-25T02:00"))
    assert [p.start_unix_seconds for p in points] == [
        at("2026-10-25T00:30"),
        at("2026-10-25T01:30"),
    ]


def test_pages_are_put_together_and_come_to_an_end() -> None:
    def reply(asked: Asked) -> Any:
        offset = int(asked.params["offset"])
        rows = [
            record(f"2026-11-{23 + i // 96}T{i % 96 // 4:02}:{i % 4 * 15:02}:00+00:00", i % 50)
            for i in range(offset, min(offset + 100, 192))
        ]
        return {"total_count": 192, "results": rows}

    played = Played(reply)
    points = played.provider("rte").series("FR", at("2026-11-23T00:00"), at("2026-11-25T00:00"))
    assert (len(points), len(played.asked)) == (192, 2)
    endless = Played(lambda _: {"total_count": 10**9, "results": [record("2026-11-25T12:00Z", 1)]})
    endless.provider("rte").series("FR", at("11:50"), NOW)
    assert len(endless.asked) <= 20


def test_times_without_an_offset_are_refused() -> None:
    rows = [record("2026-11-25T11:45:00", 21)]
    with pytest.raises(ServiceFailed):
        Played(lambda _: {"total_count": 1, "results": rows}).provider("rte").series("FR", NOW, NOW)


def test_only_france() -> None:
    with pytest.raises(ZoneNotCovered):
        Played(lambda _: {}).provider("rte").series("DE", NOW, NOW)
