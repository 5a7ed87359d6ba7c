"""Figures of the user's own: a file (JSON or CSV), or JSON over HTTP.

The JSON is a list of rows, or an object with the list under ``data`` (or ``rates``) beside
``zone``, ``basis`` and ``signal``. A row has ``start``, ``g_per_kwh`` (or ``value``), and if it
likes ``end``, ``low_g_per_kwh``, ``high_g_per_kwh`` and ``kind``. CSV has the same names in its
first line. Times have a zone (``2026-11-25T10:00Z``).
"""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from itertools import pairwise
from urllib.parse import quote

from pydantic import AliasChoices, Field

from carbonrun.descriptors import CLOSE_ON_EXEC, NON_BLOCKING
from carbonrun.intensity.model import (
    ACTUAL,
    FORECAST,
    PROVISIONAL,
    IntensityUnavailable,
    ServiceFailed,
    ZoneNotCovered,
)
from carbonrun.intensity.providers.declared import declaration
from carbonrun.intensity.providers.parsing import (
    GRAMS,
    TIME,
    Reply,
    Row,
    parse,
    seconds,
    to_points,
    utc,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.intensity.model import Point
    from carbonrun.intensity.providers.access import Access

_MOST_BYTES = 1 << 20
_HOUR = 3600.0
_NUMBERS = ("g_per_kwh", "value", "low_g_per_kwh", "high_g_per_kwh")
_KIND = rf"^({ACTUAL}|{PROVISIONAL}|{FORECAST})$"


class _Row(Reply):
    start: TIME
    end: TIME | None = None
    g_per_kwh: GRAMS = Field(validation_alias=AliasChoices("g_per_kwh", "value"))
    low_g_per_kwh: GRAMS | None = None
    high_g_per_kwh: GRAMS | None = None
    kind: str | None = Field(default=None, pattern=_KIND)


class _Document(Reply):
    zone: str | None = None
    basis: str | None = Field(default=None, pattern=r"^(direct|lifecycle)$")
    signal: str | None = Field(default=None, pattern=r"^(average|marginal)$")
    data: list[_Row] = Field(validation_alias=AliasChoices("data", "rates"))


class HttpJsonProvider:
    """Asks one URL; ``{zone}``, ``{start}`` and ``{end}`` in it are filled in."""

    def __init__(self, access: Access) -> None:
        """Take the URL, with what is declared behind it."""
        self._access = access
        self._url, self._basis, self._signal = declaration(access.url)
        self.name = access.service.name

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return what the JSON has; see :class:`carbonrun.intensity.model.Provider`."""
        asked = (start_unix_seconds, end_unix_seconds)
        document = _document(self._access, self._read(grid_zone, *asked))
        if document.zone is not None and document.zone != grid_zone:
            raise ZoneNotCovered(f"{self.name}: the figures are of another zone than {grid_zone}")
        declared = (document.basis or self._basis, document.signal or self._signal)
        rows = _rows(self._access, document.data)
        return to_points(self._access.service, grid_zone, rows, asked, declared)

    def _read(self, grid_zone: str, start: float, end: float) -> bytes:
        url = self._url
        for name, value in (("zone", grid_zone), ("start", utc(start)), ("end", utc(end))):
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        headers = {"Authorization": f"Bearer {self._access.key}"} if self._access.key else None
        return self._access.get(url, None, headers)


class FileProvider(HttpJsonProvider):
    """Reads a file; nothing is sent."""

    def _read(self, grid_zone: str, start: float, end: float) -> bytes:
        del grid_zone, start, end
        try:
            return _content(self._url.removeprefix("file://"))
        except csv.Error as error:
            raise IntensityUnavailable("the file of intensities is no CSV and no JSON") from error
        except OSError as error:
            message = f"the file of intensities cannot be read: {error.strerror or error}"
            raise IntensityUnavailable(message, "name another with --intensity-url") from error


def _content(path: str) -> bytes:
    """Return a regular file as JSON, whichever of the two forms it has."""
    descriptor = os.open(path, os.O_RDONLY | NON_BLOCKING | CLOSE_ON_EXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(None, "it is no regular file")
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(None, f"it is larger than {_MOST_BYTES} bytes")
    return content if content.lstrip()[:1] in (b"[", b"{") else _from_csv(content)


def _from_csv(content: bytes) -> bytes:
    rows = []
    for line in csv.DictReader(io.StringIO(content.decode("utf-8-sig", "replace"))):
        row: dict[str, object] = {name: text for name, text in line.items() if name and text}
        for name in _NUMBERS:
            if name in row:
                try:
                    row[name] = float(str(row[name]))
                except ValueError:
                    pass  # told as what it is, when the row is looked at
        rows.append(row)
    return json.dumps(rows).encode()


def _document(access: Access, body: bytes) -> _Document:
    if body.lstrip()[:1] == b"[":
        rows: list[_Row] = parse(access.service, list[_Row], body)
        return _Document(data=rows)
    document: _Document = parse(access.service, _Document, body)
    return document


def _rows(access: Access, given: list[_Row]) -> list[Row]:
    """Return rows with ends: its own, else where the next begins, else as long as the one before.

    Raises:
        ServiceFailed: one ends before it begins.
    """
    timed = sorted(((seconds(access.service, row.start), row) for row in given), key=lambda t: t[0])
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(timed)]
    now, rows = access.now(), []
    gaps.append(gaps[-1] if gaps else _HOUR)
    for (start, row), gap in zip(timed, gaps, strict=False):  # no rows, but a gap
        end = start + gap if row.end is None else seconds(access.service, row.end)
        if end < start:
            raise ServiceFailed(f"{access.service.title}: a row ends before it begins")
        rows.append(
            Row(
                start=start,
                end=end,
                g_per_kwh=row.g_per_kwh,
                kind=row.kind or (ACTUAL if end <= now else FORECAST),
                low=row.low_g_per_kwh,
                high=row.high_g_per_kwh,
            )
        )
    return rows
