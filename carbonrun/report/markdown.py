"""A run as Markdown: for an issue, a merge request, a log book. Pure."""

from __future__ import annotations

from carbonrun.report.markdown_text import code, escaped
from carbonrun.report.summary import DEVICE_HEADINGS, PHASE_HEADINGS, summarise
from carbonrun.report.text import printable
from carbonrun.units import energy_text, joined_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.model import DeviceEnergy, Report

_BOUNDS = "bounds"


def to_markdown(report: Report) -> str:
    """Return a heading, a table of figures, one of devices, the notes, and what to credit."""
    summary = summarise(report, None)
    run = report.run
    lines = [f"### {escaped(run.name)}" if run.name else "### Energy and emissions", ""]
    lines += [f"{code(summary.command)}: {escaped(summary.outcome)}", ""]
    lines += ["| | | |", "| --- | ---: | --- |"]
    lines += [
        f"| {fact.label} | {escaped(fact.value)} | {escaped(fact.remark)} |"
        for fact in summary.facts
    ]
    if summary.devices:
        lines += ["", *_devices(summary.devices, report.energy.devices)]
    if summary.phases:
        lines += ["", *_phases(summary.phases)]
    if summary.remarks:
        lines += ["", *(f"- {label}: {escaped(text)}" for label, text in summary.remarks)]
    lines += ["", *_origin(report)]
    return "\n".join(lines) + "\n"


def _devices(rows: tuple[tuple[str, ...], ...], devices: tuple[DeviceEnergy, ...]) -> Iterator[str]:
    device, energy, *others, how = DEVICE_HEADINGS
    yield "| " + " | ".join((device, energy, _BOUNDS, *others, how)) + " |"
    yield "| --- |" + " ---: |" * (len(DEVICE_HEADINGS) - 1) + " --- |"
    for (name, joules, *rest), known in zip(rows, devices, strict=True):
        between = joined_range(energy_text(known.low_joules), energy_text(known.high_joules))
        yield "| " + " | ".join(map(escaped, (name, joules, between, *rest))) + " |"


def _phases(rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    yield "| " + " | ".join(PHASE_HEADINGS) + " |"
    yield "| --- |" + " ---: |" * (len(PHASE_HEADINGS) - 1)
    for name, *figures in rows:
        depth = len(name) - len(name.lstrip(" "))
        cells = ("&nbsp;" * 2 * depth + escaped(name.lstrip(" ")), *map(escaped, figures))
        yield "| " + " | ".join(cells) + " |"


def _origin(report: Report) -> Iterator[str]:
    run, host = report.run, report.run.host
    machine = ", ".join(part for part in (host.name, host.cpu_model) if part)
    yield escaped(f"Run {run.id}, {run.started_at}, on {machine}; carbonrun {run.version}.")
    if report.intensity is not None and report.intensity.attribution:
        yield escaped(f"Intensity: {printable(report.intensity.attribution)}.")
