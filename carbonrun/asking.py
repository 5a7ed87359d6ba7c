"""A service of the user's choice, behind what it has told before.

Responsible for: which service, with which key, and where its answers are kept; the same of geo-IP.
Not responsible for: when it is asked (:mod:`carbonrun.grid` for runs, the subcommands for
themselves).
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbonrun.grid import Place
    from carbonrun.intensity.cache import CachedProvider
    from carbonrun.intensity.model import Point, Provider
    from carbonrun.notes import Notes


class _OnDemand:
    """A provider that is imported when it is asked: with figures on the shelf it never is."""

    def __init__(
        self,
        name: str,
        url: str | None,
        key: str | None,
        now: Callable[[], float],
        before_asking: Callable[[], None],
    ) -> None:
        self.name = name
        self._before_asking = before_asking
        self._url = url
        self._key = key
        self._now = now
        self._provider: Provider | None = None

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Ask; see :class:`carbonrun.intensity.model.Provider`."""
        if self._provider is None:
            from carbonrun.intensity.providers.registry import open_provider

            self._provider = open_provider(
                self.name, url=self._url, key=self._key, get=self._get, now=self._now
            )
        return self._provider.series(grid_zone, start_unix_seconds, end_unix_seconds)

    def _get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        from carbonrun.intensity.http import Http

        self._before_asking()
        return Http().get(url, params, headers)


def open_cached(
    place: Place,
    now: Callable[[], float],
    name: str | None = None,
    before_asking: Callable[[], None] = lambda: None,
) -> CachedProvider:
    """Return the provider that the settings choose, behind what it has told before.

    Args:
        place: settings and environment.
        now: returns the time, seconds since 1970.
        name: another service than that of the settings.
        before_asking: called before anything is sent.

    Raises:
        IntensityUnavailable: key or address is missing.
    """
    from carbonrun.intensity.cache import CachedProvider
    from carbonrun.intensity.memory_shelf import MemoryShelf
    from carbonrun.intensity.providers.registry import check_service, key_of
    from carbonrun.intensity.services import service_named
    from carbonrun.store.intensity_shelf import FileShelf, service_folder

    settings = place.settings
    service = service_named(name or settings.provider)
    url = settings.intensity_url
    key = key_of(service, place.environment, settings.keys)
    if settings.offline and service.key is not None:
        key = key or "not needed"  # nobody will see it
    check_service(service, url, key)
    is_kept = settings.state_dir is not None and service.name != "file"
    folder = service_folder(settings.state_dir or "", service.name, url)
    return CachedProvider(
        _OnDemand(service.name, url, key, now, before_asking),
        FileShelf(folder) if is_kept else MemoryShelf(),
        now,
        lookahead_seconds=service.lookahead_seconds,
        offline=settings.offline and service.name != "file",
    )


def ask_geoip(place: Place, notes: Notes, now: Callable[[], float] = time.time) -> Place:
    """Return the place with what a geo-IP service says of it; wait for its answer.

    If it says nothing the place stays as it is, with a Note. What it has told not long ago counts.
    """
    from carbonrun.intensity.geoip import URL, fetch_zone
    from carbonrun.intensity.http import Http
    from carbonrun.intensity.model import ServiceFailed
    from carbonrun.intensity.services import host_of
    from carbonrun.store.geoip_memory import GeoipMemory

    url = place.settings.geoip_url or URL
    memory = GeoipMemory(place.settings.state_dir, url)
    told = memory.recall(now())
    if told is not None:
        if told.zone is None:
            notes.warn("geoip-failed", f"{host_of(url)} failed a moment ago: it is not asked")
        return place.replace(geoip_zone=told.zone)
    message = f"{host_of(url)} was asked where this machine's internet address is"
    notes.info("geoip-online", f"{message}; it was told that address")
    zone = None
    try:
        zone = fetch_zone(Http().get, url)
    except ServiceFailed as error:
        notes.warn("geoip-failed", f"{error.reason}: it is not used", error.hint)
    memory.keep(zone, now())
    return place.replace(geoip_zone=zone)
