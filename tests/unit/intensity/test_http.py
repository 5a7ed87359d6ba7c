"""The door to the network against a real server that misbehaves."""

from __future__ import annotations

import gzip
import random
import shutil
import socket
import ssl
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun import __version__
from carbonrun.intensity.http import MOST_RETRY_SECONDS, Http, retry_after_seconds
from carbonrun.intensity.model import ServiceFailed
from tests.unit.intensity.loopback import Loopback, Request, answer, drip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.intensity.loopback import Reply

SECRET = "s3cr3t-key"


def failure(reply: Callable[[Request], Reply], deadline_seconds: float = 5.0) -> ServiceFailed:
    """Return how a question with a key in it fails; the key must not be told."""
    http = Http(deadline_seconds=deadline_seconds)
    with Loopback(reply) as server, pytest.raises(ServiceFailed) as caught:
        http.get(f"{server.url}/x", {"apikey": SECRET}, {"auth-token": SECRET})
    told = f"{caught.value} {caught.value.reason} {caught.value.hint}"
    assert SECRET not in told
    assert "127.0.0.1" in told
    return caught.value


def test_a_document_is_returned_as_it_is() -> None:
    with Loopback(lambda _: answer('{"a": 1}')) as server:
        body = Http().get(f"{server.url}/path", {"zone": "FR", "at": "a b&c"}, {"auth-token": "k"})
    assert body == b'{"a": 1}'
    (request,) = server.requests
    assert (request.path, request.query) == ("/path", {"zone": "FR", "at": "a b&c"})
    assert request.headers["user-agent"] == f"carbonrun/{__version__}"
    assert request.headers["auth-token"] == "k"
    assert request.headers["accept-encoding"] == "identity"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Loopback(lambda _: answer("here")) as server:
        assert Http().get(server.url) == b"here"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refusal_asks_for_the_key(status: str) -> None:
    error = failure(lambda _: answer(f'{{"error": "{SECRET}"}}', status))
    assert error.status == int(status[:3])
    assert error.hint is not None
    assert "key" in error.hint


def test_a_service_that_wants_to_be_left_alone() -> None:
    error = failure(lambda _: answer("", "429 Too Many Requests", "Retry-After: 120\r\n"))
    assert (error.status, error.retry_after_seconds) == (429, 120.0)
    error = failure(lambda _: answer("", "429 Too Many Requests"))
    assert error.retry_after_seconds is None


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "204 No Content", "418 Teapot"])
def test_other_statuses_are_failures(status: str) -> None:
    assert failure(lambda _: answer("", status)).status == int(status[:3])


@pytest.mark.parametrize("first", [answer("", "503 Busy"), answer("", "500 Oops"), b""])
def test_what_fails_in_passing_is_tried_once_more(first: bytes) -> None:
    replies = [first, answer("here")]
    with Loopback(lambda _: replies.pop(0)) as server:
        assert Http().get(server.url) == b"here"
        assert len(server.requests) == 2


def test_the_random_numbers_of_the_program_stay_its_own() -> None:
    """A training that is tracked, and has seeded them, must get the same ones as without us."""
    replies = [answer("", "503 Busy"), answer("here")]
    random.seed(42)
    before = random.getstate()
    with Loopback(lambda _: replies.pop(0)) as server:
        assert Http().get(server.url) == b"here"
    assert random.getstate() == before


@pytest.mark.parametrize(
    ("reply", "count"),
    [
        (answer("", "500 Oops"), 2),
        (answer("", "403 Forbidden"), 1),
        (answer("", "404 Not Found"), 1),
        (answer("", "429 Too Many Requests"), 1),
        (answer("", "503 Busy", "Retry-After: 60\r\n"), 1),
    ],
)
def test_what_will_not_pass_is_not_asked_again(reply: bytes, count: int) -> None:
    with Loopback(lambda _: reply) as server:
        with pytest.raises(ServiceFailed):
            Http().get(server.url)
        assert len(server.requests) == count


def test_a_large_body_is_not_taken() -> None:
    sent: list[int] = []

    def huge(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n"
        for _piece in range(800):
            sent.append(65536)
            yield bytes(65536)

    started = time.monotonic()
    assert "more than" in failure(huge).reason
    assert time.monotonic() - started < 4
    assert sum(sent) < 52428800


def test_a_bomb_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(10_000_000))
    error = failure(lambda _: answer(packed, headers="Content-Encoding: gzip\r\n"))
    assert "compressed" in error.reason


@pytest.mark.parametrize(
    "content",
    [answer("x" * 1000), b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 1000],
    ids=["body", "headers"],
)
def test_a_slow_drip_ends_at_the_deadline(content: bytes) -> None:
    started = time.monotonic()
    error = failure(lambda _: drip(content, 0.05), deadline_seconds=0.5)
    assert "within 0.5 s" in error.reason
    assert 0.4 < time.monotonic() - started < 3


def test_silence_ends_at_the_deadline() -> None:
    started = time.monotonic()
    failure(lambda _: drip(b"HTTP", 2.0), deadline_seconds=0.3)
    assert time.monotonic() - started < 1.5


def test_what_is_no_http_is_a_failure() -> None:
    assert "connection failed" in failure(lambda _: b"220 mail ready\r\n\r\n").reason
    assert "connection failed" in failure(lambda _: b"").reason
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    assert "connection failed" in failure(lambda _: short).reason


def test_a_redirect_on_the_same_server_is_followed() -> None:
    def reply(request: Request) -> Reply:
        if request.path == "/old":
            return answer("", "302 Found", "Location: /new\r\n")
        return answer("there")

    with Loopback(reply) as server:
        assert Http().get(f"{server.url}/old") == b"there"


@pytest.mark.parametrize(
    "place", ["http://localhost:{port}/", "https://127.0.0.1:{port}/", "//127.0.0.1:1/", "file:///"]
)
def test_a_redirect_to_another_server_is_not_followed(place: str) -> None:
    with Loopback(lambda _: answer("no")) as other:
        headers = f"Location: {place.format(port=other.port)}\r\n"
        error = failure(lambda _: answer("", "301 Moved", headers))
        assert "another server" in error.reason
        assert other.requests == []


def test_a_redirect_in_circles_ends() -> None:
    error = failure(lambda _: answer("", "307 Again", "Location: /x\r\n"))
    assert "circles" in error.reason


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ServiceFailed, match="cannot be reached"):
        Http().get(f"http://127.0.0.1:{port}/?key={SECRET}")


@pytest.mark.parametrize("url", ["ftp://host/", "host/path", "", "https://", "http://[:::/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ServiceFailed, match="address of the service"):
        Http().get(url)


def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    files = {"key": tmp_path / "key.pem", "certificate": tmp_path / "certificate.pem"}
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    outputs = ["-keyout", str(files["key"]), "-out", str(files["certificate"])]
    subprocess.run([*make, *subject, *outputs], check=True, capture_output=True)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(files["certificate"], files["key"])
    with Loopback(lambda _: answer("private"), trust) as server:
        with pytest.raises(ServiceFailed, match="TLS"):
            Http().get(server.url)
        assert server.requests == []
        believed = ssl.create_default_context(cafile=str(files["certificate"]))
        assert Http(trust=believed).get(server.url) == b"private"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("999999999999999999999", MOST_RETRY_SECONDS),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:20:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("\u0663", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    now = 1445412480.0 - 60
    assert retry_after_seconds(text, now) == seconds


@given(st.text(max_size=60))
def test_retry_after_never_fails(text: str) -> None:
    seconds = retry_after_seconds(text, 0.0)
    assert seconds is None or 0 <= seconds <= MOST_RETRY_SECONDS


@pytest.mark.parametrize("key", ["secret\nX-Other: y", "secr\u00e9t"])
def test_a_key_that_cannot_be_sent_is_named_and_not_told(key: str) -> None:
    with (
        Loopback(lambda _: answer("{}")) as server,
        pytest.raises(ServiceFailed, match="the key has a line break") as caught,
    ):
        Http().get(server.url, headers={"auth-token": key})
    assert "secr" not in f"{caught.value!r} {caught.value}"
    assert not server.requests
