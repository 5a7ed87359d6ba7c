"""Joins what was measured with the carbon intensity into a Report. Pure.

This is where measurement and intensity meet; neither knows the other.
"""

from __future__ import annotations

from carbonrun.intensity.model import is_constant
from carbonrun.measurement.bounds import machine_bounds, tree_bounds
from carbonrun.measurement.model import BOARD, CPU, GPU, Unmeasured
from carbonrun.measurement.selection import select
from carbonrun.record import Record
from carbonrun.report.emissions import emissions, intensity_used, mean_g_per_kwh
from carbonrun.report.model import DeviceEnergy, Energy, Overhead, Report
from carbonrun.report.timeline import build_timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.measurement.model import Slice
    from carbonrun.measurement.selection import Selection
    from carbonrun.notes import Note
    from carbonrun.report.model import Phase, Run, TimelinePoint, Tree
    from carbonrun.report.phases import PhaseEvidence

MACHINE_SCOPE = "machine"


class Evidence(Record):
    """All that is known at the end of a run, or at a moment in it.

    Attributes:
        run, tree: finished blocks of the report; the programs' joules are filled in here.
        ledgers: one for each metered device.
        implausible: for device ids, why the meter does not believe its own figures.
        unmeasured: devices that no meter could be made for.
        activity_resolution: by device or kind, how far off the machine's activity may be.
        intensity: what was found for the grid zone, None while it is not known yet.
        start_unix_seconds: when the timeline's zero was.
        pue: power usage effectiveness, 1 or more.
        pue_bounds: between what it lies, None if it is taken as it is.
        overhead_cpu_seconds, overhead_peak_memory_bytes: of carbonrun itself.
        notes: made so far.
        missed_cpu_seconds: how much of the tree's CPU time may not have been seen.
        phases: what was marked, None if nothing was.
    """

    run: Run
    tree: Tree
    ledgers: tuple[DeviceLedger, ...]
    implausible: dict[str, str]
    unmeasured: tuple[Unmeasured, ...]
    activity_resolution: dict[str, float]
    intensity: IntensityFound | None
    start_unix_seconds: float
    pue: float
    overhead_cpu_seconds: float
    overhead_peak_memory_bytes: int | None
    notes: tuple[Note, ...]
    pue_bounds: tuple[float, float] | None = None
    missed_cpu_seconds: float = 0.0
    phases: PhaseEvidence | None = None


def build_report(evidence: Evidence, *, is_checkpoint: bool = False) -> Report:
    """Return the report; the same evidence gives the same report.

    Args:
        evidence: all that is known.
        is_checkpoint: leave the timeline out where no other figure needs it. It grows with the
            run, and a checkpoint is written often.
    """
    chosen = select(evidence.ledgers, evidence.implausible, evidence.unmeasured)
    whole = evidence.run.scope == MACHINE_SCOPE
    energy = _energy(evidence, chosen, whole=whole)
    found, start = evidence.intensity, evidence.start_unix_seconds
    needs_timeline = not (is_checkpoint and (found is None or is_constant(found.points)))
    timeline = _timeline(evidence, chosen, whole=whole) if needs_timeline else ()
    used = intensity_used(found, timeline, start)
    return Report(
        run=evidence.run,
        tree=_with_joules(evidence.tree, energy.devices),
        energy=energy,
        intensity=used,
        emissions=emissions(energy, used, evidence.pue, evidence.pue_bounds),
        overhead=_overhead(evidence, chosen),
        timeline=timeline,
        phases=_phases(evidence, chosen, whole=whole),
        notes=evidence.notes,
    )


def _timeline(evidence: Evidence, chosen: Selection, *, whole: bool) -> tuple[TimelinePoint, ...]:
    found, start = evidence.intensity, evidence.start_unix_seconds
    timeline = build_timeline(
        _slices_by_kind(chosen),
        _machine_joules if whole else _tree_joules,
        lambda begin, end: mean_g_per_kwh(found, start + begin, start + end),
    )
    if any(ledger.device.kind == GPU for ledger in chosen.billed):
        from carbonrun.report.gpu_use import with_gpu_use

        timeline = with_gpu_use(timeline, chosen.billed)
    if evidence.phases is not None:
        from carbonrun.report.phases import with_phases

        timeline = with_phases(timeline, evidence.phases)
    return timeline


def _phases(evidence: Evidence, chosen: Selection, *, whole: bool) -> tuple[Phase, ...]:
    if evidence.phases is None:
        return ()
    from carbonrun.report.phases import build_phases, with_grams

    phases = build_phases(
        evidence.phases,
        chosen.billed,
        evidence.activity_resolution,
        evidence.missed_cpu_seconds,
        whole=whole,
    )
    return with_grams(
        phases,
        evidence.intensity,
        evidence.start_unix_seconds,
        evidence.pue,
        evidence.pue_bounds,
    )


def _tree_joules(part: Slice) -> float:
    return part.joules


def _machine_joules(part: Slice) -> float:
    return part.machine_joules


def _slices_by_kind(chosen: Selection) -> dict[str, list[list[Slice]]]:
    by_kind: dict[str, list[list[Slice]]] = {}
    for ledger in chosen.billed:
        by_kind.setdefault(ledger.device.kind, []).append(ledger.timeline)
    return by_kind


def _energy(evidence: Evidence, chosen: Selection, *, whole: bool) -> Energy:
    billed = [_device(ledger, evidence, whole=whole) for ledger in chosen.billed]
    shown = [_device(ledger, evidence, whole=whole) for ledger in chosen.shown]
    return Energy(
        joules=_sum(device.joules for device in billed),
        low_joules=_sum(device.low_joules for device in billed),
        high_joules=_sum(device.high_joules for device in billed),
        active_joules=_sum(device.active_joules for device in billed),
        idle_joules=_sum(device.idle_joules for device in billed),
        machine_joules=_sum(device.machine_joules for device in billed),
        devices=(*billed, *shown),
        unmeasured=(*chosen.unmeasured, *evidence.unmeasured),
    )


def _sum(values: Iterable[float]) -> float | None:
    listed = list(values)
    return sum(listed) if listed else None


def _device(ledger: DeviceLedger, evidence: Evidence, *, whole: bool) -> DeviceEnergy:
    device, totals = ledger.device, ledger.totals()
    resolutions = evidence.activity_resolution
    if whole or device.kind == BOARD:
        joules, bounds = totals.machine_joules, machine_bounds(device, totals)
    else:
        joules = totals.active_joules + totals.idle_joules
        bounds = tree_bounds(
            device,
            totals,
            resolutions.get(device.id, resolutions.get(device.kind, 0.0)),
            evidence.missed_cpu_seconds if device.kind == CPU else 0.0,
        )
    return DeviceEnergy(
        id=device.id,
        kind=device.kind,
        name=device.name,
        meter=device.meter,
        method=device.method,
        source=device.source,
        joules=joules,
        low_joules=min(joules, bounds.low_joules),
        high_joules=max(joules, bounds.high_joules),
        active_joules=totals.active_joules,
        idle_joules=totals.idle_joules,
        machine_joules=totals.machine_joules,
        readings=totals.readings,
    )


def _with_joules(tree: Tree, devices: Iterable[DeviceEnergy]) -> Tree:
    """Divide the tree's CPU energy among programs and calls by their CPU time."""
    cpu_joules = _sum(d.active_joules + d.idle_joules for d in devices if d.kind == CPU)
    if cpu_joules is None or not tree.cpu_seconds:
        return tree
    joules_per_second = cpu_joules / tree.cpu_seconds
    programs = tuple(
        program
        if program.cpu_seconds is None
        else program.replace(joules=program.cpu_seconds * joules_per_second)
        for program in tree.programs
    )
    if not tree.calls:
        return tree.replace(programs=programs)
    from carbonrun.report.calls import with_joules

    return tree.replace(programs=programs, calls=with_joules(tree.calls, joules_per_second))


def _overhead(evidence: Evidence, chosen: Selection) -> Overhead:
    """Return our own use: CPU time at the energy that a busy CPU second took in this run."""
    joules = None
    for ledger in chosen.billed:
        totals = ledger.totals()
        if ledger.device.kind == CPU and totals.tree_activity > 0:
            per_second = totals.active_joules / totals.tree_activity
            joules = (joules or 0.0) + per_second * evidence.overhead_cpu_seconds
    return Overhead(
        cpu_seconds=evidence.overhead_cpu_seconds,
        joules=joules,
        peak_memory_bytes=evidence.overhead_peak_memory_bytes,
    )
