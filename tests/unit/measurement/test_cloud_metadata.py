"""The metadata service, played by a real server on the loopback interface."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.cloud import CloudInstance
from carbonrun.measurement.cloud_metadata import (
    SERVICES,
    _body,
    _is_complete,
    fetch_metadata,
    with_metadata,
)
from carbonrun.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAVOR = "Metadata-Flavor: Google\r\n"
TOKEN = "AQAEAL-token=="


def answer(body: str, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}".encode()


class Server:
    """Answers each request with what ``reply`` gives for it, in pieces if it is a list."""

    def __init__(self, reply: Callable[[str], bytes | list[bytes] | None]) -> None:
        self.requests: list[str] = []
        self._reply = reply
        self._is_closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65536).decode()
                self.requests.append(request)
                reply = self._reply(request)
                try:
                    for piece in reply if isinstance(reply, list) else [reply or b""]:
                        connection.sendall(piece)
                        self._is_closing.wait(0.02 if isinstance(reply, list) else 0)
                    if reply is None:
                        self._is_closing.wait(30)
                except OSError:
                    continue


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(reply: Callable[[str], bytes | list[bytes] | None]) -> Server:
        servers.append(Server(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def instance(provider: str | None, instance_type: str | None = None) -> CloudInstance | None:
    if provider is None:
        return None
    return CloudInstance(provider=provider, instance_type=instance_type, evidence="firmware")


def fetch_type(provider: str, url: str, deadline_seconds: float = 5.0) -> str:
    service = SERVICES[provider]
    wanted = {"type": service.type_path}
    return fetch_metadata(service, url, wanted, deadline_seconds)["type"]


def amazon(request: str) -> bytes:
    if request.startswith("PUT /latest/api/token ") and "ttl-seconds: 60\r\n" in request:
        return answer(TOKEN)
    if f"X-aws-ec2-metadata-token: {TOKEN}\r\n" in request:
        if request.startswith("GET /latest/meta-data/instance-type "):
            return answer("t3.micro")
        if request.startswith("GET /latest/meta-data/placement/region "):
            return answer("eu-west-3")
    return answer("", "401 Unauthorized")


def test_amazon_is_asked_with_a_token(serve: Callable[..., Server]) -> None:
    server, notes = serve(amazon), Notes()
    cloud = with_metadata(instance("aws"), notes, server.url)
    assert cloud is not None
    assert (cloud.instance_type, cloud.region) == ("t3.micro", "eu-west-3")
    assert server.url.partition("//")[2] in cloud.evidence
    assert len(server.requests) == 3
    (note,) = notes.all()
    assert (note.code, note.level) == ("cloud-metadata", "info")
    assert "t3.micro" in note.message
    assert "eu-west-3" in note.message


@pytest.mark.parametrize(
    ("provider", "wanted", "body", "expected"),
    [
        (
            "gcp",
            "Metadata-Flavor: Google",
            "projects/1/machineTypes/n2-standard-8",
            "n2-standard-8",
        ),
        ("azure", "Metadata: true", "Standard_D4s_v3\n", "Standard_D4s_v3"),
    ],
)
def test_the_others_want_a_header(
    serve: Callable[..., Server], provider: str, wanted: str, body: str, expected: str
) -> None:
    server = serve(lambda request: answer(body if wanted in request else "", headers=FLAVOR))
    assert fetch_type(provider, server.url) == expected


@pytest.mark.parametrize(
    ("provider", "path", "body", "region"),
    [
        ("gcp", "/instance/zone ", "projects/1/zones/europe-west9-a", "europe-west9-a"),
        ("azure", "/compute/location?", "francecentral", "francecentral"),
    ],
)
def test_the_region_is_told_where_the_type_is_not(
    serve: Callable[..., Server], provider: str, path: str, body: str, region: str
) -> None:
    def reply(request: str) -> bytes:
        return answer(body if path in request else "", headers=FLAVOR)

    known = instance(provider, "known.type")
    cloud = with_metadata(known, Notes(), serve(reply).url)
    assert cloud is not None
    assert (cloud.instance_type, cloud.region, cloud.evidence) == ("known.type", region, "firmware")


def test_what_was_told_in_time_is_kept(serve: Callable[..., Server]) -> None:
    def reply(request: str) -> bytes | None:
        return None if "/location" in request else answer("Standard_D4s_v3")

    notes = Notes()
    cloud = with_metadata(instance("azure"), notes, serve(reply).url)
    assert cloud is not None
    assert (cloud.instance_type, cloud.region) == ("Standard_D4s_v3", None)
    assert [note.level for note in notes.all()] == ["info"]


def test_a_service_that_only_looks_like_googles_is_not_believed(
    serve: Callable[..., Server],
) -> None:
    server = serve(lambda _: answer("projects/1/machineTypes/n2-standard-8"))
    with pytest.raises(MeterUnavailable, match="own service"):
        fetch_type("gcp", server.url)


def test_nothing_of_the_run_is_sent(serve: Callable[..., Server]) -> None:
    server = serve(amazon)
    with_metadata(instance("aws"), Notes(), server.url)
    for request in server.requests:
        names = {line.partition(":")[0] for line in request.strip().split("\r\n")[1:]}
        assert names <= {
            "Host",
            "Connection",
            "Content-Length",
            "X-aws-ec2-metadata-token",
            "X-aws-ec2-metadata-token-ttl-seconds",
        }


def test_no_proxy_is_used(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server, proxy = serve(amazon), serve(lambda _request: answer("evil.large"))
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, proxy.url)
    assert fetch_type("aws", server.url) == "t3.micro"
    assert proxy.requests == []


@pytest.mark.parametrize(
    "pieces",
    [
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Enc",
            b"oding: chunked\r\n\r\n3\r\nn2-\r\n",
            b"1\r\n8\r\n0\r\n\r\n",
        ],
        [b"HTTP/1.0 200 OK\r\n\r\n", b"n2-8"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", b"n2", b"-8 and more"],
    ],
)
def test_answers_in_pieces(serve: Callable[..., Server], pieces: list[bytes]) -> None:
    assert fetch_type("azure", serve(lambda _request: pieces).url) == "n2-8"


@pytest.mark.parametrize(
    "reply",
    [
        answer("", "404 Not Found"),
        answer("n2-8", "302 Found", "Location: http://192.0.2.1/\r\n"),
        answer("<html>please log in</html>"),
        answer(""),
        answer("n2-8")[:-2],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nn2-8",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nn2-8\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"",
        b"HTTP/1.1",
        b"x" * 100_000,
    ],
)
def test_other_answers_are_told_and_nothing_else_happens(
    serve: Callable[..., Server], reply: bytes
) -> None:
    server, notes, before = serve(lambda _request: reply), Notes(), instance("azure")
    assert with_metadata(before, notes, server.url) == before
    (note,) = notes.all()
    assert (note.code, note.level) == ("cloud-metadata", "warning")
    assert note.hint


@given(st.one_of(st.binary(), st.binary().map(lambda b: b"HTTP/1.1 200 OK\r\n\r\n" + b)))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc")
def test_any_answer_is_a_text_or_refused(content: bytes) -> None:
    try:
        _is_complete(content)
        assert isinstance(_body(content), str)
    except ValueError:
        pass


@pytest.mark.parametrize("is_dripping", [False, True])
def test_the_deadline_holds_for_all_of_it(serve: Callable[..., Server], is_dripping: bool) -> None:
    drops = [b"HTTP/1.1 200 OK\r\n", *(b"X-Drop: 1\r\n" for _ in range(200))]
    server = serve(lambda _request: drops if is_dripping else None)
    before = time.monotonic()
    with pytest.raises(MeterUnavailable):
        fetch_type("azure", server.url, deadline_seconds=0.3)
    assert 0.25 <= time.monotonic() - before < 1.5


def test_a_port_that_nobody_listens_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(MeterUnavailable, match="no answer"):
        fetch_type("azure", url)


def test_what_the_firmware_tells_is_not_asked_for(serve: Callable[..., Server]) -> None:
    server, notes = serve(amazon), Notes()
    cloud = with_metadata(instance("aws", "c5.large"), notes, server.url)
    assert cloud is not None
    assert (cloud.instance_type, cloud.region) == ("c5.large", "eu-west-3")
    assert not any("instance-type" in request for request in server.requests)
    known = instance("alibaba", "ecs.g6.large")
    assert with_metadata(known, notes, server.url) is known
    assert len(server.requests) == 2


@pytest.mark.parametrize("provider", [None, "hetzner"])
def test_machines_that_are_in_no_known_cloud_ask_nobody(
    serve: Callable[..., Server], provider: str | None
) -> None:
    server, notes, before = serve(amazon), Notes(), instance(provider)
    assert with_metadata(before, notes, server.url) == before
    assert server.requests == []
    assert [note.code for note in notes.all()] == ["cloud-unknown"]
