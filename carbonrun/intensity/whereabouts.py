"""Where this machine is: which clue counts, and what is said of it.

In this order, the first that tells anything: what the user says, a cloud region in the environment
that something corroborates, cloud-init, the cloud's metadata service (if it was asked), geo-IP (if
it was asked), the time zone, and if nothing tells it the mean of the world. The locale is only ever
a suggestion. Whoever asks over the network has done so before; nothing is sent here.

Responsible for: the order, and a Note for whatever is less than what the user says. Not responsible
for: intensities (:mod:`carbonrun.intensity.feed`).
"""

from __future__ import annotations

from carbonrun.errors import UsageError
from carbonrun.intensity.cloud_clues import (
    BY_FIRMWARE,
    claim_of_cloud_init,
    claim_of_environment,
    region_code,
)
from carbonrun.intensity.location import locate
from carbonrun.intensity.zones import WORLD, canonical_zone, known_zone
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.notes import Notes

FROM_CLOUD_INIT = "cloud-init"
FROM_METADATA = "cloud metadata"
FROM_GEOIP = "geo-IP"
FROM_TIMEZONE = "time zone"
FROM_NOTHING = "world mean"
SET_ZONE = "set it with --zone, e.g. --zone FR"
# The providers whose metadata service tells a region.
_TELL_REGION = ("aws", "gcp", "azure")


class Clues(Record):
    """What there is to tell the place by.

    Attributes:
        environment: of this process.
        etc: the directory of the machine's configuration.
        run: the directory of what is kept until the next start.
        cloud: the provider that the firmware names, None for none.
        cloud_region: what its metadata service has told, as the provider writes it.
        geoip_zone: what a geo-IP service has told, as a code of the table.
    """

    environment: Mapping[str, str]
    etc: str
    run: str = "/run"
    cloud: str | None = None
    cloud_region: str | None = None
    geoip_zone: str | None = None


class Whereabouts(Record):
    """A zone, what told it, and whether it may stand for only a part of itself."""

    zone: str
    source: str
    exact: bool


def given(zone: str | None, zone_source: str | None, notes: Notes) -> Whereabouts | None:
    """Return what the user says; None, with a Note, if there is no such zone."""
    if zone is None:
        return None
    try:
        code = canonical_zone(zone)
    except UsageError as error:
        notes.warn("zone-unknown", error.message, error.hint)
        return None
    return Whereabouts(zone=code, source=zone_source or "given", exact=True)


def is_told_by_cloud(clues: Clues) -> bool:
    """Tell whether the cloud's region is known, so that nobody else has to be asked."""
    return _by_cloud(clues) is not None


def cloud_region_here(zone: str | None, clues: Clues) -> str | None:
    """Return the code of the cloud region that the user names, or that the machine tells."""
    try:
        code = None if zone is None else canonical_zone(zone)
    except UsageError:
        code = None
    if code is not None and ":" in code:
        return code
    found = _by_cloud(clues)
    return None if found is None else found[0].zone


def guessed(clues: Clues, notes: Notes) -> Whereabouts:
    """Return what the machine itself tells, at worst the world; add a Note that says so."""
    found = _by_cloud(clues)
    if found is not None:
        place, how = found
        notes.info("cloud-region", f"{place.zone} is where this machine is, by {how}")
        return place
    if clues.geoip_zone is not None:
        message = f"grid zone {clues.geoip_zone} is a guess from this machine's internet address"
        notes.info("zone-from-geoip", message, _hint(clues, clues.geoip_zone))
        return Whereabouts(zone=clues.geoip_zone, source=FROM_GEOIP, exact=False)
    located = locate(clues.environment.get("TZ"), clues.etc)
    if located is not None:
        zone = located.grid_zone
        message = f"grid zone {zone} is a guess from the time zone {located.timezone}"
        notes.info("zone-from-timezone", f"{message} ({located.origin})", _hint(clues, zone))
        return Whereabouts(zone=zone, source=FROM_TIMEZONE, exact=False)
    return nowhere(notes, clues)


def nowhere(notes: Notes, clues: Clues | None = None) -> Whereabouts:
    """Return the world, with a visible Note."""
    message = "where this machine is cannot be told: the mean of the world is used"
    hint = SET_ZONE if clues is None else _hint(clues, locale_country(clues.environment))
    notes.warn("zone-unknown-world-mean", f"{message}, with wide bounds", hint)
    return Whereabouts(zone=WORLD, source=FROM_NOTHING, exact=False)


def locale_country(environment: Mapping[str, str]) -> str | None:
    """Return the country of the locale; None for one that is used everywhere.

    Source: POSIX.1-2024, 8.2 Internationalization Variables: LC_ALL, LC_*, LANG.
    """
    locale = next((v for n in ("LC_ALL", "LC_CTYPE", "LANG") if (v := environment.get(n))), "")
    language, _, rest = locale.partition("_")
    country = rest.partition(".")[0].partition("@")[0]
    is_code = len(country) == 2 and country.isascii() and country.isalpha()  # noqa: PLR2004
    if not is_code or (language, country) == ("en", "US"):
        return None
    return known_zone(country)


def _by_cloud(clues: Clues) -> tuple[Whereabouts, str] | None:
    """Return the region that counts, and how it is known.

    A variable comes first, unless only the firmware corroborates it, which knows the provider but
    not the region: then what the machine was told at its start, or by its cloud, is surer.
    """
    claim = claim_of_environment(clues.environment, clues.cloud)
    named = None
    if claim is not None and claim.evidence is not None:
        place = Whereabouts(zone=claim.region, source=claim.told_by, exact=True)
        named = (place, f"{claim.told_by} and {claim.evidence}")
        if claim.evidence != BY_FIRMWARE:
            return named
    told = _by_machine(clues)
    if told is None or named is None:
        return told or named
    return told if told[0].zone != named[0].zone else named


def _by_machine(clues: Clues) -> tuple[Whereabouts, str] | None:
    """Return the region that cloud-init or the metadata service tells, and how it is known."""
    claim = claim_of_cloud_init(clues.run)
    if claim is not None:
        place = Whereabouts(zone=claim.region, source=FROM_CLOUD_INIT, exact=True)
        return place, f"cloud-init ({claim.evidence})"
    region = region_code(clues.cloud or "", clues.cloud_region)
    if region is not None:
        place = Whereabouts(zone=region, source=FROM_METADATA, exact=True)
        return place, "the cloud's metadata service"
    return None


def _hint(clues: Clues, example: str | None) -> str:
    """Return what would tell the place better; ``example`` is a zone that it may be."""
    hint = SET_ZONE if example is None else f"set it with --zone, e.g. --zone {example}"
    claim = claim_of_environment(clues.environment, clues.cloud)
    if claim is not None and claim.evidence is None:
        hint += f"; {claim.told_by} names {claim.region}, but nothing else says that this is there"
    if clues.cloud in _TELL_REGION and clues.cloud_region is None:
        hint += "; --cloud-metadata asks the cloud's metadata service for the region"
    return hint
