"""The forms that a saved run can be shown in."""

from __future__ import annotations

import json

import pytest

from carbonrun.cli.report_formats import CSV, FORMATS, JSON, TABLE, Card, Style, format_of, render
from carbonrun.errors import UsageError
from carbonrun.report.load import load_report
from carbonrun.report.model import Call
from carbonrun.store.saved_run import SavedRun
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import REPORT, TREE, UNKNOWN

PLAIN = Style(columns=80, unicode=True, colour=False)
NO_CARD = Card(text="", training=None, location=None)
SAVED = SavedRun(report=REPORT, path="/state/journal/x.jsonl", csv_path="/state/runs.csv")

CALL = Call(
    program="make", command=("make", "-j8"), processes=3, own_cpu_seconds=2.0, own_joules=2.0,
    cpu_seconds=2.0, joules=2.0, calls=(),
)  # fmt: skip


@pytest.mark.parametrize("form", [TABLE, CSV])
def test_golden(form: str) -> None:
    assert_golden(f"report-full-{form}.txt", render(form, SAVED, PLAIN, NO_CARD))


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_is_made_of_every_report(form: str) -> None:
    saved = SAVED.replace(report=REPORT.replace(tree=TREE.replace(calls=(CALL,))))
    assert render(form, saved, PLAIN, NO_CARD).encode().endswith(b"\n")


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_not_known_is_said_or_refused(form: str) -> None:
    saved = SAVED.replace(report=UNKNOWN, csv_path=None)
    if form in {"model-card", "flame", "speedscope", "collapsed"}:
        with pytest.raises(UsageError, match=r"not known|does not know"):
            render(form, saved, PLAIN, NO_CARD)
    else:
        assert render(form, saved, PLAIN, NO_CARD).endswith("\n")


def test_json_is_the_report() -> None:
    assert load_report(json.loads(render(JSON, SAVED, PLAIN, NO_CARD))) == REPORT


@pytest.mark.parametrize(
    ("name", "path", "form"),
    [
        (None, None, "table"),
        (None, "x.json", "json"),
        (None, "dir.svg/x.HTML", "html"),
        (None, "badge.svg", "svg"),
        (None, "x", "table"),
        ("badge", "x.json", "svg"),
        ("MD", "x.md", "markdown"),
        ("card", "README.md", "model-card"),
    ],
)
def test_name_or_ending_tells_the_form(name: str | None, path: str | None, form: str) -> None:
    assert format_of(name, path) == form


@pytest.mark.parametrize(("name", "path"), [("htlm", None), ("", None), (None, "README.md")])
def test_what_tells_no_form_is_refused(name: str | None, path: str | None) -> None:
    with pytest.raises(UsageError):
        format_of(name, path)
