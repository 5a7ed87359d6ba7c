"""Tables by CPU name: design power; microarchitecture and threads per socket."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from carbonrun.measurement.meters.cpu_tables import normalise_name, without_class
from tools.hardware_build.raw import SOCKETS_FILE, TDP_FILE, read_csv

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tools.hardware_build.raw import Result


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


def model_rows(raw: Path, models: dict[str, str], results: Iterable[Result]) -> dict[str, str]:
    """Return microarchitecture and threads per socket (or nothing) by CPU key."""
    threads: dict[str, list[int]] = {}
    for result in results:
        threads.setdefault(without_class(result.cpu), []).append(result.threads // result.chips)
    for row in read_csv(raw / SOCKETS_FILE):
        key = without_class(normalise_name(row["CPU Name"]))
        threads.setdefault(key, []).append(int(row["Total Number of vCPU per socket"]))
    rows = {}
    for key, microarchitecture in models.items():
        counts = threads.get(without_class(key), [])
        most_common = max(set(counts), key=counts.count) if counts else ""
        rows[key] = f"{microarchitecture}\t{most_common}"
    return rows
