"""A service of the user's choice, behind what it has told before.

Responsible for: which service, with which key, and where its answers are kept. Not responsible for:
when it is asked (:mod:`carbonrun.grid` for runs, the subcommands for themselves).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbonrun.grid import Place
    from carbonrun.intensity.cache import CachedProvider
    from carbonrun.intensity.model import Point, Provider


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
