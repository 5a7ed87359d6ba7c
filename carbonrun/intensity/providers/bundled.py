"""The annual means that come with the package; needs no network, is always there.

Responsible for: reading ``annual.tsv`` and ``sources.toml``. Not responsible for: choosing another
zone when one is missing (:mod:`carbonrun.intensity.feed`).
"""

from __future__ import annotations

import os

from carbonrun.intensity.model import ANNUAL, Point, ZoneNotCovered
from carbonrun.intensity.zones import DATA


class BundledProvider:
    """Answers with one point for all times: the newest annual mean of the zone.

    Where a zone has figures of two bases, the one marked as default in the table is used unless
    ``basis`` asks for the other; they are never mixed.
    """

    name = "bundled"

    def __init__(self, basis: str | None = None, data: str = DATA) -> None:
        """Take the basis that is wanted, and the directory of the tables."""
        self._basis = basis
        self._data = data

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return one open-ended point; see :class:`carbonrun.intensity.model.Provider`."""
        del start_unix_seconds, end_unix_seconds  # an annual mean is the same at any time
        for line in self._read("annual.tsv").splitlines():
            if line.startswith(grid_zone + "\t"):
                fields = line.split("\t")
                if fields[2] == self._basis or (self._basis is None and fields[-1] == "1"):
                    return (self._point(fields),)
        kind = "annual mean" if self._basis is None else f"{self._basis} annual mean"
        reason = f"there is no {kind} for {grid_zone} in the bundled table"
        raise ZoneNotCovered(reason, "give a figure with --intensity")

    def known(self, grid_zone: str) -> tuple[Point, ...]:
        """Return all figures of a zone, one for each basis; they are never mixed."""
        lines = self._read("annual.tsv").splitlines()
        return tuple(
            self._point(line.split("\t")) for line in lines if line.startswith(grid_zone + "\t")
        )

    def zones(self) -> tuple[Point, ...]:
        """Return the figure of every zone that has one, of the basis that is wanted.

        They are of several bases unless one was asked for: never rank across them.
        """
        about = {entry["name"]: entry for entry in self.sources()}
        rows = (line.split("\t") for line in self._read("annual.tsv").splitlines()[1:])
        wanted = [r for r in rows if (r[-1] == "1" if self._basis is None else r[2] == self._basis)]
        return tuple(self._point(row, about[row[8]]) for row in wanted)

    def sources(self) -> list[dict[str, str]]:
        """Return what is known of each source of the table."""
        names = [
            line[1:-1]
            for line in self._read("sources.toml").splitlines()
            if line.startswith("[") and "." not in line
        ]
        return [{"name": name, **self._source(name)} for name in names]

    def _point(self, fields: list[str], known: dict[str, str] | None = None) -> Point:
        zone, _, basis, signal, year, g_per_kwh, low, high, source, _ = fields
        about = known or self._source(source)
        return Point(
            g_per_kwh=float(g_per_kwh),
            low_g_per_kwh=float(low),
            high_g_per_kwh=float(high),
            basis=basis,
            signal=signal,
            kind=ANNUAL,
            provider=self.name,
            source=f"{about['short']} {year}",
            grid_zone=zone,
            year=int(year),
            attribution=about["attribution"],
            licence=about["licence"],
        )

    def _source(self, source: str) -> dict[str, str]:
        """Return the keys of one table of ``sources.toml``, which has one key a line.

        The build writes the file in just this form, so no TOML parser is imported for it (there
        is none in Python 3.10).
        """
        _, _, rest = self._read("sources.toml").partition(f"\n[{source}]\n")
        pairs = (line.split(" = ", 1) for line in rest.partition("\n[")[0].splitlines() if line)
        return {key: value.strip('"') for key, value in pairs}

    def _read(self, name: str) -> str:
        path = os.path.join(self._data, name)  # noqa: PTH118 - pathlib is slow
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow
            return file.read()


class BundledFallback:
    """The same, of a basis where the zone has it, else of the other.

    It stands in for a service that did not answer: what is most like its figures comes first.
    """

    name = BundledProvider.name

    def __init__(self, basis: str | None) -> None:
        """Take the basis of the service."""
        self._basis = basis

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return one open-ended point; see :class:`carbonrun.intensity.model.Provider`."""
        period = (start_unix_seconds, end_unix_seconds)
        try:
            return BundledProvider(self._basis).series(grid_zone, *period)
        except ZoneNotCovered:
            return BundledProvider().series(grid_zone, *period)
