"""The forms that build services show: Markdown rows, annotations, OpenMetrics, JUnit."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from carbonrun.ci.github import (
    HEADER,
    MOST_ANNOTATIONS,
    MOST_BYTES,
    OVER,
    annotation,
    budget_annotations,
    continued,
    table_row,
)
from carbonrun.ci.junit import to_junit
from carbonrun.ci.openmetrics import merged
from carbonrun.ci.shared_file import append_to, rewrite
from carbonrun.notes import WARNING, Note
from carbonrun.report.budget import EXCEEDED
from tests.unit.report.sample_report import REPORT

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.report.model import Report

HOSTILE = ("a|b`c`", "\x1b[31m", "<img>", "*x* _y_", "é\udcff\n::error::x")


def over_budget(message: str = "over budget: used 100 % more") -> Report:
    note = Note(code=EXCEEDED, level=WARNING, message=message)
    return REPORT.replace(notes=(*REPORT.notes, note))


def named(name: str | None, command: tuple[str, ...] = ("make",)) -> Report:
    return REPORT.replace(run=REPORT.run.replace(name=name, command=command))


def test_rows_of_one_step_make_one_table() -> None:
    row = table_row(REPORT)
    assert row.count("|") == HEADER.count("|")
    text = continued("", row)
    assert text.count(HEADER) == 1
    text += continued(text, row)
    assert text.count(HEADER) == 1
    assert text.endswith(row + row)
    other = f"{text}\nSomebody else's words"
    assert continued(other, row).startswith("\n\n#### Energy")
    foreign = "| a |\n| --- |\n| b |\n"
    assert HEADER in continued(foreign, row)


def test_a_row_stays_one_row_whatever_the_command_is() -> None:
    row = table_row(named(HOSTILE[3], HOSTILE))
    assert row.count("\n") == 1
    assert "\x1b" not in row
    unescaped = row.replace("\\|", "")
    assert unescaped.count("|") == HEADER.count("|")


def test_a_row_says_what_is_over_the_budget() -> None:
    assert f"{OVER}: used 100 % more" in table_row(over_budget())
    assert OVER not in table_row(REPORT)


def test_unknown_figures_are_unknown() -> None:
    energy = REPORT.energy.replace(joules=None, low_joules=None, high_joules=None, devices=())
    emitted = REPORT.emissions.replace(grams_co2e=None, low_grams_co2e=None, high_grams_co2e=None)
    row = table_row(REPORT.replace(energy=energy, emissions=emitted))
    assert "| unknown | unknown |" in row


def test_a_summary_never_gets_too_large_to_be_shown() -> None:
    row = table_row(REPORT)
    almost = "x" * (MOST_BYTES - len(row)) + "\n"
    assert continued(almost, row) == ""
    text = continued("", row)
    while more := continued(text, row):
        text += more * 200
    assert len(text) < 1 << 20 or len(text) - 200 * len(row) < MOST_BYTES


def test_annotations_are_escaped_and_within_the_limit() -> None:
    assert annotation("50 %\nx", is_error=False) == "::warning title=carbonrun::50 %25\\nx\n"
    report = over_budget()
    (text,) = budget_annotations(report, "", is_error=True)
    assert text.startswith("::error title=carbonrun::over budget: used 100 %25 more: ")
    assert text.count("\n") == 1
    summary = continued("", table_row(report))
    shown = 0
    for _ in range(30):
        shown += len(budget_annotations(report, summary, is_error=True))
        summary += continued(summary, table_row(report))
    assert shown == MOST_ANNOTATIONS - 1
    assert budget_annotations(REPORT, "", is_error=True) == []


def test_metrics_of_several_runs_share_a_file() -> None:
    text = merged("", named("build"))
    text = merged(text, named("a test"))
    lines = text.splitlines()
    assert lines[-1] == "# EOF"
    assert text.count("# EOF") == 1
    assert sum(line.startswith("carbonrun_energy_joules{") for line in lines) == 2
    assert 'carbonrun_energy_joules{name="a_test"} ' in text
    assert merged(text, named("build")).count('{name="build"}') == text.count('{name="build"}')
    assert merged("others 5\n# EOF\n", named("x")).startswith("others 5\ncarbonrun_energy")
    for line in lines[:-1]:
        name, value = line.split(" ")
        assert name.endswith('"}')
        assert float(value) >= 0


def test_metrics_without_a_name_go_by_the_program() -> None:
    assert '{name="cc"}' in merged("", named(None, ("/usr/bin/cc", "-c")))
    assert '{name="_a__b_"}' in merged("", named('"a \\b\n'))


def test_unknown_metrics_are_left_out() -> None:
    energy = REPORT.energy.replace(joules=None)
    assert "energy_joules" not in merged("", REPORT.replace(energy=energy))


def test_junit_has_the_figures_as_properties() -> None:
    root = ET.fromstring(to_junit(REPORT, fails=True).encode())  # noqa: S314 - our own
    (suite,) = root.findall("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    properties = {p.get("name"): p.get("value") for p in root.iter("property")}
    assert float(properties["energy_j"] or "nan") == pytest.approx(REPORT.energy.joules)
    assert properties["grid_zone"] == "FR"
    case = next(root.iter("testcase"))
    assert float(case.get("time") or "nan") == pytest.approx(REPORT.run.duration_seconds, abs=0.001)


def test_junit_fails_for_a_budget_only_where_the_run_does() -> None:
    failed = ET.fromstring(to_junit(over_budget(), fails=True))  # noqa: S314 - our own
    assert next(failed.iter("failure")).get("message") == "over budget: used 100 % more"
    warned = ET.fromstring(to_junit(over_budget(), fails=False))  # noqa: S314 - our own
    assert list(warned.iter("failure")) == []


def test_junit_of_a_hostile_command_is_well_formed() -> None:
    ET.fromstring(to_junit(named('<"&>' + HOSTILE[1], HOSTILE), fails=True))  # noqa: S314 - our own


def test_many_writers_share_a_file(tmp_path: Path) -> None:
    row = table_row(REPORT)
    summary, metrics = str(tmp_path / "summary"), str(tmp_path / "metrics")

    def write(number: int) -> None:
        append_to(summary, lambda before: continued(before, row))
        rewrite(metrics, lambda before: merged(before, named(f"n{number}")))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = (tmp_path / "summary").read_text()
    assert text.count(HEADER) == 1
    assert text.count(row) == 16
    assert (tmp_path / "metrics").read_text().count("carbonrun_energy_joules") == 16


def test_a_shorter_content_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("long content\n")
    rewrite(str(file), lambda before: before[:4])
    assert file.read_text() == "long"
    assert append_to(str(file), lambda before: f"er{len(before)}") == "long"
    assert file.read_text() == "longer4"
