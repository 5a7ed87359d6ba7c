"""What the summary says, before any layout."""

from __future__ import annotations

import pytest

from carbonrun.notes import INFO, WARNING, Note
from carbonrun.report.summary import Summary, command_text, ending, in_ascii, summarise
from tests.unit.report.sample_report import (
    BOARD,
    CPU,
    ENERGY,
    ESTIMATED,
    INTENSITY,
    REPORT,
    RUN,
    TREE,
    UNKNOWN,
    with_command,
)


def fact(summary: Summary, label: str) -> tuple[str, str]:
    (found,) = [(f.value, f.remark) for f in summary.facts if f.label == label]
    return found


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("make", "-j8"), "make -j8"),
        (("make", "CFLAGS=-O2", "./x/y.c"), "make CFLAGS=-O2 ./x/y.c"),
        (("sh", "-c", "a; b"), "sh -c 'a; b'"),
        (("echo", "", "it's"), "echo '' 'it'\"'\"'s'"),
        (("echo", "a\nb"), "echo 'a\\nb'"),
        (("echo", "\x1b[31m"), "echo \\x1b[31m"),
        (("cat", "caf\udce9"), "cat caf\\xe9"),
    ],
)
def test_the_command_as_it_was_typed_and_harmless(words: tuple[str, ...], text: str) -> None:
    assert command_text(with_command(*words)) == text


@pytest.mark.parametrize(
    ("exit_code", "number", "text", "succeeded"),
    [
        (0, None, "exit 0", True),
        (3, None, "exit 3", False),
        (None, 15, "killed by SIGTERM", False),
        (None, None, "end unknown", False),
    ],
)
def test_how_it_ended(
    exit_code: int | None, number: int | None, text: str, *, succeeded: bool
) -> None:
    report = REPORT.replace(run=RUN.replace(exit_code=exit_code, signal=number))
    assert ending(report) == text
    summary = summarise(report, None)
    assert summary.outcome == f"{text} after 42.3 s"
    assert summary.succeeded is succeeded


def test_a_machine_was_measured_for_some_time() -> None:
    run = RUN.replace(command=("monitor",), exit_code=None, scope="machine")
    energy = ENERGY.replace(devices=(CPU.replace(joules=2086.0), ESTIMATED.replace(joules=7.7)))
    summary = summarise(REPORT.replace(run=run, energy=energy), None)
    assert summary.outcome == "measured for 42.3 s"
    assert summary.succeeded
    # What nobody used is the idle machine's, so that the two make the whole.
    assert summary.devices[0][1:5] == ("2.09 kJ", "1.05 kJ", "1.04 kJ", "100 %")


@pytest.mark.parametrize(
    ("left_running", "text"), [(0, "ended"), (None, "ended"), (2, "left running")]
)
def test_a_process_that_was_attached_to(left_running: int | None, text: str) -> None:
    note = Note(code="attached", level=INFO, message="process 7 had run for 3 s before")
    report = REPORT.replace(
        run=RUN.replace(exit_code=None), tree=TREE.replace(left_running=left_running), notes=(note,)
    )
    summary = summarise(report, None)
    assert summary.outcome == f"{text} after 42.3 s"
    assert summary.succeeded
    assert not summarise(report.replace(run=RUN.replace(exit_code=3)), None).succeeded


def test_a_line_for_each_device() -> None:
    energy = ENERGY.replace(devices=(CPU, ESTIMATED, BOARD))
    assert summarise(REPORT.replace(energy=energy), None).devices == (
        ("CPU package-0", "1.21 kJ", "1.05 kJ", "160 J", "58 %", "counter (RAPL)"),
        (
            *("CPU AMD EPYC 7763 64-Core Processor", "4.20 mJ", "4.20 mJ", "0 J", "<0.1 %"),
            "estimated (model)",
        ),
        ("whole board (psys)", "4.10 kJ", "0 J", "0 J", "100 %", "cross-check (RAPL)"),
    )


def test_what_rounding_leaves_is_shown_as_nothing() -> None:
    one = CPU.replace(joules=1.27, active_joules=3.62e-15, idle_joules=1.27, machine_joules=278.0)
    summary = summarise(REPORT.replace(energy=ENERGY.replace(devices=(one,))), None)
    assert summary.devices[0][2:4] == ("0 J", "1.27 J")


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [
        (0.0, 10.0, "0 %"),
        (1e-9, 10.0, "<0.1 %"),
        (0.02, 10.0, "0.2 %"),
        (0.0949, 10.0, "0.9 %"),
        (0.095, 10.0, "1 %"),
        (5.8, 10.0, "58 %"),
        (10.0, 10.0, "100 %"),
        (0.0, 0.0, "unknown"),
    ],
)
def test_the_share_of_the_machine(part: float, whole: float, share: str) -> None:
    one = CPU.replace(joules=part, machine_joules=whole)
    summary = summarise(REPORT.replace(energy=ENERGY.replace(devices=(one,))), None)
    assert summary.devices[0][4] == share


def test_the_facts() -> None:
    summary = summarise(REPORT, None)
    assert [f.label for f in summary.facts] == [
        *("energy", "emissions", "intensity", "CPU time", "memory"),
    ]
    assert fact(summary, "energy") == ("1.31 kJ = 363 mWh", "356 to 375 mWh")
    assert fact(summary, "emissions") == ("16.0 mg CO2e", "11.4 to 21.4 mg")
    assert fact(summary, "intensity") == (
        *("FR 44.0 g/kWh", "Ember 2024, lifecycle; zone from time zone"),
    )
    assert fact(summary, "CPU time") == ("298.1 s", "1,204 processes, exact (perf)")
    assert fact(summary, "memory") == ("3.26 GiB at the peak", "118 MiB written")


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    summary = summarise(UNKNOWN, None)
    assert [f.label for f in summary.facts] == ["energy", "emissions", "CPU time"]
    assert fact(summary, "energy")[0] == "unknown"
    assert fact(summary, "emissions") == ("unknown CO2e", "")
    assert fact(summary, "CPU time") == ("unknown", "")
    assert summary.devices == ()
    assert summary.remarks == ()


def test_the_scope_and_the_pue_are_said() -> None:
    report = REPORT.replace(
        run=RUN.replace(scope="machine"), emissions=REPORT.emissions.replace(pue=1.25)
    )
    summary = summarise(report, None)
    assert fact(summary, "energy")[1] == "356 to 375 mWh; the whole machine"
    assert fact(summary, "emissions")[1] == "11.4 to 21.4 mg; PUE 1.25"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"grid_zone": None, "zone_source": None}, ("44.0 g/kWh", "Ember 2024, lifecycle")),
        ({"zone_source": "world mean", "grid_zone": "WORLD"}, ("WORLD 44.0 g/kWh",)),
        ({"g_per_kwh": 1024.0}, ("FR 1.02 kg/kWh",)),
        ({"g_per_kwh": 0.0}, ("FR 0 g/kWh",)),
        ({"series": (), "basis": None, "zone_source": "--zone"}, None),
    ],
)
def test_the_intensity(changes: dict[str, object], expected: tuple[str, ...] | None) -> None:
    summary = summarise(REPORT.replace(intensity=INTENSITY.replace(**changes)), None)
    shown = fact(summary, "intensity")
    if expected is None:
        assert shown == ("FR 44.0 g/kWh", "bundled; zone from --zone")
    else:
        assert shown[: len(expected)] == expected


@pytest.mark.parametrize(
    ("changes", "value", "remark"),
    [
        ({"processes": 1}, "298.1 s", "1 process, exact (perf)"),
        ({"processes": None}, "298.1 s", "exact (perf)"),
        ({"cpu_accounting": "cgroup"}, "298.1 s", "1,204 processes, exact (cgroup)"),
        ({"cpu_accounting": "procfs"}, "298.1 s", "1,204 processes, summed up (procfs)"),
        ({"cpu_seconds": 0.000613}, "613 \u00b5s", "1,204 processes, exact (perf)"),
        ({"cpu_seconds": 123456.0}, "123,456.0 s", "1,204 processes, exact (perf)"),
        ({"cpu_accounting": None}, "298.1 s", "1,204 processes"),
    ],
)
def test_the_cpu_time(changes: dict[str, object], value: str, remark: str) -> None:
    summary = summarise(REPORT.replace(tree=TREE.replace(**changes)), None)
    assert fact(summary, "CPU time") == (value, remark)


def test_notes_and_what_is_missing_come_with_their_hints() -> None:
    assert summarise(REPORT, None).remarks == (
        ("unmeasured", "GPU-1: NVIDIA A100-SXM4-80GB: this version does not read GPUs"),
        ("note", "the idle floor is modelled (`carbonrun calibrate` narrows the bounds)"),
        (
            "warning",
            "2 processes are still running; what is used from now on is not counted",
        ),
    )


def test_the_file_of_the_row_is_named() -> None:
    assert summarise(REPORT, "/home/x/runs.csv").remarks[-1] == ("row in", "/home/x/runs.csv")
    assert summarise(REPORT, "a\x1b\n.csv").remarks[-1] == ("row in", "a\\x1b\\n.csv")


@pytest.mark.parametrize("code", ["csv-not-written", "csv-other-columns"])
def test_a_file_that_does_not_have_the_row_is_not_named(code: str) -> None:
    note = Note(code=code, level=WARNING, message="x")
    remarks = summarise(REPORT.replace(notes=(note,)), "/home/x/runs.csv").remarks
    assert "row in" not in [label for label, _ in remarks]


def test_hostile_notes_are_harmless() -> None:
    note = Note(code="x", level=INFO, message="a\x1b[2Jb", hint="c\rd")
    assert summarise(REPORT.replace(notes=(note,)), None).remarks[-1][1] == "a\\x1b[2Jb (c\\rd)"


def test_ascii_is_ascii_everywhere() -> None:
    report = with_command("caf\u00e9", "\u65e5").replace(tree=TREE.replace(cpu_seconds=1e-5))
    summary = in_ascii(summarise(report, "/\u00e9/runs.csv"))
    assert repr(summary).isascii()
    assert summary.command == "caf\\xe9 \\u65e5"
    assert fact(summary, "CPU time")[0] == "10.0 us"
