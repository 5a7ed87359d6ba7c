from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun import clock
from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.background_command import OwnHelpers
from carbonrun.measurement.meters.board import redfish
from carbonrun.measurement.meters.board.discover import Wanted, check_url, discover
from carbonrun.measurement.meters.board.redfish_client import Access, RedfishProbe
from carbonrun.measurement.meters.sensors import places_of
from tests.machine.meter_reading import read
from tests.machine.sim_redfish import CHASSIS, PASSWORD, USER, SimulatedRedfish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from carbonrun.measurement.meters.sensors import Found

CREDENTIALS = {"CARBONRUN_REDFISH_USER": USER, "CARBONRUN_REDFISH_PASSWORD": PASSWORD}


@pytest.fixture
def service() -> Iterator[SimulatedRedfish]:
    with SimulatedRedfish() as running:
        yield running


def probe(service: SimulatedRedfish, password: str = PASSWORD) -> RedfishProbe:
    return RedfishProbe(Access(url=service.url, user=USER, password=password))


def open_board(tmp_path: Path, wanted: Wanted, environment: dict[str, str]) -> Found:
    places = places_of(str(tmp_path / "sys"), str(tmp_path / "proc"), clock.now())
    return discover(places, wanted, OwnHelpers(), environment, time.monotonic)


def test_the_first_chassis_that_tells_its_power(service: SimulatedRedfish) -> None:
    asking = probe(service)
    assert asking.watts() == 320.5
    service.set_watts(99.0)
    before = len(service.asked)
    assert asking.watts() == 99.0
    assert service.asked[before:] == [f"{CHASSIS}/1/Power"]


def test_environment_metrics(service: SimulatedRedfish) -> None:
    link = f"{CHASSIS}/Tray/EnvironmentMetrics"
    service.resources[f"{CHASSIS}/Tray"]["EnvironmentMetrics"] = {"@odata.id": link}
    service.resources[link] = {"PowerWatts": {"Reading": 777}}
    assert probe(service).watts() == 777


def test_a_whole_meter_in_its_thread(service: SimulatedRedfish, tmp_path: Path) -> None:
    wanted = Wanted(redfish_url=service.url + "/")
    found = open_board(tmp_path, wanted, CREDENTIALS)
    (meter,) = found.meters
    found.pollers[0].start()
    end = time.monotonic() + 10
    while read(meter, clock.now()) == 0 and time.monotonic() < end:
        time.sleep(0.02)
    assert read(meter, clock.now()) > 0
    assert (meter.device.id, meter.device.kind) == ("redfish", "board")
    assert PASSWORD not in repr(meter.device)
    found.pollers[0].stop()


def test_wrong_credentials(service: SimulatedRedfish) -> None:
    with pytest.raises(ReadFailed, match="refuses these credentials"):
        probe(service, "wrong").watts()


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ("<html>", "not JSON"),
        ("[1]", "no resource"),
        ({"Members": []}, "no chassis"),
        ({"Members": "x"}, "no chassis"),
        ({}, "no chassis"),
    ],
)
def test_a_service_that_misbehaves(service: SimulatedRedfish, resource: Any, reason: str) -> None:
    service.resources[CHASSIS] = resource or "{}"
    with pytest.raises(ReadFailed, match=reason):
        probe(service).watts()


def test_power_that_goes_away_and_comes_back(service: SimulatedRedfish) -> None:
    asking = probe(service)
    asking.watts()
    service.set_watts(None)
    with pytest.raises(ReadFailed, match="no power now"):
        asking.watts()
    service.set_watts(50.0)
    assert asking.watts() == 50.0


def test_a_service_that_is_not_there() -> None:
    with SimulatedRedfish() as service:
        asking = probe(service)
    with pytest.raises(ReadFailed, match="ConnectError"):
        asking.watts()


def test_credentials_stay_on_the_service() -> None:
    links = [
        {"@odata.id": "https://elsewhere.example/redfish/v1/Chassis/1"},
        {"@odata.id": "//elsewhere.example/redfish/"},
        {"@odata.id": "/redfish/../etc"},
        {"@odata.id": 5},
        "x",
        {"@odata.id": "/redfish/v1/Chassis/1"},
    ]
    assert redfish.members({"Members": links}) == ["/redfish/v1/Chassis/1"]


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"PowerControl": None},
        {"PowerControl": [None, {"PowerConsumedWatts": None}]},
        {"PowerControl": [{"PowerConsumedWatts": "12"}]},
        {"PowerControl": [{"PowerConsumedWatts": True}]},
        {"PowerWatts": {}},
        {"PowerWatts": {"Reading": None}},
    ],
)
def test_resources_without_a_power(resource: dict[str, Any]) -> None:
    assert redfish.watts(resource) is None


@pytest.mark.parametrize(
    ("url", "has_password", "is_good"),
    [
        ("https://bmc.example", True, True),
        ("http://127.0.0.1:8000", True, True),
        ("http://bmc.example", False, True),
        ("http://bmc.example", True, False),
        ("https://me:secret@bmc.example", False, False),
        ("bmc.example", False, False),
        ("ftp://bmc.example", False, False),
        ("https://", False, False),
    ],
)
def test_urls(url: str, has_password: bool, is_good: bool) -> None:
    reason = check_url(url, has_password=has_password)
    assert (reason is None) == is_good
    assert "secret" not in str(reason)


def test_offline_asks_nobody(service: SimulatedRedfish, tmp_path: Path) -> None:
    wanted = Wanted(redfish_url=service.url, offline=True)
    (row,) = open_board(tmp_path, wanted, CREDENTIALS).unmeasured
    assert "--offline" in row.reason
    assert service.asked == []
