"""A run as Markdown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.markdown import to_markdown
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import REPORT, RUN, UNKNOWN


@pytest.mark.parametrize(("name", "report"), [("full", REPORT), ("unknown", UNKNOWN)])
def test_golden(name: str, report: Any) -> None:
    assert_golden(f"report-{name}.md", to_markdown(report))


@given(st.text(st.characters(), max_size=40))
def test_no_text_changes_the_lines(text: str) -> None:
    run = RUN.replace(name=text or None, command=("make", text), project=text)
    shown = to_markdown(REPORT.replace(run=run))
    assert shown.count("\n") == to_markdown(REPORT).count("\n")
    assert all(line.isprintable() for line in shown.split("\n"))
