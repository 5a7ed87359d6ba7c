"""Figures of a run in the OpenMetrics text format, as GitLab's metrics reports want them. Pure.

GitLab compares names and values as texts between branches: names are stable, values have few
digits, labels no spaces. Several runs of a job share one file.

Source: docs.gitlab.com, Metrics reports; the OpenMetrics specification 1.0.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

_END = "# EOF"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/+-")


def metrics_of(report: Report) -> dict[str, float]:
    """Return value by name and labels; what is unknown is left out."""
    label = f'{{name="{_label(report)}"}}'
    figures = {
        "carbonrun_energy_joules": report.energy.joules,
        "carbonrun_co2e_grams": report.emissions.grams_co2e,
        "carbonrun_duration_seconds": report.run.duration_seconds,
        "carbonrun_cpu_seconds": report.tree.cpu_seconds,
        "carbonrun_peak_memory_bytes": report.tree.peak_memory_bytes,
    }
    return {name + label: value for name, value in figures.items() if value is not None}


def merged(before: str, report: Report) -> str:
    """Return the content of a file with the figures of a run in the place of older ones.

    Args:
        before: the content so far; lines of others are kept.
        report: of the run.
    """
    new = metrics_of(report)
    kept = [
        line
        for line in before.splitlines()
        if line.strip() and line.strip() != _END and line.partition(" ")[0] not in new
    ]
    lines = [*kept, *(f"{name} {value:.4g}" for name, value in new.items()), _END]
    return "\n".join(lines) + "\n"


def _label(report: Report) -> str:
    """Return the run's name, else that of its program."""
    name = report.run.name or (report.run.command or ("",))[0].rpartition("/")[2]
    return "".join(char if char in _PLAIN else "_" for char in name) or "run"
