"""The names of grid zones: what may be typed, what it means, what lies around it.

Responsible for: reading ``data/zones.tsv``. Not responsible for: intensities, or where we are.
On the fast path: a mistyped zone is refused before the command starts.
"""

from __future__ import annotations

import os

from carbonrun.errors import UsageError
from carbonrun.record import Record

DATA = os.path.join(os.path.dirname(__file__), "data")  # noqa: PTH118, PTH120 - pathlib is slow
ZONES_FILE = os.path.join(DATA, "zones.tsv")  # noqa: PTH118 - pathlib is slow

WORLD = "WORLD"
SEE_ZONES = "carbonrun intensity zones lists them all"
_NEAR_MATCHES = 3
_LIKENESS = 0.65  # a slip in a word of three letters passes, two in one of six do not


class Zone(Record):
    """One line of the table.

    Attributes:
        code: as in ``--zone``.
        parent: the zone around it, or for a cloud region the one that it is in; None for the world.
        name: for people; the code where there is no other.
        spread_low, spread_high: what the figure of the zone may be multiplied by to hold nine in
            ten of its parts; None for a zone without parts.
    """

    code: str
    parent: str | None
    name: str
    spread_low: float | None
    spread_high: float | None

    @property
    def is_cloud_region(self) -> bool:
        """Return whether it is a provider's region, not a grid."""
        return ":" in self.code


def canonical_zone(text: str) -> str:
    """Return the code of a zone that was given as code, ISO 3166 code or name, in any case.

    Raises:
        UsageError: there is no such zone; names up to three that are written alike.
    """
    code = known_zone(text)
    if code is None:
        wanted = text.strip().lower().replace("_", "-")
        raise UsageError(_unknown(text, wanted), SEE_ZONES)
    return code


def known_zone(text: str) -> str | None:
    """Return the code as :func:`canonical_zone` does, None if there is no such zone."""
    wanted = text.strip().lower().replace("_", "-")
    table = _table()
    start = table.lower().find(f"\n{wanted}\t")  # lower() keeps every length in this table
    if start >= 0 and wanted.isprintable():  # a tab would match across columns
        return table[start + 1 : start + 1 + len(wanted)]
    name = text.strip().lower()
    for line in table.splitlines()[1:]:
        code, _, _, _, *names = line.split("\t")
        if name in [other.lower() for other in names]:
            return code
    return None


def find_zone(code: str) -> Zone:
    """Return what the table says of a zone.

    Raises:
        KeyError: ``code`` did not come from :func:`canonical_zone` or the tables.
    """
    table = _table()
    start = table.find(f"\n{code}\t")
    if start < 0:
        raise KeyError(code)
    _, parent, low, high, *names = table[start + 1 : table.index("\n", start + 1)].split("\t")
    return Zone(
        code=code,
        parent=parent or None,
        name=names[0] if names else code,
        spread_low=float(low) if low else None,
        spread_high=float(high) if high else None,
    )


def search_zones(text: str) -> list[Zone]:
    """Return the zones whose code or one of whose names has the text in it; in any case of letters.

    Those whose code begins so come first. An empty text finds all.
    """
    wanted = text.strip().lower()
    found = [
        line.split("\t")[0]
        for line in _table().splitlines()[1:]
        if any(wanted in name.lower() for name in (line.split("\t")[0], *line.split("\t")[4:]))
    ]
    found.sort(key=lambda code: not code.lower().startswith(wanted))
    return [find_zone(code) for code in found]


def _table() -> str:
    with open(ZONES_FILE, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow
        return file.read()


def _unknown(text: str, wanted: str) -> str:
    """Return the message for a zone that does not exist, with near matches."""
    import difflib

    codes: dict[str, str] = {}
    for line in _table().splitlines()[1:]:
        code, _, _, _, *names = line.split("\t")
        for name in (code, *names):
            codes.setdefault(name.lower(), code)
    near: list[str] = []
    for name in difflib.get_close_matches(wanted, codes, 3 * _NEAR_MATCHES, _LIKENESS):
        if codes[name] not in near:
            near.append(codes[name])
    shown = ", ".join(near[:_NEAR_MATCHES])
    return f"unknown grid zone {text!r}" + (f": did you mean {shown}?" if shown else "")
