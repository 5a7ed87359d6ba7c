"""Budgets of energy and emissions: what a run may use, and whether it has used more. Pure."""

from __future__ import annotations

from carbonrun.record import Record
from carbonrun.units import JOULES_PER_WH, energy_text, mass_text, scaled

EXCEEDED, UNKNOWN_USE, STOPPED = "budget-exceeded", "budget-unknown", "budget-stopped"
WARN, FAIL, STOP = "warn", "fail", "stop"


class Budget(Record):
    """What a run may use at the most; None is as much as it likes."""

    joules: float | None
    grams_co2e: float | None

    @property
    def is_set(self) -> bool:
        """Tell whether there is any limit."""
        return self.joules is not None or self.grams_co2e is not None

    def exceeded(self, joules: float | None, grams_co2e: float | None) -> tuple[str, ...]:
        """Return what is over the limit, as sentences; empty if nothing is, or it is unknown."""
        found = []
        if self.joules is not None and joules is not None and joules > self.joules:
            found.append(f"used {_energy(joules)}, more than the {_energy(self.joules)} allowed")
        if self.grams_co2e is not None and grams_co2e is not None and grams_co2e > self.grams_co2e:
            allowed = mass_text(self.grams_co2e)
            found.append(
                f"emitted {mass_text(grams_co2e)} CO2e, more than the {allowed} CO2e allowed"
            )
        return tuple(found)

    def is_unknown(self, joules: float | None, grams_co2e: float | None) -> bool:
        """Tell whether a limit cannot be checked."""
        return (self.joules is not None and joules is None) or (
            self.grams_co2e is not None and grams_co2e is None
        )


def _energy(joules: float) -> str:
    return f"{energy_text(joules)} ({scaled(joules / JOULES_PER_WH, 'Wh')})"
