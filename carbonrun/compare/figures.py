"""Figures of the metrics as people read them. Pure."""

from __future__ import annotations

from carbonrun.compare.model import CPU_TIME, EMISSIONS, MEMORY, METRICS, TIME
from carbonrun.units import UNKNOWN, bytes_text, duration_text, energy_text, mass_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.compare.descriptive import Summary
    from carbonrun.compare.model import Metric, Session

HEADINGS = ("", "mean", "sd", "median", "min", "max")


def figure_text(key: str, value: float | None) -> str:
    """Return a figure with unit and prefix."""
    if value is None:
        return UNKNOWN
    if key == MEMORY:
        return bytes_text(value)
    if key == EMISSIONS:
        return mass_text(value)
    if key == TIME:
        return duration_text(value)
    return scaled(value, "s") if key == CPU_TIME else energy_text(value)


def summary_cells(metric: Metric, summary: Summary) -> tuple[str, ...]:
    """Return the cells under ``HEADINGS``."""
    values = (summary.mean, summary.deviation, summary.median, summary.least, summary.most)
    texts = ("-" if value is None else figure_text(metric.key, value) for value in values)
    return (metric.title, *texts)


def known_metrics(session: Session) -> Iterator[Metric]:
    """Yield the metrics that some run has a figure of."""
    for metric in METRICS:
        if any(sample.figures.get(metric.key) is not None for sample in session.samples):
            yield metric
