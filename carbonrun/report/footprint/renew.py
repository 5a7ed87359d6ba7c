"""A footprint after the emissions of its report have changed. Pure."""

from __future__ import annotations

from carbonrun.report.footprint.equivalences import equivalences_of
from carbonrun.report.footprint.sci import sci_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report


def renewed(report: Report) -> Report:
    """Return the report with what depends on its emissions reckoned anew, and nothing more."""
    footprint = report.footprint
    if footprint is None:
        return report
    sci = footprint.sci
    if sci is not None:
        sci = sci_of(report, footprint.embodied, {rate.unit: rate.count for rate in sci.rates})
    equivalences = equivalences_of(report.emissions) if footprint.equivalences else ()
    return report.replace(footprint=footprint.replace(sci=sci, equivalences=equivalences))


def pue_bounds(report: Report) -> tuple[float, float] | None:
    """Return between what the PUE may lie, None where it is taken as it was given."""
    pue = None if report.footprint is None else report.footprint.pue
    return None if pue is None else (pue.low, pue.high)
