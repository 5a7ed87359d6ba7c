from __future__ import annotations

import time

import pytest

from carbonrun.intensity.http import Http
from carbonrun.intensity.model import IntensityUnavailable, ServiceFailed
from carbonrun.intensity.providers.access import Access
from carbonrun.intensity.providers.registry import key_of, open_provider
from carbonrun.intensity.services import SERVICES, Service, service_named
from tests.unit.intensity.loopback import Loopback, answer
from tests.unit.intensity.providers.services import KEY, NOW, Played, at

ZONES = {
    "electricitymaps": "FR",
    "neso": "GB",
    "energinet": "DK-DK1",
    "energy-charts": "FR",
    "rte": "FR",
    "green-grid-compass": "DE",
    "watttime": "US-CA",
    "carbon-aware-sdk": "azure:eastus",
    "http-json": "FR",
}
BODIES = {
    "html": "<!doctype html><html><body>Sign in</body></html>",
    "truncated": '{"zone": "FR", "data": [{"car',
    "empty": "",
    "null": "null",
    "number": "17",
    "object": "{}",
    "list": "[]",
    "text": '"s3cr3t"',
}


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("body", BODIES)
def test_no_service_can_do_more_than_fail(name: str, body: str) -> None:
    with Loopback(lambda _: answer(BODIES[body])) as server:
        provider = open_provider(name, url=server.url, key=KEY, get=Http().get, now=lambda: NOW)
        with pytest.raises(ServiceFailed) as caught:
            provider.series(ZONES[name], at("11:00"), NOW)
        assert server.requests
    told = f"{caught.value.reason} {caught.value.hint}"
    assert "s3cr3t" not in told
    assert "Sign in" not in told


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_service_has_a_provider_of_its_name(service: Service) -> None:
    played = Played(lambda _: "")
    provider = open_provider(
        service.name, url=service.url or "https://x.example", key=KEY, get=played.get, now=time.time
    )
    assert provider.name == service.name
    assert played.asked == []
    assert (service.url or "https://").startswith("https://")


def test_a_missing_key_or_address_is_told() -> None:
    played = Played(lambda _: "")
    with pytest.raises(IntensityUnavailable, match="needs a key") as caught:
        open_provider("electricitymaps", url=None, key=None, get=played.get, now=time.time)
    assert "CARBONRUN_ELECTRICITYMAPS_KEY" in (caught.value.hint or "")
    with pytest.raises(IntensityUnavailable, match="no address"):
        open_provider("http-json", url=None, key=None, get=played.get, now=time.time)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example",
        "http://localhost:80@evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1:80?@evil.example",
    ],
)
def test_a_key_is_not_sent_in_the_clear(url: str) -> None:
    played = Played(lambda _: "")
    with pytest.raises(IntensityUnavailable, match="in the clear"):
        open_provider("electricitymaps", url=url, key=KEY, get=played.get, now=time.time)


def test_a_key_does_not_show_itself() -> None:
    played, service = Played(lambda _: ""), service_named("neso")
    access = Access(service=service, url="https://x", key=KEY, get=played.get, now=time.time)
    assert KEY not in repr(access)
    assert KEY not in f"{access}"


def test_the_environment_comes_before_the_configuration() -> None:
    service = service_named("green-grid-compass")
    variable = {"CARBONRUN_GREEN_GRID_COMPASS_KEY": "a"}
    assert key_of(service, variable, {"green-grid-compass": "b"}) == "a"
    assert key_of(service, {}, {"green-grid-compass": "b"}) == "b"
    assert key_of(service, {service.key_variable: ""}, {}) is None
    assert key_of(service, {service.key_variable: "a\r\n"}, {}) == "a"
    assert key_of(service, {}, {"green-grid-compass": " \n"}) is None
