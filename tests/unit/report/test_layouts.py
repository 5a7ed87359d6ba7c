"""The summary as plain text, in colours and as one line, at several widths."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.notes import INFO, WARNING, Note
from carbonrun.report.budget import EXCEEDED
from carbonrun.report.line import render_line
from carbonrun.report.plain import render_plain
from carbonrun.report.summary import summarise
from carbonrun.report.table import render_table
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import (
    CPU,
    ENERGY,
    ESTIMATED,
    INTENSITY,
    REPORT,
    RUN,
    UNKNOWN,
    with_command,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.report.model import Report

RENDERERS = {"plain": render_plain, "coloured": render_table}
COLUMNS = (80, 60, 40)
CSV = "/home/joe/.local/state/carbonrun/runs.csv"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

HOSTILE = with_command(
    *("sh", "-c", "printf '\x1b[31mred\x1b]0;title\x07' \r\nFAKE energy 0 J", "\u202eabc"),
    *("\x9b31m", "caf\udce9", "[bold]x[/bold]", "[link=file:///]y[/link]", ":smile:"),
)
WIDE = with_command("python", "\u8a13\u7df4" * 20, "caf\u00e9", "e\u0301" * 30).replace(
    run=RUN.replace(command=("python", "\u8a13\u7df4" * 20, "caf\u00e9", "e\u0301" * 30)),
    energy=ENERGY.replace(devices=(CPU.replace(name="\u4e2d\u592e\u51e6\u7406\u88c5\u7f6e" * 4),)),
    notes=(Note(code="x", level=INFO, message="\u65e5\u672c\u8a9e" * 40, hint="\u65e5 " * 30),),
)
LONG = with_command("x" * 3000, *["word"] * 500).replace(
    energy=ENERGY.replace(devices=(ESTIMATED, CPU.replace(method="a very long method " * 9))),
    intensity=INTENSITY.replace(
        grid_zone="aws:" + "z" * 70, zone_source="config file " + "/y" * 99
    ),
)
REPORTS = {"full": REPORT, "unknown": UNKNOWN, "hostile": HOSTILE, "wide": WIDE, "long": LONG}


def columns_of(line: str) -> int:
    """Return how many columns a line takes, counted apart from the code under test."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in line
    )


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("alphabet", ["unicode", "ascii"])
def test_golden(renderer: str, columns: int, alphabet: str) -> None:
    text = RENDERERS[renderer](summarise(REPORT, CSV), columns, unicode=alphabet == "unicode")
    assert_golden(f"summary-{renderer}-{alphabet}-{columns}.txt", text.replace("\x1b", "<ESC>"))


@pytest.mark.parametrize("name", ["full", "unknown"])
def test_golden_line(name: str) -> None:
    assert_golden(f"summary-line-{name}.txt", render_line(REPORTS[name]))


@pytest.mark.parametrize("columns", [0, 1, 20, 21, 25, 40, 57, 60, 66, 80, 100, 200, 10**9])
@pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
def test_every_line_fits_and_steers_nothing(
    report: Report, renderer: Callable[..., str], columns: int, *, unicode: bool
) -> None:
    text = renderer(
        summarise(report, "/tmp/\u65e5\u672c/" + "long name/" * 9), columns, unicode=unicode
    )
    assert text.endswith("\n")
    if renderer is render_table:
        text = COLOUR.sub("", text)
    lines = text.split("\n")[:-1]
    assert [line for line in lines if columns_of(line) > max(20, min(columns, 100))] == []
    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if line.startswith("FAKE")] == []
    if not unicode:
        assert text.isascii()
    if renderer is render_plain:
        assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("columns", [20, 60, 100])
@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
def test_colours_are_all_that_is_added(report: Report, columns: int, *, unicode: bool) -> None:
    summary = summarise(report, CSV)
    coloured = render_table(summary, columns, unicode=unicode)
    assert "\x1b[" in coloured
    assert COLOUR.sub("", coloured) == render_plain(summary, columns, unicode=unicode)


def test_markup_and_emoji_codes_are_the_commands_own() -> None:
    summary = summarise(with_command("[bold]x[/bold]", ":smile:"), None)
    assert "[bold]x[/bold] :smile:" in render_table(summary, 80, unicode=True)


@pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)
@pytest.mark.parametrize("columns", COLUMNS)
def test_every_figure_is_shown_whole(renderer: Callable[..., str], columns: int) -> None:
    text = COLOUR.sub("", renderer(summarise(REPORT, CSV), columns, unicode=True))
    shown = " ".join(text.split())
    for figure in ("1.21 kJ", "96.0 J", "4.10 kJ", "1.31 kJ = 363 mWh", "16.0 mg CO2e", "298.1 s"):
        assert figure in shown
    for words in ("exit 0 after 42.3 s", "make -j8", "356 to 375 mWh", "11.4 to 21.4 mg"):
        assert words in shown
    assert CSV in text.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)
def test_a_cut_is_shown(renderer: Callable[..., str]) -> None:
    for unicode, mark in ((True, "\u2026"), (False, "...")):
        first = COLOUR.sub("", renderer(summarise(LONG, None), 80, unicode=unicode)).splitlines()[0]
        assert f"xxx{mark}" in first
        assert first.rstrip().endswith("exit 0 after 42.3 s")


def test_success_and_failure_have_different_colours() -> None:
    failed = REPORT.replace(run=RUN.replace(exit_code=1))
    good, bad = (render_table(summarise(r, None), 80, unicode=True) for r in (REPORT, failed))
    assert re.search(r"\x1b\[32mexit 0", good)
    assert re.search(r"\x1b\[31mexit 1", bad)


def test_an_estimate_is_told_from_a_measurement_by_colour() -> None:
    report = REPORT.replace(energy=ENERGY.replace(devices=(CPU, ESTIMATED)))
    text = render_table(summarise(report, None), 100, unicode=True)
    assert "\x1b[32mcounter" in text
    assert "\x1b[33mestimated" in text


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_line_is_one_line(report: Report) -> None:
    line = render_line(report)
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert line.startswith("carbonrun: energy_j=")


def test_the_line_greps_well() -> None:
    assert "energy_j=1306 " in render_line(REPORT)
    assert " exit=0: make -j8" in render_line(REPORT)
    assert "energy_j=unknown " in render_line(UNKNOWN)
    assert " signal=SIGKILL: make" in render_line(UNKNOWN)


def test_the_line_names_the_run_and_says_that_it_was_over_its_budget() -> None:
    assert "budget=" not in render_line(REPORT)
    over = Note(code=EXCEEDED, level=WARNING, message="over budget: used 2 J", hint=None)
    run = REPORT.run.replace(name="all tests")
    line = render_line(REPORT.replace(run=run, notes=(*REPORT.notes, over)))
    assert " name='all tests' budget=exceeded exit=0: make" in line


@given(
    st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=5),
    st.integers(min_value=20, max_value=100),
    st.booleans(),
)
def test_any_command_fits(words: list[str], columns: int, unicode: bool) -> None:
    report = with_command(*words)
    text = render_plain(summarise(report, words[0]), columns, unicode=unicode)
    lines = text.split("\n")[:-1]
    assert all(columns_of(line) <= columns for line in lines)
    assert all(line.isprintable() for line in lines)
