"""What the live view says, for terminals of all sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.live import (
    DevicePower,
    ProgramPower,
    Snapshot,
    bars,
    live_lines,
    rows_for,
    ruled,
)
from carbonrun.report.text import width
from tests.golden_files import assert_golden

SNAPSHOT = Snapshot(
    title="python train.py --epochs 3",
    elapsed_seconds=200.4,
    watts=48.2,
    joules=4710.0,
    grams_co2e=0.0576,
    cpus=3.1,
    logical_cpus=8,
    devices=(
        DevicePower(name="CPU package-0", watts=40.1, joules=3900.0, method="counter"),
        DevicePower(name="memory 25.3 GB", watts=8.1, joules=810.0, method="estimated"),
        DevicePower(name="GPU 0 A100", watts=None, joules=0.0, method="counter"),
    ),
    programs=(
        ProgramPower(program="python", watts=37.0, cpus=2.9),
        ProgramPower(program="übersetzer-mit-langem-namen", watts=2.1, cpus=0.17),
        ProgramPower(program=None, watts=None, cpus=0.03),
    ),
    curve=(*((None,) * 20), *(float(5 + (index * 7) % 44) for index in range(40))),
)
EMPTY = SNAPSHOT.replace(
    elapsed_seconds=0.2, watts=None, joules=None, grams_co2e=None, cpus=0.0, devices=(),
    programs=(), curve=(None,) * 60,
)  # fmt: skip


def shown(
    snapshot: Snapshot = SNAPSHOT, columns: int = 80, rows: int = 24, *, unicode: bool = True
) -> list[str]:
    lines = live_lines(snapshot, columns, rows, unicode=unicode)
    return ["".join(text for text, _ in line) for line in lines]


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
def test_the_view(columns: int, unicode: bool) -> None:
    text = "".join(f"{line.rstrip()}\n" for line in shown(columns=columns, unicode=unicode))
    assert text.isascii() or unicode
    assert_golden(f"live-{'unicode' if unicode else 'ascii'}-{columns}.txt", text)


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    text = "\n".join(shown(EMPTY))
    assert "unknown" in text
    assert "max" not in text
    assert "none above 1 % of a CPU" in text
    assert " 0 J" not in text


@pytest.mark.parametrize("rows", [1, 3, 5, 9, 24])
def test_it_fits_into_the_rows(rows: int) -> None:
    lines = shown(rows=rows)
    assert len(lines) == min(rows, rows_for(len(SNAPSHOT.devices), len(SNAPSHOT.programs)))
    assert lines == shown()[:rows]


@given(st.integers(1, 250), st.text(max_size=60), st.booleans())
def test_no_line_is_wider_than_the_terminal(columns: int, title: str, unicode: bool) -> None:
    snapshot = SNAPSHOT.replace(title="".join(char for char in title if char.isprintable()))
    for line in shown(snapshot, columns, unicode=unicode):
        assert width(line) <= max(30, columns)


def test_a_name_cannot_steer_the_terminal() -> None:
    """A process may call itself whatever it likes."""
    program = ProgramPower(program="\x1b[2Jgone\x07", watts=1.0, cpus=1.0)
    text = "\n".join(shown(SNAPSHOT.replace(programs=(program,))))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\\x1b[2Jgone" in text


def test_a_rule_tells_it_from_what_stands_above() -> None:
    (rule, role), *_ = ruled(live_lines(SNAPSHOT, 60, 5, unicode=False), 60, unicode=False)[0]
    assert (rule, role) == (" " + "-" * 58, "rule")


def test_the_curve_goes_from_zero_to_its_highest() -> None:
    assert bars([0.0, 5.0, 10.0], 3, unicode=True) == "▁▅█"
    assert bars([10.0, 10.0], 2, unicode=False) == "##"
    assert bars([0.0, 0.0], 2, unicode=True) == "▁▁"


def test_the_curve_stands_at_the_right_and_shrinks_by_means() -> None:
    assert bars([None, 8.0], 5, unicode=True) == "    █"
    assert bars([8.0, 0.0, 8.0, 8.0], 2, unicode=True) == "▅█"
    assert bars([8.0, None, 8.0], 2, unicode=True) == "██", "the oldest part is the smaller one"
    assert bars([1.0], 0, unicode=True) == ""


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=80), st.integers(0, 70))
def test_the_curve_has_the_width_that_was_asked_for(
    curve: list[float | None], columns: int
) -> None:
    assert len(bars(curve, columns, unicode=True)) == columns
