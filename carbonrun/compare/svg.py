"""A comparison as a picture: every run, and the intervals of the ratios; one SVG file. Pure."""

from __future__ import annotations

from carbonrun.compare.descriptive import summarise
from carbonrun.compare.figures import figure_text
from carbonrun.compare.model import BY_KEY, judged_metrics
from carbonrun.compare.svg_intervals import RIGHT, interval_column
from carbonrun.report.chart_axis import range_ticks
from carbonrun.report.letter_widths import shortened_to, text_pixels
from carbonrun.report.text import printable
from carbonrun.report.xml_text import text_line, xml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonrun.compare.judgement import Judgement
    from carbonrun.compare.model import Session, Subject

WIDTH, ROW, TOP, BOTTOM = int(RIGHT + 12), 44, 46, 22
_MARGIN, _LETTERS = 12, 12
_RUNS = (200.0, 520.0)  # from where to where the runs are drawn
_TICKS = 6
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328}.h{font:600 14px system-ui,sans-serif}"
    ".b{font-weight:600}.m{fill:#59636e}.bg{fill:#fff}.axis{stroke:#818b98}.line{stroke:#e4e8ec}"
    ".ref{stroke:#818b98;stroke-dasharray:3 3}.run{fill:#0969da;fill-opacity:.45}"
    ".mid{stroke:#0a3069;stroke-width:2}.ci{stroke-width:3}"
    ".less{stroke:#1a7f37;fill:#1a7f37}.more{stroke:#cf222e;fill:#cf222e}"
    ".same{stroke:#0969da;fill:#0969da}.unclear,.unjudged{stroke:#6e7781;fill:#6e7781}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9198a1}.bg{fill:#0d1117}"
    ".axis,.ref{stroke:#656c76}.line{stroke:#2a313a}.run{fill:#4493f8;fill-opacity:.7}.mid{stroke:#a5d6ff}"
    ".less{stroke:#3fb950;fill:#3fb950}.more{stroke:#f85149;fill:#f85149}"
    ".same{stroke:#4493f8;fill:#4493f8}.unclear,.unjudged{stroke:#9198a1;fill:#9198a1}}"
)


def to_svg(session: Session, judgements: Sequence[Judgement]) -> str:
    """Return the picture; it loads nothing from anywhere."""
    keys = judged_metrics(session.samples)
    panel = TOP + ROW * len(session.subjects) + BOTTOM
    height = panel * len(keys) + 40
    body: list[str] = []
    for number, key in enumerate(keys):
        body += _panel(session, judgements, key, 10 + number * panel)
    body.append(text_line(_MARGIN, height - 14, _caption(session), "m"))
    title = f"carbonrun compare: {', '.join(s.text for s in session.subjects)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">\n'
        f"<title>{xml(title)}</title>\n<style>{_STYLE}</style>\n"
        f'<rect class="bg" width="{WIDTH}" height="{height}"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _caption(session: Session) -> str:
    rounds = len({sample.round for sample in session.samples})
    return f"A dot is a run ({rounds} of each, in random order), a stroke is the median."


def _panel(
    session: Session, judgements: Sequence[Judgement], key: str, top: float
) -> Iterator[str]:
    values = [session.values(number, key) for number in range(len(session.subjects))]
    everything = [value for each in values for value in each]
    if not everything:
        return
    scale = _scale(min(everything), max(everything))
    foot = top + TOP + ROW * (len(values) - 0.5)
    yield text_line(_MARGIN, top + 18, BY_KEY[key].title, "h")
    yield from _axis(key, scale, top + 28, foot)
    medians = [summary.median for each in values if (summary := summarise(each)) is not None]
    if len(medians) > 1:
        middle = _x(medians[0], scale)
        yield f'<path class="ref" d="M{middle:.1f} {top + 28}V{foot:.1f}"/>'
    for number, subject in enumerate(session.subjects):
        y = top + TOP + ROW * number
        for text, down, style in ((subject.name, -2, "b"), (_what(subject), 13, "m")):
            shown = shortened_to(printable(text), _LETTERS, _RUNS[0] - _MARGIN - 14)
            yield text_line(_MARGIN, y + down, shown, style)
        yield from _runs(values[number], key, scale, y)
    own = [judged for judged in judgements if judged.metric == key and judged.effect is not None]
    rows = {s.name: top + TOP + ROW * number for number, s in enumerate(session.subjects)}
    yield from interval_column([j for j in own if j.subject in rows], rows, top + 18, foot)


def _what(subject: Subject) -> str:
    """Return what tells a command from the others: what was put into it, else its text."""
    return ", ".join(f"{k}={v}" for k, v in subject.parameters.items()) or subject.text


def _x(value: float, scale: tuple[float, float]) -> float:
    part = (value - scale[0]) / (scale[1] - scale[0])
    return _RUNS[0] + part * (_RUNS[1] - _RUNS[0])


def _axis(key: str, scale: tuple[float, float], top: float, foot: float) -> Iterator[str]:
    """Yield faint lines at round values, and the values below them."""
    yield f'<path class="axis" d="M{_RUNS[0]} {foot:.1f}H{_RUNS[1]}"/>'
    end = 0.0
    for value in range_ticks(*scale, _TICKS):
        x, text = _x(value, scale), figure_text(key, value)
        yield f'<path class="line" d="M{x:.1f} {top}V{foot:.1f}"/>'
        half = text_pixels(text, _LETTERS) / 2
        if x - half > end:  # texts of neighbours do not run into each other
            yield text_line(x, foot + 17, text, "m", "middle")
            end = x + half + 6


def _runs(values: list[float], key: str, scale: tuple[float, float], y: float) -> Iterator[str]:
    """Yield a dot for each run, a stroke at the median."""
    for index, value in enumerate(values):
        # The dots of neighbours do not cover each other.
        lift = (index % 5 - 2) * 3
        shown = xml(figure_text(key, value))
        yield (
            f'<circle class="run" cx="{_x(value, scale):.1f}" cy="{y + lift:.1f}" r="4">'
            f"<title>run {index + 1}: {shown}</title></circle>"
        )
    summary = summarise(values)
    if summary is not None:
        yield f'<path class="mid" d="M{_x(summary.median, scale):.1f} {y - 13}V{y + 13}"/>'


def _scale(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin
