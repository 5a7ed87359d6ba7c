"""Families of cloud instances: the CPUs they run on, and watts per vCPU."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from carbonrun.measurement.cloud import family_key
from carbonrun.measurement.meters.cpu_tables import normalise_name, without_class
from tools.hardware_build.microarchitectures import WRONG_ROWS
from tools.hardware_build.raw import TYPE_FILES, USE_FILES, read_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AWS_FAMILIES = Path(__file__).with_name("aws_families.tsv")
# Siblings are switched off. Source: the pages of Google (T2D) and Microsoft (HB, HC series).
WHOLE_CORES = frozenset(("gcp:t2d", "azure:hb#rs_v2", "azure:hb#rs_v3"))
# In the tables of the other clouds "Unknown" is a row of its own.
_NO_MICROARCHITECTURE = ("", "Unknown")


def instance_rows(raw: Path, models: Mapping[str, str]) -> dict[str, str]:
    """Return the rows of all clouds by family key."""
    rows = {}
    watts = read_watts(raw, "aws")
    for families, cpus, architectures, threads in aws_families(models):
        for family in families:
            key = family_key("aws", f"{family}.large")
            rows[key] = _row(architectures, cpus, threads, watts)
    for provider in TYPE_FILES:
        rows |= _other_cloud(raw, provider)
    return rows


def aws_families(
    models: Mapping[str, str],
) -> Iterable[tuple[list[str], list[str], list[str], int]]:
    """Yield families, CPU names, microarchitectures and hardware threads per vCPU."""
    by_short_name = {without_class(key): name for key, name in models.items()}
    for line in AWS_FAMILIES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        families, cpus, given, threads = line.split("\t")
        names = cpus.split("|")
        found = [given or by_short_name[without_class(normalise_name(name))] for name in names]
        yield families.split(), names, list(dict.fromkeys(found)), int(threads)


def read_watts(raw: Path, provider: str) -> dict[str, tuple[float, float]]:
    """Return the provider's watts per vCPU at the wall by microarchitecture."""
    return {
        row["Architecture"]: (float(row["Min Watts"]), float(row["Max Watts"]))
        for row in read_csv(raw / USE_FILES[provider])
        if row["Architecture"] not in WRONG_ROWS
    }


def _other_cloud(raw: Path, provider: str) -> dict[str, str]:
    """Return the rows of a cloud whose types are listed with microarchitectures."""
    found: dict[str, set[str]] = {}
    for row in read_csv(raw / TYPE_FILES[provider]):
        name = row["microarchitecture"]
        if name not in _NO_MICROARCHITECTURE and not row["family"].startswith("SAP"):
            # " 1" behind the name is the number of a footnote.
            key = family_key(provider, row["type"].removesuffix(" 1"))
            found.setdefault(key, set()).add(name)
    watts = read_watts(raw, provider)
    return {
        key: _row(sorted(names), [], 2 if key in WHOLE_CORES else 1, watts)
        for key, names in found.items()
    }


def _row(
    architectures: Iterable[str],
    cpus: Iterable[str],
    threads: int,
    watts: Mapping[str, tuple[float, float]],
) -> str:
    known = [watts[name] for name in architectures if name in watts]
    columns = [f"{statistics.mean(pair[i] for pair in known):.4g}" if known else "" for i in (0, 1)]
    return "\t".join(("|".join(architectures), "|".join(cpus), str(threads), *columns))
