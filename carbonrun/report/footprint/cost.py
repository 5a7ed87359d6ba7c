"""What the energy of a run costs. Pure.

::

    cost = E x PUE x price
"""

from __future__ import annotations

from carbonrun.report.footprint.model import Cost
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report


def cost_of(report: Report, price_per_kwh: float, currency: str) -> Cost:
    """Return the cost at a price, which is 0 or more, in a currency of three letters."""
    energy, pue = report.energy, report.emissions.pue or 1.0

    def amount(joules: float | None) -> float | None:
        return None if joules is None else joules / JOULES_PER_KWH * pue * price_per_kwh

    return Cost(
        amount=amount(energy.joules),
        low_amount=amount(energy.low_joules),
        high_amount=amount(energy.high_joules),
        currency=currency,
        price_per_kwh=price_per_kwh,
    )
