"""Make the tables of carbon intensity that ship with the package, from the raw files.

Usage: ``python tools/build_intensity_data.py [--check | --accept] [RAW [OUTPUT]]`` (directories)

Deterministic and offline: the same raw files give the same bytes. The raw files are in
``tools/data/intensity``; their sums are in ``sources.toml`` beside the tables, and raw files with
other sums are refused (``--accept`` takes them and writes the new sums). ``--check`` writes nothing
and fails if what ships is not what the raw files give. Standard library only; the parts are in
``tools/intensity_build``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.intensity_build.efficiency import region_rows
from tools.intensity_build.rows import all_rows
from tools.intensity_build.sources import (
    notice,
    raw_sums,
    sha256,
    sources_toml,
    with_attributions,
)
from tools.intensity_build.timezones import timezone_rows
from tools.intensity_build.zones import zone_lines

ROOT = Path(__file__).resolve().parent.parent
RAW = ROOT / "tools" / "data" / "intensity"
OUTPUT = ROOT / "carbonrun" / "intensity" / "data"
PACKAGE_NOTICE = ROOT / "NOTICE"
ANNUAL_HEADER = "zone\tname\tbasis\tsignal\tyear\tg_per_kwh\tlow\thigh\tsource\tdefault"
ZONES_HEADER = "zone\tparent\tspread_low\tspread_high\tname\tother names ..."
TIMEZONES_HEADER = "timezone\tcountry\tsubdivision"
REGIONS_HEADER = (
    "region\tzone\tplace\tpue\tpue_low\tpue_high\tpue_of\tpue_year\tpue_source"
    "\twue_l_per_kwh\twue_low\twue_high\twue_of\twue_year\twue_source"
)


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
    tables = {
        "annual.tsv": table(ANNUAL_HEADER, annual),
        "cloud_regions.tsv": table(REGIONS_HEADER, ["\t".join(row) for row in region_rows(raw)]),
        "zones.tsv": table(ZONES_HEADER, ["\t".join(fields) for fields in zones]),
        "timezones.tsv": table(TIMEZONES_HEADER, ["\t".join(row) for row in timezones]),
        "NOTICE.txt": notice(),
    }
    return {**tables, "sources.toml": sources_toml(raw, tables)}


def table(header: str, lines: list[str]) -> str:
    """Return the text of a table."""
    return "\n".join([header, *lines]) + "\n"


def are_known(raw: Path) -> bool:
    """Tell whether the sums of all raw files are those in ``sources.toml``."""
    known = (OUTPUT / "sources.toml").read_text(encoding="utf-8")
    return all(f'"{name}" = "{digest}"\n' in known for name, digest in raw_sums(raw).items())


def differing(made: dict[Path, str]) -> list[Path]:
    """Return the files that are not as they would be made."""
    return [
        path
        for path, text in made.items()
        if not path.is_file() or path.read_bytes() != text.encode()
    ]


def main(arguments: list[str]) -> int:
    """Build; return the exit status."""
    options = {argument for argument in arguments if argument.startswith("--")}
    places = [Path(argument) for argument in arguments if argument not in options]
    if options - {"--accept", "--check"}:
        print(__doc__, file=sys.stderr)
        return 2
    raw, output = (*places, *(RAW, OUTPUT)[len(places) :])
    if "--accept" not in options and not are_known(raw):
        print(f"not the raw files of {OUTPUT}; --accept if they should be", file=sys.stderr)
        return 1
    made = {output / name: text for name, text in build(raw).items()}
    if output == OUTPUT:
        made[PACKAGE_NOTICE] = with_attributions(PACKAGE_NOTICE.read_text(encoding="utf-8"))
    if "--check" in options:
        for path in differing(made):
            print(f"not as it would be made: {path}", file=sys.stderr)
        return 1 if differing(made) else 0
    for path, text in made.items():
        path.write_bytes(text.encode())
        print(f"{sha256(text.encode())}  {path.name}  {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
