"""A comparison as a picture: every run, and the intervals of the ratios; one SVG file. Pure."""

from __future__ import annotations

import math

from carbonrun.compare.descriptive import summarise
from carbonrun.compare.figures import figure_text
from carbonrun.compare.model import BY_KEY, judged_metrics
from carbonrun.compare.sentences import change_text, interval_text
from carbonrun.report.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonrun.compare.effect import Effect
    from carbonrun.compare.judgement import Judgement
    from carbonrun.compare.model import Session

WIDTH, ROW, TOP = 840, 44, 40
_RUNS = (150.0, 500.0)  # from where to where the runs are drawn
_RATIOS = (560.0, 820.0)
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328}.h{font-weight:600}.m{fill:#59636e}"
    ".run{fill:#0969da;fill-opacity:.45}.mid{stroke:#0a3069;stroke-width:2}"
    ".ci{stroke:#8250df;stroke-width:2}.est{fill:#8250df}.axis{stroke:#d1d9e0}.bg{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9198a1}.bg{fill:#0d1117}"
    ".mid{stroke:#79c0ff}.axis{stroke:#3d444d}}"
)


def to_svg(session: Session, judgements: Sequence[Judgement]) -> str:
    """Return the picture; it loads nothing from anywhere."""
    keys = judged_metrics(session.samples)
    panel = TOP + ROW * len(session.subjects) + 30
    height = panel * len(keys) + 10
    body: list[str] = []
    for number, key in enumerate(keys):
        body += _panel(session, judgements, key, 10 + number * panel)
    title = f"carbonrun compare: {', '.join(s.text for s in session.subjects)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n"
        f'<rect class="bg" width="{WIDTH}" height="{height}"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel(
    session: Session, judgements: Sequence[Judgement], key: str, top: float
) -> Iterator[str]:
    everything = [v for n in range(len(session.subjects)) for v in session.values(n, key)]
    if not everything:
        return
    low, high = _scale(min(everything), max(everything))
    effects = {j.subject: j.effect for j in judgements if j.metric == key and j.effect}
    spread = max(
        (abs(math.log(r)) for e in effects.values() for r in (e.low_ratio, e.high_ratio) if r),
        default=0.05,
    )
    spread = max(spread, 0.01) * 1.1
    yield _words(10, top + 16, BY_KEY[key].title, "h")
    yield _words(_RUNS[0], top + 16, figure_text(key, low), "m")
    yield _words(_RUNS[1], top + 16, figure_text(key, high), "m", "end")
    if effects:
        yield _words(_RATIOS[0], top + 16, "change, 95 % interval", "m")
    for number, subject in enumerate(session.subjects):
        y = top + TOP + ROW * number
        yield _words(10, y + 4, _short(subject.name), "")
        yield from _runs(session.values(number, key), key, (low, high), y)
        effect = effects.get(subject.name)
        if effect is not None:
            yield from _interval(effect, spread, y)


def _runs(values: list[float], key: str, scale: tuple[float, float], y: float) -> Iterator[str]:
    """Yield a line, a dot for each run, a stroke at the median."""

    def x(value: float) -> float:
        part = (value - scale[0]) / (scale[1] - scale[0])
        return _RUNS[0] + part * (_RUNS[1] - _RUNS[0])

    yield f'<path class="axis" d="M{_RUNS[0]} {y}H{_RUNS[1]}"/>'
    for index, value in enumerate(values):
        # The dots of neighbours do not cover each other.
        lift = (index % 5 - 2) * 3
        shown = _text(figure_text(key, value))
        yield (
            f'<circle class="run" cx="{x(value):.1f}" cy="{y + lift:.1f}" r="4">'
            f"<title>run {index + 1}: {shown}</title></circle>"
        )
    summary = summarise(values)
    if summary is not None:
        yield f'<path class="mid" d="M{x(summary.median):.1f} {y - 12}V{y + 12}"/>'


def _interval(effect: Effect, spread: float, y: float) -> Iterator[str]:
    middle = (_RATIOS[0] + _RATIOS[1]) / 2
    half = (_RATIOS[1] - _RATIOS[0]) / 2

    def x(ratio: float) -> float:
        return middle + math.log(ratio) / spread * half

    yield f'<path class="axis" d="M{_RATIOS[0]} {y}H{_RATIOS[1]}M{middle} {y - 14}V{y + 14}"/>'
    ratio, low, high = effect.ratio, effect.low_ratio, effect.high_ratio
    if low is not None and high is not None:
        yield f'<path class="ci" d="M{x(low):.1f} {y}H{x(high):.1f}"/>'
        yield f'<circle class="est" cx="{x(ratio):.1f}" cy="{y}" r="4"/>'
    label = f"{change_text(effect)}  ({interval_text(effect)})"
    yield _words(_RATIOS[0], y - 12, label, "m")


def _scale(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _words(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}">{_text(text)}</text>'


def _short(text: str) -> str:
    return text if len(text) <= 20 else text[:19] + "\N{HORIZONTAL ELLIPSIS}"  # noqa: PLR2004


def _text(text: str) -> str:
    shown = printable(text)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
