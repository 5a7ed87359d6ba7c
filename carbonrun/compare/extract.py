"""From the report of one run to the figures of a comparison. Pure."""

from __future__ import annotations

from carbonrun.compare.model import (
    CPU_TIME,
    EMISSIONS,
    ENERGY,
    MEMORY,
    NET,
    PER_UNIT,
    TIME,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Not divided among repeats: the peak of many is the peak of one.
_WHOLE = (MEMORY,)
_BOARD = "board"
_ESTIMATED = "estimated"
# Source: the shells' convention for a command that died of a signal.
_SIGNAL_BASE = 128


def figures_of(
    report: Mapping[str, Any], repeats: int, work: float | None
) -> dict[str, float | None]:
    """Return the figures of one execution.

    Args:
        report: of schema ``carbonrun.report/1``.
        repeats: executions in the run, 1 or more.
        work: units of work of one execution.
    """
    energy = report["energy"]
    figures: dict[str, float | None] = {
        ENERGY: energy["joules"],
        NET: energy["active_joules"],
        EMISSIONS: report["emissions"]["grams_co2e"],
        TIME: report["run"]["duration_seconds"],
        CPU_TIME: report["tree"]["cpu_seconds"],
        MEMORY: report["tree"]["peak_memory_bytes"],
    }
    shared = {
        key: value if value is None or key in _WHOLE else value / repeats
        for key, value in figures.items()
    }
    joules = shared[ENERGY]
    shared[PER_UNIT] = None if joules is None or not work else joules / work
    return shared


def modelled_part(report: Mapping[str, Any]) -> float:
    """Return which part of the joules no sensor has measured, 0 to 1; 1 where there are none."""
    billed = [d for d in report["energy"]["devices"] if d["kind"] != _BOARD]
    total = sum(device["joules"] for device in billed)
    if total <= 0:
        return 1.0
    return sum(d["joules"] for d in billed if d["method"] == _ESTIMATED) / total  # type: ignore[no-any-return]


def exit_code_of(report: Mapping[str, Any]) -> int:
    """Return the exit code as a shell shows it: 128 + N for death by signal N."""
    run = report["run"]
    if run["signal"] is not None:
        return _SIGNAL_BASE + int(run["signal"])
    return int(run["exit_code"] or 0)
