"""Printing small tables of figures with their bars."""

from __future__ import annotations

import os
import platform
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def print_head(title: str) -> None:
    """Print what was measured where; a loaded machine measures something else."""
    load = os.getloadavg()[0]
    machine = f"{os.cpu_count()} CPUs, Linux {platform.release()}, Python"
    print(f"{title}\n{machine} {platform.python_version()}, load {load:.1f} at the start\n")


def print_row(name: str, *cells: str, width: int = 11) -> None:
    """Print a row; the first column is wider."""
    print(f"{name:34}", *(f"{cell:>{width}}" for cell in cells), flush=True)


def verdict(value: float, bar: float) -> str:
    """Return whether a value that should be small is below its bar."""
    return "ok" if abs(value) <= bar else "MISSED"


def middle(values: Sequence[float]) -> float:
    """Return the value in the middle, the larger of two, so that it is one that was measured."""
    return sorted(values)[len(values) // 2]


def worst(values: Sequence[float]) -> float:
    """Return the value that is the farthest from zero."""
    return max(values, key=abs)


def ratios(samples: Mapping[str, Sequence[float]], base: str) -> dict[str, float]:
    """Return the ratio of each median to that of ``base``."""
    whole = median(samples[base])
    return {name: median(values) / whole for name, values in samples.items()}
