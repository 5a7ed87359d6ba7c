"""Every service against every figure, time and zone that cannot be: all are refused."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from carbonrun.intensity.model import IntensityUnavailable, Point
from tests.unit.intensity.providers.services import NOW, Asked, Played, at


class Contract(NamedTuple):
    """What a service replies, with places for a figure, a time and a zone."""

    zone: str
    reply: str
    time: str = '"2026-11-25T12:00:00Z"'
    told_zone: str | None = None  # None where the reply names none
    is_utc_without_saying_so: bool = False


CONTRACTS = {
    "electricitymaps": Contract(
        "FR",
        '{"zone": ZONE, "history": [{"carbonIntensity": FIGURE, "datetime": TIME}]}',
        told_zone="FR",
    ),
    "neso": Contract(
        "GB-13",
        '{"data": {"regionid": ZONE, "data": [{"to": TIME, "intensity": {"forecast": FIGURE}}]}}',
        told_zone="13",
    ),
    "energinet": Contract(
        "DK-DK1",
        '{"records": [{"Minutes5UTC": TIME, "PriceArea": ZONE, "CO2Emission": FIGURE}]}',
        time='"2026-11-25T12:00:00"',
        told_zone="DK1",
        is_utc_without_saying_so=True,
    ),
    "energy-charts": Contract(
        "FR",
        '{"unix_seconds": [TIME], "co2eq": [FIGURE]}',
        time=str(int(at("12:00"))),
    ),
    "rte": Contract(
        "FR",
        '{"total_count": 1, "results": [{"date_heure": TIME, "taux_co2": FIGURE}]}',
    ),
    "green-grid-compass": Contract(
        "DE", '{"zone_data": [{"interval": TIME, "consumption_co2_intensity": FIGURE}]}'
    ),
    "watttime": Contract(
        "US-CA",
        '{"data": [{"point_time": TIME, "value": FIGURE}], "meta": {"region": ZONE, '
        '"signal_type": "co2_moer", "units": "lbs_co2_per_mwh", "data_point_period_seconds": 300}}',
        told_zone="CAISO_NORTH",
    ),
    "carbon-aware-sdk": Contract(
        "azure:eastus",
        '[{"location": ZONE, "time": TIME, "rating": FIGURE, "duration": "01:00:00"}]',
        told_zone="eastus",
    ),
    "http-json": Contract(
        "FR",
        '{"zone": ZONE, "data": [{"start": TIME, "g_per_kwh": FIGURE}]}',
        told_zone="FR",
    ),
}
NAMES = pytest.mark.parametrize("name", CONTRACTS)


def ask(name: str, **changes: str) -> tuple[Point, ...]:
    contract = CONTRACTS[name]
    told = contract.told_zone or ""
    zone = changes.get("zone", told if told.isdecimal() else f'"{told}"')
    reply = contract.reply.replace("ZONE", zone)
    reply = reply.replace("TIME", changes.get("time", contract.time))
    reply = reply.replace("FIGURE", changes.get("figure", "300.0"))

    def answer(asked: Asked) -> str:
        return '{"token": "abc"}' if asked.path == "/login" else reply

    return Played(answer).provider(name).series(contract.zone, at("11:30"), NOW)


@NAMES
def test_the_contract_itself_is_taken(name: str) -> None:
    (point,) = ask(name)[-1:]
    assert point.g_per_kwh == pytest.approx(300 if name != "watttime" else 136.08, abs=0.1)
    assert point.low_g_per_kwh < point.g_per_kwh < point.high_g_per_kwh
    assert point.start_unix_seconds is not None
    assert point.start_unix_seconds <= NOW


@NAMES
@pytest.mark.parametrize(
    "figure",
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "-1", "-0.001", "1e9", "99999"),
        *('"300"', '""', "true", "[300]", "{}"),
    ],
)
def test_figures_that_cannot_be(name: str, figure: str) -> None:
    with pytest.raises(IntensityUnavailable):
        ask(name, figure=figure)


@NAMES
@pytest.mark.parametrize(
    "time",
    [
        *('"yesterday"', '""', "null", "true", "[]", '"2026-13-45T99:00:00Z"'),
        *('"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', "1e30", "-5"),
    ],
)
def test_times_that_cannot_be(name: str, time: str) -> None:
    with pytest.raises(IntensityUnavailable):
        ask(name, time=time)


@NAMES
def test_a_time_is_naive_only_where_that_is_documented(name: str) -> None:
    contract = CONTRACTS[name]
    if contract.is_utc_without_saying_so:
        assert ask(name, time='"2026-11-25T12:00:00"')[-1].start_unix_seconds == at("12:00")
        return
    with pytest.raises(IntensityUnavailable):
        ask(name, time='"2026-11-25T12:00:00"')


@pytest.mark.parametrize("name", [n for n, c in CONTRACTS.items() if c.told_zone is not None])
@pytest.mark.parametrize("zone", ['"XX"', '""', "null", "7"])
def test_another_zone_than_was_asked_for(name: str, zone: str) -> None:
    if name == "http-json" and zone == "null":
        assert ask(name, zone=zone)  # it need not name its zone
        return
    with pytest.raises(IntensityUnavailable):
        ask(name, zone=zone)


# Electricity Maps is then asked for the latest figure; its own tests have that.
@pytest.mark.parametrize(
    "name", ["neso", "energinet", "energy-charts", "rte", "green-grid-compass"]
)
def test_a_null_is_left_out_where_that_is_documented(name: str) -> None:
    with pytest.raises(IntensityUnavailable, match="no figures"):
        ask(name, figure="null")
