"""Instance type and region, asked of the cloud's metadata service; only with consent.

The service is on the machine itself (a link-local address): no proxy is used and nothing of the
run is sent. All of it together has one deadline, however slowly an answer drips in.

Source: Amazon EC2 User Guide, "Use the Instance Metadata Service" (version 2, with a token); Google
Compute Engine, "About VM metadata"; Azure Instance Metadata Service; Alibaba Cloud ECS, "Instance
metadata".
"""

from __future__ import annotations

import socket
import time

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.cloud import (
    ALIBABA,
    AWS,
    AZURE,
    GCP,
    NAMES,
    CloudInstance,
    is_instance_type,
)
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.notes import Notes

DEADLINE_SECONDS = 0.3
LINK_LOCAL = "http://169.254.169.254"
_MOST_BYTES = 16384
_OK = 200


class Service(Record):
    """How a provider is asked.

    Attributes:
        base_url: where its service is.
        type_path: of the instance type.
        region_path: of the region, or of a zone in it; None where no region is of use to us.
        headers: that it wants to see.
        token: path and request header for a token, and the header to show it in.
        shows: a header that only the real service answers with, lower case.
    """

    base_url: str = LINK_LOCAL
    type_path: str
    region_path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    token: tuple[str, tuple[str, str], str] | None = None
    shows: tuple[bytes, bytes] | None = None


SERVICES = {
    AWS: Service(
        type_path="/latest/meta-data/instance-type",
        region_path="/latest/meta-data/placement/region",
        token=(
            "/latest/api/token",
            ("X-aws-ec2-metadata-token-ttl-seconds", "60"),
            "X-aws-ec2-metadata-token",
        ),
    ),
    GCP: Service(
        type_path="/computeMetadata/v1/instance/machine-type",
        region_path="/computeMetadata/v1/instance/zone",
        headers=(("Metadata-Flavor", "Google"),),
        shows=(b"metadata-flavor", b"google"),
    ),
    AZURE: Service(
        type_path="/metadata/instance/compute/vmSize?api-version=2021-02-01&format=text",
        region_path="/metadata/instance/compute/location?api-version=2021-02-01&format=text",
        headers=(("Metadata", "true"),),
    ),
    ALIBABA: Service(
        base_url="http://100.100.100.200",
        type_path="/latest/meta-data/instance/instance-type",
        token=(
            "/latest/api/token",
            ("X-aliyun-ecs-metadata-token-ttl-seconds", "60"),
            "X-aliyun-ecs-metadata-token",
        ),
    ),
}


def with_metadata(
    cloud: CloudInstance | None, notes: Notes, base_url: str | None = None
) -> CloudInstance | None:
    """Return the instance with its type and region, as far as the service tells them.

    The type is asked for only where the firmware does not tell it.

    Args:
        cloud: what the firmware says, None if it names no cloud.
        notes: are told what was asked, or why not.
        base_url: instead of the provider's own address.
    """
    service = SERVICES.get(cloud.provider) if cloud is not None else None
    if cloud is None or service is None:
        notes.info("cloud-unknown", "the firmware names no cloud whose metadata are known here")
        return cloud
    base_url = base_url or service.base_url
    wanted = {"instance type": service.type_path} if cloud.instance_type is None else {}
    if service.region_path is not None:
        wanted["region"] = service.region_path
    if not wanted:
        return cloud
    try:
        told = fetch_metadata(service, base_url, wanted)
    except MeterUnavailable as error:
        notes.warn("cloud-metadata", f"{NAMES[cloud.provider]}: {error.reason}", error.hint)
        return cloud
    place = base_url.partition("//")[2]
    said = " and ".join(f"{name} {value}" for name, value in told.items())
    notes.info("cloud-metadata", f"{place} was asked for {' and '.join(wanted)} and said {said}")
    return CloudInstance(
        provider=cloud.provider,
        instance_type=told.get("instance type", cloud.instance_type),
        evidence=f"metadata of {place}" if "instance type" in told else cloud.evidence,
        region=told.get("region"),
    )


def fetch_metadata(
    service: Service,
    base_url: str,
    wanted: Mapping[str, str],
    deadline_seconds: float = DEADLINE_SECONDS,
) -> dict[str, str]:
    """Return what was told in time of what is wanted, a path each; at least one thing.

    Raises:
        MeterUnavailable: there was no usable answer within the deadline.
    """
    end_seconds = time.monotonic() + deadline_seconds
    told: dict[str, str] = {}
    try:
        headers = _request_headers(service, base_url, end_seconds)
        for name, path in wanted.items():
            told[name] = _name_in(_ask("GET", base_url, path, headers, end_seconds, service.shows))
    except (OSError, ValueError) as error:
        if not told:
            reason = f"no answer of the metadata service at {base_url} ({error})"
            hint = "leave --cloud-metadata out, or let the metadata service be reached from here"
            raise MeterUnavailable(reason, hint) from error
    return told


def _name_in(answer: str) -> str:
    """Return the name that an answer gives.

    Raises:
        ValueError: it is not one.
    """
    # Google answers "projects/123/machineTypes/n2-standard-8".
    name = answer.strip().rpartition("/")[2]
    if not is_instance_type(name):
        raise ValueError("something else than a name")
    return name


def _request_headers(service: Service, base_url: str, end_seconds: float) -> dict[str, str]:
    headers = dict(service.headers)
    if service.token is not None:
        path, (name, value), shown_in = service.token
        headers[shown_in] = _ask("PUT", base_url, path, {name: value}, end_seconds)
    return headers


def _ask(  # noqa: PLR0913, PLR0917 - what a request is made of
    method: str,
    base_url: str,
    path: str,
    headers: Mapping[str, str],
    end_seconds: float,
    shows: tuple[bytes, bytes] | None = None,
) -> str:
    """Return the body of an answer.

    Raises:
        OSError: no connection, or not in time.
        ValueError: an answer that is no success, no HTTP, or not of the real service.
    """
    authority = base_url.partition("//")[2]
    name, _, port = authority.partition(":")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {authority}", "Connection: close"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    if method == "PUT":
        lines.append("Content-Length: 0")
    place = (name, int(port) if port else 80)
    with socket.create_connection(place, timeout=_left(end_seconds)) as connection:
        connection.settimeout(_left(end_seconds))
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = b""
        while len(answer) < _MOST_BYTES and not _is_complete(answer):
            connection.settimeout(_left(end_seconds))
            more = connection.recv(4096)
            if not more:
                break
            answer += more
    if shows is not None and _fields(answer.partition(b"\r\n\r\n")[0]).get(shows[0]) != shows[1]:
        raise ValueError("not the cloud's own service")
    return _body(answer)


def _left(end_seconds: float) -> float:
    seconds = end_seconds - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


def _fields(head: bytes) -> dict[bytes, bytes]:
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {key.strip().lower(): value.strip().lower() for key, _, value in pairs}


def _is_complete(answer: bytes) -> bool:
    """Tell whether nothing more is to come, as far as the answer itself says so."""
    head, blank_line, body = answer.partition(b"\r\n\r\n")
    if not blank_line:
        return False
    fields = _fields(head)
    if fields.get(b"transfer-encoding") == b"chunked":
        return body.endswith(b"0\r\n\r\n")
    return b"content-length" in fields and len(body) >= int(fields[b"content-length"])


def _body(answer: bytes) -> str:
    """Return the text of a successful answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/"):  # noqa: PLR2004
        raise ValueError("not HTTP")
    status = int(words[1])
    if status != _OK:
        message = f"status {status}"
        raise ValueError(message)
    fields = _fields(head)
    if fields.get(b"transfer-encoding") == b"chunked":
        body = _without_chunks(body)
    elif b"content-length" in fields:
        if len(body) < int(fields[b"content-length"]):
            raise ValueError("the answer is cut off")
        body = body[: int(fields[b"content-length"])]
    return body.decode("ascii")


def _without_chunks(body: bytes) -> bytes:
    text = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            break
        text, body = text + body[:length], body[length + 2 :]
    return text
