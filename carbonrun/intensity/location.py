"""Where this machine may be, from its time zone alone: no network, nothing is sent.

Responsible for: the name of the time zone, and the grid zone that it lies in. Not responsible for:
what is done when it tells nothing (:mod:`carbonrun.intensity.feed`).
"""

from __future__ import annotations

import os

from carbonrun.intensity.zones import DATA
from carbonrun.record import Record

TIMEZONES_FILE = os.path.join(DATA, "timezones.tsv")  # noqa: PTH118 - as the rest of the package

_ZONEINFO = "zoneinfo/"
# Trees of the same zones with another treatment of leap seconds. Source: tzdata Makefile.
_VARIANTS = ("posix/", "right/")


class Located(Record):
    """A place that a time zone tells.

    Attributes:
        grid_zone: country, or subdivision where the whole time zone lies in one.
        timezone: its name in the IANA database.
        origin: where the name was found: ``TZ``, or a file.
    """

    grid_zone: str
    timezone: str
    origin: str


def locate(tz_environment: str | None, etc: str, table: str = TIMEZONES_FILE) -> Located | None:
    """Return the first place that TZ, ``<etc>/timezone`` or ``<etc>/localtime`` tells.

    One that tells no place (UTC, ``CET-1CEST``, a copied file) is passed over.

    Args:
        tz_environment: the value of TZ, None if it is not set.
        etc: the directory of the machine's configuration, usually ``/etc``.
        table: time zones and their countries.
    """
    with open(table, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow
        text = file.read()
    timezone_file = os.path.join(etc, "timezone")  # noqa: PTH118 - pathlib is slow
    localtime = os.path.join(etc, "localtime")  # noqa: PTH118 - pathlib is slow
    for origin, value in (
        ("TZ", tz_environment or ""),
        (timezone_file, _first_line(timezone_file)),
        (localtime, _link_target(localtime)),
    ):
        timezone = timezone_name(value)
        grid_zone = _grid_zone(text, timezone)
        if grid_zone is not None:
            return Located(grid_zone=grid_zone, timezone=timezone, origin=origin)
    return None


def timezone_name(value: str) -> str:
    """Return the name in what TZ, a file or a link says; it need not be one that exists.

    A colon before it, the path of the database and its variants are taken off.
    Source: tzset(3); POSIX.1-2024, 8.3 Other Environment Variables.
    """
    name = value.strip().removeprefix(":")
    if _ZONEINFO in name:
        name = name.rpartition(_ZONEINFO)[2]
    for variant in _VARIANTS:
        name = name.removeprefix(variant)
    return name


def _grid_zone(table: str, timezone: str) -> str | None:
    """Return the subdivision or country of a time zone; None for one that is not in the table."""
    start = table.find(f"\n{timezone}\t")
    if start < 0 or not timezone.isprintable():  # a tab would match across columns
        return None
    _, country, subdivision = table[start + 1 : table.index("\n", start + 1)].split("\t")
    return subdivision or country


def _first_line(path: str) -> str:
    """Return the first line; an empty text if there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.readline(256)
    except OSError:
        return ""


def _link_target(path: str) -> str:
    """Return where a link leads; an empty text for a copy of the file, or none."""
    try:
        return os.readlink(path)  # noqa: PTH115 - pathlib is slow
    except OSError:
        return ""
