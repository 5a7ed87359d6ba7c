"""A report with a surer intensity than it was made with. Pure.

What was a forecast or the mean of a year when the run ended is an actual some time later. Energy
stays what it was measured to be; intensity and emissions are reckoned anew from the whole series,
never patched, so that one quantity makes the sum.
"""

from __future__ import annotations

from carbonrun.notes import INFO, Note
from carbonrun.report.emissions import (
    SURENESS,
    emissions,
    intensity_used,
    mean_g_per_kwh,
)
from carbonrun.report.footprint.renew import pue_bounds, renewed
from carbonrun.report.model import TimelinePoint
from carbonrun.report.phases import with_grams
from carbonrun.units import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.report.model import IntensityUsed, Report

RECONCILED = "intensity-reconciled"
# What they say is about the figures that were replaced.
_SUPERSEDED = (
    *("intensity-not-live", "intensity-gaps", "intensity-carried", "intensity-old"),
    *("intensity-from-cache", RECONCILED),
)
# The cells of a row that depend on the intensity.
COLUMNS = (
    *("grid_zone", "intensity_g_per_kwh", "intensity_provider"),
    *("co2e_g", "co2e_low_g", "co2e_high_g"),
)


def may_become_surer(used: IntensityUsed | None) -> bool:
    """Tell whether later figures may be surer: not for the user's own, nor for actual ones."""
    is_known = used is not None and used.grid_zone is not None and used.kind in SURENESS
    return is_known and used is not None and SURENESS.index(used.kind or "") > 1


def reconciled(
    report: Report, found: IntensityFound, start_unix_seconds: float, date: str
) -> Report | None:
    """Return the report with another intensity; None if that is not surer than what it has.

    Args:
        report: of a run that has ended.
        found: a series that covers the run.
        start_unix_seconds: when the run began.
        date: today, for the note.
    """
    before = report.intensity
    slices = report.timeline or _whole(report)
    used = intensity_used(found, slices, start_unix_seconds)
    if before is None or used is None or not _is_surer(used, before):
        return None
    timeline = tuple(
        part.replace(
            g_per_kwh=mean_g_per_kwh(
                found, start_unix_seconds + part.start, start_unix_seconds + part.end
            )
        )
        for part in report.timeline
    )
    kept = [note for note in report.notes if note.code not in _SUPERSEDED]
    pue, bounds = report.emissions.pue or 1.0, pue_bounds(report)
    changed = report.replace(
        intensity=used,
        emissions=emissions(report.energy, used, pue, bounds),
        timeline=timeline,
        phases=with_grams(report.phases, found, start_unix_seconds, pue, bounds),
        notes=(*kept, _note(before, used, date)),
    )
    return renewed(changed)


def _is_surer(used: IntensityUsed, before: IntensityUsed) -> bool:
    kinds = (used.kind or "", before.kind or "")
    return all(k in SURENESS for k in kinds) and SURENESS.index(kinds[0]) < SURENESS.index(kinds[1])


def _whole(report: Report) -> tuple[TimelinePoint, ...]:
    """Return the run as one slice: of a run that was killed no more is known."""
    joules = report.energy.joules or 0.0
    end = report.run.duration_seconds
    return (TimelinePoint(start=0.0, end=end, joules=joules, watts={}, g_per_kwh=None),)


def _note(before: IntensityUsed, used: IntensityUsed, date: str) -> Note:
    old = f"{scaled(before.g_per_kwh, 'g/kWh')} ({before.provider}, {before.kind})"
    new = f"{scaled(used.g_per_kwh, 'g/kWh')} ({used.provider}, {used.kind})"
    return Note(code=RECONCILED, level=INFO, message=f"{old} became {new} on {date}")
