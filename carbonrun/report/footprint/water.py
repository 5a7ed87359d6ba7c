"""Water: what cools the site, and what power plants use for the energy. Pure.

Experimental.

::

    W = E x (WUE + PUE x EWIF)

E is the energy of the machine (kWh), WUE the water usage effectiveness of the site (litres for each
kWh of its machines), EWIF the energy water intensity factor of the grid (litres for each kWh).
"Consumed" and "withdrawn" water differ more than tenfold, and sources mix them: hence experimental.

Source: Li, Yang, Islam, Ren: Making AI Less "Thirsty", arXiv 2304.03271, equations 1 to 3.
"""

from __future__ import annotations

from carbonrun.record import Record
from carbonrun.report.footprint.model import Water
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report

EXPERIMENTAL = "experimental"


class LitresPerKwh(Record):
    """A factor with its bounds and where it comes from."""

    value: float
    low: float
    high: float
    source: str


def water_of(report: Report, wue: LitresPerKwh | None, ewif: LitresPerKwh | None) -> Water:
    """Return the water of a run; what is unknown makes the sum unknown.

    Args:
        report: of the run.
        wue: of the site, None if it is not known.
        ewif: of the grid, None if it is not known.
    """
    energy, pue = report.energy, report.emissions.pue or 1.0
    litres = low = high = None
    if wue is not None and ewif is not None:
        litres = _litres(energy.joules, wue.value + pue * ewif.value)
        low = _litres(energy.low_joules, wue.low + pue * ewif.low)
        high = _litres(energy.high_joules, wue.high + pue * ewif.high)
    sources = dict.fromkeys(factor.source for factor in (wue, ewif) if factor is not None)
    return Water(
        status=EXPERIMENTAL,
        litres=litres,
        low_litres=low,
        high_litres=high,
        on_site_litres=None if wue is None else _litres(energy.joules, wue.value),
        grid_litres=None if ewif is None else _litres(energy.joules, pue * ewif.value),
        wue_litres_per_kwh=None if wue is None else wue.value,
        ewif_litres_per_kwh=None if ewif is None else ewif.value,
        source="; ".join(sources) or None,
    )


def _litres(joules: float | None, litres_per_kwh: float) -> float | None:
    return None if joules is None else joules / JOULES_PER_KWH * litres_per_kwh
