"""The columns of the CSV."""

from __future__ import annotations

import pytest

from carbonrun.notes import INFO, Note
from carbonrun.report.columns import cells, exit_code, header_row
from tests.unit.report.sample_report import (
    BOARD,
    CPU,
    ENERGY,
    ESTIMATED,
    MEMORY,
    REPORT,
    RUN,
    UNKNOWN,
    with_command,
)

# Scripts rely on it: it may only grow at the end.
CONTRACT = (
    "run_id, started_at, duration_s, command, name, project, exit_code, scope, cpu_energy_j, "
    "memory_energy_j, gpu_energy_j, energy_j, energy_low_j, energy_high_j, machine_energy_j, "
    "energy_kwh, grid_zone, intensity_g_per_kwh, intensity_provider, co2e_g, co2e_low_g, "
    "co2e_high_g, cpu_s, cpu_accounting, cpu_method, gpu_method, memory_method, "
    "peak_memory_bytes, processes, host, cpu_model, parent_id, version, notes"
)


def row(report: object = REPORT) -> dict[str, str]:
    return dict(zip(header_row(), cells(report), strict=True))  # type: ignore[arg-type]


def test_the_header_is_the_contracts() -> None:
    assert ", ".join(header_row()) == CONTRACT


def test_the_cells_of_a_report() -> None:
    assert row() == {
        "run_id": "01a2116f-6418-7ba5-bf65-f7f11f1da94b",
        "started_at": "2026-11-25T06:40:42.534Z",
        "duration_s": "42.3",
        "command": "make -j8 'CFLAGS=-O2 -g' all",
        "name": "nightly",
        "project": "shop",
        "exit_code": "0",
        "scope": "tree",
        "cpu_energy_j": "1210",
        "memory_energy_j": "96",
        "gpu_energy_j": "",
        "energy_j": "1306",
        "energy_low_j": "1280",
        "energy_high_j": "1351",
        "machine_energy_j": "2320",
        "energy_kwh": "0.000362777778",
        "grid_zone": "FR",
        "intensity_g_per_kwh": "44",
        "intensity_provider": "bundled",
        "co2e_g": "0.01596",
        "co2e_low_g": "0.01138",
        "co2e_high_g": "0.02139",
        "cpu_s": "298.1",
        "cpu_accounting": "perf",
        "cpu_method": "counter",
        "gpu_method": "",
        "memory_method": "counter",
        "peak_memory_bytes": "3500000000",
        "processes": "1204",
        "host": "node7",
        "cpu_model": "AMD EPYC 7763 64-Core Processor",
        "parent_id": "",
        "version": "0.1.0",
        "notes": "floor-modelled left-running",
    }


def test_unknown_is_an_empty_cell_and_never_zero() -> None:
    found = row(UNKNOWN)
    known = {name for name, cell in found.items() if cell}
    assert known == {
        *("run_id", "started_at", "duration_s", "command", "exit_code", "scope", "host"),
        *("cpu_model", "parent_id", "version"),
    }


def test_zero_is_not_unknown() -> None:
    nothing = REPORT.replace(energy=ENERGY.replace(joules=0.0))
    assert row(nothing)["energy_j"] == "0"


def test_death_by_a_signal_is_shown_as_a_shell_shows_it() -> None:
    assert exit_code(UNKNOWN) == 137
    assert row(UNKNOWN)["exit_code"] == "137"
    assert exit_code(REPORT.replace(run=RUN.replace(exit_code=None))) is None


def test_several_devices_of_a_kind_are_summed_and_board_devices_are_not() -> None:
    second = CPU.replace(id="package-1", joules=90.0)
    report = REPORT.replace(energy=ENERGY.replace(devices=(CPU, second, MEMORY, BOARD)))
    assert row(report)["cpu_energy_j"] == "1300"
    assert row(report)["cpu_method"] == "counter"


def test_different_methods_are_both_named() -> None:
    report = REPORT.replace(energy=ENERGY.replace(devices=(CPU, ESTIMATED)))
    assert row(report)["cpu_method"] == "counter+estimated"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1"],
    ids=ascii,
)
@pytest.mark.parametrize("column", ["command", "name", "project", "host", "cpu_model", "notes"])
def test_no_spreadsheet_runs_a_cell(column: str, text: str) -> None:
    run = RUN.replace(name=text, project=text)
    run = run.replace(host=run.host.replace(name=text, cpu_model=text))
    note = Note(code=text, level=INFO, message="")
    report = REPORT.replace(run=run, notes=(note,))
    if column == "command":
        report = with_command(text)
    cell = row(report)[column]
    assert cell.startswith("'")
    assert text in cell


def test_an_ordinary_cell_is_not_touched() -> None:
    assert row(with_command("a=1", "-x"))["command"] == "a=1 -x"


def test_a_note_is_named_once() -> None:
    report = REPORT.replace(notes=(*REPORT.notes, *REPORT.notes))
    assert row(report)["notes"] == "floor-modelled left-running"


@pytest.mark.parametrize(
    ("joules", "cell"),
    [
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333"),
        (1.5e-12, "1.5e-12"),
        (123456789.125, "123456789"),
    ],
)
def test_numbers_have_nine_digits(joules: float, cell: str) -> None:
    assert row(REPORT.replace(energy=ENERGY.replace(joules=joules)))["energy_j"] == cell
