"""The carbon intensity of a run: what comes with the package, or what a service has told.

Responsible for: which of the two counts, and for saying so; what tells the zone (:class:`Place`).
Not responsible for: wider zones (:mod:`carbonrun.intensity.feed`), or the thread that asks
(:mod:`carbonrun.intensity.lookup`).

Nothing here is imported, and nobody asked, before the command has been started.
"""

from __future__ import annotations

from carbonrun.intensity.feed import find_intensity
from carbonrun.intensity.model import IntensityUnavailable
from carbonrun.intensity.uncertainty import SHORTEST_SECONDS
from carbonrun.intensity.whereabouts import Clues, cloud_region_here, is_told_by_cloud
from carbonrun.notes import Notes
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.intensity.lookup import Answer, Lookup
    from carbonrun.intensity.model import Point, Provider
    from carbonrun.intensity.services import Service
    from carbonrun.measurement.cloud import CloudInstance
    from carbonrun.settings import Settings

ETC, RUN = "/etc", "/run"
BUNDLED = "bundled"
# How long the end of a run waits for a service that is late.
LATE_SECONDS = 1.0
_WHOLE = 0.999


class Place(Record):
    """What tells where the run is, and how its intensity is to be found.

    Attributes:
        settings: of the run.
        environment: of this process.
        etc, run: directories of the machine's configuration and of its state.
        cloud: the cloud that the machine is in; None for none.
        geoip_zone: what a geo-IP service has told.
    """

    settings: Settings
    environment: Mapping[str, str]
    etc: str = ETC
    run: str = RUN
    cloud: CloudInstance | None = None
    geoip_zone: str | None = None

    @property
    def clues(self) -> Clues:
        """Return what there is to tell the zone by."""
        cloud = self.cloud
        return Clues(
            environment=self.environment,
            etc=self.etc,
            run=self.run,
            cloud=None if cloud is None else cloud.provider,
            cloud_region=None if cloud is None else cloud.region,
            geoip_zone=self.geoip_zone,
        )

    @property
    def cloud_region(self) -> str | None:
        """Return the code of the cloud region, None where it is none, or not known."""
        return cloud_region_here(self.settings.zone, self.clues)

    @property
    def wants_geoip(self) -> bool:
        """Tell whether the zone is to be asked for over the network, since nothing else tells."""
        settings = self.settings
        is_open = settings.zone is None and settings.intensity_g_per_kwh is None
        is_allowed = settings.geoip and not settings.offline
        return is_allowed and is_open and not is_told_by_cloud(self.clues)


def place_here(settings: Settings, environment: Mapping[str, str], notes: Notes) -> Place:
    """Return the place of this machine, for whom no run has looked around before.

    The cloud's metadata service is asked only if the settings say so.
    """
    from carbonrun.measurement.surroundings import cloud_here

    sysfs, consent = settings.sysfs, settings.cloud_metadata
    cloud = cloud_here(sysfs, notes, ask_cloud=consent, offline=settings.offline)
    return Place(settings=settings, environment=environment, cloud=cloud)


def find_for(
    place: Place, period: tuple[float, float], notes: Notes, provider: Provider | None = None
) -> IntensityFound:
    """Return the intensity of a place from what comes with the package, or from ``provider``.

    Args:
        place: settings, and what tells the zone.
        period: beginning and end, seconds since 1970.
        notes: where remarks go.
        provider: None for the package's own figures.

    Raises:
        IntensityUnavailable: the provider has nothing.
    """
    settings = place.settings
    return find_intensity(
        zone=settings.zone,
        zone_source=settings.zone_source,
        constant_g_per_kwh=settings.intensity_g_per_kwh,
        clues=place.clues,
        start_unix_seconds=period[0],
        end_unix_seconds=period[1],
        notes=notes,
        provider=provider,
    )


class Grid:
    """Finds the intensity while the command runs."""

    def __init__(
        self,
        place: Place,
        start_unix_seconds: float,
        now: Callable[[], float],
        notes: Notes,
        asked_unix_seconds: float | None = None,
    ) -> None:
        """Find what needs no network; begin to ask the service, if one is chosen.

        ``asked_unix_seconds`` is when the run would have started, had it not waited.
        """
        self._place = place
        self._asked = asked_unix_seconds
        self._start = start_unix_seconds
        self._notes = notes
        self._told = Notes()  # of all attempts, also those that brought nothing
        self._service: Service | None = None
        self._lookup: Lookup | None = None
        settings = place.settings
        has_old = settings.keys or any("CO2" in name for name in place.environment)
        if has_old and settings.provider == BUNDLED:
            from carbonrun.intensity.co2_signal import note_old_setting

            note_old_setting(place.environment, settings.keys, notes)
        self._is_offline = settings.provider == BUNDLED or settings.intensity_g_per_kwh is not None
        self._is_located = not place.wants_geoip
        if self._is_offline and self._is_located:
            self._found = self._offline(start_unix_seconds, notes)
            return
        self._found = self._offline(start_unix_seconds, Notes())
        notes.guard("intensity", lambda: self._begin(now))

    def so_far(self, now_unix_seconds: float) -> IntensityFound:
        """Return what is known now."""
        answer = None if self._lookup is None else self._lookup.latest
        if answer is not None and answer.found is not None:
            try:
                return self._fitted(answer.found, now_unix_seconds, Notes())
            except IntensityUnavailable:
                pass
        return self._found

    def finish(
        self, end_unix_seconds: float, within_seconds: float = LATE_SECONDS
    ) -> IntensityFound:
        """Return what counts; wait at most so long for a service that is late."""
        if self._lookup is None and self._service is None:
            if end_unix_seconds - self._start <= SHORTEST_SECONDS:
                return self._found  # it was found for a run of this length
            try:
                self._found = self._offline(end_unix_seconds, self._notes)
            except OSError:
                pass  # carbonrun was removed meanwhile: what was found at the start stands
            return self._found
        answer = (
            None if self._lookup is None else self._lookup.finish(end_unix_seconds, within_seconds)
        )
        for note in self._told.all():
            self._notes.add(note)
        if not self._is_located:
            message = "the geo-IP service had not answered when the command had ended"
            self._notes.warn("geoip-failed", f"{message}: it is not used", "use --zone")
        if self._is_offline:
            return self._offline(end_unix_seconds, self._notes)
        try:
            return self._take(answer, end_unix_seconds)
        except IntensityUnavailable as error:
            return self._fall_back(error, end_unix_seconds)

    def _begin(self, now: Callable[[], float]) -> None:
        from carbonrun.intensity.lookup import Lookup

        if not self._is_offline:
            from carbonrun.intensity.services import service_named

            self._service = service_named(self._place.settings.provider)
        self._lookup = Lookup(lambda until, notes: self._ask(until, now, notes), now)
        self._lookup.start()

    def _ask(self, until: float, now: Callable[[], float], notes: Notes) -> IntensityFound:
        """Ask the service; in the thread of the look-up."""
        if not self._is_located:
            from carbonrun.asking import ask_geoip

            self._place, self._is_located = ask_geoip(self._place, self._told, now), True
        if self._is_offline:
            return self._offline(until, notes)
        from carbonrun.asking import open_cached

        provider = open_cached(self._place, now, before_asking=self._tell)
        since = self._start if self._asked is None else self._asked
        found = find_for(self._place, (since, until), notes, provider)
        if provider.problem is not None:
            message = f"{provider.problem.reason}: what was told before is used"
            notes.info("intensity-from-cache", message, provider.problem.hint)
        return found

    def _tell(self) -> None:
        """Say who is asked, and what is sent."""
        service, url = self._service, self._place.settings.intensity_url
        if service is not None:
            from carbonrun.intensity.services import host_of

            message = f"{host_of(url or service.url or '')} was asked for the carbon intensity"
            self._told.info("intensity-online", f"{message}; it was told {service.sent}")

    def _take(self, answer: Answer | None, end_unix_seconds: float) -> IntensityFound:
        """Return what the service has told.

        Raises:
            IntensityUnavailable: nothing, or not what this run needs.
        """
        if answer is None:
            raise IntensityUnavailable("no answer yet when the command had ended")
        if answer.found is None:
            raise answer.failure or IntensityUnavailable("no answer")
        found = self._fitted(answer.found, end_unix_seconds, self._notes)
        for note in answer.notes:
            self._notes.add(note)
        self._note_waiting(answer.found.points, end_unix_seconds)
        return found

    def _note_waiting(self, points: Sequence[Point], end_unix_seconds: float) -> None:
        """Say what the hours of the run had, and those that it would have had at once."""
        seconds = end_unix_seconds - self._start
        if self._asked is None or seconds <= 0:
            return
        from carbonrun.intensity.window import mean_between

        had = mean_between(points, self._start, end_unix_seconds)
        would = mean_between(points, self._asked, self._asked + seconds)
        if had is not None and would is not None:
            message = f"the hours of the run had {had:.0f} g/kWh, those at once {would:.0f}"
            self._notes.info("start-delayed-result", f"{message}, as far as is known now")

    def _fitted(
        self, found: IntensityFound, end_unix_seconds: float, notes: Notes
    ) -> IntensityFound:
        if self._is_offline:
            return found
        from carbonrun.intensity.fitting import fit

        fitted = fit(found.points, self._start, end_unix_seconds)
        if fitted.carried > 0:
            message = "the service tells late: its last figure stands in for"
            notes.info("intensity-carried", f"{message} {100 * fitted.carried:.0f} % of the run")
        if fitted.covered < _WHOLE:
            message = f"the service covers {100 * fitted.covered:.0f} % of the run"
            hint = "carbonrun intensity reconcile asks again later"
            notes.warn("intensity-gaps", f"{message}; its mean counts for the rest", hint)
        return found.replace(points=fitted.points)

    def _fall_back(self, error: IntensityUnavailable, end_unix_seconds: float) -> IntensityFound:
        from carbonrun.intensity.providers.bundled import BundledFallback

        basis = None if self._service is None else self._service.basis
        try:
            found = self._find(end_unix_seconds, self._notes, BundledFallback(basis))
        except OSError:
            found = self._found  # carbonrun was removed meanwhile
        point = found.points[0]
        other = f", {point.basis} instead of {basis}" if basis not in (None, point.basis) else ""
        name = self._place.settings.provider
        message = f"{name}: {error.reason}; the mean of {point.year} is used{other}"
        self._notes.warn("intensity-not-live", message, error.hint)
        return found

    def _offline(self, end_unix_seconds: float, notes: Notes) -> IntensityFound:
        return self._find(end_unix_seconds, notes, None)

    def _find(
        self, end_unix_seconds: float, notes: Notes, provider: Provider | None
    ) -> IntensityFound:
        return find_for(self._place, (self._start, end_unix_seconds), notes, provider)
