"""Make the tables of CPU power that ship with the package, from the raw files.

Usage: ``python tools/build_hardware_data.py RAW_DIRECTORY [OUTPUT_DIRECTORY]``

Deterministic and offline: the same raw files give the same bytes. The sums of the raw files are
in ``sources.toml`` beside the tables; a raw file with another sum is refused (``--accept`` writes
the new sums instead). Standard library only.

The layout of the raw directory is that of ``sources.toml``: CodeCarbon's table of CPUs, the
``output`` and ``data`` files of ccf-coefficients in ``ccf/``.
"""

from __future__ import annotations

import csv
import hashlib
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from carbonrun.measurement.meters.cpu_tables import normalise_name  # noqa: E402

OUTPUT = ROOT / "carbonrun" / "measurement" / "meters" / "data"

CODECARBON = "CodeCarbon 3.3.2, MIT, 2026"
CCF = "Cloud Carbon Footprint ccf-coefficients b0032d92, Apache-2.0, 2026-04"
SPEC = "SPECpower_ssj2008 results on spec.org to 2026-03-09"

TDP_FILE = "cpu_tdp_codecarbon_MIT.csv"
SPEC_FILE = "ccf/SPECpower-2026-03-09.csv"
USE_FILE = "ccf/coefficients-aws-use.csv"
SOCKETS_FILE = "ccf/aws-instances-cpus.csv"
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
RAW_FILES = (TDP_FILE, SPEC_FILE, USE_FILE, SOCKETS_FILE, *LISTS)

# Left out: 3.68 W idle and 8.96 W full per thread are six to fourteen times what the SPECpower
# results of these CPUs give (0.26 and 1.46), and more than any other server of its decade. Our
# row is the mean of the published results, the way that the other rows were made.
WRONG_ROWS = frozenset(("EPYC 5th Gen",))
# These have no SPECpower results of their own: the coefficients repeat those of EPYC 2nd Gen.
PROXIES = ("Graviton2", "Graviton3", "Graviton3E", "Graviton4")
PROXY_SPREAD = "Neoverse N1"
ONE_THREAD_PER_CORE = frozenset(("Neoverse N1", *PROXIES))

Rows = list[dict[str, str]]


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


def classify(result: dict[str, str], models: dict[str, str]) -> str | None:
    """Return the microarchitecture of a SPECpower result, None if it cannot be told."""
    description = result["CPU Description"]
    if "ampere" in description.lower():
        return "Neoverse N1"
    return models.get(normalise_name(description))


def is_consistent(result: dict[str, str]) -> bool:
    """Return whether chips, cores and threads of a result agree with each other."""
    chips, cores, threads = (
        int(result[column]) for column in ("Chips", "# Cores Per Chip", "# Threads Per Core")
    )
    return chips * cores * threads == int(result["Total Threads"])


def tdp_rows(raw: Path) -> dict[str, str]:
    """Return TDP by CPU key; of two that differ the higher one, which widens nothing downwards."""
    watts: dict[str, float] = {}
    for row in read_csv(raw / TDP_FILE):
        key = normalise_name(row["Name"])
        try:
            value = float(row["TDP"])
        except ValueError:
            print(f"left out, not a number: {row['Name']}: {row['TDP']}", file=sys.stderr)
            continue
        if key and value > 0:
            watts[key] = max(value, watts.get(key, 0.0))
    return {key: f"{value:g}" for key, value in watts.items()}


def model_rows(raw: Path, models: dict[str, str], results: Rows) -> dict[str, str]:
    """Return microarchitecture and threads per socket by CPU key."""
    threads: dict[str, list[int]] = {}
    for result in results:
        key = normalise_name(result["CPU Description"])
        per_chip = int(result["Total Threads"]) // int(result["Chips"])
        threads.setdefault(key, []).append(per_chip)
    for row in read_csv(raw / SOCKETS_FILE):
        key = normalise_name(row["CPU Name"])
        threads.setdefault(key, []).append(int(row["Total Number of vCPU per socket"]))
    return {
        key: f"{name}\t{max(set(threads[key]), key=threads[key].count) if key in threads else ''}"
        for key, name in models.items()
    }


def per_thread(results: Rows, column: str) -> list[float]:
    """Return watts per hardware thread of each result, ascending."""
    return sorted(float(result[column]) / int(result["Total Threads"]) for result in results)


def tenths(values: list[float]) -> tuple[float, float]:
    """Return the values that a tenth of all lie below and above of."""
    last = len(values) - 1
    return values[round(0.1 * last)], values[round(0.9 * last)]


def watts_row(
    name: str, published: dict[str, tuple[float, float]], results: dict[str, Rows]
) -> str:
    """Return one row: idle, full, low and high factor, idle share, threads per core, origin."""
    spread = results[PROXY_SPREAD if name in PROXIES else name]
    idles = per_thread(spread, "avg. watts @ active idle")
    fulls = per_thread(spread, "avg. watts @ 100%")
    origin = "CCF" if name in published else "SPEC"
    idle, full = published.get(name, (statistics.mean(idles), statistics.mean(fulls)))
    lows, highs = zip(
        *[
            (tenths(values)[0] / centre, tenths(values)[1] / centre)
            for values, centre in ((idles, idle), (fulls, full))
        ],
        strict=True,
    )
    share = statistics.median(
        float(r["avg. watts @ active idle"]) / float(r["avg. watts @ 100%"]) for r in spread
    )
    threads_per_core = 1 if name in ONE_THREAD_PER_CORE else 2
    low, high = min(1.0, *lows), max(1.0, *highs)
    return (
        f"{idle:.4g}\t{full:.4g}\t{low:.3g}\t{high:.3g}\t{share:.3g}\t{threads_per_core}\t{origin}"
    )


def watts_rows(raw: Path, models: dict[str, str], results: Rows) -> dict[str, str]:
    """Return watts per thread by microarchitecture."""
    by_name: dict[str, Rows] = {}
    for result in results:
        name = classify(result, models)
        if name is not None:
            by_name.setdefault(name, []).append(result)
    published = {
        row["Architecture"]: (float(row["Min Watts"]), float(row["Max Watts"]))
        for row in read_csv(raw / USE_FILE)
        if row["Architecture"] not in WRONG_ROWS
    }
    names = [*dict.fromkeys((*published, *by_name))]
    return {name: watts_row(name, published, by_name) for name in names}


def table(rows: dict[str, str], *header: str) -> str:
    """Return the text of a table, sorted by key."""
    lines = [f"# {line}" for line in header]
    return "\n".join([*lines, *(f"{key}\t{rows[key]}" for key in sorted(rows))]) + "\n"


def build(raw: Path) -> dict[str, str]:
    """Return the texts of the tables by file name."""
    models = read_models(raw)
    results = [row for row in read_csv(raw / SPEC_FILE) if is_consistent(row)]
    return {
        "cpu_tdp.tsv": table(
            tdp_rows(raw),
            f"Thermal design power of one socket. Source: {CODECARBON}",
            "name\twatts",
        ),
        "cpu_model.tsv": table(
            model_rows(raw, models, results),
            f"Microarchitecture: {CCF}. Threads per socket: {SPEC}; the same",
            "name\tmicroarchitecture\tthreads per socket",
        ),
        "microarchitecture.tsv": table(
            watts_rows(raw, models, results),
            f"Watts of a server at the wall per hardware thread. CCF: {CCF}",
            f"SPEC, factors, idle share: mean, tenths, median of {SPEC}",
            "name\tidle\tfull\tlow factor\thigh factor\tidle share\tthreads per core\torigin",
        ),
    }


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


def main(arguments: list[str]) -> int:
    """Build; return the exit status."""
    accept = "--accept" in arguments
    places = [Path(argument) for argument in arguments if argument != "--accept"]
    if not places:
        print(__doc__, file=sys.stderr)
        return 2
    raw, output = places[0], places[1] if len(places) > 1 else OUTPUT
    known, found = OUTPUT / "sources.toml", sources(raw)
    if not accept and not (known.exists() and known.read_text(encoding="utf-8") == found):
        print(
            f"the raw files are not those of {known}; --accept if they should be", file=sys.stderr
        )
        return 1
    for name, text in {**build(raw), "sources.toml": found}.items():
        (output / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}  {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
