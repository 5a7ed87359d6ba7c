"""The board's controller, asked with Redfish over the network.

Only where a URL is configured. It runs in a thread of its own with a deadline for each answer. The
one door to httpx in this package.
"""

from __future__ import annotations

import ssl

import httpx

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.board import redfish
from carbonrun.measurement.meters.poller import Poller
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from carbonrun.measurement.meters.sensors import Found
from carbonrun.measurement.model import BOARD
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbonrun.measurement.meters.sensors import Places

METER_NAME = "redfish"
DEVICE_ID = "redfish"
PERIOD_SECONDS = 5.0
DEADLINE_SECONDS = 4.0
_ACCURACY = (0.9, 1.1)


class Access(Record):
    """Where the service is and who asks.

    Attributes:
        url: as in ``https://bmc.example``, without a path.
        user, password: None asks without credentials.
    """

    url: str
    user: str | None = None
    password: str | None = None


class RedfishProbe:
    """Asks one service for the power of the machine."""

    def __init__(self, access: Access) -> None:
        """Prepare; nothing is sent before the first question."""
        auth = None
        if access.user is not None:
            auth = httpx.BasicAuth(access.user, access.password or "")
        self._client = httpx.Client(
            base_url=access.url,
            auth=auth,
            timeout=DEADLINE_SECONDS,
            trust_env=False,  # a proxy has no business between a machine and its controller
            verify=ssl.create_default_context(),
        )
        self._path: str | None = None

    def watts(self) -> float:
        """Return the power now.

        Raises:
            ReadFailed: the service does not answer, or not with a power.
        """
        if self._path is None:
            self._path = self._find_path()
        value = redfish.watts(self._get(self._path))
        if value is None:
            self._path = None
            raise ReadFailed("Redfish: the service tells no power now")
        return value

    def _find_path(self) -> str:
        for chassis in redfish.members(self._get(redfish.CHASSIS)):
            for path in redfish.power_links(self._get(chassis)):
                if redfish.watts(self._get(path)) is not None:
                    return path
        raise ReadFailed("Redfish: no chassis of the service tells its power")

    def _get(self, path: str) -> dict[str, Any]:
        try:
            answer = self._client.get(path)
            if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
                raise ReadFailed("Redfish: the service refuses these credentials")
            answer.raise_for_status()
            content = answer.json()
        except httpx.HTTPError as error:
            raise ReadFailed(f"Redfish: {type(error).__name__}: {error}") from error
        except ValueError as error:
            raise ReadFailed(f"Redfish: {path} is not JSON") from error
        if not isinstance(content, dict):
            raise ReadFailed(f"Redfish: {path} is no resource")
        return content


def open_meter(places: Places, access: Access) -> Found:
    """Return the meter of a service, which is asked for the first time when its poller starts."""
    device = sampled_device(
        DEVICE_ID,
        BOARD,
        name="board (Redfish)",
        meter=METER_NAME,
        source=f"Redfish at {access.url}",
        accuracy=_ACCURACY,
        period_seconds=PERIOD_SECONDS,
    )
    meter = PowerMeter(device, places.started, PERIOD_SECONDS)
    probe = RedfishProbe(access)
    return Found(meters=(meter,), pollers=(Poller([(meter, probe.watts)], PERIOD_SECONDS),))
