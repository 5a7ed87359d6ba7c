"""Time zone -> country and, only where it is certain, subdivision.

Responsible for: the rows of ``timezones.tsv``. Not responsible for: names that tell no place.
"""

from __future__ import annotations

import re
from pathlib import Path

ZONE_TAB = "raw/tzdata/zone.tab"
ALIASES = Path(__file__).with_name("timezone_aliases.tsv")

# What the comments of zone.tab call a subdivision, besides its postal code. A zone gets a hint
# only if its comment names exactly one subdivision of its country.
# Source: IANA tzdata, zone.tab, fourth column.
NAMES = {
    "AU": {
        "Tasmania": "AU-TAS",
        "Victoria": "AU-VIC",
        "New South Wales": "AU-NSW",
        "Queensland": "AU-QLD",
        "South Australia": "AU-SA",
        "Northern Territory": "AU-NT",
        "Western Australia": "AU-WA",
    },
    "CA": {
        "New Brunswick": "CA-NB",
        "Newfoundland": "CA-NL",
        "Labrador": "CA-NL",
        "Manitoba": "CA-MB",
        "Yukon": "CA-YT",
    },
    "CN": {"Xinjiang": "CN-XJ"},
    "US": {"Alaska": "US-AK", "Hawaii": "US-HI"},
}
# In a comment on Indiana these letters are counties, not states.
COUNTIES = "(Da, Du, K, Mn)"
# Links whose own name tells more than the zone that they link to.
BY_NAME = {
    "America/Montreal": "CA-QC",
    "America/Nipigon": "CA-ON",
    "America/Thunder_Bay": "CA-ON",
    "America/Rainy_River": "CA-ON",
    "America/Yellowknife": "CA-NT",
    "Canada/Saskatchewan": "CA-SK",
}


def timezone_rows(raw: Path, known_zones: set[str]) -> list[tuple[str, str, str]]:
    """Return (time zone, country, subdivision or empty), sorted, old names included.

    Raises:
        ValueError: an alias leads to a zone that zone.tab does not have.
    """
    rows: dict[str, tuple[str, str]] = {}
    for line in (raw / ZONE_TAB).read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            country, _, timezone, *comment = line.split("\t")
            rows[timezone] = (country, _subdivision(country, "".join(comment), known_zones))
    for line in ALIASES.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        alias, target = line.split("\t")
        if target not in rows:
            message = f"{alias}: {target} is not in zone.tab"
            raise ValueError(message)
        country, subdivision = rows[target]
        rows[alias] = (country, BY_NAME.get(alias, subdivision))
    return [(timezone, *rows[timezone]) for timezone in sorted(rows)]


def _subdivision(country: str, comment: str, known_zones: set[str]) -> str:
    """Return the one subdivision that the comment names, else an empty text."""
    text = comment.replace(COUNTIES, "")
    found = {zone for name, zone in NAMES.get(country, {}).items() if name in text}
    codes = {f"{country}-{code}" for code in re.findall(r"\b[A-Z]{2}\b", text)}
    found |= codes & known_zones
    return found.pop() if len(found) == 1 else ""
