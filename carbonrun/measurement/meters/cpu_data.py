"""Reads the tables of CPU power that ship with the package."""

from __future__ import annotations

import os

from carbonrun.measurement.meters.cpu_tables import CpuTables

DATA_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")  # noqa: PTH100, PTH118, PTH120


def read_tables(folder: str = DATA_FOLDER) -> CpuTables:
    """Return the tables; a missing one is empty, so that everything is unknown to it."""
    return CpuTables(
        tdp=_read(f"{folder}/cpu_tdp.tsv"),
        models=_read(f"{folder}/cpu_model.tsv"),
        threads=_read(f"{folder}/microarchitecture.tsv"),
        instances=_read(f"{folder}/instance.tsv"),
    )


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
            return file.read()
    except OSError:
        return ""
