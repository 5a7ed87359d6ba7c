"""A run as a page: whole, self-contained, and nothing that was typed becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.notes import INFO, Note
from carbonrun.report.html import to_html
from carbonrun.report.html_style import STYLE
from carbonrun.report.model import Call, Phase, Program, TimelinePoint
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import (
    CPU,
    ENERGY,
    ESTIMATED,
    HOST,
    INTENSITY,
    REPORT,
    RUN,
    TREE,
    UNKNOWN,
)

if TYPE_CHECKING:
    from carbonrun.report.model import Report

ANYTHING = st.text(st.characters(), min_size=1, max_size=30)
NASTY = (
    "</title><script>alert(1)</script>",
    "\"' onload=x",
    "</style>",
    "<!--",
    "&lt;",
    "\u202e",
    "]]>",
)


class Page(HTMLParser):
    """Tags in their order, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def with_text(text: str, *, with_calls: bool = True) -> Report:
    """Return a report with the text wherever somebody else's text may stand."""
    point = TimelinePoint(
        start=0.0, end=1.0, joules=3.0, watts={text: 3.0}, g_per_kwh=44.0, phase=text
    )
    call = Call(
        program=text, command=(text, text), processes=1, own_cpu_seconds=1.0, own_joules=1.0,
        cpu_seconds=1.0, joules=1.0, calls=(),
    )  # fmt: skip
    phase = Phase(
        name=text, path=text, parent=None, times=1, start=0.0, end=1.0, duration_seconds=1.0,
        cpu_seconds=1.0, joules=1.0, low_joules=1.0, high_joules=1.0, grams_co2e=1.0,
        low_grams_co2e=1.0, high_grams_co2e=1.0,
    )  # fmt: skip
    return REPORT.replace(
        run=RUN.replace(
            name=text,
            project=text,
            tags={text: text},
            command=(text, text),
            parent_id=text,
            host=HOST.replace(name=text, cpu_model=text),
        ),
        tree=TREE.replace(
            programs=(Program(program=text, processes=1, cpu_seconds=1.0, joules=1.0),),
            calls=(call,) if with_calls else (),
        ),
        energy=ENERGY.replace(devices=(CPU.replace(name=text, source=text, method=text),)),
        intensity=INTENSITY.replace(grid_zone=text, attribution=text, zone_source=text),
        timeline=(point,),
        phases=(phase,),
        notes=(Note(code="x", level=INFO, message=text, hint=text),),
    )


@pytest.mark.parametrize(("name", "report"), [("full", REPORT), ("unknown", UNKNOWN)])
def test_golden(name: str, report: Report) -> None:
    assert_golden(f"report-{name}.html", to_html(report))


def test_the_page_tells_everything() -> None:
    text = Page(to_html(REPORT)).text
    for words in (
        *("nightly", "make -j8 'CFLAGS=-O2 -g' all", "exit 0 after 42.3 s", "1.31 kJ"),
        *("1.28 to 1.35 kJ", "16.0 mg", "11.4 to 21.4 mg", "FR: 44 g/kWh", "CPU package-0"),
        *("1.19 to 1.25 kJ", "counter (RAPL)", "/sys/class/powercap/intel-rapl:0", "cc1"),
        *("this version does not read GPUs", "the idle floor is modelled", "team=vision", "shop"),
        *("Ember, Yearly Electricity Data (CC-BY-4.0)", RUN.id, "AMD EPYC 7763", "Linux 6.8.0"),
    ):
        assert words in text, words


def test_nothing_is_loaded_and_no_script_may_run() -> None:
    text = to_html(REPORT)
    page = Page(text)
    assert not {"script", "img", "iframe", "object", "a", "form"} & set(page.tags)
    assert {v for _, name, v in page.attributes if name in {"href", "src"}} == {"data:,"}
    assert [
        name for _, name, _ in page.attributes if name.startswith("on") or name == "style"
    ] == []
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = (v for _, name, v in page.attributes if name == "content" and "src" in v)
    assert policy.startswith("default-src 'none'; ")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


def test_every_class_that_is_used_has_a_style() -> None:
    text = to_html(with_text("x"))
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    used = {c for _, name, v in Page(text).attributes if name == "class" for c in v.split()}
    assert {each for each in used if f".{each}" not in style} <= {"tick"}


@pytest.mark.parametrize("text", NASTY)
def test_nothing_typed_becomes_markup(text: str) -> None:
    for calls in (True, False):
        expected = Page(to_html(with_text("x", with_calls=calls))).tags
        assert Page(to_html(with_text(text, with_calls=calls))).tags == expected


@given(ANYTHING)
def test_no_text_breaks_the_page(text: str) -> None:
    shown = to_html(with_text(text))
    page, other = Page(shown), Page(to_html(with_text("x")))
    # The name of a phase is left out where there is no room for it.
    assert [t for t in page.tags if t != "text"] == [t for t in other.tags if t != "text"]
    assert page.open == []
    assert all(line.isprintable() for line in shown.split("\n"))
    shown.encode()


def test_a_failure_is_told_by_more_than_its_colour() -> None:
    text = to_html(REPORT.replace(run=RUN.replace(exit_code=3)))
    assert '<span class="bad">exit 3 after 42.3 s</span>' in text


VARIABLE = re.compile(r"--([a-z]+):(#[0-9a-f]{3,6})")


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour. Source: WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_told_from_what_is_behind_it(scheme: str) -> None:
    light, dark = STYLE.split("@media(prefers-color-scheme:dark)")
    colours = dict(VARIABLE.findall(light if scheme == "light" else dark))
    for text in ("fg", "muted", "good", "bad", "guess"):
        for behind in ("bg", "soft"):
            assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)
    for area in ("cpu", "memory", "gpu", "disk", "network", "other"):
        assert contrast(colours[area], colours["bg"]) >= 3, area


def test_an_estimate_is_called_one() -> None:
    text = Page(
        to_html(REPORT.replace(energy=ENERGY.replace(devices=(ESTIMATED,), joules=0.0042)))
    ).text
    assert "estimated (model)" in text
    assert "Wh, estimated" in text
    assert "Wh, estimated" not in Page(to_html(REPORT)).text


def test_programs_stand_below_those_that_called_them() -> None:
    inner = Call(
        program="cc1", command=None, processes=3, own_cpu_seconds=2.0, own_joules=2.0,
        cpu_seconds=2.0, joules=2.0, calls=(),
    )  # fmt: skip
    outer = inner.replace(program="make", cpu_seconds=3.0, joules=3.0, calls=(inner,))
    text = to_html(REPORT.replace(tree=TREE.replace(calls=(outer,))))
    assert "<td>make</td>" in text
    assert '<td><div class="indent">cc1</div></td>' in text
