"""From the name of a service to its provider; each is imported only when it is chosen."""

from __future__ import annotations

from importlib import import_module

from carbonrun.intensity.model import IntensityUnavailable
from carbonrun.intensity.providers.access import Access
from carbonrun.intensity.services import service_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbonrun.intensity.model import Provider
    from carbonrun.intensity.providers.access import Get
    from carbonrun.intensity.services import Service

_PACKAGE = "carbonrun.intensity.providers"
_CLASSES = {
    "electricitymaps": ("electricitymaps", "ElectricityMapsProvider"),
    "neso": ("neso", "NesoProvider"),
    "energinet": ("energinet", "EnerginetProvider"),
    "energy-charts": ("energy_charts", "EnergyChartsProvider"),
    "rte": ("rte", "RteProvider"),
    "green-grid-compass": ("green_grid_compass", "GreenGridCompassProvider"),
    "watttime": ("watttime", "WattTimeProvider"),
    "carbon-aware-sdk": ("carbon_aware_sdk", "CarbonAwareSdkProvider"),
    "http-json": ("generic", "HttpJsonProvider"),
    "file": ("generic", "FileProvider"),
}
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def open_provider(
    name: str,
    *,
    url: str | None,
    key: str | None,
    get: Get,
    now: Callable[[], float],
) -> Provider:
    """Return a provider; nothing is sent before it is asked.

    Args:
        name: of a service in the table.
        url: another address than its own; what it needs where it has none.
        key: the user's key, None if there is none.
        get: the door to the network.
        now: returns the time, seconds since 1970.

    Raises:
        IntensityUnavailable: key or address is missing, or the key would be sent in the clear.
    """
    service = service_named(name)
    check_service(service, url, key)
    address = (url or service.url or "").rstrip("/")
    module, class_name = _CLASSES[name]
    provider_class = getattr(import_module(f"{_PACKAGE}.{module}"), class_name)
    access = Access(service=service, url=address, key=key, get=get, now=now)
    provider: Provider = provider_class(access)
    return provider


def check_service(service: Service, url: str | None, key: str | None) -> None:
    """Refuse what cannot be asked; see :func:`open_provider`."""
    if not (url or service.url):
        hint = "name it with --intensity-url"
        raise IntensityUnavailable(f"provider {service.name} has no address of its own", hint)
    if service.key is not None and not key:
        hint = f"set {service.key_variable} to {service.key}"
        raise IntensityUnavailable(f"provider {service.name} needs a key", hint)
    if key and url and url.startswith("http://") and not _is_loopback(url):
        message = f"the key of {service.name} would be sent in the clear"
        raise IntensityUnavailable(message, "use an address that begins with https://")


def key_of(service: Service, environment: Mapping[str, str], keys: Mapping[str, str]) -> str | None:
    """Return the user's key: of the environment, else of the configuration.

    Space around it, such as the line break of a file that it was read from, is not part of it.
    """
    told = (environment.get(service.key_variable, ""), keys.get(service.name, ""))
    return next((key for each in told if (key := each.strip())), None)


def _is_loopback(url: str) -> bool:
    place = url.removeprefix("http://").partition("/")[0]
    host = place.rpartition(":")[0] if place.rpartition(":")[2].isdecimal() else place
    return host in _LOOPBACK
