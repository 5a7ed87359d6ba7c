"""The files that show which program called which: their formats, and what stands in them."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from carbonrun.measurement.tree.calls import CallTree
from carbonrun.measurement.tree.shares import divide
from carbonrun.report.calls import costliest, describe_calls, has_joules, label, stacks
from carbonrun.report.flame import render_flame, to_collapsed, to_speedscope
from carbonrun.report.flame_forms import ENDINGS, form_of
from carbonrun.report.flame_svg import WIDTH, colour, to_flame_graph
from tests.unit.report.sample_calls import CALLS, JOULES_PER_SECOND, NAMED
from tests.unit.report.sample_report import REPORT

WITHOUT_JOULES = NAMED.replace(tree=NAMED.tree.replace(calls=CALLS))
TOTAL_SECONDS = sum(each.cpu_seconds for each in CALLS)
SVG = "{http://www.w3.org/2000/svg}"

# The essentials of https://www.speedscope.app/file-format-schema.json for a sampled profile.
SPEEDSCOPE = {
    "type": "object",
    "required": ["$schema", "shared", "profiles"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "https://www.speedscope.app/file-format-schema.json"},
        "name": {"type": "string"},
        "exporter": {"type": "string"},
        "activeProfileIndex": {"type": "integer", "minimum": 0},
        "shared": {
            "type": "object",
            "required": ["frames"],
            "properties": {
                "frames": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}},
                    },
                }
            },
        },
        "profiles": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    "type", "name", "unit", "startValue", "endValue", "samples", "weights",
                ],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "sampled"},
                    "name": {"type": "string"},
                    "unit": {
                        "enum": [
                            "bytes", "microseconds", "milliseconds", "nanoseconds", "none",
                            "seconds",
                        ]
                    },
                    "startValue": {"type": "number"},
                    "endValue": {"type": "number"},
                    "samples": {
                        "type": "array",
                        "items": {"type": "array", "items": {"type": "integer", "minimum": 0}},
                    },
                    "weights": {"type": "array", "items": {"type": "number"}},
                },
            },
        },
    },
}  # fmt: skip


def test_collapsed_stacks_are_lines_of_names_and_a_whole_number() -> None:
    lines = to_collapsed(NAMED).splitlines()
    assert all(re.fullmatch(r"[^;]+(;[^;]+)* [1-9]\d*", line) for line in lines)
    assert lines[0] == "make 8000000"
    assert "make;ld:x 400000" in lines
    assert "make;sh;very-long-name-it 140000000" in lines
    assert lines[-1] == "(no name) 32000000"
    total = sum(int(line.rpartition(" ")[2]) for line in lines)
    assert total == pytest.approx(TOTAL_SECONDS * JOULES_PER_SECOND * 1e6)


def test_without_joules_they_are_of_cpu_time() -> None:
    assert to_collapsed(WITHOUT_JOULES).splitlines()[0] == "make 2000000"
    profile = json.loads(to_speedscope(WITHOUT_JOULES))["profiles"][0]
    assert (profile["unit"], profile["weights"][0]) == ("seconds", 2.0)
    assert "of CPU time" in to_flame_graph(WITHOUT_JOULES)


@pytest.mark.parametrize("report", [NAMED, WITHOUT_JOULES, REPORT], ids=["joules", "time", "none"])
def test_speedscope_takes_the_profile(report: object) -> None:
    content = json.loads(to_speedscope(report))  # type: ignore[arg-type]
    jsonschema.Draft7Validator(SPEEDSCOPE).validate(content)
    (profile,) = content["profiles"]
    assert len(profile["samples"]) == len(profile["weights"])
    assert sum(profile["weights"]) == pytest.approx(profile["endValue"])
    frames = content["shared"]["frames"]
    assert all(index < len(frames) for sample in profile["samples"] for index in sample)


def test_a_stack_of_speedscope_begins_with_the_caller() -> None:
    content = json.loads(to_speedscope(NAMED))
    names = [frame["name"] for frame in content["shared"]["frames"]]
    profile = content["profiles"][0]
    found = {
        tuple(names[index] for index in sample): weight
        for sample, weight in zip(profile["samples"], profile["weights"], strict=True)
    }
    assert found["make", "sh"] == 12.0
    assert found["make", "cc1plus"] == 1000.0


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


def rectangles(svg: str) -> dict[str, tuple[float, float, float]]:
    """Return x, y and width by name."""
    found = {}
    for group in parsed(svg).iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect")
        assert box is not None
        place = (float(box.attrib["x"]), float(box.attrib["y"]), float(box.attrib["width"]))
        found[group.attrib["data-n"]] = place
    return found


def test_the_picture_is_as_wide_as_the_shares() -> None:
    found = rectangles(to_flame_graph(NAMED))
    room = WIDTH - 20
    for path in stacks(CALLS):
        name, share = label(path[-1]), path[-1].cpu_seconds / TOTAL_SECONDS
        if share * room >= 0.5:
            assert found[name][2] == pytest.approx(share * room, abs=0.01)
    assert "ld;x" not in found  # too narrow to be seen
    # A callee is below its caller and within it.
    x, y, wide = found["make"]
    for name in ("cc1plus", "sh"):
        assert found[name][1] > y
        assert x <= found[name][0]
        assert found[name][0] + found[name][2] <= x + wide + 0.01
    assert found["very-long-name-it"][1] > found["sh"][1]


def test_the_picture_loads_nothing_and_escapes_everything() -> None:
    svg = to_flame_graph(NAMED)
    assert re.findall(r"https?://[^\"' <]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in svg
    assert "@import" not in svg
    titles = [title.text or "" for title in parsed(svg).iter(f"{SVG}title")]
    assert any("a&b.cc" in title and "x<y>" in title for title in titles)
    assert any("1.00 kJ" in title and "1,200 processes" in title for title in titles)


def test_a_name_cannot_end_the_script_or_the_picture() -> None:
    bad = CALLS[0].replace(program="</script>]]><script>\x00&\udcff", calls=())
    svg = to_flame_graph(NAMED.replace(tree=NAMED.tree.replace(calls=(bad,))))
    root = parsed(svg)
    assert len(list(root.iter(f"{SVG}script"))) == 1
    assert "</script>]]><script>\\x00&\\xff" in rectangles(svg)


def test_the_same_report_gives_the_same_picture() -> None:
    assert to_flame_graph(NAMED) == to_flame_graph(NAMED)
    assert colour("cc1") != colour("cc2")


def test_a_report_without_calls_says_so() -> None:
    assert "no program" in to_flame_graph(REPORT)
    assert to_collapsed(REPORT) == ""


def test_the_ending_of_the_name_tells_the_form() -> None:
    assert {ending: form_of(f"a/b{ending}") for ending in ENDINGS} == {
        ".svg": "svg", ".json": "speedscope", ".txt": "collapsed", ".folded": "collapsed",
        ".collapsed": "collapsed",
    }  # fmt: skip
    assert form_of("x.SVG") == "svg"
    assert form_of("svg") is None
    assert form_of("a.svg/b") is None
    for form in ("svg", "speedscope", "collapsed"):
        assert render_flame(form, NAMED)


def test_the_costliest_stand_below_their_callers() -> None:
    names = [[label(call) for call in path] for path in costliest(CALLS, 3)]
    assert names == [["make"], ["make", "cc1plus"], ["make", "sh"]]
    assert len(costliest(CALLS, 100)) == len(list(stacks(CALLS)))


def test_calls_from_a_tree() -> None:
    tree = CallTree()
    tree.start(1, "sh")
    tree.fork(2, 1)
    tree.execute(2, "curl")
    tree.add(2, 1.0)
    tree.describe(2, ("curl", "-H", "secret"))
    shares = divide(tree, 2.0, {}, misses_ends_only=True)
    shell, unnamed = describe_calls(tree, shares, lambda words: words[:1])
    (curl,) = shell.calls
    assert (shell.program, shell.processes, shell.command) == ("sh", 1, None)
    assert (curl.program, curl.processes, curl.command) == ("curl", 1, ("curl",))
    assert (shell.own_cpu_seconds, shell.cpu_seconds, unnamed.cpu_seconds) == (0.0, 1.0, 1.0)
    assert unnamed.program is None
    assert not has_joules((shell,))


def test_what_has_no_name_stands_below_who_waited_for_it() -> None:
    tree = CallTree()
    tree.start(1, "make")
    tree.wait_up_to(1, 3.0)
    shares = divide(tree, 4.0, {}, misses_ends_only=False)
    make, rest = describe_calls(tree, shares, lambda words: words)
    (below,) = make.calls
    assert (below.program, below.cpu_seconds, make.cpu_seconds) == (None, 3.0, 3.0)
    assert (rest.program, rest.cpu_seconds) == (None, 1.0)
