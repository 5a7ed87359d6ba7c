"""The right side of the picture of a comparison: ratios with their intervals. Pure."""

from __future__ import annotations

import math

from carbonrun.compare.judgement import UNCLEAR
from carbonrun.compare.sentences import change_text, interval_text
from carbonrun.report.chart_axis import range_ticks
from carbonrun.report.letter_widths import shortened_to
from carbonrun.report.text import printable
from carbonrun.report.xml_text import text_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from carbonrun.compare.judgement import Judgement

RIGHT = 908.0
_RATIOS = (548.0, 748.0)
_TEXT = 762.0
_LEAST_SPREAD = 0.02
_TICKS = 5
_TEXT_ROOM = 52


def interval_column(
    judgements: Sequence[Judgement], rows: Mapping[str, float], head: float, foot: float
) -> Iterator[str]:
    """Yield an interval and its figures for each judgement, around a line where nothing changes.

    Args:
        judgements: of one metric, each with an effect; of several about a command the last counts.
        rows: for each command its place from the top.
        head: where the column begins.
        foot: where it ends.
    """
    if not judgements:
        return
    title = f"change from {printable(judgements[-1].reference)}, 95 % interval"
    yield text_line(_RATIOS[0], head, shortened_to(title, 12, RIGHT - _RATIOS[0]), "m")
    low, high = _ends(judgements)

    def x(ratio: float) -> float:
        part = (math.log(ratio) - low) / (high - low) if ratio > 0 else 0.0
        return _RATIOS[0] + max(0.0, min(1.0, part)) * (_RATIOS[1] - _RATIOS[0])

    yield from _axis((low, high), x, head + 10, foot)
    for judged in {each.subject: each for each in judgements}.values():
        yield from _interval(judged, x, rows[judged.subject])


def _ends(judgements: Sequence[Judgement]) -> tuple[float, float]:
    """Return the logarithms of the lowest and the highest ratio that are drawn; 0 is among them."""
    drawn = [
        math.log(ratio)
        for judged in judgements
        if judged.effect is not None
        for ratio in (judged.effect.ratio, judged.effect.low_ratio, judged.effect.high_ratio)
        if ratio
    ]
    low, high = min([*drawn, -_LEAST_SPREAD]), max([*drawn, _LEAST_SPREAD])
    margin = 0.08 * (high - low)
    return low - margin, high + margin


def _axis(
    ends: tuple[float, float], x: Callable[[float], float], top: float, foot: float
) -> Iterator[str]:
    yield f'<path class="axis" d="M{_RATIOS[0]} {foot:.1f}H{_RATIOS[1]}"/>'
    low, high = (100 * (math.exp(end) - 1) for end in ends)
    labelled: list[float] = []
    # From 0 outwards: where there is no room for all texts, that of 0 stays.
    for percent in sorted(range_ticks(low, high, _TICKS), key=abs):
        at = x(1 + percent / 100)
        style = "axis" if percent == 0 else "line"
        yield f'<path class="{style}" d="M{at:.1f} {top}V{foot:.1f}"/>'
        if all(abs(at - other) >= _TEXT_ROOM for other in labelled):
            text = "0 %" if percent == 0 else f"{percent:+.3g} %"
            yield text_line(at, foot + 17, text, "m", "middle")
            labelled.append(at)


def _interval(judged: Judgement, x: Callable[[float], float], y: float) -> Iterator[str]:
    effect = judged.effect
    if effect is None:
        return
    low, high = effect.low_ratio, effect.high_ratio
    if low is not None and high is not None:
        yield f'<path class="ci {judged.verdict}" d="M{x(low):.1f} {y}H{x(high):.1f}"/>'
    yield f'<circle class="est {judged.verdict}" cx="{x(effect.ratio):.1f}" cy="{y}" r="5"/>'
    unclear = f", {UNCLEAR}" if judged.verdict == UNCLEAR else ""
    yield text_line(_TEXT, y - 2, change_text(effect), "b")
    yield text_line(_TEXT, y + 13, interval_text(effect) + unclear, "m")
