"""From what a recorder knows at a tick to what the live view shows.

Nothing here touches the figures: sums are taken as they are, and what was not attributed yet stays
so. A run gives the same report with the view and without.
"""

from __future__ import annotations

from carbonrun.measurement.model import CPU
from carbonrun.report.live import CURVE_SECONDS, DevicePower, ProgramPower, Snapshot
from carbonrun.report.running import (
    MACHINE_SCOPE,
    billed_ledgers,
    grams_so_far,
    joules_so_far,
)
from carbonrun.report.summary import command_text
from carbonrun.report.trail import Trail
from carbonrun.report.tree import programs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.recording import SoFar

STEPS = 60
# Attribution gathers readings for up to two seconds.
NOW_SECONDS = 3.0
# Of a CPU: what uses less is not worth a line.
LEAST_CPUS = 0.01


class Progress:
    """Remembers the last minute of a run."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._total = Trail(CURVE_SECONDS + NOW_SECONDS)
        self._total.add(0.0, 0.0)
        self._devices: dict[str, Trail] = {}
        self._cpu_joules = Trail(NOW_SECONDS)
        self._cpu_seconds = Trail(NOW_SECONDS)
        self._programs: dict[str | None, Trail] = {}

    def snapshot(self, so_far: SoFar, tree: TreeAccountant) -> Snapshot | None:
        """Take in what is known now and return what to show; None while there is too little."""
        report, sample = so_far.report, so_far.sample
        if report is None or sample is None:
            return None
        billed = billed_ledgers(report, so_far.ledgers)
        is_whole = report.run.scope == MACHINE_SCOPE
        joules = {
            device_id: joules_so_far(of, is_whole=is_whole) for device_id, of in billed.items()
        }
        for device_id, ledger in billed.items():
            trail = self._devices.setdefault(device_id, Trail(NOW_SECONDS))
            trail.add(ledger.sums.end_seconds, joules[device_id])
        self._total.add(_settled_seconds(billed, sample.at_seconds), sum(joules.values()))
        names = self._take_programs(billed, tree, sample.at_seconds)
        return Snapshot(
            title=command_text(report),
            elapsed_seconds=sample.at_seconds,
            watts=self._total.rate(NOW_SECONDS),
            joules=sum(joules.values()) if joules else None,
            grams_co2e=grams_so_far(report, sum(joules.values())) if joules else None,
            cpus=self._cpu_seconds.rate(NOW_SECONDS) or 0.0,
            logical_cpus=so_far.logical_cpus,
            devices=tuple(
                DevicePower(
                    name=ledger.device.name,
                    watts=self._devices[device_id].rate(NOW_SECONDS),
                    joules=joules[device_id],
                    method=ledger.device.method,
                )
                for device_id, ledger in billed.items()
            ),
            programs=names,
            curve=self._total.rates(STEPS, CURVE_SECONDS / STEPS),
        )

    def _take_programs(
        self, billed: Mapping[str, DeviceLedger], tree: TreeAccountant, at_seconds: float
    ) -> tuple[ProgramPower, ...]:
        """Return the programs that work, with their parts of the power of the tree's CPU time."""
        cpu_seconds = tree.cpu_seconds()
        cpu = [ledger for ledger in billed.values() if ledger.device.kind == CPU]
        self._cpu_seconds.add(at_seconds, cpu_seconds)
        if cpu:
            joules = sum(ledger.sums.joules for ledger in cpu)
            self._cpu_joules.add(cpu[0].sums.end_seconds, joules)
        rows = {row.program: row.cpu_seconds or 0.0 for row in programs(tree, cpu_seconds)}
        for program, seconds in rows.items():
            self._programs.setdefault(program, Trail(NOW_SECONDS)).add(at_seconds, seconds)
        self._programs = {name: self._programs[name] for name in rows}
        cpus = {name: trail.rate(NOW_SECONDS) or 0.0 for name, trail in self._programs.items()}
        all_cpus, watts = sum(cpus.values()), self._cpu_joules.rate(NOW_SECONDS)
        shown = sorted(cpus, key=lambda name: (-cpus[name], name or ""))
        return tuple(
            ProgramPower(
                program=name,
                watts=None if watts is None else watts * cpus[name] / all_cpus,
                cpus=cpus[name],
            )
            for name in shown
            if cpus[name] >= LEAST_CPUS
        )


def _settled_seconds(billed: Mapping[str, DeviceLedger], now_seconds: float) -> float:
    """Return up to when everything is attributed."""
    return min((ledger.sums.end_seconds for ledger in billed.values()), default=now_seconds)
