"""Reads a footprint back from its JSON form."""

from __future__ import annotations

from carbonrun.report.footprint.model import (
    Cost,
    Embodied,
    Equivalence,
    Footprint,
    Pue,
    Rate,
    Sci,
    Water,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load_footprint(content: dict[str, Any]) -> Footprint:
    """Return the footprint; the inverse of ``Footprint.as_dict``.

    Raises:
        TypeError, KeyError: it is incomplete or has fields that are not known.
    """
    pue, embodied, sci = content["pue"], content["embodied"], content["sci"]
    water, cost = content["water"], content["cost"]
    return Footprint(
        pue=pue and Pue(**pue),
        embodied=embodied and Embodied(**embodied),
        sci=sci and Sci(**{**sci, "rates": tuple(Rate(**rate) for rate in sci["rates"])}),
        water=water and Water(**water),
        cost=cost and Cost(**cost),
        equivalences=tuple(Equivalence(**each) for each in content["equivalences"]),
    )
