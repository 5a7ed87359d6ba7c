"""Whom a run with these settings would ask over the network; nobody is asked to know that."""

from __future__ import annotations

from carbonrun.grid import BUNDLED
from carbonrun.intensity.geoip import URL
from carbonrun.intensity.model import IntensityUnavailable
from carbonrun.intensity.providers.registry import check_service, key_of
from carbonrun.intensity.services import host_of, service_named
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.grid import Place


class WouldAsk(Record):
    """A service that a run would ask.

    Attributes:
        name: as in ``--provider``, or ``geo-IP``.
        title: for people.
        host: who is asked; None where the user has yet to say, or for a file.
        sent: what it would be told.
        problem: why a run would be refused or do without it, None if nothing stands in the way.
    """

    name: str
    title: str
    host: str | None
    sent: str
    problem: str | None


def would_ask(place: Place) -> tuple[WouldAsk, ...]:
    """Return the services in the order in which a run would ask them."""
    settings = place.settings
    asked = []
    if place.wants_geoip:
        asked.append(
            WouldAsk(
                name="geo-IP",
                title="where the machine is",
                host=host_of(settings.geoip_url or URL),
                sent="its internet address",
                problem=None,
            )
        )
    if settings.provider != BUNDLED and settings.intensity_g_per_kwh is None:
        service = service_named(settings.provider)
        asked.append(
            WouldAsk(
                name=service.name,
                title=service.title,
                host=host_of(settings.intensity_url or service.url or "") or None,
                sent=service.sent,
                problem=_problem(place),
            )
        )
    return tuple(asked)


def _problem(place: Place) -> str | None:
    settings = place.settings
    service = service_named(settings.provider)
    if settings.offline and service.name != "file":
        return "with --offline only what it has told before is used"
    try:
        key = key_of(service, place.environment, settings.keys)
        check_service(service, settings.intensity_url, key)
    except IntensityUnavailable as error:
        return error.reason if error.hint is None else f"{error.reason}: {error.hint}"
    return None
