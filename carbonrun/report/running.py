"""Figures of a run that goes on: the sums so far, of the devices that its report bills. Pure."""

from __future__ import annotations

from carbonrun.measurement.model import BOARD
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.report.model import Report

MACHINE_SCOPE = "machine"

MOST_POINTS_KEPT = 4
MOST_PHASES_KEPT = 20


def billed_ledgers(report: Report, ledgers: Iterable[DeviceLedger]) -> dict[str, DeviceLedger]:
    """Return the ledgers of the devices that the last checkpoint has billed, in its order."""
    by_id = {ledger.device.id: ledger for ledger in ledgers}
    return {d.id: by_id[d.id] for d in report.energy.devices if d.kind != BOARD and d.id in by_id}


def joules_so_far(ledger: DeviceLedger, *, is_whole: bool) -> float:
    """Return what is attributed so far; asking for it attributes nothing."""
    return ledger.sums.machine_joules if is_whole else ledger.sums.joules


def total_so_far(report: Report, billed: Mapping[str, DeviceLedger]) -> float | None:
    """Return the joules that would be billed now, None if there is no device."""
    if not billed:
        return None
    is_whole = report.run.scope == MACHINE_SCOPE
    return sum(joules_so_far(ledger, is_whole=is_whole) for ledger in billed.values())


def grams_so_far(report: Report, joules: float) -> float | None:
    """Return the emissions at the intensity of the last checkpoint."""
    if report.intensity is None:
        return None
    pue = report.emissions.pue or 1.0
    return joules / JOULES_PER_KWH * report.intensity.g_per_kwh * pue


def shortened(report: Report) -> Report:
    """Return a report as it is often written: without what grows with the length of the run."""
    used = report.intensity
    if used is not None and len(used.series) > MOST_POINTS_KEPT:
        used = used.replace(series=())
    phases = report.phases if len(report.phases) <= MOST_PHASES_KEPT else ()
    return report.replace(timeline=(), intensity=used, phases=phases)
