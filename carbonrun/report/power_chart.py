"""Power over time as a picture for a page: areas above each other, one for each kind. Pure."""

from __future__ import annotations

from carbonrun.report.chart_axis import time_ticks, value_ticks
from carbonrun.report.letter_widths import text_pixels
from carbonrun.report.model import TimelinePoint
from carbonrun.report.text import printable
from carbonrun.report.xml_text import xml
from carbonrun.units import duration_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

WIDTH, HEIGHT = 800, 230
STRIP_HEIGHT = 96
PHASE_HEIGHT, _PHASE_LETTERS = 22, 12
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 10, 26
# More are neither told apart by the eye nor cheap to load.
MOST_POINTS = 240
# From the bottom up; kinds of later versions come last.
KINDS = ("cpu", "memory", "gpu", "disk", "network")
_ABBREVIATIONS = ("cpu", "gpu")
# The intensity is drawn where it changes by more.
_CHANGE = 0.01


def thinned(points: Sequence[TimelinePoint], most: int = MOST_POINTS) -> list[TimelinePoint]:
    """Return at most so many points with the same energy; neighbours are made into one."""
    seconds = points[-1].end - points[0].start if points else 0.0
    if seconds <= 0 or len(points) <= most:
        return list(points)
    groups: dict[int, list[TimelinePoint]] = {}
    for point in points:
        index = int((point.start - points[0].start) / seconds * most)
        groups.setdefault(min(index, most - 1), []).append(point)
    return [_joined(group) for group in groups.values()]


def _joined(group: Sequence[TimelinePoint]) -> TimelinePoint:
    seconds = sum(point.end - point.start for point in group)
    kinds = dict.fromkeys(kind for point in group for kind in point.watts)
    known = [(p.g_per_kwh, p.joules) for p in group if p.g_per_kwh is not None]
    weight = sum(joules for _, joules in known)
    mean = sum(g * (joules / weight if weight > 0 else 1 / len(known)) for g, joules in known)
    return TimelinePoint(
        start=group[0].start,
        end=group[-1].end,
        joules=sum(point.joules for point in group),
        watts={
            kind: sum(p.watts.get(kind, 0.0) * (p.end - p.start) for p in group) / seconds
            for kind in kinds
            if seconds > 0
        },
        g_per_kwh=mean if known else None,
        gpu_memory_bytes=_mean([(p.gpu_memory_bytes, p.end - p.start) for p in group]),
        gpu_sm_share=_mean([(p.gpu_sm_share, p.end - p.start) for p in group]),
    )


def _mean(weighted: Sequence[tuple[float | None, float]]) -> float | None:
    """Return the mean of what is known, each weighted by how long it was so."""
    known = [(value, seconds) for value, seconds in weighted if value is not None]
    seconds = sum(part for _, part in known)
    return sum(value * part for value, part in known) / seconds if seconds > 0 else None


def kinds_of(points: Sequence[TimelinePoint]) -> list[str]:
    """Return the kinds that used anything, from the bottom up."""
    found = {kind for point in points for kind, watts in point.watts.items() if watts > 0}
    return [*(kind for kind in KINDS if kind in found), *sorted(found - set(KINDS))]


def power_chart(points: Sequence[TimelinePoint], title: str) -> str:
    """Return an SVG element; an empty text where nothing has a length.

    Args:
        points: in order, without overlap.
        title: for those who do not see it.
    """
    points = [point for point in thinned(points) if point.end > point.start]
    if not points:
        return ""
    kinds = kinds_of(points)
    ticks = value_ticks(max(sum(point.watts.values()) for point in points), "W")
    x, y = _across(points), _up(ticks[-1][0], HEIGHT)
    parts = [*_grid(ticks, y), *_time_axis(points, x, HEIGHT)]
    below = [0.0] * len(points)
    for kind in kinds:
        above = [low + point.watts.get(kind, 0.0) for low, point in zip(below, points, strict=True)]
        area = _area(points, below, above, x, y)
        parts.append(f'<path class="area {kind_style(kind)}" d="{area}"/>')
        below = above
    parts += _hints(points, x, HEIGHT)
    return _svg(HEIGHT, title, parts)


def intensity_strip(points: Sequence[TimelinePoint], title: str) -> str:
    """Return the intensity over the same time; an empty text where it hardly changes."""
    values = [point.g_per_kwh for point in points if point.g_per_kwh is not None]
    if not values or max(values) - min(values) <= _CHANGE * max(values):
        return ""
    return _strip(points, lambda point: point.g_per_kwh, title)


def gpu_strip(points: Sequence[TimelinePoint], title: str) -> str:
    """Return how many GPUs were kept busy; an empty text where there are none, or nobody knows."""
    if not any(point.gpu_sm_share for point in points):
        return ""
    return _strip(points, lambda point: point.gpu_sm_share, title)


def _strip(
    points: Sequence[TimelinePoint], of: Callable[[TimelinePoint], float | None], title: str
) -> str:
    """Return a quantity as a line on the same axis of time, with gaps where it is not known."""
    drawn = [point for point in thinned(points) if point.end > point.start]
    if not drawn:
        return ""
    ticks = value_ticks(max(of(point) or 0.0 for point in drawn), "", 2)
    x, y = _across(drawn), _up(ticks[-1][0], STRIP_HEIGHT)
    line, is_joined = "", False
    for point in drawn:
        value = of(point)
        if value is not None:
            begin = "L" if is_joined else "M"
            line += f"{begin}{x(point.start):.1f} {y(value):.1f}H{x(point.end):.1f}"
        is_joined = value is not None
    path = f'<path class="grams" d="{line}"/>'
    return _svg(STRIP_HEIGHT, title, [*_grid(ticks, y), *_time_axis(drawn, x, STRIP_HEIGHT), path])


def phase_strip(points: Sequence[TimelinePoint], names: Mapping[str, str], title: str) -> str:
    """Return which phase was the innermost at each time; an empty text where none was marked.

    Args:
        points: of the timeline.
        names: of the phases, by their paths: a name may have the separator of paths in it.
        title: for those who cannot see it.
    """
    points = [point for point in points if point.end > point.start]
    if not any(point.phase for point in points):
        return ""
    x = _across(points)
    stretches: list[list[TimelinePoint]] = []
    for point in points:
        if not stretches or stretches[-1][-1].phase != point.phase:
            stretches.append([])
        stretches[-1].append(point)
    parts = [
        _phase(phase, names.get(phase, phase), x(stretch[0].start), x(stretch[-1].end))
        for stretch in stretches
        if (phase := stretch[0].phase)
    ]
    return _svg(PHASE_HEIGHT, title, parts)


def _phase(path: str, name: str, left: float, right: float) -> str:
    """Return a bar with the name in it, if there is room for it."""
    room = text_pixels(printable(name), _PHASE_LETTERS) + 8 <= right - left
    place = f'x="{left:.1f}" width="{max(1.0, right - left):.1f}" height="{PHASE_HEIGHT}" rx="2"'
    bar = f'<rect class="phase" {place}><title>{xml(path)}</title></rect>'
    if not room:
        return bar
    middle = f'x="{(left + right) / 2:.1f}" y="{PHASE_HEIGHT / 2 + 4:.0f}"'
    return f'{bar}<text {middle} text-anchor="middle">{xml(name)}</text>'


def kind_title(kind: str) -> str:
    """Return how a kind is written: ``CPU``, ``memory``."""
    return kind.upper() if kind in _ABBREVIATIONS else kind


def kind_style(kind: str) -> str:
    """Return the class of what is drawn in the colour of a kind."""
    return f"k-{kind}" if kind in KINDS else "k-other"


def _across(points: Sequence[TimelinePoint]) -> Callable[[float], float]:
    start, seconds = points[0].start, points[-1].end - points[0].start
    return lambda at: _LEFT + (at - start) / seconds * (WIDTH - _LEFT - _RIGHT)


def _up(most: float, height: int) -> Callable[[float], float]:
    return lambda value: height - _BOTTOM - value / most * (height - _TOP - _BOTTOM)


def _grid(ticks: Sequence[tuple[float, str]], y: Callable[[float], float]) -> Iterator[str]:
    for value, text in ticks:
        style = "axis" if value == 0 else "line"
        yield f'<path class="{style}" d="M{_LEFT} {y(value):.1f}H{WIDTH - _RIGHT}"/>'
        place = f'x="{_LEFT - 8}" y="{y(value) + 4:.1f}"'
        yield f'<text class="tick" {place} text-anchor="end">{xml(text)}</text>'


def _time_axis(
    points: Sequence[TimelinePoint], x: Callable[[float], float], height: int
) -> Iterator[str]:
    start = points[0].start
    for seconds, text in time_ticks(points[-1].end - start):
        at = x(start + seconds)
        anchor = "end" if at > WIDTH - _RIGHT - 12 else "middle"
        base = height - _BOTTOM
        yield f'<path class="axis" d="M{at:.1f} {base}v4"/>'
        place = f'x="{at:.1f}" y="{base + 18}"'
        yield f'<text class="tick" {place} text-anchor="{anchor}">{xml(text)}</text>'


def _area(
    points: Sequence[TimelinePoint],
    below: Sequence[float],
    above: Sequence[float],
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    """Return the path around the steps of one kind."""
    tops = [
        f"{x(at):.1f} {y(value):.1f}"
        for point, value in zip(points, above, strict=True)
        for at in (point.start, point.end)
    ]
    bottoms = [
        f"{x(at):.1f} {y(value):.1f}"
        for point, value in zip(reversed(points), reversed(below), strict=True)
        for at in (point.end, point.start)
    ]
    return "M" + "L".join([*tops, *bottoms]) + "Z"


def _hints(
    points: Sequence[TimelinePoint], x: Callable[[float], float], height: int
) -> Iterator[str]:
    """Yield what is shown where the pointer rests."""
    for point in points:
        each = ", ".join(f"{kind} {scaled(watts, 'W')}" for kind, watts in point.watts.items())
        when = f"{duration_text(point.start)} to {duration_text(point.end)}"
        text = f"{when}: {scaled(sum(point.watts.values()), 'W')} ({each})"
        left, right = x(point.start), x(point.end)
        yield (
            f'<rect class="hint" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" '
            f'height="{height - _TOP - _BOTTOM}"><title>{xml(text)}</title></rect>'
        )


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{xml(title)}">\n' + "\n".join(parts) + "\n</svg>"
    )
