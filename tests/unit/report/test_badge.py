"""The badge."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.badge import LETTER_PIXELS, to_badge
from carbonrun.report.letter_widths import shortened_to, text_pixels
from tests.golden_files import assert_golden
from tests.unit.report.sample_report import BOARD, CPU, ENERGY, ESTIMATED, REPORT, RUN, UNKNOWN
from tests.unit.report.test_html import contrast

if TYPE_CHECKING:
    from carbonrun.report.model import Report

SVG = "{http://www.w3.org/2000/svg}"


def words(badge: str) -> list[str]:
    root = ET.fromstring(badge)  # noqa: S314 - our own
    return [text.text or "" for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(("name", "report"), [("full", REPORT), ("unknown", UNKNOWN)])
def test_golden(name: str, report: Report) -> None:
    assert_golden(f"report-{name}.svg", to_badge(report))


def test_what_it_says() -> None:
    assert words(to_badge(REPORT)) == ["nightly", "363 mWh \u00b7 16.0 mg CO2e"]
    assert words(to_badge(UNKNOWN)) == ["energy", "unknown"]
    unknown_grid = REPORT.replace(emissions=UNKNOWN.emissions, intensity=None)
    assert words(to_badge(unknown_grid))[1] == "363 mWh"


def test_an_estimate_is_shown_as_one() -> None:
    model = REPORT.replace(energy=ENERGY.replace(devices=(ESTIMATED.replace(joules=1306.0), BOARD)))
    assert words(to_badge(model))[1].startswith("\u2248 ")
    assert "#1a7f37" not in to_badge(model)
    small = REPORT.replace(energy=ENERGY.replace(devices=(CPU, ESTIMATED)))
    assert words(to_badge(small))[1] == "363 mWh \u00b7 16.0 mg CO2e"


@pytest.mark.parametrize("report", [REPORT, UNKNOWN])
def test_its_letters_can_be_read(report: Report) -> None:
    root = ET.fromstring(to_badge(report))  # noqa: S314 - our own
    for colour in (rect.get("fill") for rect in root.iter(f"{SVG}rect")):
        assert colour is None or contrast(colour, "#ffffff") >= 4.5


@given(st.text(st.characters(), min_size=1, max_size=200))
def test_any_name_makes_a_picture_that_holds_it(name: str) -> None:
    badge = to_badge(REPORT.replace(run=RUN.replace(name=name)))
    root = ET.fromstring(badge)  # noqa: S314 - our own
    width = float(root.get("width") or 0)
    boxes = [float(r.get("width") or 0) for r in root.iter(f"{SVG}rect")]
    assert boxes[0] == width == boxes[1] + boxes[2]
    for text, left in zip(root.iter(f"{SVG}text"), (0.0, boxes[1]), strict=True):
        pixels = float(text.get("textLength") or 0)
        assert left < float(text.get("x") or 0)
        box = boxes[1] if left == 0 else boxes[2]
        assert float(text.get("x") or 0) - left + pixels <= box - 5


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        ("energy", 38.52),  # of these two: what FreeType makes of DejaVu Sans
        ("1.31 Wh", 45.84),
        ("e\u0301", 6.77),
        ("\u8a13\u7df4", 22.0),
    ],
)
def test_letters(text: str, pixels: float) -> None:
    assert text_pixels(text, LETTER_PIXELS) == pytest.approx(pixels, abs=0.05)


@given(st.text(st.characters(), max_size=60), st.floats(20, 200))
def test_a_text_is_cut_to_its_room(text: str, pixels: float) -> None:
    cut = shortened_to(text, 12, pixels)
    assert text_pixels(cut, 12) <= pixels
    assert cut == text or (cut.endswith("\u2026") and text.startswith(cut[:-1]))
