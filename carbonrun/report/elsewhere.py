"""What a run would have emitted on other grids: the same energy, their means of a year. Pure.

Responsible for: the arithmetic and the ranking. Not responsible for: which places there are, and
words (:mod:`carbonrun.report.elsewhere_text`).

Only figures of one basis are compared, and means of a year with means of a year: what the grid was
like in the hours of the run is known here at the best. The energy is the same in both, so its error
is in the grams but not in the ratio to here.
"""

from __future__ import annotations

import math

from carbonrun.intensity.uncertainty import combined
from carbonrun.record import Record
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carbonrun.intensity.model import Point
    from carbonrun.report.model import Report


_ROUNDING = 1e-9


class Elsewhere(Record):
    """A place and what the run would have emitted there.

    Attributes:
        code, name: of the zone or cloud region.
        g_per_kwh, low_g_per_kwh, high_g_per_kwh: mean of a year, with bounds for a run this long.
        grams_co2e, low_grams_co2e, high_grams_co2e: with the errors of energy and intensity.
        ratio, low_ratio, high_ratio: to here, None for here itself.
        year, source: of the figure.
    """

    code: str
    name: str
    g_per_kwh: float
    low_g_per_kwh: float
    high_g_per_kwh: float
    grams_co2e: float
    low_grams_co2e: float
    high_grams_co2e: float
    ratio: float | None
    low_ratio: float | None
    high_ratio: float | None
    year: int | None
    source: str

    @property
    def is_clear(self) -> bool:
        """Tell whether the whole interval of the ratio is on one side of 1."""
        low, high = self.low_ratio, self.high_ratio
        return (
            low is not None and high is not None and (high < 1 - _ROUNDING or low > 1 + _ROUNDING)
        )


class Place(Record):
    """A place with the figure of its grid; its bounds suit a run of this length."""

    code: str
    name: str
    point: Point


def energy_is_known(report: Report) -> bool:
    """Tell whether there is an energy to compute with."""
    energy = report.energy
    return None not in (energy.joules, energy.low_joules, energy.high_joules)


def elsewhere(report: Report, place: Place, here: Place | None) -> Elsewhere:
    """Return what a run with a known energy would have emitted in a place.

    Args:
        report: of the run.
        place: where it would have been.
        here: where it was, None if the place is that.
    """
    point = place.point
    ratios: tuple[float | None, float | None, float | None] = (None, None, None)
    if here is not None:
        ratios = ratio(point, here.point)
    energy, pue = report.energy, report.emissions.pue or 1.0
    joules, low, high = energy.joules or 0.0, energy.low_joules or 0.0, energy.high_joules or 0.0
    return Elsewhere(
        code=place.code,
        name=place.name,
        g_per_kwh=point.g_per_kwh,
        low_g_per_kwh=point.low_g_per_kwh,
        high_g_per_kwh=point.high_g_per_kwh,
        grams_co2e=joules / JOULES_PER_KWH * point.g_per_kwh * pue,
        low_grams_co2e=low / JOULES_PER_KWH * point.low_g_per_kwh * pue,
        high_grams_co2e=high / JOULES_PER_KWH * point.high_g_per_kwh * pue,
        ratio=ratios[0],
        low_ratio=ratios[1],
        high_ratio=ratios[2],
        year=point.year,
        source=point.source,
    )


def ratio(there: Point, here: Point) -> tuple[float | None, float | None, float | None]:
    """Return the ratio of two intensities with bounds; their errors are taken as independent."""
    if here.g_per_kwh <= 0:
        return None, None, None
    value = there.g_per_kwh / here.g_per_kwh
    up = combined(_above(there), _below(here))
    down = combined(_below(there), _above(here))
    return value, value / down, value * up


def _above(point: Point) -> float:
    return max(1.0, point.high_g_per_kwh / point.g_per_kwh) if point.g_per_kwh > 0 else 1.0


def _below(point: Point) -> float:
    if point.g_per_kwh <= 0:
        return 1.0
    return max(1.0, point.g_per_kwh / point.low_g_per_kwh) if point.low_g_per_kwh > 0 else math.inf


def best(report: Report, places: Iterable[Place], here: Place, most: int) -> list[Elsewhere]:
    """Return the places with the lowest intensity, lowest first, without here itself."""
    others = [place for place in places if place.code != here.code]
    others.sort(key=lambda place: (place.point.g_per_kwh, place.code))
    return [elsewhere(report, place, here) for place in others[:most]]


def rank(places: Sequence[Place], here: Place) -> tuple[int, int]:
    """Return how many places have a lower intensity than here, and of how many."""
    lower = sum(place.point.g_per_kwh < here.point.g_per_kwh for place in places)
    return lower, len(places)
