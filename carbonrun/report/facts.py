"""The facts of a summary: energy, emissions, intensity, CPU time and memory, with remarks. Pure."""

from __future__ import annotations

from carbonrun.intensity.model import FORECAST, PROVISIONAL
from carbonrun.record import Record
from carbonrun.report.text import printable
from carbonrun.units import (
    JOULES_PER_WH,
    UNKNOWN,
    bytes_text,
    energy_text,
    joined_range,
    mass_text,
    range_text,
    scaled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.model import Emissions, Energy, IntensityUsed, Report, Tree

NOT_FINAL = (FORECAST, PROVISIONAL)  # kinds of intensity that reconcile may replace
# How exact each rung of the ladder is; see carbonrun.measurement.tree.accountant.
_ACCOUNTING = {None: "", "cgroup": "exact (cgroup)", "perf": "exact (perf)"}


class Fact(Record):
    """One line below the devices; ``value`` is short, ``remark`` may need several lines."""

    label: str
    value: str
    remark: str


def facts_of(report: Report, *, has_programs: bool) -> Iterator[Fact]:
    """Yield the facts in their order; ``has_programs`` tells whether programs are shown."""
    yield _energy_fact(report.energy, report.run.scope)
    yield _emissions_fact(report.emissions)
    if report.footprint is not None:
        from carbonrun.report.footprint.text import footprint_rows

        rows = footprint_rows(report.footprint)
        yield from (Fact(label=a, value=b, remark=c) for a, b, c in rows)
    if report.intensity is not None:
        yield _intensity_fact(report.intensity)
    yield from _tree_facts(report.tree)
    if has_programs:
        from carbonrun.report.top import named_share, program_remark

        share, remark = named_share(report.tree), program_remark(report.tree)
        yield Fact(label="named", value=share, remark=remark)


def _energy_fact(energy: Energy, scope: str) -> Fact:
    if energy.joules is None:
        return Fact(label="energy", value=UNKNOWN, remark="nothing could be measured or modelled")
    best, low, high = (
        None if joules is None else joules / JOULES_PER_WH
        for joules in (energy.joules, energy.low_joules, energy.high_joules)
    )
    whole = "; the whole machine" if scope == "machine" else ""
    return Fact(
        label="energy",
        value=f"{energy_text(energy.joules)} = {scaled(best, 'Wh')}",
        remark=f"{range_text(low, high, 'Wh')}{whole}",
    )


def _emissions_fact(emitted: Emissions) -> Fact:
    pue = "" if emitted.pue in (None, 1) else f"PUE {emitted.pue:g}"
    if emitted.grams_co2e is None:
        return Fact(label="emissions", value=f"{UNKNOWN} CO2e", remark=pue)
    between = joined_range(mass_text(emitted.low_grams_co2e), mass_text(emitted.high_grams_co2e))
    return Fact(
        label="emissions",
        value=f"{mass_text(emitted.grams_co2e)} CO2e",
        remark=f"{between}; {pue}" if pue else between,
    )


def _intensity_fact(used: IntensityUsed) -> Fact:
    source = next((entry["source"] for entry in used.series if entry.get("source")), used.provider)
    is_told = used.grid_zone is not None and used.zone_source not in (None, "world mean")
    where = f"zone from {used.zone_source}" if is_told else ""
    kind = used.kind if used.kind in NOT_FINAL else None
    what = ", ".join(str(part) for part in (source, used.basis, kind) if part)
    parts = (what, where)
    return Fact(
        label="intensity",
        value=printable(f"{used.grid_zone or ''} {scaled(used.g_per_kwh, 'g/kWh')}".strip()),
        remark=printable("; ".join(part for part in parts if part)),
    )


def _tree_facts(tree: Tree) -> Iterator[Fact]:
    seconds = UNKNOWN if tree.cpu_seconds is None else scaled(tree.cpu_seconds, "s")
    if tree.cpu_seconds is not None and tree.cpu_seconds >= 1:
        seconds = f"{tree.cpu_seconds:,.1f} s"
    count = ""
    if tree.processes is not None:
        count = "1 process" if tree.processes == 1 else f"{tree.processes:,} processes"
    how = _ACCOUNTING.get(tree.cpu_accounting, f"summed up ({tree.cpu_accounting})")
    remark = ", ".join(part for part in (count, how) if part)
    yield Fact(label="CPU time", value=seconds, remark=remark)
    moved = [
        f"{bytes_text(count)} {verb}"
        for count, verb in ((tree.io_read_bytes, "read"), (tree.io_write_bytes, "written"))
        if count
    ]
    if tree.peak_memory_bytes is not None:
        peak = f"{bytes_text(tree.peak_memory_bytes)} at the peak"
        yield Fact(label="memory", value=peak, remark=", ".join(moved))
