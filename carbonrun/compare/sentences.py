"""Verdicts as plain sentences. Pure."""

from __future__ import annotations

from carbonrun.compare.judgement import LESS, MORE, SAME, UNJUDGED, pairs_to_show
from carbonrun.compare.model import BY_KEY, CPU_TIME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.compare.effect import Effect
    from carbonrun.compare.judgement import Judgement

# From here on "2.1 times" reads better than "110 % more".
_TIMES = 2.0
_WHOLE_PERCENT = 9.95
# The difference that readers are told the price of.
SHOWN_DIFFERENCE = 0.05
MODEL = (
    "No sensor measures the energy here: it is modelled from the CPU time, so the verdict is on "
    "the CPU time."
)


def sentence(judged: Judgement) -> str:
    """Return the verdict with its interval: ``B uses 31 % less energy than A: 27 to 35 %.``."""
    metric, effect = BY_KEY[judged.metric], judged.effect
    if judged.verdict == UNJUDGED or effect is None:
        return f"{judged.subject} and {judged.reference}: no {metric.noun} is known to compare."
    if judged.verdict in {LESS, MORE}:
        size, between = _difference(effect)
        head = f"{judged.subject} {metric.verb} {size} {metric.noun}"
        than = "of" if size.endswith("the") else "than"
        return f"{head} {than} {judged.reference}: {between}."
    if judged.verdict == SAME:
        return (
            f"{judged.subject} and {judged.reference} are the same in {metric.noun} to within "
            f"{_percent(judged.band)} ({interval_text(effect)})."
        )
    return _unclear(judged, effect)


def interval_text(effect: Effect) -> str:
    """Return the interval of the change: ``-3.1 to +2.2 %``."""
    if effect.low_ratio is None or effect.high_ratio is None:
        return "no interval"
    return f"{_signed(effect.low_ratio)} to {_signed(effect.high_ratio)} %"


def change_text(effect: Effect) -> str:
    """Return the change: ``-12.1 %``."""
    return f"{_signed(effect.ratio)} %"


def p_text(p_value: float) -> str:
    """Return a probability: ``0.012``, ``<0.001``."""
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"  # noqa: PLR2004


def _unclear(judged: Judgement, effect: Effect) -> str:
    noun = BY_KEY[judged.metric].noun
    pairs = "pairs" if effect.is_paired else "runs of each"
    names = f"{judged.subject} and {judged.reference}"
    if effect.low_ratio is None or effect.high_ratio is None:
        return (
            f"{names}: {effect.pairs} {pairs} are too few to tell anything about the {noun}; "
            "take 10 or more."
        )
    if effect.low_ratio > 1 or effect.high_ratio < 1:
        return (
            f"{names}: a difference in {noun} is likely ({interval_text(effect)}), but "
            f"{effect.pairs} {pairs} do not settle it (p = {p_text(judged.p_value)})."
        )
    text = (
        f"{names}: no difference in {noun} can be told from {effect.pairs} {pairs} "
        f"({interval_text(effect)})"
    )
    needed = pairs_to_show(effect, SHOWN_DIFFERENCE)
    if needed is None:
        return f"{text}."
    if needed <= effect.pairs:
        return f"{text}; one of {_percent(SHOWN_DIFFERENCE)} would have shown."
    more = needed - effect.pairs
    return f"{text}; about {more} more would show {_percent(SHOWN_DIFFERENCE)}."


def _difference(effect: Effect) -> tuple[str, str]:
    """Return ``31 % less`` and ``27 to 35 %``, or ``2.1 times the`` and ``2.0 to 2.3``."""
    low, high = effect.low_ratio or effect.ratio, effect.high_ratio or effect.ratio
    if effect.ratio >= _TIMES:
        return f"{effect.ratio:.3g} times the", f"{low:.3g} to {high:.3g}"
    if effect.ratio > 1:
        return f"{_percent(effect.ratio - 1)} more", _range(low - 1, high - 1)
    return f"{_percent(1 - effect.ratio)} less", _range(1 - high, 1 - low)


def _range(low: float, high: float) -> str:
    return f"{_percent(low)[:-2]} to {_percent(high)}"


def _percent(part: float) -> str:
    percent = 100 * part
    is_whole = abs(percent) >= _WHOLE_PERCENT or percent == round(percent)
    return f"{percent:.0f} %" if is_whole else f"{percent:.2g} %"


def _signed(ratio: float) -> str:
    percent = 100 * (ratio - 1)
    return f"{percent:+.0f}" if abs(percent) >= _WHOLE_PERCENT else f"{percent:+.1f}"


def about_model(key: str) -> str | None:
    """Return why a verdict is not on energy, None if it is."""
    return MODEL if key == CPU_TIME else None
