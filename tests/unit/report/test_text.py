"""Texts that cannot steer a terminal, and their width."""

from __future__ import annotations

import shlex
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.text import (
    beginning,
    printable,
    shell_quoted,
    shorten,
    signal_name,
    to_ascii,
    width,
    wrap,
)

ANY_TEXT = st.text(st.characters(), max_size=60)  # surrogates and controls too
SHOWN_TEXT = st.text(
    st.one_of(
        st.sampled_from(" abc-"),
        st.sampled_from("\u65e5\u672c\u8a9e\uff21e\u0301\U0001f600"),
        st.characters(min_codepoint=33, max_codepoint=0x2FFF).filter(str.isprintable),
    ),
    max_size=80,
)
STEERS = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("make all", "make all"),
        ("caf\u00e9 \u65e5\u672c", "caf\u00e9 \u65e5\u672c"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("\u202eabc", "\\u202eabc"),
        ("\u200bx", "\\u200bx"),
        ("\x7f", "\\x7f"),
        ("C:\\x", "C:\\x"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANY_TEXT)
def test_nothing_steers_a_terminal(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert [char for char in shown if unicodedata.category(char) in STEERS] == []
    shown.encode("utf-8")
    assert printable(shown) == shown


@given(ANY_TEXT)
def test_quoting_is_that_of_the_standard_library(word: str) -> None:
    assert shell_quoted(word) == shlex.quote(word)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("caf\u00e9", 4),
        ("cafe\u0301", 4),
        ("\u65e5\u672c\u8a9e", 6),
        ("\uff21", 2),
        ("\U0001f600", 2),
        ("\u2026", 1),
    ],
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


@given(SHOWN_TEXT, st.integers(min_value=0, max_value=40))
def test_a_beginning_is_as_long_as_fits(text: str, columns: int) -> None:
    head = beginning(text, columns)
    assert text.startswith(head)
    assert width(head) <= columns
    assert head == text or width(text[: len(head) + 1]) > columns


@given(SHOWN_TEXT, st.integers(min_value=0, max_value=40), st.sampled_from(["\u2026", "..."]))
def test_a_shortened_text_fits_and_shows_the_cut(text: str, columns: int, mark: str) -> None:
    short = shorten(text, columns, mark)
    assert width(short) <= columns
    if width(text) <= columns:
        assert short == text
    elif columns >= len(mark):
        assert short.endswith(mark)


def test_shortening_a_megabyte_takes_no_time() -> None:
    text = "\u65e5" * 1_000_000
    start = time.process_time()
    assert shorten(text, 10, "\u2026") == "\u65e5" * 4 + "\u2026"
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two three", ["one two", "three"]),
        ("onetwothreefour", ["onetwoth", "reefour"]),
        ("a onetwothreefour b", ["a", "onetwoth", "reefour", "b"]),
        ("\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e", ["\u65e5\u672c\u8a9e\u65e5", "\u672c\u8a9e"]),
        ("12345678 12345678", ["12345678", "12345678"]),
        ("a-b/c-d/e-f", ["a-b/c-d/", "e-f"]),
    ],
)
def test_wrapping(text: str, lines: list[str]) -> None:
    assert wrap(text, 8) == lines


@given(SHOWN_TEXT, st.integers(min_value=2, max_value=40))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert lines
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(ANY_TEXT)
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(text).isascii()


def test_ascii_of_what_the_summary_uses() -> None:
    assert to_ascii("136 \u00b5J") == "136 uJ"
    assert to_ascii("caf\u00e9") == "caf\\xe9"


def test_signal_names() -> None:
    assert signal_name(15) == "SIGTERM"
    assert signal_name(99) == "signal 99"
