"""What each phase of a run has cost: energy with bounds, CPU time, grams. Pure.

A phase holds the phases within it, so the sum over all of them says nothing; that over the
outermost is at most the run's, unless some were open at the same time. Devices that only tell at
the end of a run (disk and network, which are models) are left out.
"""

from __future__ import annotations

from carbonrun.measurement.bounds import machine_bounds, tree_bounds
from carbonrun.measurement.model import CPU
from carbonrun.record import Record
from carbonrun.report.emissions import mean_between
from carbonrun.report.model import Phase
from carbonrun.units import JOULES_PER_KWH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.measurement.phases import PhaseRow
    from carbonrun.measurement.sections import Sections
    from carbonrun.report.model import TimelinePoint

SEPARATOR = "/"


class PhaseEvidence(Record):
    """What is known of the phases.

    Attributes:
        rows: one for each path.
        cpu: CPU seconds of the tree in each.
        innermost_at: tells the innermost path at each of some ascending moments.
    """

    rows: tuple[PhaseRow, ...]
    cpu: Sections
    innermost_at: Callable[[Sequence[float]], Sequence[tuple[str, ...] | None]]


def build_phases(
    known: PhaseEvidence,
    billed: Iterable[DeviceLedger],
    resolution: dict[str, float],
    missed_cpu_seconds: float,
    *,
    whole: bool,
) -> tuple[Phase, ...]:
    """Return the phases without their emissions.

    Args:
        known: the phases.
        billed: the ledgers of the devices that count, all settled.
        resolution: by kind, how far off the machine's activity may be each time it is read.
        missed_cpu_seconds: of the tree, which may have been in any phase.
        whole: bill the machine, not the tree.
    """
    ledgers = tuple(billed)
    phases = []
    for row in known.rows:
        figures = [
            _figures(each, row, resolution.get(each.device.kind, 0.0), missed_cpu_seconds, whole)
            for each in ledgers
        ]
        sums = [sum(parts) for parts in zip(*figures, strict=True)] or [None] * 3
        phases.append(
            Phase(
                name=row.path[-1],
                path=joined(row.path) or "",
                parent=joined(row.path[:-1]),
                times=row.times,
                start=row.start_seconds,
                end=row.end_seconds,
                duration_seconds=row.seconds,
                cpu_seconds=known.cpu.of(row.path)[0],
                joules=sums[0],
                low_joules=sums[1],
                high_joules=sums[2],
                grams_co2e=None,
                low_grams_co2e=None,
                high_grams_co2e=None,
            )
        )
    return tuple(phases)


def _figures(
    ledger: DeviceLedger, row: PhaseRow, resolution: float, missed_seconds: float, whole: bool
) -> tuple[float, float, float]:
    """Return best, low and high joules of a device; each beginning and end adds to the error."""
    device = ledger.device.replace(update_seconds=ledger.device.update_seconds * row.times)
    totals = ledger.section(row.path, row.seconds)
    if whole:
        joules, bounds = totals.machine_joules, machine_bounds(device, totals)
    else:
        joules = totals.active_joules + totals.idle_joules
        missed = missed_seconds if device.kind == CPU else 0.0
        bounds = tree_bounds(device, totals, resolution * row.times, missed)
    return joules, min(joules, bounds.low_joules), max(joules, bounds.high_joules)


def with_grams(
    phases: Iterable[Phase],
    found: IntensityFound | None,
    start_unix_seconds: float,
    pue: float,
    pue_bounds: tuple[float, float] | None,
) -> tuple[Phase, ...]:
    """Return the phases with the emissions at the mean intensity between start and end."""
    low_pue, high_pue = pue_bounds or (pue, pue)
    pues = (low_pue, pue, high_pue)
    return tuple(_with_grams(phase, found, start_unix_seconds, pues) for phase in phases)


def _with_grams(
    phase: Phase,
    found: IntensityFound | None,
    start_unix_seconds: float,
    pues: tuple[float, float, float],
) -> Phase:
    mean = mean_between(found, start_unix_seconds + phase.start, start_unix_seconds + phase.end)
    if mean is None:
        return phase.replace(grams_co2e=None, low_grams_co2e=None, high_grams_co2e=None)

    def grams(joules: float | None, g_per_kwh: float, pue: float) -> float | None:
        return None if joules is None else joules / JOULES_PER_KWH * g_per_kwh * pue

    return phase.replace(
        grams_co2e=grams(phase.joules, mean.g_per_kwh, pues[1]),
        low_grams_co2e=grams(phase.low_joules, mean.low_g_per_kwh, pues[0]),
        high_grams_co2e=grams(phase.high_joules, mean.high_g_per_kwh, pues[2]),
    )


def with_phases(
    timeline: Sequence[TimelinePoint], known: PhaseEvidence
) -> tuple[TimelinePoint, ...]:
    """Return the timeline with the innermost phase in the middle of each of its points."""
    innermost = known.innermost_at([(point.start + point.end) / 2 for point in timeline])
    return tuple(
        point.replace(phase=joined(path)) for point, path in zip(timeline, innermost, strict=True)
    )


def joined(path: Sequence[str] | None) -> str | None:
    """Return a path as one text, None for none."""
    return SEPARATOR.join(path) if path else None
