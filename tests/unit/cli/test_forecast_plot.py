from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from carbonrun.cli.forecast_plot import HEIGHT, plot
from tests.unit.intensity.test_cache import HOUR, NOON, point


def clock(at: float) -> str:
    return time.strftime("%H:%M", time.gmtime(at))


def test_columns_follow_the_figures_and_the_mark_the_window() -> None:
    points = tuple(point(NOON + i * HOUR, value) for i, value in enumerate((80, 40, 0, 80)))
    marked = (NOON + 2 * HOUR, NOON + 3 * HOUR)
    lines = plot(points, NOON, NOON + 4 * HOUR, 48, marked=marked, clock=clock, unicode=False)
    assert lines == [
        "    80 |##########                    ##########",
        *["       |##########                    ##########"] * 3,
        "    40 |####################          ##########",
        *["       |####################          ##########"] * 3,
        "     0 +" + "-" * 40,
        " " * 28 + "^" * 10,
        " " * 18 + "13:00     14:00     15:00",
    ]


def test_blocks_are_finer() -> None:
    points = (point(NOON, 100), point(NOON + HOUR, 6.25))
    lines = plot(points, NOON, NOON + 2 * HOUR, 32, marked=None, clock=clock, unicode=True)
    assert lines[HEIGHT - 1].endswith("│" + "█" * 12 + "▄" * 12)


def test_what_is_not_known_is_not_zero() -> None:
    points = (point(NOON, 100), point(NOON + 2 * HOUR, 100))
    lines = plot(points, NOON, NOON + 3 * HOUR, 32, marked=None, clock=clock, unicode=False)
    assert lines[HEIGHT - 1] == "       |########????????########"


@given(
    st.lists(st.floats(0, 3000), max_size=30),
    st.integers(1, 120),
    st.floats(0.01, 40),
    st.booleans(),
)
def test_it_always_fits(values: list[float], columns: int, hours: float, unicode: bool) -> None:
    points = tuple(point(NOON + i * HOUR, value) for i, value in enumerate(values))
    end = NOON + hours * HOUR
    lines = plot(points, NOON, end, columns, marked=(NOON, end), clock=clock, unicode=unicode)
    assert len(lines) == HEIGHT + 3
    assert max(map(len, lines)) <= max(columns, 20)
