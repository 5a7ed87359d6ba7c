"""A report comes back from its JSON form as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.report.json import to_json
from carbonrun.report.load import load_report
from tests.unit.report.footprint.sample_footprint import WITH_FOOTPRINT
from tests.unit.report.sample_report import REPORT, UNKNOWN, with_command

if TYPE_CHECKING:
    from carbonrun.report.model import Report


@pytest.mark.parametrize(
    "report",
    [REPORT, UNKNOWN, WITH_FOOTPRINT, with_command("cat", "caf\udce9", "\u65e5", "")],
    ids=str,
)
def test_round_trip(report: Report) -> None:
    assert load_report(report.as_dict()) == report
    assert load_report(json.loads(to_json(report))) == report


def test_what_is_loaded_shares_nothing_with_the_dictionary() -> None:
    content = REPORT.as_dict()
    loaded = load_report(content)
    content["run"]["command"].append("x")
    assert loaded == REPORT


def test_another_schema_is_refused() -> None:
    content = {**REPORT.as_dict(), "schema": "carbonrun.report/2"}
    with pytest.raises(ValueError, match=r"carbonrun\.report/2"):
        load_report(content)


def spoilt(block: str, **changes: Any) -> dict[str, Any]:
    content = REPORT.as_dict()
    content[block] = {**content[block], **changes}
    return content


@pytest.mark.parametrize("block", ["run", "tree", "energy", "intensity", "emissions", "overhead"])
def test_a_field_that_is_not_known_is_refused(block: str) -> None:
    with pytest.raises(TypeError, match="surprise"):
        load_report(spoilt(block, surprise=1))


@pytest.mark.parametrize("block", ["run", "tree", "energy", "intensity", "emissions", "overhead"])
def test_every_missing_field_is_refused(block: str) -> None:
    for name in REPORT.as_dict()[block]:
        if name in ("series", "calls", "naming"):
            continue  # it has a default
        content = REPORT.as_dict()
        del content[block][name]
        with pytest.raises((TypeError, KeyError), match=name):
            load_report(content)


@pytest.mark.parametrize("content", [{}, {"schema": "carbonrun.report/1"}])
def test_an_incomplete_report_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        load_report(content)
