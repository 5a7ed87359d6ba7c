"""The columns of the CSV: one row a run, in an order that only ever grows at the end. Pure."""

from __future__ import annotations

from carbonrun.report.text import shell_quoted
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbonrun.report.model import Report

    Cell = str | int | float | None

# A spreadsheet takes a cell that begins so for a formula, and runs it.
# Source: OWASP, CSV Injection.
_FORMULA_STARTS = (
    *("=", "+", "-", "@", "\t", "\r", "\n"),
    *("\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}"),
    "\N{FULLWIDTH COMMERCIAL AT}",
)
# Source: the shells' convention for a command that died of a signal.
_SIGNAL_BASE = 128


def exit_code(report: Report) -> int | None:
    """Return the exit code as a shell shows it: 128 + N for death by signal N."""
    run = report.run
    return run.exit_code if run.signal is None else _SIGNAL_BASE + run.signal


def _kind_joules(kind: str) -> Callable[[Report], Cell]:
    def joules(report: Report) -> Cell:
        found = [device.joules for device in report.energy.devices if device.kind == kind]
        return sum(found) if found else None

    return joules


def _kind_method(kind: str) -> Callable[[Report], Cell]:
    def method(report: Report) -> Cell:
        found = [device.method for device in report.energy.devices if device.kind == kind]
        return "+".join(dict.fromkeys(found)) or None

    return method


def _intensity(field: str) -> Callable[[Report], Cell]:
    def value(report: Report) -> Cell:
        found: Cell = getattr(report.intensity, field) if report.intensity else None
        return found

    return value


def _energy_kwh(report: Report) -> Cell:
    joules = report.energy.joules
    return None if joules is None else joules / JOULES_PER_KWH


def _command(report: Report) -> Cell:
    return " ".join(map(shell_quoted, report.run.command))


def command_cell(command: Sequence[str]) -> str:
    """Return what stands in the column of a command line, secrets already masked."""
    return defused(" ".join(map(shell_quoted, command)))


COLUMNS: tuple[tuple[str, Callable[[Report], Cell]], ...] = (
    ("run_id", lambda r: r.run.id),
    ("started_at", lambda r: r.run.started_at),
    ("duration_s", lambda r: r.run.duration_seconds),
    ("command", _command),
    ("name", lambda r: r.run.name),
    ("project", lambda r: r.run.project),
    ("exit_code", exit_code),
    ("scope", lambda r: r.run.scope),
    ("cpu_energy_j", _kind_joules("cpu")),
    ("memory_energy_j", _kind_joules("memory")),
    ("gpu_energy_j", _kind_joules("gpu")),
    ("energy_j", lambda r: r.energy.joules),
    ("energy_low_j", lambda r: r.energy.low_joules),
    ("energy_high_j", lambda r: r.energy.high_joules),
    ("machine_energy_j", lambda r: r.energy.machine_joules),
    ("energy_kwh", _energy_kwh),
    ("grid_zone", _intensity("grid_zone")),
    ("intensity_g_per_kwh", _intensity("g_per_kwh")),
    ("intensity_provider", _intensity("provider")),
    ("co2e_g", lambda r: r.emissions.grams_co2e),
    ("co2e_low_g", lambda r: r.emissions.low_grams_co2e),
    ("co2e_high_g", lambda r: r.emissions.high_grams_co2e),
    ("cpu_s", lambda r: r.tree.cpu_seconds),
    ("cpu_accounting", lambda r: r.tree.cpu_accounting),
    ("cpu_method", _kind_method("cpu")),
    ("gpu_method", _kind_method("gpu")),
    ("memory_method", _kind_method("memory")),
    ("peak_memory_bytes", lambda r: r.tree.peak_memory_bytes),
    ("processes", lambda r: r.tree.processes),
    ("host", lambda r: r.run.host.name),
    ("cpu_model", lambda r: r.run.host.cpu_model),
    ("parent_id", lambda r: r.run.parent_id),
    ("version", lambda r: r.run.version),
    ("notes", lambda r: " ".join(dict.fromkeys(note.code for note in r.notes))),
)


def header_row() -> tuple[str, ...]:
    """Return the names of the columns."""
    return tuple(name for name, _ in COLUMNS)


def cells(report: Report) -> tuple[str, ...]:
    """Return the row of a report; unknown is an empty cell."""
    return tuple(_text(of(report)) for _, of in COLUMNS)


def _text(value: Cell) -> str:
    """Return a cell: numbers with nine digits, texts so that no spreadsheet runs them."""
    if value is None:
        return ""
    if isinstance(value, str):
        return defused(value)
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
