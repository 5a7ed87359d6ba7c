"""Grams of CO2e as something that people know. Pure.

Source: US EPA, Greenhouse Gas Equivalencies Calculator, calculations and references: 393 g for a
mile of an average passenger vehicle; 12.4 g for charging a smartphone; 0.060 t for a tree seedling
grown for ten years. That is what it takes up in ten years together, 6 kg a year: tools that say 60
kg a year are wrong by a factor of ten.
"""

from __future__ import annotations

from carbonrun.record import Record
from carbonrun.report.footprint.model import Equivalence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Emissions

SOURCE = "US EPA, Greenhouse Gas Equivalencies Calculator"
_METRES_PER_MILE = 1609.344
_GRAMS_PER_MILE = 393.0
_GRAMS_PER_CHARGE = 12.4
_GRAMS_PER_TREE_DECADE = 60_000.0
_SECONDS_PER_DECADE = 10 * 365.25 * 86400


class _Kind(Record):
    what: str
    unit: str
    per_gram: float


_KINDS = (
    _Kind(what="driven by car", unit="m", per_gram=_METRES_PER_MILE / _GRAMS_PER_MILE),
    _Kind(what="charges of a smartphone", unit="charges", per_gram=1 / _GRAMS_PER_CHARGE),
    _Kind(
        what="of uptake by a tree seedling",
        unit="s",
        per_gram=_SECONDS_PER_DECADE / _GRAMS_PER_TREE_DECADE,
    ),
)


def equivalences_of(emitted: Emissions) -> tuple[Equivalence, ...]:
    """Return what the emissions are as much as; nothing if they are not known."""
    grams, low, high = emitted.grams_co2e, emitted.low_grams_co2e, emitted.high_grams_co2e
    if grams is None or low is None or high is None:
        return ()
    return tuple(
        Equivalence(
            what=kind.what,
            amount=grams * kind.per_gram,
            low_amount=low * kind.per_gram,
            high_amount=high * kind.per_gram,
            unit=kind.unit,
            source=SOURCE,
        )
        for kind in _KINDS
    )
