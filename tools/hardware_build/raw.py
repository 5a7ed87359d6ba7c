"""The raw files: names, sources, and reading them."""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from carbonrun.measurement.meters.cpu_tables import find_row, normalise_name

if TYPE_CHECKING:
    from pathlib import Path

CODECARBON = "CodeCarbon 3.3.2, MIT, 2026"
CCF = "Cloud Carbon Footprint ccf-coefficients b0032d92, Apache-2.0, 2026-04"
SPEC = "SPECpower_ssj2008 results on spec.org to 2026-03-09"

TDP_FILE = "cpu_tdp_codecarbon_MIT.csv"
SPEC_FILE = "ccf/SPECpower-2026-03-09.csv"
SOCKETS_FILE = "ccf/aws-instances-cpus.csv"
USE_FILES = {
    "aws": "ccf/coefficients-aws-use.csv",
    "azure": "ccf/coefficients-azure-use.csv",
    "gcp": "ccf/coefficients-gcp-use.csv",
}
TYPE_FILES = {
    "azure": "ccf/coefficients-azure-embodied.csv",
    "gcp": "ccf/coefficients-gcp-embodied.csv",
}
# Lists of CPU names -> the name that the coefficients have for them. The more exact one first.
LISTS = {
    "ccf/amd-epyc-gen1.csv": "EPYC 1st Gen",
    "ccf/amd-epyc-gen2.csv": "EPYC 2nd Gen",
    "ccf/amd-epyc-gen3.csv": "EPYC 3rd Gen",
    "ccf/amd-epyc-gen4.csv": "EPYC 4th Gen",
    "ccf/amd-epyc-gen5.csv": "EPYC 5th Gen",
    "ccf/amd-neoverse-n1.csv": "Neoverse N1",
    "ccf/intel-sandybridge.csv": "Sandy Bridge",
    "ccf/intel-ivybridge.csv": "Ivy Bridge",
    "ccf/intel-haswell.csv": "Haswell",
    "ccf/intel-broadwell.csv": "Broadwell",
    "ccf/intel-skylake.csv": "Skylake",
    "ccf/intel-skylake-server.csv": "Skylake",
    "ccf/intel-skylake-client.csv": "Skylake",
    "ccf/intel-cascadelake.csv": "Cascade Lake",
    "ccf/intel-coffeelake.csv": "Coffee Lake",
    "ccf/intel-icelake.csv": "Ice Lake",
    "ccf/intel-sapphirerapids.csv": "Sapphire Rapids",
    "ccf/intel-emeraldrapids.csv": "Emerald Rapids",
    "ccf/intel-graniterapids.csv": "Granite Rapids",
}
RAW_FILES = (
    TDP_FILE,
    SPEC_FILE,
    SOCKETS_FILE,
    *USE_FILES.values(),
    *TYPE_FILES.values(),
    *LISTS,
)

Rows = list[dict[str, str]]


class Result(NamedTuple):
    """One SPECpower result; watts of the whole server at the wall.

    ``design_watts`` is of one socket, None where no table has the CPU.
    """

    cpu: str
    microarchitecture: str | None
    year: int
    design_watts: float | None
    chips: int
    threads: int
    threads_per_core: int
    memory_gb: float
    idle_watts: float
    full_watts: float


def read_csv(path: Path) -> Rows:
    """Return the rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_models(raw: Path) -> dict[str, str]:
    """Return microarchitecture by CPU key; the first list that names a CPU wins."""
    models: dict[str, str] = {}
    for name, microarchitecture in LISTS.items():
        for line in (raw / name).read_text(encoding="utf-8").splitlines():
            key = normalise_name(line)
            if key:
                models.setdefault(key, microarchitecture)
    return models


def read_results(raw: Path, models: dict[str, str], tdp_table: str) -> list[Result]:
    """Return the results whose chips, cores and threads agree with each other."""
    results = []
    for row in read_csv(raw / SPEC_FILE):
        chips, cores, siblings, threads = (
            int(row[column])
            for column in ("Chips", "# Cores Per Chip", "# Threads Per Core", "Total Threads")
        )
        if chips * cores * siblings != threads:
            continue
        key = normalise_name(row["CPU Description"])
        is_ampere = "ampere" in row["CPU Description"].lower()
        found = find_row(tdp_table, key)
        results.append(
            Result(
                cpu=key,
                microarchitecture="Neoverse N1" if is_ampere else models.get(key),
                year=int(row["Published"][-4:]),
                design_watts=float(found[0]) if found else None,
                chips=chips,
                threads=threads,
                threads_per_core=siblings,
                memory_gb=float(row["Total Memory (GB)"]),
                idle_watts=float(row["avg. watts @ active idle"]),
                full_watts=float(row["avg. watts @ 100%"]),
            )
        )
    return results


def table(rows: dict[str, str], *header: str) -> str:
    """Return the text of a table, sorted by key."""
    lines = [f"# {line}" for line in header]
    return "\n".join([*lines, *(f"{key}\t{rows[key]}" for key in sorted(rows))]) + "\n"


def sources(raw: Path) -> str:
    """Return the text of ``sources.toml``: what each raw file is and its SHA-256."""
    lines = ["# Raw files of the tables here; checked by tools/build_hardware_data.py."]
    for name in RAW_FILES:
        source, licence = (CODECARBON, "MIT") if name == TDP_FILE else (CCF, "Apache-2.0")
        if name == SPEC_FILE:
            source, licence = f"{SPEC}, by way of {CCF}", "SPEC fair use: cite, trademark, date"
        digest = hashlib.sha256((raw / name).read_bytes()).hexdigest()
        lines += ["", "[[file]]", f'path = "{name}"', f'source = "{source}"']
        lines += [f'licence = "{licence}"', f'sha256 = "{digest}"']
    return "\n".join(lines) + "\n"
