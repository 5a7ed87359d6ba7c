"""A run as a badge for a README: two fields, one SVG file that loads nothing. Pure."""

from __future__ import annotations

from carbonrun.measurement.model import BOARD
from carbonrun.report.letter_widths import text_pixels
from carbonrun.report.text import printable, shorten
from carbonrun.report.xml_text import xml
from carbonrun.units import JOULES_PER_WH, UNKNOWN, mass_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

HEIGHT, LETTER_PIXELS = 20, 11
_PADDING = 6
_LABEL = "energy"
_LABEL_COLOUR = "#444c56"
# White letters have a contrast of 4.5 and more on each of them.
_MEASURED, _ESTIMATED, _NOTHING = "#1a7f37", "#8a5d00", "#57606a"
# A figure that is for more than this part a model is shown as an estimate.
_LARGE_PART = 0.1
_MOST_COLUMNS = 40


def to_badge(report: Report) -> str:
    """Return the badge: the name of the run, and its energy and emissions.

    Green is measured; brown, with a sign for "about", is estimated; grey is unknown.
    """
    label = shorten(printable(report.run.name or _LABEL), _MOST_COLUMNS, "\N{HORIZONTAL ELLIPSIS}")
    message, colour = _message(report)
    return draw_badge(label, message, colour)


def _message(report: Report) -> tuple[str, str]:
    joules, grams = report.energy.joules, report.emissions.grams_co2e
    if joules is None:
        return UNKNOWN, _NOTHING
    text = scaled(joules / JOULES_PER_WH, "Wh")
    if grams is not None:
        text += f" \N{MIDDLE DOT} {mass_text(grams)} CO2e"
    if rests_on_model(report):
        return f"\N{ALMOST EQUAL TO} {text}", _ESTIMATED
    return text, _MEASURED


def rests_on_model(report: Report) -> bool:
    """Tell whether more than a tenth of the energy is not measured but modelled."""
    estimated = sum(
        device.joules
        for device in report.energy.devices
        if device.method == "estimated" and device.kind != BOARD
    )
    return estimated > _LARGE_PART * (report.energy.joules or 0.0)


def draw_badge(label: str, message: str, colour: str) -> str:
    """Return the picture; where a font is wider than expected its letters move together."""
    left, right = (text_pixels(text, LETTER_PIXELS) for text in (label, message))
    left_width, right_width = (round(pixels + 2 * _PADDING) for pixels in (left, right))
    width = left_width + right_width
    title = xml(f"{label}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" '
        f'viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n"
        f'<clipPath id="edge"><rect width="{width}" height="{HEIGHT}" rx="3"/></clipPath>\n'
        f'<g clip-path="url(#edge)"><rect width="{left_width}" height="{HEIGHT}" '
        f'fill="{_LABEL_COLOUR}"/><rect x="{left_width}" width="{right_width}" '
        f'height="{HEIGHT}" fill="{colour}"/></g>\n'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" '
        f'font-size="{LETTER_PIXELS}">\n'
        + _words(_PADDING, left, label)
        + _words(left_width + _PADDING, right, message)
        + "</g>\n</svg>\n"
    )


def _words(x: float, pixels: float, text: str) -> str:
    return f'<text x="{x}" y="14" textLength="{pixels:.1f}">{xml(text)}</text>\n'
