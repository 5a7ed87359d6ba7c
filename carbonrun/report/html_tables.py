"""The tables of a page of a run. Pure."""

from __future__ import annotations

from carbonrun.measurement.model import BOARD
from carbonrun.report.power_chart import kind_title, kinds_of, thinned
from carbonrun.report.summary import DEVICE_HEADINGS, PHASE_HEADINGS, PROGRAM_HEADINGS, WARN
from carbonrun.report.xml_text import element, xml
from carbonrun.units import (
    UNKNOWN,
    bytes_text,
    duration_text,
    energy_text,
    joined_range,
    scaled,
    three_digits,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from carbonrun.report.facts import Fact
    from carbonrun.report.model import DeviceEnergy, Program, Report, TimelinePoint

MOST_PROGRAMS, MOST_ROWS = 15, 24
_RANGE_WIDTH = 130


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    """Return a table; cells are markup, and those of the columns ``numbers`` stand to the right."""
    cells = [
        element("th", xml(text), "n" if index in numbers else "", scope="col")
        for index, text in enumerate(head)
    ]
    lines = [
        "<tr>"
        + "".join(
            element("td", cell, "n" if index in numbers else "") for index, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    ]
    return (
        f"<table><thead><tr>{''.join(cells)}</tr></thead>\n<tbody>\n"
        + "\n".join(lines)
        + "\n</tbody></table>"
    )


def device_table(rows: Sequence[Sequence[str]], devices: Sequence[DeviceEnergy]) -> str:
    """Return what each device has used, how that is known, and between which bounds it lies.

    Args:
        rows: cells of the summary.
        devices: the same devices.
    """
    device, energy, *others, how = DEVICE_HEADINGS
    most = max((known.high_joules for known in devices if known.kind != BOARD), default=0.0)
    lines = []
    for (name, joules, *rest, method), known in zip(rows, devices, strict=True):
        between = joined_range(energy_text(known.low_joules), energy_text(known.high_joules))
        style = "guess" if known.method == "estimated" else "good"
        source = element("small", xml(known.source))
        lines.append(
            [
                xml(name),
                element("b", xml(joules)),
                _range(known, most) + element("small", xml(between)),
                *map(xml, rest),
                element("div", element("span", xml(method), style) + source, "wide"),
            ]
        )
    return table((device, energy, "between", *others, how), lines, (1, 3, 4, 5))


def _range(device: DeviceEnergy, most: float) -> str:
    """Return a stroke from bound to bound with a dot at the figure, on the scale of all devices."""
    if device.kind == BOARD:
        return ""  # it holds all others, and would make them invisible

    def x(joules: float) -> float:
        return 5 + (max(0.0, joules) / most if most > 0 else 0.0) * (_RANGE_WIDTH - 10)

    low, best, high = (x(j) for j in (device.low_joules, device.joules, device.high_joules))
    drawn = f'<path d="M{low:.1f} 7H{high:.1f}"/><circle cx="{best:.1f}" cy="7" r="4"/>'
    return element("svg", drawn, "range", viewBox=f"0 0 {_RANGE_WIDTH} 14", aria_hidden="true")


def phase_table(rows: Sequence[Sequence[str]]) -> str:
    """Return what each phase has cost; ``rows`` are cells of the summary."""
    lines = [[_nested(name), *map(xml, figures)] for name, *figures in rows]
    return table(PHASE_HEADINGS, lines, range(1, len(PHASE_HEADINGS)))


def _nested(name: str) -> str:
    """Return a name as deep as it is nested."""
    shown = xml(name.lstrip(" "))
    for _ in range((len(name) - len(name.lstrip(" "))) // 2):
        shown = element("div", shown, "indent")
    return shown


def call_table(rows: Iterable[Sequence[str]]) -> str:
    """Return which program called which, and what each has cost; ``rows`` as in the summary."""
    lines = [[_nested(name), *map(xml, figures)] for name, *figures in rows]
    return table(PROGRAM_HEADINGS, lines, range(1, len(PROGRAM_HEADINGS)))


def program_table(programs: Sequence[Program]) -> str:
    """Return the programs that used most; the rest is one row."""
    ranked = sorted(programs, key=lambda p: (p.joules or 0.0, p.cpu_seconds or 0.0), reverse=True)
    shown, others = ranked[:MOST_PROGRAMS], ranked[MOST_PROGRAMS:]
    rows = [
        [
            element("code", xml(p.program)) if p.program is not None else "without a name",
            UNKNOWN if p.processes is None else f"{p.processes:,}",
            UNKNOWN if p.cpu_seconds is None else xml(scaled(p.cpu_seconds, "s")),
            xml(energy_text(p.joules)),
        ]
        for p in shown
    ]
    if others:
        joules = sum(p.joules or 0.0 for p in others)
        seconds = sum(p.cpu_seconds or 0.0 for p in others)
        label = f"{len(others)} more"
        rows.append([label, "", xml(scaled(seconds, "s")), xml(energy_text(joules))])
    return table(("program", "processes", "CPU time", "energy"), rows, (1, 2, 3))


def power_table(points: Sequence[TimelinePoint]) -> str:
    """Return the mean power in at most 24 intervals, and what GPUs did meanwhile."""
    kinds = kinds_of(points)
    has_gpus = any(point.gpu_memory_bytes is not None for point in points)
    rows = [
        [
            xml(f"{duration_text(point.start)} to {duration_text(point.end)}"),
            *(xml(scaled(point.watts.get(kind, 0.0), "W")) for kind in kinds),
            xml(energy_text(point.joules)),
            "" if point.g_per_kwh is None else three_digits(point.g_per_kwh),
            *([_busy(point.gpu_sm_share), bytes_text(point.gpu_memory_bytes)] if has_gpus else ()),
        ]
        for point in thinned(points, MOST_ROWS)
    ]
    of_gpus = ("GPUs busy", "GPU memory") if has_gpus else ()
    head = ("time", *map(kind_title, kinds), "energy", "g/kWh", *of_gpus)
    return table(head, rows, range(1, len(head)))


def _busy(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.2f}"


def notes_list(remarks: Sequence[tuple[str, str]]) -> str:
    """Return notes and what could not be measured."""
    items = (
        element("li", f"{element('b', xml(label))} {xml(text)}", "warning" if label == WARN else "")
        for label, text in remarks
    )
    return element("ul", "\n".join(items), "notes")


def details_table(report: Report, facts: Sequence[Fact]) -> str:
    """Return the figures with their remarks, and what is known of the run."""
    rows = [(fact.label, fact.value, fact.remark) for fact in facts]
    rows += [(label, text, "") for label, text in _details(report)]
    lines = (
        "<tr>"
        + element("th", xml(label), scope="row")
        + (
            element("td", xml(value)) + element("td", xml(remark))
            if remark
            else element("td", xml(value), colspan="2")
        )
        + "</tr>"
        for label, value, remark in rows
    )
    return f'<table class="facts"><tbody>\n{chr(10).join(lines)}\n</tbody></table>'


def _details(report: Report) -> Iterator[tuple[str, str]]:
    run, host = report.run, report.run.host
    yield "started", run.started_at
    yield "ended", run.ended_at or UNKNOWN
    memory = "" if host.memory_bytes is None else f", {bytes_text(host.memory_bytes)} memory"
    yield "machine", f"{host.name}: {host.logical_cpus} logical CPUs{memory}; {host.os}"
    for gpu in host.gpus:
        yield "GPU", gpu.name
    if run.project:
        yield "project", run.project
    if run.tags:
        yield "tags", ", ".join(f"{key}={value}" for key, value in run.tags.items())
    if run.parent_id:
        yield "part of", run.parent_id
    if report.overhead.cpu_seconds is not None:
        text = f"{scaled(report.overhead.cpu_seconds, 's')} CPU time"
        yield "carbonrun", f"{text}, {energy_text(report.overhead.joules)}; not in the figures"
