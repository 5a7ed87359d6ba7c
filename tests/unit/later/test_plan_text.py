"""What is said of a plan, to people and to programs."""

from __future__ import annotations

import json

import pytest

from carbonrun.intensity.model import MARGINAL
from carbonrun.later.forecast import Forecast
from carbonrun.later.plan import Plan, choose
from carbonrun.later.plan_json import SCHEMA, plan_json
from carbonrun.later.text import Wanted, details, headline, laid_out
from carbonrun.notes import INFO, Note
from tests.unit.later.test_plan import HOUR, series

NOTE = Note(code="zone", level=INFO, message="the zone is a guess")
VALLEY = Forecast(points=series(300, 100, 300), notes=(NOTE,), was_asked=True)
WANTED = Wanted(
    now_unix_seconds=0.0,
    seconds=HOUR,
    duration_source="as given",
    latest_start_unix_seconds=2 * HOUR,
    deadline_unix_seconds=None,
    min_saving_percent=5.0,
)


def clock(at: float) -> str:
    return f"{at / HOUR:g} h"


def plan_of(forecast: Forecast, wanted: Wanted, latest_end: float = 3 * HOUR) -> Plan:
    return choose(forecast.points, 0.0, latest_end, wanted.seconds, wanted.min_saving_percent)


def head(forecast: Forecast, wanted: Wanted, latest_end: float = 3 * HOUR) -> str:
    return headline(plan_of(forecast, wanted, latest_end), wanted, forecast, clock)


def rows(forecast: Forecast, wanted: Wanted) -> list[tuple[str, str]]:
    return details(plan_of(forecast, wanted), wanted, forecast, clock)


def test_a_plan_that_waits() -> None:
    assert (
        head(VALLEY, WANTED) == "starts at 1 h, in 1 h 00 min: lower-intensity hours (67 % lower)"
    )
    assert rows(VALLEY, WANTED) == [
        ("forecast", "100 g/kWh from 1 h on, 300 g/kWh at once"),
        ("source", "GB, NESO, direct, average, asked just now"),
        ("duration", "1 h 00 min, as given"),
        ("limit", "starts by 2 h"),
        ("note", "the zone is a guess"),
    ]


def test_what_nobody_forecasts_of_now_is_not_told() -> None:
    gap = Forecast(points=series(300, 250, 100, start=0.5 * HOUR))
    wanted = WANTED.replace(latest_start_unix_seconds=3 * HOUR)
    plan = plan_of(gap, wanted, latest_end=4 * HOUR)
    said = headline(plan, wanted, gap, clock)
    assert said.endswith("(67 % lower than from 0.5 h on, the first that are known)")
    told = "100 g/kWh from 2.5 h on, 300 g/kWh from 0.5 h on, the first that are known"
    assert details(plan, wanted, gap, clock)[0] == ("forecast", told)
    window = json.loads(plan_json(("make",), plan, wanted, gap))["window"]
    assert (window["g_per_kwh"], window["now_g_per_kwh"], window["saving"]) == (100, None, None)


def test_no_word_of_emissions_that_were_avoided() -> None:
    said = head(VALLEY, WANTED) + str(rows(VALLEY, WANTED))
    assert "avoid" not in said
    assert "saved" not in said


@pytest.mark.parametrize(
    ("forecast", "changes", "latest_end", "why"),
    [
        (Forecast(points=(), problem="x: no"), {}, 3 * HOUR, "no forecast (x: no)"),
        (VALLEY, {"seconds": None}, 3 * HOUR, "how long it takes is not known yet"),
        (
            VALLEY,
            {"deadline_unix_seconds": 0.5 * HOUR},
            0.5 * HOUR,
            "it may end after 0.5 h, as it takes 1 h 00 min",
        ),
        (VALLEY, {"seconds": 9 * HOUR}, 20 * HOUR, "the forecast does not cover 9 h 00 min"),
        (Forecast(points=series(1, 2)), {}, 2 * HOUR, "the intensity is lowest now"),
        (
            Forecast(points=series(100, 97)),
            {},
            2 * HOUR,
            "waiting would save less than --min-saving 5 % (3 % lower)",
        ),
    ],
)
def test_why_it_starts_at_once(
    forecast: Forecast, changes: dict[str, float | None], latest_end: float, why: str
) -> None:
    said = head(forecast, WANTED.replace(**changes), latest_end)
    assert said.startswith(f"starts at once: {why}")


def test_what_else_there_is_to_know() -> None:
    marginal = tuple(point.replace(signal=MARGINAL) for point in VALLEY.points)
    forecast = Forecast(points=marginal, problem="it failed: older figures", hint="ask later")
    wanted = WANTED.replace(latest_start_unix_seconds=None, deadline_unix_seconds=3 * HOUR)
    found = rows(forecast, wanted)
    assert ("source", "GB, NESO, direct, marginal, as it was told before") in found
    assert ("", "marginal intensity: of what one kWh more would come from") in found
    assert ("limit", "ends by 3 h") in found
    assert found[-2:] == [("note", "it failed: older figures"), ("hint", "ask later")]
    nothing = rows(Forecast(points=(), problem="no"), WANTED.replace(seconds=None))
    assert nothing == [("limit", "starts by 2 h")]


def test_labels_stand_in_a_column() -> None:
    text = laid_out("starts at once", [("limit", "a"), ("duration", "b")])
    assert text == "carbonrun: starts at once\n  limit     a\n  duration  b\n"
    assert laid_out("starts at once", []) == "carbonrun: starts at once\n"


def test_the_plan_as_json() -> None:
    content = json.loads(plan_json(("make", "\udcff"), plan_of(VALLEY, WANTED), WANTED, VALLEY))
    assert content["schema"] == SCHEMA
    assert content["command"] == ["make", "\udcff"]
    assert (content["start"], content["wait_seconds"]) == ("1970-01-01T01:00:00.000Z", HOUR)
    assert content["window"]["end"] == "1970-01-01T02:00:00.000Z"
    assert content["forecast"]["known_until"] == "1970-01-01T03:00:00.000Z"
    assert content["notes"][0]["code"] == "zone"
    nothing = Forecast(points=(), problem="no")
    content = json.loads(plan_json(("make",), plan_of(nothing, WANTED), WANTED, nothing))
    assert (content["reason"], content["window"]) == ("no-forecast", None)
    assert content["forecast"]["provider"] is None
