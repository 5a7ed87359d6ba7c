"""Opens the meters of the board that were asked for: ``--board``, and Redfish by its URL.

psys, the node of Cray and the rails of a Jetson come with the sensors of the CPU and are not here.
"""

from __future__ import annotations

from carbonrun.measurement.meters.board import acpi_power, battery, ipmi
from carbonrun.measurement.meters.sensors import Found
from carbonrun.measurement.model import BOARD, Unmeasured
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbonrun.measurement.meters.background_command import Helpers
    from carbonrun.measurement.meters.sensors import Places

USER_VARIABLE = "CARBONRUN_REDFISH_USER"
PASSWORD_VARIABLE = "CARBONRUN_REDFISH_PASSWORD"  # noqa: S105 - the name of a variable
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Wanted(Record):
    """Which meters of the board are asked for.

    Attributes:
        local: battery, ACPI, IPMI.
        redfish_url: None asks nobody.
        offline: nothing may be sent over the network.
    """

    local: bool = False
    redfish_url: str | None = None
    offline: bool = False


def discover(
    places: Places,
    wanted: Wanted,
    helpers: Helpers,
    environment: Mapping[str, str],
    now_seconds: Callable[[], float],
) -> Found:
    """Return the meters of the board.

    Args:
        places: roots of the kernel's files.
        wanted: what was asked for.
        helpers: who waits for the tools that are run.
        environment: for PATH and the credentials of Redfish.
        now_seconds: a monotonic clock.
    """
    parts: list[Found] = []
    if wanted.local:
        folders = environment.get("PATH", "").split(":")
        parts = [
            battery.discover(places, now_seconds),
            acpi_power.discover(places),
            ipmi.discover(places, folders, helpers),
        ]
    if wanted.redfish_url is not None:
        parts.append(_redfish(places, wanted, environment))
    return Found(
        meters=tuple(meter for part in parts for meter in part.meters),
        unmeasured=tuple(row for part in parts for row in part.unmeasured),
        pollers=tuple(poller for part in parts for poller in part.pollers),
    )


def check_url(url: str, *, has_password: bool) -> str | None:
    """Return what is wrong with the URL of a Redfish service, None if nothing is."""
    scheme, separator, rest = url.partition("://")
    host = rest.partition("/")[0]
    if separator == "" or scheme not in ("https", "http") or not host:
        return "its URL is none of the form https://HOST"
    if "@" in host:
        return f"its URL must not have credentials in it: set {USER_VARIABLE}, {PASSWORD_VARIABLE}"
    if scheme == "http" and has_password and not host.startswith(_LOOPBACK):
        return "the password would be sent unencrypted: use https://"
    return None


def _redfish(places: Places, wanted: Wanted, environment: Mapping[str, str]) -> Found:
    url = wanted.redfish_url or ""
    user, password = environment.get(USER_VARIABLE), environment.get(PASSWORD_VARIABLE)
    reason = check_url(url, has_password=user is not None)
    if wanted.offline:
        reason = "Redfish is asked over the network, which --offline forbids"
    if reason is not None:
        hint = "carbonrun --redfish-url https://BMC ..."
        return Found(unmeasured=(Unmeasured(id="redfish", kind=BOARD, reason=reason, hint=hint),))
    from carbonrun.measurement.meters.board import redfish_client

    access = redfish_client.Access(url=url.rstrip("/"), user=user, password=password)
    return redfish_client.open_meter(places, access)
