"""Software carbon intensity: grams for each unit of what the software is for. Pure.

::

    SCI = ((E x I) + M) per R

E is the energy with what the building needs (kWh), I the location-based intensity of the grid
(g/kWh), M the embodied emissions (g), R the number of functional units: epochs, requests, users.
Offsets and certificates do not count. Without one of E, I and M there is no SCI.

Source: ISO/IEC 21031:2024; Green Software Foundation, SCI specification 1.1.
"""

from __future__ import annotations

from carbonrun.report.footprint.model import Rate, Sci
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.report.footprint.model import Embodied
    from carbonrun.report.model import Report

STANDARD = "ISO/IEC 21031:2024"


def sci_of(report: Report, embodied: Embodied | None, counts: Mapping[str, float]) -> Sci:
    """Return the rates of a run.

    Args:
        report: of the run.
        embodied: M; None if it is not known.
        counts: how many of each functional unit the run has done, above 0.
    """
    emitted, used, joules = report.emissions, report.intensity, report.energy.joules
    pue = emitted.pue or 1.0
    low = high = whole = None
    if embodied is not None:
        whole = _sum(emitted.grams_co2e, embodied.grams_co2e)
        low = _sum(emitted.low_grams_co2e, embodied.low_grams_co2e)
        high = _sum(emitted.high_grams_co2e, embodied.high_grams_co2e)
    return Sci(
        standard=STANDARD,
        energy_kwh=None if joules is None else joules / JOULES_PER_KWH * pue,
        g_per_kwh=None if used is None else used.g_per_kwh,
        basis=None if used is None else used.basis,
        signal=None if used is None else used.signal,
        operational_grams_co2e=emitted.grams_co2e,
        embodied_grams_co2e=None if embodied is None else embodied.grams_co2e,
        rates=tuple(
            Rate(
                unit=unit,
                count=count,
                grams_co2e=_per(whole, count),
                low_grams_co2e=_per(low, count),
                high_grams_co2e=_per(high, count),
            )
            for unit, count in counts.items()
        ),
    )


def _sum(operational: float | None, embodied: float) -> float | None:
    return None if operational is None else operational + embodied


def _per(grams: float | None, count: float) -> float | None:
    return None if grams is None else grams / count
