"""What the summary says: device lines, facts, notes, as texts without any layout. Pure.

Where it stands is the business of :mod:`carbonrun.report.layout`.
"""

from __future__ import annotations

from carbonrun.measurement.model import BOARD, GPU
from carbonrun.notes import WARNING
from carbonrun.record import Record
from carbonrun.report.facts import facts_of
from carbonrun.report.text import printable, shell_quoted, signal_name, to_ascii
from carbonrun.units import (
    UNKNOWN,
    duration_text,
    energy_text,
    mass_text,
    scaled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.facts import Fact
    from carbonrun.report.model import (
        DeviceEnergy,
        Phase,
        Report,
    )

DEVICE_HEADINGS = ("device", "energy", "active", "idle", "of machine", "how")
PHASE_HEADINGS = ("phase", "energy", "emissions", "time", "CPU time")
MOST_PHASES = 20
PROGRAM_HEADINGS = ("program", "energy", "share", "CPU time", "processes")
NOTE, WARN = "note", "warning"
MEASURED, ENDED, LEFT_RUNNING = "measured", "ended", "left running"
_ROUNDING = 1e-12  # a difference of two sums that is no more than that is none
_GOOD_ENDS = ("exit 0", MEASURED, ENDED, LEFT_RUNNING)
# The command of a report about the whole machine, and the note of one about a running process.
MONITOR_COMMAND = ("monitor",)
ATTACHED = "attached"
# The note of one about a program that measured itself.
TRACKED = "tracked"

_METERS = {
    "rapl-powercap": "RAPL",
    "rapl-perf": "RAPL, perf",
    "rapl-msr": "RAPL, MSR",
    "amd-energy": "RAPL, hwmon",
    "cray-pm-counters": "Cray",
    "amd-hsmp": "HSMP",
    "grace": "Grace",
    "ina3221": "INA3221",
    "acpi-power": "ACPI",
    "ipmi-dcmi": "IPMI",
    "redfish": "Redfish",
    "estimate": "model",
}
# Of notes that say themselves where the row is, or that there is none.
_ROW_ELSEWHERE = ("csv-not-written", "csv-other-columns")
# What a shell would not take as it stands. Options with "=" and paths need no quotes for people.
_SPECIAL = frozenset(" \t\n'\"\\$`&|;<>()*?#~!{}")


class Summary(Record):
    """Everything that is shown.

    Attributes:
        command: as typed, harmless to print, secrets masked.
        outcome: how and when it ended.
        succeeded: with exit status 0.
        devices: cells under ``DEVICE_HEADINGS``.
        phases: cells under ``PHASE_HEADINGS``.
        facts: figures with a value and a remark.
        programs: cells under ``PROGRAM_HEADINGS``, none if they were not asked for.
        remarks: label and text of what needs whole lines: notes, what is missing, files.
    """

    command: str
    outcome: str
    succeeded: bool
    devices: tuple[tuple[str, ...], ...]
    facts: tuple[Fact, ...]
    remarks: tuple[tuple[str, str], ...]
    phases: tuple[tuple[str, ...], ...] = ()
    programs: tuple[tuple[str, ...], ...] = ()


def summarise(report: Report, csv_path: str | None, top: int = 0) -> Summary:
    """Return the summary; ``csv_path`` is where the row went, ``top`` how many programs to show."""
    programs: tuple[tuple[str, ...], ...] = ()
    if top > 0:
        from carbonrun.report.top import program_rows

        programs = tuple(program_rows(report.tree, top))
    return Summary(
        programs=programs,
        command=command_text(report),
        outcome=_outcome(report),
        succeeded=ending(report) in _GOOD_ENDS,
        devices=tuple(_device_cells(device, report) for device in report.energy.devices),
        phases=tuple(_phase_cells(phase) for phase in report.phases[:MOST_PHASES]),
        facts=tuple(facts_of(report, has_programs=bool(programs))),
        remarks=tuple(_remarks(report, csv_path)),
    )


def in_ascii(summary: Summary) -> Summary:
    """Return the summary for a terminal that has no UTF-8; to be laid out after that."""
    return summary.replace(
        command=to_ascii(summary.command),
        devices=tuple(tuple(map(to_ascii, cells)) for cells in summary.devices),
        phases=tuple(tuple(map(to_ascii, cells)) for cells in summary.phases),
        programs=tuple(tuple(map(to_ascii, cells)) for cells in summary.programs),
        facts=tuple(
            fact.replace(value=to_ascii(fact.value), remark=to_ascii(fact.remark))
            for fact in summary.facts
        ),
        remarks=tuple((label, to_ascii(text)) for label, text in summary.remarks),
    )


def command_text(report: Report) -> str:
    """Return the command line as a shell would read it, harmless to print."""
    return printable(" ".join(map(_quoted, report.run.command)))


def _quoted(word: str) -> str:
    return word if word and _SPECIAL.isdisjoint(word) else shell_quoted(word)


def ending(report: Report) -> str:
    """Return ``exit 0``, ``killed by SIGTERM``, ``ended``, or that it is not known."""
    run = report.run
    if run.signal is not None:
        return f"killed by {signal_name(run.signal)}"
    if run.exit_code is not None:
        return f"exit {run.exit_code}"
    if is_of_machine(report):
        return MEASURED
    if any(note.code == TRACKED for note in report.notes):
        return MEASURED
    if any(note.code == ATTACHED for note in report.notes):
        return LEFT_RUNNING if report.tree.left_running else ENDED
    return "end unknown"


def is_of_machine(report: Report) -> bool:
    """Tell whether the machine was measured without any command of ours."""
    return report.run.command == MONITOR_COMMAND and report.run.exit_code is None


def _outcome(report: Report) -> str:
    joint = "for" if is_of_machine(report) else "after"
    return f"{ending(report)} {joint} {duration_text(report.run.duration_seconds)}"


def _device_cells(device: DeviceEnergy, report: Report) -> tuple[str, ...]:
    active_joules, idle_joules = device.active_joules, device.idle_joules
    if active_joules < _ROUNDING * device.machine_joules:
        active_joules = 0.0
    if is_of_machine(report):  # what nobody used is the machine's as well
        idle_joules = max(0.0, device.joules - active_joules)
    return (
        printable(device.name),
        energy_text(device.joules),
        energy_text(active_joules),
        energy_text(idle_joules),
        _share_text(device.joules, device.machine_joules),
        printable(_how(device, report)),
    )


def _how(device: DeviceEnergy, report: Report) -> str:
    """Return the last cell of a device: ``counter (RAPL)``, ``counter, sole user``."""
    method = "cross-check" if device.kind == BOARD else device.method
    if device.kind != GPU:
        return f"{method} ({_METERS.get(device.meter, device.meter)})"
    if report.run.scope == "machine":
        return f"{method}, the whole"
    from carbonrun.measurement.gpu.wording import how

    return f"{method}, {how(device.source)}"


def _phase_cells(phase: Phase) -> tuple[str, ...]:
    depth = 0 if phase.parent is None else phase.path.count("/") - phase.name.count("/")
    times = f" ({phase.times:,} times)" if phase.times > 1 else ""
    return (
        "  " * depth + printable(phase.name) + times,
        energy_text(phase.joules),
        f"{mass_text(phase.grams_co2e)} CO2e",
        duration_text(phase.duration_seconds),
        UNKNOWN if phase.cpu_seconds is None else scaled(phase.cpu_seconds, "s"),
    )


def _share_text(part: float, whole: float) -> str:
    """Return ``58 %``, ``0.3 %``, ``<0.1 %``; ``0 %`` only for what is zero."""
    if whole <= 0:
        return UNKNOWN
    percent = 100 * part / whole
    if 0 < percent < 0.1:  # noqa: PLR2004
        return "<0.1 %"
    return f"{percent:.1f} %" if 0 < percent < 0.95 else f"{percent:.0f} %"  # noqa: PLR2004


def _remarks(report: Report, csv_path: str | None) -> Iterator[tuple[str, str]]:
    for device in report.energy.unmeasured:
        hint = f"; {device.hint}" if device.hint else ""
        yield "unmeasured", printable(f"{device.id}: {device.reason}{hint}")
    more = len(report.phases) - MOST_PHASES
    if more > 0:
        yield NOTE, f"{more:,} more phases are in the JSON report"
    for note in report.notes:
        hint = f" ({note.hint})" if note.hint else ""
        yield (WARN if note.level == WARNING else NOTE), printable(f"{note.message}{hint}")
    if csv_path is not None and not any(n.code in _ROW_ELSEWHERE for n in report.notes):
        yield "row in", printable(csv_path)
