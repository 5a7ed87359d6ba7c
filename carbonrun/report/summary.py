"""What the summary says: device lines, facts, notes, as texts without any layout. Pure.

The layouts are :mod:`carbonrun.report.table` (colours, by rich) and :mod:`carbonrun.report.plain`.
"""

from __future__ import annotations

from carbonrun.measurement.model import BOARD
from carbonrun.notes import WARNING
from carbonrun.record import Record
from carbonrun.report.text import printable, signal_name
from carbonrun.units import (
    JOULES_PER_WH,
    UNKNOWN,
    bytes_text,
    duration_text,
    energy_text,
    mass_text,
    range_text,
    scaled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.model import DeviceEnergy, IntensityUsed, Report, Tree

DEVICE_HEADINGS = ("device", "energy", "active", "idle", "of machine", "how")
NOTE, WARN = "note", "warning"

_METERS = {"rapl-powercap": "RAPL", "estimate": "model"}
# How exact each rung of the ladder is; see carbonrun.measurement.tree.accountant.
_ACCOUNTING = {"cgroup": "exact (cgroup)", "perf": "exact (perf)"}


class Fact(Record):
    """One line below the devices; ``value`` is short, ``remark`` may need several lines."""

    label: str
    value: str
    remark: str


class Summary(Record):
    """Everything that is shown.

    Attributes:
        command: as typed, harmless to print, secrets masked.
        outcome: how and when it ended.
        succeeded: with exit status 0.
        devices: cells under ``DEVICE_HEADINGS``.
        facts: figures with a value and a remark.
        remarks: label and text of what needs whole lines: notes, what is missing, files.
    """

    command: str
    outcome: str
    succeeded: bool
    devices: tuple[tuple[str, ...], ...]
    facts: tuple[Fact, ...]
    remarks: tuple[tuple[str, str], ...]


def summarise(report: Report, csv_path: str | None) -> Summary:
    """Return the summary of a report; ``csv_path`` is where its row went."""
    run = report.run
    return Summary(
        command=command_text(report),
        outcome=f"{ending(report)} after {duration_text(run.duration_seconds)}",
        succeeded=run.exit_code == 0 and run.signal is None,
        devices=tuple(_device_cells(device) for device in report.energy.devices),
        facts=tuple(_facts(report)),
        remarks=tuple(_remarks(report, csv_path)),
    )


def command_text(report: Report) -> str:
    """Return the command line as a shell would read it, harmless to print."""
    import shlex

    return printable(" ".join(_quoted(word, shlex.quote) for word in report.run.command))


def _quoted(word: str, quote: object) -> str:
    # Options with "=" and paths need no quotes to be read by people.
    return word if word and not set(word) & set(" \t\n'\"\\$`&|;<>()*?#~!{}") else quote(word)  # type: ignore[operator]


def ending(report: Report) -> str:
    """Return ``exit 0``, ``killed by SIGTERM``, or that it is not known."""
    run = report.run
    if run.signal is not None:
        return f"killed by {signal_name(run.signal)}"
    return "end unknown" if run.exit_code is None else f"exit {run.exit_code}"


def _device_cells(device: DeviceEnergy) -> tuple[str, ...]:
    meter = _METERS.get(device.meter, device.meter)
    how = f"{device.method} ({meter})"
    share = UNKNOWN
    if device.machine_joules > 0:
        share = f"{100 * device.joules / device.machine_joules:.0f} %"
    if device.kind == BOARD:
        how += ", cross-check"
    return (
        printable(device.name),
        energy_text(device.joules),
        energy_text(device.active_joules),
        energy_text(device.idle_joules),
        share,
        how,
    )


def _facts(report: Report) -> Iterator[Fact]:
    energy, emitted = report.energy, report.emissions
    if energy.joules is None:
        yield Fact(label="energy", value=UNKNOWN, remark="nothing could be measured or modelled")
    else:
        watt_hours = [
            None if joules is None else joules / JOULES_PER_WH
            for joules in (energy.joules, energy.low_joules, energy.high_joules)
        ]
        scope = "; the whole machine" if report.run.scope == "machine" else ""
        yield Fact(
            label="energy",
            value=f"{energy_text(energy.joules)} = {scaled(watt_hours[0], 'Wh')}",
            remark=f"{range_text(watt_hours[1], watt_hours[2], 'Wh')}{scope}",
        )
    pue = "" if emitted.pue == 1 else f"; PUE {emitted.pue:g}"
    if emitted.grams_co2e is None:
        yield Fact(label="emissions", value=f"{UNKNOWN} CO2e", remark=pue.lstrip("; "))
    else:
        low, high = mass_text(emitted.low_grams_co2e), mass_text(emitted.high_grams_co2e)
        if low.partition(" ")[2] == high.partition(" ")[2]:
            low = low.partition(" ")[0]
        yield Fact(
            label="emissions",
            value=f"{mass_text(emitted.grams_co2e)} CO2e",
            remark=f"{low} to {high}{pue}",
        )
    if report.intensity is not None:
        yield _intensity_fact(report.intensity)
    yield from _tree_facts(report.tree)


def _intensity_fact(used: IntensityUsed) -> Fact:
    source = next((entry["source"] for entry in used.series if entry.get("source")), used.provider)
    is_told = used.grid_zone is not None and used.zone_source not in (None, "world mean")
    where = f"zone from {used.zone_source}" if is_told else ""
    parts = (f"{source}, {used.basis}" if used.basis else str(source), where)
    return Fact(
        label="intensity",
        value=f"{used.grid_zone or ''} {used.g_per_kwh:.3g} g/kWh".strip(),
        remark=printable("; ".join(part for part in parts if part)),
    )


def _tree_facts(tree: Tree) -> Iterator[Fact]:
    seconds = UNKNOWN if tree.cpu_seconds is None else scaled(tree.cpu_seconds, "s")
    if tree.cpu_seconds is not None and tree.cpu_seconds >= 1:
        seconds = f"{tree.cpu_seconds:,.1f} s"
    count = "" if tree.processes is None else f"{tree.processes:,} process"
    count += "es, " if count and tree.processes != 1 else ", " if count else ""
    how = _ACCOUNTING.get(tree.cpu_accounting, f"summed up ({tree.cpu_accounting})")
    yield Fact(label="CPU time", value=seconds, remark=f"{count}{how}")
    moved = [
        f"{bytes_text(count)} {verb}"
        for count, verb in ((tree.io_read_bytes, "read"), (tree.io_write_bytes, "written"))
        if count
    ]
    if tree.peak_memory_bytes is not None:
        peak = f"{bytes_text(tree.peak_memory_bytes)} at the peak"
        yield Fact(label="memory", value=peak, remark=", ".join(moved))


def _remarks(report: Report, csv_path: str | None) -> Iterator[tuple[str, str]]:
    for device in report.energy.unmeasured:
        hint = f"; {device.hint}" if device.hint else ""
        yield "unmeasured", printable(f"{device.id}: {device.reason}{hint}")
    for note in report.notes:
        hint = f" ({note.hint})" if note.hint else ""
        yield (WARN if note.level == WARNING else NOTE), printable(f"{note.message}{hint}")
    if csv_path is not None and not any(n.code == "csv-not-written" for n in report.notes):
        yield "row in", printable(csv_path)
