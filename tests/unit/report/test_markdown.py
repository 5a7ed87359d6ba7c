"""A run as Markdown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from carbonrun.notes import INFO, Note
from carbonrun.report.markdown import to_markdown
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import CPU, ENERGY, HOST, REPORT, RUN, UNKNOWN


@pytest.mark.parametrize(("name", "report"), [("full", REPORT), ("unknown", UNKNOWN)])
def test_golden(name: str, report: Any) -> None:
    assert_golden(f"report-{name}.md", to_markdown(report))


def kinds(markdown: str) -> list[str]:
    """Return what a reader of CommonMark with tables sees, without the words."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        found.append(token.type)
        children = (child.type for child in token.children or ())
        found += [kind for kind in children if kind not in {"text", "softbreak", "text_special"}]
    return found


@given(st.text(st.characters(), min_size=1, max_size=40))
@example("[x](javascript:y)")
@example("<script>")
@example("&lt;b&gt; **b** `c` | # ~~~ - 1. \\")
@example("`")
def test_no_text_is_taken_for_markup(text: str) -> None:
    device = CPU.replace(name=text)
    report = REPORT.replace(
        run=RUN.replace(name=text, command=("make", text), host=HOST.replace(name=text)),
        energy=ENERGY.replace(devices=(device,)),
        notes=(Note(code="x", level=INFO, message=text, hint=text),),
    )
    plain = REPORT.replace(
        run=RUN.replace(name="x"),
        energy=ENERGY.replace(devices=(CPU,)),
        notes=(Note(code="x", level=INFO, message="x", hint="x"),),
    )
    assert kinds(to_markdown(report)) == kinds(to_markdown(plain))


@given(st.text(st.characters(), max_size=40))
def test_no_text_changes_the_lines(text: str) -> None:
    run = RUN.replace(name=text or None, command=("make", text), project=text)
    shown = to_markdown(REPORT.replace(run=run))
    assert shown.count("\n") == to_markdown(REPORT).count("\n")
    assert all(line.isprintable() for line in shown.split("\n"))
