"""A series as columns of characters, for a terminal or a log. Pure."""

from __future__ import annotations

from carbonrun.intensity.model import overlapping, series_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbonrun.intensity.model import Point

HEIGHT = 8
_BLOCKS = " ▁▂▃▄▅▆▇█"
_LEAST_COLUMNS, _LABEL_COLUMNS, _HOUR = 12, 6, 3600.0


def plot(  # noqa: PLR0913 - what is shown, where, and how
    points: Sequence[Point],
    start: float,
    end: float,
    columns: int,
    *,
    marked: tuple[float, float] | None,
    clock: Callable[[float], str],
    unicode: bool,
) -> list[str]:
    """Return lines of at most that many columns: a scale, columns, hours, a mark below.

    Args:
        points: in order.
        start: where it begins, seconds since 1970.
        end: where it ends.
        columns: how wide it may be.
        marked: a window that is marked.
        clock: how a moment is written, in at most six characters.
        unicode: whether blocks may be used, else ``#``.
    """
    width = max(_LEAST_COLUMNS, columns - _LABEL_COLUMNS - 2)
    step = (end - start) / width
    means = [_mean(points, start + i * step, start + (i + 1) * step) for i in range(width)]
    highest = max((mean for mean in means if mean is not None), default=0.0) or 1.0
    lines = []
    for row in range(HEIGHT, 0, -1):
        label = f"{highest * row / HEIGHT:.0f}" if row in (HEIGHT, HEIGHT // 2) else ""
        cells = "".join(_cell(mean, highest, row, unicode=unicode) for mean in means)
        lines.append(f"{label:>{_LABEL_COLUMNS}} {'│' if unicode else '|'}{cells}".rstrip())
    lines.append(f"{0:>{_LABEL_COLUMNS}} {('└' + '─' * width) if unicode else '+' + '-' * width}")
    indent = " " * (_LABEL_COLUMNS + 2)
    if marked is not None:
        first = min(width - 1, max(0, round((marked[0] - start) / step)))
        last = min(width, max(first + 1, round((marked[1] - start) / step)))
        lines.append(indent + " " * first + ("▀" if unicode else "^") * (last - first))
    lines.append((indent + _hours(start, end, step, width, clock)).rstrip())
    return lines


def _mean(points: Sequence[Point], start: float, end: float) -> float | None:
    mean = series_mean(overlapping(points, start, end), start, end)
    return None if mean is None else mean.g_per_kwh


def _cell(mean: float | None, highest: float, row: int, *, unicode: bool) -> str:
    """Return the part of a column that lies in a row, counted from 1 at the bottom."""
    if mean is None:
        return "?" if row == 1 else " "
    filled = mean / highest * HEIGHT - (row - 1)
    if unicode:
        return _BLOCKS[min(8, max(0, round(filled * 8)))]
    return "#" if filled >= 0.5 else " "  # noqa: PLR2004 - the nearest


def _hours(start: float, end: float, step: float, width: int, clock: Callable[[float], str]) -> str:
    """Return whole hours below their columns, as many as fit."""
    text = ""
    at = (start // _HOUR + 1) * _HOUR
    while at < end:
        column = int((at - start) / step)
        label = clock(at)
        if column >= len(text) + (2 if text else 0) and column + len(label) <= width:
            text = f"{text:<{column}}{label}"
        at += _HOUR
    return text
