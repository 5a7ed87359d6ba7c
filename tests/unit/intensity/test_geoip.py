"""Geo-IP: one request, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.geoip import URL, fetch_zone
from carbonrun.intensity.http import Http
from carbonrun.intensity.model import ServiceFailed
from carbonrun.intensity.zones import known_zone
from tests.unit.intensity.loopback import Loopback, answer

if TYPE_CHECKING:
    from collections.abc import Mapping


class Canned:
    """A door to the network behind which one reply waits."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.asked: list[str] = []

    def __call__(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        assert params is None
        assert headers is None
        self.asked.append(url)
        return self.body


@pytest.mark.parametrize(
    ("body", "zone"),
    [
        (b'{"country_code": "FR", "country": "France", "region": "Ile-de-France"}', "FR"),
        (b'{"country": "de", "city": "Berlin"}', "DE"),
        (b'{"country_code": "US", "region": "California"}', "US-CA"),
        (b'{"country_code": "US", "region": "Victoria"}', "US"),
        (b'{"country_code": "AU", "region": "Victoria"}', "AU-VIC"),
        (b'{"country_code": "CA", "region": 7}', "CA"),
        (b'{"country_code": "GB", "region": "England"}', "GB-15"),
        (b'{"country_code": "GE", "region": ""}', "GE"),
    ],
)
def test_a_country_and_perhaps_a_part_of_it(body: bytes, zone: str) -> None:
    get = Canned(body)
    assert fetch_zone(get) == zone
    assert get.asked == [URL]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>please log in</html>",
        b'{"country_code": "FR"',
        b"",
        b"null",
        b'"FR"',
        b'["FR"]',
        b'{"country_code": null}',
        b'{"country_code": "FRA", "country": "France"}',
        b'{"country_code": ["FR"]}',
        b'{"country_code": "ZZ"}',
        b'{"country_code": "12"}',
        b'{"country_code": "F\\t"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_other_replies_are_refused_and_not_repeated(body: bytes) -> None:
    with pytest.raises(ServiceFailed) as caught:
        fetch_zone(Canned(body))
    assert caught.value.reason == "the geo-IP service does not reply with a country"


@given(st.binary() | st.text().map(str.encode))
def test_any_reply_is_a_zone_or_refused(body: bytes) -> None:
    try:
        zone = fetch_zone(Canned(body))
    except ServiceFailed:
        return
    assert known_zone(zone) == zone


def test_another_service_is_asked_and_told_nothing_but_the_address() -> None:
    with Loopback(lambda _: answer('{"country_code": "IT"}')) as server:
        assert fetch_zone(Http().get, f"{server.url}/where") == "IT"
    (request,) = server.requests
    assert request.query == {}
    assert set(request.headers) <= {"host", "accept", "accept-encoding", "connection", "user-agent"}
