"""CSV, JSON, Markdown and SVG: complete, harmless, readable by others."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from carbonrun.compare.csv import to_csv
from carbonrun.compare.judgement import judge
from carbonrun.compare.markdown import to_markdown
from carbonrun.compare.model import METRICS, PER_UNIT, Session
from carbonrun.compare.remarks import with_remarks
from carbonrun.compare.saved import from_json, to_json
from carbonrun.compare.svg import to_svg
from carbonrun.report.markdown_text import code
from tests.unit.compare.simulated_runs import Noise, session

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "=cmd|'<script>&\x1b[31m`x` |\n"
SVG = "{http://www.w3.org/2000/svg}"


def compared(ratio: float = 0.7, **how: object) -> Session:
    return session((1, ratio), Noise(1), 3, runs=10, **how)  # type: ignore[arg-type]


def hostile() -> Session:
    result = compared()
    subjects = tuple(s.replace(text=HOSTILE, name=f"{HOSTILE}{s.name}") for s in result.subjects)
    return result.replace(subjects=subjects)


def test_csv_has_every_run_and_every_figure() -> None:
    result = compared()
    rows = list(csv.DictReader(io.StringIO(to_csv(result))))
    assert len(rows) == 20
    for row, sample in zip(rows, result.samples, strict=True):
        assert row["command"] == "AB"[sample.subject]
        assert int(row["round"]) == sample.round
        for metric in METRICS:
            value = sample.figures.get(metric.key)
            assert row[metric.key] == "" if value is None else float(row[metric.key])
    assert all(row[PER_UNIT] == "" for row in rows)


def test_what_was_set_aside_is_kept_and_does_not_count() -> None:
    result = compared()
    figures = dict.fromkeys(result.samples[0].figures, 1e9)
    extra = tuple(sample.replace(figures=figures) for sample in result.samples[:2])
    changed = result.replace(set_aside=extra)
    rows = list(csv.DictReader(io.StringIO(to_csv(changed))))
    assert sum(row["marks"] == "set-aside" for row in rows) == 2
    assert len(rows) == len(result.samples) + 2
    assert judge(changed, 0.02) == judge(result, 0.02)
    text = to_json(changed, judge(changed, 0.02))
    assert from_json(text) == changed
    schema = json.loads((ROOT / "carbonrun" / "compare" / "schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    assert any(n.code == "compare-set-aside" for n in with_remarks(changed).notes)
    old = {key: value for key, value in json.loads(text).items() if key != "set_aside"}
    assert from_json(json.dumps(old)) == result


def test_csv_is_no_formula() -> None:
    (row, *_) = csv.DictReader(io.StringIO(to_csv(hostile())))
    assert row["text"] == f"'{HOSTILE}"


def test_json_can_be_read_again() -> None:
    result = compared()
    text = to_json(result, judge(result, 0.02))
    assert from_json(text) == result
    content = json.loads(text)
    assert content["schema"] == "carbonrun.comparison/1"
    assert content["judgements"][0]["verdict"] == "less"
    assert content["judgements"][0]["sentence"].startswith("B uses 3")
    assert {s["metric"] for s in content["summaries"]} >= {"energy_joules", "duration_seconds"}


@pytest.mark.parametrize("runs", [3, 10])
def test_json_has_the_form_that_its_schema_says(runs: int) -> None:
    schema = json.loads((ROOT / "carbonrun" / "compare" / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    odd = hostile()
    validator.validate(json.loads(to_json(odd, judge(odd, 0.02))))
    result = session((1, 0.7), Noise(1), 3, runs=runs)
    content = json.loads(to_json(result, judge(result, 0.02)))
    validator.validate(content)
    assert not validator.is_valid({**content, "seed": "x"})
    assert not validator.is_valid({**content, "surplus": 1})


@pytest.mark.parametrize(
    "text", ["{}", "[]", "nonsense", '{"schema": "carbonrun.comparison/1"}', '{"schema": "x"}']
)
def test_what_is_no_comparison_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"it is|Expecting"):
        from_json(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": []}, "it has no runs"),
        ({"subjects": []}, "of a command that it does not name"),
        ({"samples": [{"figures": {"cpu_seconds": "x"}}]}, "its cpu_seconds 'x' is no number"),
        ({"samples": [{"figures": {"cpu_seconds": math.nan}}]}, "its cpu_seconds nan is no number"),
        ({"samples": [{"marks": None}]}, "incomplete"),
    ],
)
def test_a_damaged_one_is_refused_before_anything_is_run(
    change: dict[str, Any], message: str
) -> None:
    result = compared()
    content = json.loads(to_json(result, ()))
    whole = content["samples"][0]
    samples = [{**whole, **part} for part in change.get("samples", content["samples"])]
    with pytest.raises(ValueError, match=message):
        from_json(json.dumps({**content, **change, "samples": samples}))


def test_markdown() -> None:
    result = compared()
    text = to_markdown(result, judge(result, 0.02))
    head, rule, *rows = text.splitlines()
    assert head.startswith("| command | energy | above idle |")
    assert all(row.count("|") == head.count("|") for row in (rule, *rows[:2]))
    assert "| B | A | energy | -3" in text
    assert "- B uses 3" in text
    assert text.endswith("10 runs of each, in random order, seed 3; median, min to max\n")


def test_markdown_stays_a_table_whatever_the_command_is() -> None:
    result = hostile()
    lines = to_markdown(result, judge(result, 0.02)).splitlines()
    assert "\x1b" not in "".join(lines)
    assert all(line.startswith("| ") and line.endswith(" |") for line in lines[:4])
    assert code("a`b") == "`` a`b ``"


def test_svg_shows_every_run_and_loads_nothing() -> None:
    result = compared()
    text = to_svg(result, judge(result, 0.02))
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert len(root.findall(f"{SVG}circle[@class='run']")) == 2 * len(result.samples)
    estimates = [c for c in root.iter(f"{SVG}circle") if (c.get("class") or "").startswith("est ")]
    assert [c.get("class") for c in estimates] == ["est less", "est less"]
    assert root.find(f"{SVG}title") is not None
    assert "href" not in text
    assert text.count("http") == 1  # the name space
    for circle in root.findall(f"{SVG}circle"):
        assert 0 < float(circle.get("cx", "-1")) < 840


def test_svg_of_a_hostile_command_is_well_formed() -> None:
    result = hostile()
    ET.fromstring(to_svg(result, judge(result, 0.02)))  # noqa: S314 - our own


def test_svg_of_a_single_command_and_of_equal_runs() -> None:
    one = session((1,), Noise(1, spread=0.0), 3, runs=6)
    flat = one.replace(
        samples=tuple(s.replace(figures=one.samples[0].figures) for s in one.samples)
    )
    ET.fromstring(to_svg(flat, ()))  # noqa: S314 - our own


@pytest.mark.parametrize("ratio", [0.3, 0.5, 0.95, 1.4, 3.0])
def test_svg_says_where_nothing_changes(ratio: float) -> None:
    result = compared(ratio)
    root = ET.fromstring(to_svg(result, judge(result, 0.02)))  # noqa: S314 - our own
    assert [text.text for text in root.iter(f"{SVG}text")].count("0 %") == 2
