"""Make the tables of carbon intensity that ship with the package, from the raw files.

Usage: ``python tools/build_intensity_data.py RAW_DIRECTORY [OUTPUT_DIRECTORY]``

Deterministic and offline: the same raw files give the same bytes. The sums of the raw files are
in ``sources.toml`` beside the tables; raw files with other sums are refused (``--accept`` takes
them and writes the new sums). Standard library only. The parts are in ``tools/intensity_build``.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.intensity_build.rows import all_rows
from tools.intensity_build.sources import notice, sources_toml
from tools.intensity_build.timezones import timezone_rows
from tools.intensity_build.zones import zone_lines

OUTPUT = Path(__file__).resolve().parent.parent / "carbonrun" / "intensity" / "data"
ANNUAL_HEADER = "zone\tname\tbasis\tsignal\tyear\tg_per_kwh\tlow\thigh\tsource\tdefault"
ZONES_HEADER = "zone\tparent\tspread_low\tspread_high\tname\tother names ..."
TIMEZONES_HEADER = "timezone\tcountry\tsubdivision"


def build(raw: Path) -> dict[str, str]:
    """Return the texts of the tables by file name.

    Raises:
        ValueError: a figure has no zone, or a time zone no country.
    """
    rows = all_rows(raw)
    zones = [line.split("\t") for line in zone_lines(raw, rows)]
    names = {zone: (called[0] if called else zone) for zone, _, _, _, *called in zones}
    timezones = timezone_rows(raw, set(names))
    astray = {row.zone for row in rows} | {row[1] for row in timezones} - set(names)
    if astray - set(names):
        message = f"not in the table of zones: {sorted(astray - set(names))}"
        raise ValueError(message)
    annual = [
        f"{r.zone}\t{names[r.zone]}\t{r.basis}\taverage\t{r.year}"
        f"\t{r.g_per_kwh}\t{r.low}\t{r.high}\t{r.source}\t{r.default}"
        for r in rows
    ]
    return {
        "annual.tsv": table(ANNUAL_HEADER, annual),
        "zones.tsv": table(ZONES_HEADER, ["\t".join(fields) for fields in zones]),
        "timezones.tsv": table(TIMEZONES_HEADER, ["\t".join(row) for row in timezones]),
        "sources.toml": sources_toml(raw),
        "NOTICE.txt": notice(),
    }


def table(header: str, lines: list[str]) -> str:
    """Return the text of a table."""
    return "\n".join([header, *lines]) + "\n"


def main(arguments: list[str]) -> int:
    """Build; return the exit status."""
    accept = "--accept" in arguments
    places = [Path(argument) for argument in arguments if argument != "--accept"]
    if not places:
        print(__doc__, file=sys.stderr)
        return 2
    raw, output = places[0], places[1] if len(places) > 1 else OUTPUT
    known, found = OUTPUT / "sources.toml", sources_toml(raw)
    if not accept and known.read_text(encoding="utf-8") != found:
        print(f"not the raw files of {known}; --accept if they should be", file=sys.stderr)
        return 1
    for name, text in build(raw).items():
        (output / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}  {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
