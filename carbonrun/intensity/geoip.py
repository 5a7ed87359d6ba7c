"""Where this machine's internet address is registered; asked only with ``--geoip``.

Responsible for: one request, and a strict reading of its reply. Not responsible for: when it is
asked (:mod:`carbonrun.grid`), or whether that is where the machine is: a VPN or the gateway of a
cluster may be elsewhere, which is why nobody is asked unasked.

Source: GeoJS, documentation of ``/v1/ip/geo.json``. Another service may be named, as long as its
reply is an object with ``country_code`` (or ``country``, of two letters), and perhaps ``region``.
"""

from __future__ import annotations

import json

from carbonrun.intensity.model import ServiceFailed
from carbonrun.intensity.zones import find_zone, known_zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.intensity.providers.access import Get

URL = "https://get.geojs.io/v1/ip/geo.json"
_CODE_LETTERS = 2


def fetch_zone(get: Get, url: str | None = None) -> str:
    """Return the grid zone that a service says this machine's address is in.

    Args:
        get: the door to the network.
        url: another service.

    Raises:
        ServiceFailed: there is no reply, or none that names a country. Nothing of it is told.
    """
    body = get(url or URL)
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    country = _country(told) if isinstance(told, dict) else None
    if country is None:
        raise ServiceFailed("the geo-IP service does not reply with a country", "use --zone")
    region = told["region"] if isinstance(told.get("region"), str) else ""
    part = known_zone(region)
    return part if part is not None and find_zone(part).parent == country else country


def _country(told: dict[str, object]) -> str | None:
    for name in ("country_code", "country"):
        code = told.get(name)
        if isinstance(code, str) and len(code) == _CODE_LETTERS and code.isalpha():
            return known_zone(code)
    return None
