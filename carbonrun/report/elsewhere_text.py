"""Words and tables for what a run would have emitted elsewhere and at other hours. Pure.

"Would have", never "avoided" or "saved": a mean of a grid tells what its electricity was made of,
not which plant would have run less.
"""

from __future__ import annotations

from carbonrun.record import Record
from carbonrun.report.summary import command_text, ending
from carbonrun.report.text import printable, shorten, width, wrap
from carbonrun.timestamps import iso_time
from carbonrun.units import (
    JOULES_PER_KWH,
    duration_text,
    energy_text,
    joined_range,
    mass_text,
    three_digits,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonrun.report.elsewhere import Elsewhere
    from carbonrun.report.model import Report
    from carbonrun.report.other_hours import Hour, OtherHours

_BETWEEN = "between"
_HEADINGS = ("place", "g/kWh", "CO2e", _BETWEEN, "compared with here")
_NUMBERS = (1, 2)
_LEAST_NAME_COLUMNS = 14
_GAP = 2
# Above, a change is told as a factor.
_FACTOR = 2
_UNCLEAR = "not told apart"


class Answer(Record):
    """Everything that is shown.

    Attributes:
        here: with the mean of a year, as all others.
        zones, regions: the best of each, lowest first.
        cloud: name of the provider whose regions these are, None if there is none.
        lower, of: how many zones have less than here, of how many.
        basis: of all figures.
        hours: other beginnings, None where they are not known.
        remarks: what has to be known besides.
    """

    here: Elsewhere
    zones: tuple[Elsewhere, ...]
    regions: tuple[Elsewhere, ...]
    cloud: str | None
    lower: int
    of: int
    basis: str
    hours: OtherHours | None
    remarks: tuple[str, ...]


def where_text(report: Report, answer: Answer, columns: int) -> str:
    """Return tables, best place first, and what has to be known to read them."""
    command = shorten(command_text(report), max(20, columns - 40), "...")
    lines = [f"{command}: {ending(report)} after {duration_text(report.run.duration_seconds)}", ""]
    lines += _table(answer, answer.zones, "grid zones", columns)
    if answer.regions:
        lines += ["", *_table(answer, answer.regions, f"regions of {answer.cloud}", columns)]
    if answer.hours is not None:
        lines += ["", *_hours(report, answer.hours)]
    lines.append("")
    for remark in _remarks(report, answer):
        first, *more = wrap(remark, max(20, columns - 2))
        lines += [f"- {first}", *(f"  {line}" for line in more)]
    return "".join(f"{printable(line.rstrip())}\n" for line in lines)


def _table(answer: Answer, places: Sequence[Elsewhere], what: str, columns: int) -> Iterator[str]:
    yield from wrap(
        f"With the same energy it would have emitted, in the {len(places)} {what} with the lowest "
        "intensity:",
        max(20, columns),
    )
    codes = [place.code for place in places]
    rows = [_HEADINGS, *map(_row, places), _row(answer.here)]
    shown = list(range(len(_HEADINGS)))
    widths = [max(width(row[index]) for row in rows) for index in shown]
    if sum(widths[1:]) + _GAP * (len(widths) - 1) + max(map(width, codes)) > columns:
        shown.remove(_HEADINGS.index(_BETWEEN))  # rather than a part of the codes
    others = sum(widths[index] + _GAP for index in shown[1:])
    widths[0] = max(_LEAST_NAME_COLUMNS, min(widths[0], columns - others))
    for row, code in zip(rows, ("", *codes, ""), strict=True):
        # A code is whole or nothing; a part of a name still says something.
        name = row[0] if width(row[0]) <= widths[0] or not code else code
        cells = [shorten(name, widths[0], "..."), *(row[index] for index in shown[1:])]
        yield (" " * _GAP).join(
            _filled(cell, widths[index], to_right=index in _NUMBERS)
            for index, cell in zip(shown, cells, strict=True)
        )


def _filled(text: str, columns: int, *, to_right: bool) -> str:
    gap = " " * (columns - width(text))
    return gap + text if to_right else text + gap


def _row(place: Elsewhere) -> tuple[str, ...]:
    name = place.code if place.name == place.code else f"{place.code} {place.name}"
    return (
        f"here: {name}" if place.ratio is None else name,
        _number(place.g_per_kwh),
        mass_text(place.grams_co2e),
        joined_range(mass_text(place.low_grams_co2e), mass_text(place.high_grams_co2e)),
        _change(place),
    )


def _change(place: Elsewhere) -> str:
    """Return ``-40 % (-63 to -4 %)``, or that the bounds do not tell the two apart."""
    if place.ratio is None or place.low_ratio is None or place.high_ratio is None:
        return ""
    ratios = (place.ratio, place.low_ratio, place.high_ratio)
    if place.ratio >= _FACTOR:
        best, low, high = (f"{value:.2g}" for value in ratios)
        text, bounds = f"{best} times", f"{low} to {high}"
    else:
        best, low, high = (f"{100 * (value - 1):+.0f}" for value in ratios)
        text, bounds = f"{best} %", f"{low} to {high} %"
    return f"{text} ({bounds})" if place.is_clear else f"{text}, {_UNCLEAR}"


def _number(g_per_kwh: float) -> str:
    return f"{g_per_kwh:.0f}" if g_per_kwh >= 999.5 else three_digits(g_per_kwh)  # noqa: PLR2004


def _hours(report: Report, hours: OtherHours) -> Iterator[str]:
    begin, end = (_moment(at) for at in (hours.from_unix_seconds, hours.to_unix_seconds))
    whose = ", ".join(part for part in (hours.provider, hours.basis) if part)
    yield f"Had it begun at another hour here, {begin} to {end}"
    yield f"({whose}):"
    for label, hour in (
        ("best", hours.best),
        ("as it was", hours.as_it_was),
        ("worst", hours.worst),
    ):
        grams = hour_grams(report, hour)
        change = ""
        if label != "as it was" and hours.as_it_was.g_per_kwh > 0:
            percent = 100 * (hour.g_per_kwh / hours.as_it_was.g_per_kwh - 1)
            change = f"{percent:+.0f} %"
        between = joined_range(mass_text(grams[1]), mass_text(grams[2]))
        yield (
            f"{label:<9}  {_moment(hour.start_unix_seconds)}  {_number(hour.g_per_kwh):>5} g/kWh  "
            f"{mass_text(grams[0])}  ({between})  {change}"
        )


def hour_grams(report: Report, hour: Hour) -> tuple[float, float, float]:
    """Return grams of CO2e with bounds for a run with a known energy."""
    energy, pue = report.energy, report.emissions.pue or 1.0
    return (
        (energy.joules or 0.0) / JOULES_PER_KWH * hour.g_per_kwh * pue,
        (energy.low_joules or 0.0) / JOULES_PER_KWH * hour.low_g_per_kwh * pue,
        (energy.high_joules or 0.0) / JOULES_PER_KWH * hour.high_g_per_kwh * pue,
    )


def _moment(unix_seconds: float) -> str:
    return f"{iso_time(unix_seconds)[:16].replace('T', ' ')}Z"


def _remarks(report: Report, answer: Answer) -> Iterator[str]:
    pue = report.emissions.pue or 1.0
    same = energy_text(report.energy.joules) + ("" if pue == 1 else f", PUE {pue:g}")
    yield (
        f"The same energy is assumed ({same}); other machines and buildings use other amounts. The "
        f"figures are annual means of {answer.basis}, location-based intensity: they tell what the "
        "electricity was made of, not what would have changed on the grid."
    )
    yield (
        f"{answer.lower} of {answer.of} zones with a {answer.basis} figure have a lower one than "
        f"{answer.here.code}. '{_UNCLEAR}': the bounds of the two overlap too far."
    )
    emitted, used = report.emissions, report.intensity
    if used is not None and used.kind != "annual" and emitted.grams_co2e is not None:
        yield (
            f"The report of the run says {mass_text(emitted.grams_co2e)}, from "
            f"{_number(used.g_per_kwh)} g/kWh ({used.provider}, {used.kind})."
        )
    yield from answer.remarks
