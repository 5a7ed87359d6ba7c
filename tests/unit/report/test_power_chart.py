"""The picture of power over time, and its axes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.report.chart_axis import range_ticks, time_ticks, value_ticks
from carbonrun.report.model import TimelinePoint
from carbonrun.report.power_chart import (
    HEIGHT,
    MOST_POINTS,
    WIDTH,
    gpu_strip,
    intensity_strip,
    kinds_of,
    phase_strip,
    power_chart,
    thinned,
)

SECONDS = st.floats(0.001, 1e4)
WATTS = st.floats(0, 1e4)


def timeline(parts: list[tuple[float, float, float]]) -> list[TimelinePoint]:
    """Return points of these lengths, with these powers of CPU and GPU."""
    points, start = [], 0.0
    for seconds, cpu, gpu in parts:
        joules = (cpu + gpu) * seconds
        watts = {"gpu": gpu, "cpu": cpu}
        end = start + seconds
        points.append(
            TimelinePoint(start=start, end=end, joules=joules, watts=watts, g_per_kwh=50.0)
        )
        start = end
    return points


PARTS = st.lists(st.tuples(SECONDS, WATTS, WATTS), min_size=1, max_size=60)


@given(PARTS, st.integers(1, 20))
def test_thinning_keeps_energy_and_extent(
    parts: list[tuple[float, float, float]], most: int
) -> None:
    points = timeline(parts)
    fewer = thinned(points, most)
    assert 1 <= len(fewer) <= max(most, 1) or len(points) <= most
    assert (fewer[0].start, fewer[-1].end) == (points[0].start, points[-1].end)
    assert sum(p.joules for p in fewer) == pytest.approx(sum(p.joules for p in points))
    for point in fewer:
        assert sum(point.watts.values()) * (point.end - point.start) == pytest.approx(
            point.joules, rel=1e-6, abs=1e-9
        )


@given(PARTS)
def test_the_picture_is_xml_within_its_frame(parts: list[tuple[float, float, float]]) -> None:
    root = ET.fromstring(power_chart(timeline(parts), "power & <time>"))  # noqa: S314 - our own
    assert root.get("aria-label") == "power & <time>"
    areas = [e for e in root.iter() if (e.get("class") or "").startswith("area")]
    assert len(areas) == len(kinds_of(timeline(parts)))
    for area in areas:
        for x, y in re.findall(r"([-\d.]+) ([-\d.]+)", area.get("d") or ""):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT


def test_the_areas_stand_on_each_other_in_a_fixed_order() -> None:
    chart = power_chart(timeline([(1.0, 50.0, 50.0), (1.0, 100.0, 0.0)]), "")
    cpu, gpu = re.findall(r'class="area k-(\w+)" d="([^"]*)"', chart)
    assert (cpu[0], gpu[0]) == ("cpu", "gpu")
    bottom = cpu[1].removeprefix("M").split("L")[:4]
    assert gpu[1].removesuffix("Z").split("L")[4:] == bottom[::-1]


def test_a_long_run_has_no_more_points_than_can_be_seen() -> None:
    chart = power_chart(timeline([(1.0, 5.0, 0.0)] * 5000), "")
    assert 0 < chart.count('class="hint"') <= MOST_POINTS


def test_nothing_to_show() -> None:
    assert power_chart([], "") == ""
    point = TimelinePoint(start=1.0, end=1.0, joules=1.0, watts={}, g_per_kwh=None)
    assert power_chart([point], "") == ""
    assert intensity_strip([point], "") == ""


def test_the_intensity_is_drawn_where_it_changes() -> None:
    points = timeline([(10.0, 5.0, 0.0)] * 4)
    assert intensity_strip(points, "") == ""
    changed = [*points[:2], *(point.replace(g_per_kwh=90.0) for point in points[2:])]
    assert 'class="grams"' in intensity_strip(changed, "")


def test_gpus_are_drawn_where_their_use_is_known() -> None:
    points = timeline([(10.0, 5.0, 90.0)] * 4)
    assert gpu_strip(points, "") == ""
    shares = (None, 0.5, 1.5, None)
    known = [p.replace(gpu_sm_share=s) for p, s in zip(points, shares, strict=True)]
    (line,) = re.findall(r'class="grams" d="([^"]*)"', gpu_strip(known, ""))
    assert line.count("M") == 1  # one stretch is known
    assert line.count("H") == 2
    (joined,) = thinned(known, 1)
    assert joined.gpu_sm_share == pytest.approx(1.0)
    assert joined.gpu_memory_bytes is None


def test_phases_are_called_by_their_names_whatever_is_in_those() -> None:
    points = timeline([(10.0, 5.0, 0.0)] * 3)
    paths = ("build/link", "src/a.c", None)
    marked = [p.replace(phase=path) for p, path in zip(points, paths, strict=True)]
    strip = phase_strip(marked, {"build/link": "link", "src/a.c": "src/a.c"}, "")
    assert re.findall(r"<text[^>]*>([^<]*)", strip) == ["link", "src/a.c"]
    assert phase_strip(points, {}, "") == ""


@pytest.mark.parametrize(
    ("most", "texts"),
    [
        (283.0, ["0", "100 W", "200 W", "300 W"]),
        (0.0117, ["0", "5 mW", "10 mW", "15 mW"]),
        (1234.0, ["0", "0.5 kW", "1 kW", "1.5 kW"]),
        (0.0, ["0", "0.5 W", "1 W"]),
    ],
)
def test_values_at_the_axis(most: float, texts: list[str]) -> None:
    assert [text for _, text in value_ticks(most, "W")] == texts


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (1.3, ["0", "0.5 s", "1 s"]),
        (42.3, ["0", "10 s", "20 s", "30 s", "40 s"]),
        (600.0, ["0", "2 min", "4 min", "6 min", "8 min", "10 min"]),
        (90000.0, ["0", "6 h", "12 h", "18 h", "24 h"]),
        (5 * 86400.0, ["0", "1 d", "2 d", "3 d", "4 d", "5 d"]),
        (0.08, ["0", "20 ms", "40 ms", "60 ms", "80 ms"]),
    ],
)
def test_times_at_the_axis(seconds: float, texts: list[str]) -> None:
    assert [text for _, text in time_ticks(seconds)][: len(texts)] == texts


@given(st.floats(1e-6, 1e9))
def test_axes_have_few_marks_that_cover_everything(most: float) -> None:
    values, times = value_ticks(most, "W"), time_ticks(most)
    assert 2 <= len(values) <= 8
    assert values[-1][0] >= most * (1 - 1e-6)
    assert 1 <= len(times) <= 14
    assert times[-1][0] <= most * (1 + 1e-6)
    assert len({text for _, text in values}) == len(values)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_marks_of_a_range_lie_in_it(low: float, length: float, count: int) -> None:
    ticks = range_ticks(low, low + length, count)
    slack = 1e-6 * (abs(low) + length)
    assert 0 < len(ticks) <= count + 2 or length < slack
    assert all(low - slack <= tick <= low + length + slack for tick in ticks)
    assert ticks == sorted(ticks)
    if low <= 0 <= low + length:
        assert 0 in ticks


def test_a_range_between_two_long_steps_has_a_mark() -> None:
    assert range_ticks(0.5, 4.6, 2)


def test_an_axis_of_next_to_nothing_has_marks() -> None:
    assert value_ticks(5e-324, "W")[0] == (0.0, "0")
