"""A run as a page: one file that loads nothing from anywhere and runs no script. Pure."""

from __future__ import annotations

import base64
import hashlib

from carbonrun.report.badge import rests_on_model
from carbonrun.report.html_style import STYLE
from carbonrun.report.html_tables import (
    call_table,
    details_table,
    device_table,
    notes_list,
    phase_table,
    power_table,
    program_table,
)
from carbonrun.report.power_chart import (
    gpu_strip,
    intensity_strip,
    kind_style,
    kind_title,
    kinds_of,
    phase_strip,
    power_chart,
)
from carbonrun.report.summary import command_text, summarise
from carbonrun.report.top import named_share, program_remark, program_rows
from carbonrun.report.xml_text import element, xml
from carbonrun.units import (
    JOULES_PER_WH,
    UNKNOWN,
    bytes_text,
    duration_text,
    energy_text,
    joined_range,
    mass_text,
    scaled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.model import Report

MOST_CALLS = 20


def to_html(report: Report) -> str:
    """Return the page."""
    title = f"carbonrun: {report.run.name or command_text(report)}"
    body = [*_head(report), _cards(report), *_power(report), *_rest(report), _foot(report)]
    # The style is allowed by its hash, so nothing else can bring one along; scripts are not at all.
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{xml(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    run, summary = report.run, summarise(report, None)
    outcome = element("span", xml(summary.outcome), "good" if summary.succeeded else "bad")
    command = element("code", xml(summary.command))
    if run.name:
        yield element("h1", xml(run.name))
        yield element("p", command)
    else:
        yield element("h1", command)
    machine = ", ".join(part for part in (run.host.name, run.host.cpu_model) if part)
    when = run.started_at[:19].replace("T", " ")
    yield element("p", f"{outcome}, started {xml(when)} UTC on {xml(machine)}", "sub")


def _cards(report: Report) -> str:
    energy, emitted, tree = report.energy, report.emissions, report.tree
    seconds = report.run.duration_seconds
    watts = None if energy.joules is None or seconds <= 0 else energy.joules / seconds
    hours = None if energy.joules is None else energy.joules / JOULES_PER_WH
    peak = tree.peak_memory_bytes
    how = ", estimated" if rests_on_model(report) else ""
    cards = (
        (
            "energy" if report.run.scope == "tree" else "energy of the whole machine",
            energy_text(energy.joules),
            _between(energy_text(energy.low_joules), energy_text(energy.high_joules)),
            "" if hours is None else f"that is {scaled(hours, 'Wh')}{how}",
        ),
        (
            "emissions, CO2e",
            mass_text(emitted.grams_co2e),
            _between(mass_text(emitted.low_grams_co2e), mass_text(emitted.high_grams_co2e)),
            _grid(report),
        ),
        (
            "time",
            duration_text(seconds),
            "" if watts is None else f"mean power {scaled(watts, 'W')}",
            "",
        ),
        (
            "CPU time",
            UNKNOWN if tree.cpu_seconds is None else duration_text(tree.cpu_seconds),
            "" if tree.processes is None else f"processes: {tree.processes:,}",
            "" if peak is None else f"peak memory {bytes_text(peak)}",
        ),
    )
    shown = (
        element("span", xml(label)) + element("b", xml(value)) + "".join(
            element("span", xml(line)) for line in lines if line
        )
        for label, value, *lines in cards
    )  # fmt: skip
    return element("div", "\n".join(element("div", card, "card") for card in shown), "cards")


def _between(low: str, high: str) -> str:
    return "" if UNKNOWN in {low, high} else joined_range(low, high)


def _grid(report: Report) -> str:
    used = report.intensity
    if used is None:
        return "intensity of the grid unknown"
    return f"{used.grid_zone or 'given'}: {used.g_per_kwh:.3g} g/kWh"


def _power(report: Report) -> Iterator[str]:
    points = report.timeline
    title = f"Power over {duration_text(report.run.duration_seconds)}"
    chart = power_chart(points, title)
    if not chart:
        return
    yield element("h2", "Power over time")
    totals = {
        kind: sum(p.watts.get(kind, 0.0) * (p.end - p.start) for p in points)
        for kind in kinds_of(points)
    }
    yield element(
        "div", "".join(_legend(kind, joules) for kind, joules in totals.items()), "legend"
    )
    yield element("div", chart, "scroll")
    names = {phase.path: phase.name for phase in report.phases}
    phases = phase_strip(points, names, "Phases over the same time")
    if phases:
        yield element("p", "Phases", "caption")
        yield element("div", phases, "scroll")
    busy = gpu_strip(points, "GPUs kept busy over the same time")
    if busy:
        yield element("p", "GPUs kept busy (use of their multiprocessors)", "caption")
        yield element("div", busy, "scroll")
    strip = intensity_strip(points, "Carbon intensity over the same time")
    if strip:
        yield element("p", "Carbon intensity of the grid, g/kWh", "caption")
        yield element("div", strip, "scroll")
    yield (
        "<details><summary>as a table</summary>"
        + element("div", power_table(points), "scroll")
        + "</details>"
    )


def _legend(kind: str, joules: float) -> str:
    square = element("rect", "", kind_style(kind), width="11", height="11", rx="2")
    mark = element("svg", square, viewBox="0 0 11 11", aria_hidden="true")
    return element("span", f"{mark}{xml(kind_title(kind))} {energy_text(joules)}")


def _rest(report: Report) -> Iterator[str]:
    summary = summarise(report, None)
    if report.energy.devices:
        yield element("h2", "Devices")
        yield element("div", device_table(summary.devices, report.energy.devices), "scroll")
    if summary.phases:
        yield element("h2", "Phases")
        yield element("div", phase_table(summary.phases), "scroll")
    if report.tree.calls:
        yield element("h2", "Programs, below those that called them")
        calls = program_rows(report.tree, MOST_CALLS)
        yield element("div", call_table(calls), "scroll")
        share = f"{named_share(report.tree)} {program_remark(report.tree)}"
        yield element("p", xml(share), "caption")
    elif report.tree.programs:
        yield element("h2", "Programs")
        yield element("div", program_table(report.tree.programs), "scroll")
    if summary.remarks:
        yield element("h2", "Notes")
        yield notes_list(summary.remarks)
    yield element("h2", "Details")
    yield details_table(report, summary.facts)


def _foot(report: Report) -> str:
    parts = [f"Made by carbonrun {report.run.version} from run {report.run.id}."]
    if report.intensity is not None and report.intensity.attribution:
        parts.append(f"Intensity: {report.intensity.attribution}.")
    return element("footer", xml(" ".join(parts)))
