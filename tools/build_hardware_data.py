"""Make the tables of CPU power that ship with the package, from the raw files.

Usage: ``python tools/build_hardware_data.py RAW_DIRECTORY [OUTPUT_DIRECTORY]``

Deterministic and offline: the same raw files give the same bytes. The sums of the raw files are
in ``sources.toml`` beside the tables; a raw file with another sum is refused (``--accept`` writes
the new sums instead). Standard library only. The parts are in ``tools/hardware_build``.

The layout of the raw directory is that of ``sources.toml``: CodeCarbon's table of CPUs, the
``output`` and ``data`` files of ccf-coefficients in ``ccf/``. What the model is tested against goes
to ``tests/machine/specpower`` unless an output directory is given.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.hardware_build import microarchitectures  # noqa: E402
from tools.hardware_build.cpus import model_rows, tdp_rows  # noqa: E402
from tools.hardware_build.instances import instance_rows  # noqa: E402
from tools.hardware_build.raw import (  # noqa: E402
    CCF,
    CODECARBON,
    SPEC,
    Result,
    read_models,
    read_results,
    sources,
    table,
)

OUTPUT = ROOT / "carbonrun" / "measurement" / "meters" / "data"
RESULTS_FILE = "results.tsv"
RESULTS_FOLDER = ROOT / "tests" / "machine" / "specpower"


def build(raw: Path) -> dict[str, str]:
    """Return the texts of the tables by file name."""
    models = read_models(raw)
    tdp = table(
        tdp_rows(raw),
        f"Thermal design power of one socket. Source: {CODECARBON}",
        "name\twatts",
    )
    results = read_results(raw, models, tdp)
    return {
        "cpu_tdp.tsv": tdp,
        "cpu_model.tsv": table(
            model_rows(raw, models, results),
            f"Microarchitecture: {CCF}. Threads per socket: {SPEC}; the same",
            "name\tmicroarchitecture\tthreads per socket",
        ),
        "microarchitecture.tsv": table(
            microarchitectures.rows(microarchitectures.published(raw), results),
            f"Watts per hardware thread. Design power: {CODECARBON}, over the CPUs of {SPEC}",
            f"Of a server at the wall, CCF: {CCF}; SPEC: mean of these results",
            "name\tdesign\tlow factor\thigh factor\thighest idle share of design"
            "\tthreads per core\tidle at the wall\tfull at the wall\torigin",
        ),
        "instance.tsv": table(
            instance_rows(raw, models),
            f"Azure and GCP, all watts: {CCF}. AWS: Amazon EC2 instance types, 2026",
            "family\tmicroarchitectures\tCPUs\thardware threads per vCPU"
            "\tidle watts per vCPU at the wall\tfull",
        ),
        RESULTS_FILE: results_table(results),
    }


def results_table(results: list[Result]) -> str:
    """Return the results of CPUs whose design power is known; the model is tested against them."""
    rows = {
        f"{number:04}": "\t".join("" if value is None else f"{value}" for value in result)
        for number, result in enumerate(
            sorted(r for r in (r._replace(microarchitecture=r.microarchitecture or "")
                               for r in results) if r.design_watts is not None)
        )
    }  # fmt: skip
    return table(rows, f"{SPEC}, by way of {CCF}", "\t".join(("number", *Result._fields)))


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
        folder = RESULTS_FOLDER if name == RESULTS_FILE and output == OUTPUT else output
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}  {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
