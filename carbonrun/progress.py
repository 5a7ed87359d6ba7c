"""From what a recorder knows at a tick to what the live view shows.

Nothing here touches the figures: sums are taken as they are, and what was not attributed yet stays
so. A run gives the same report with the view and without.
"""

from __future__ import annotations

from carbonrun.measurement.model import CPU
from carbonrun.report.live import CURVE_SECONDS, DevicePower, ProgramPower, Snapshot
from carbonrun.report.running import MACHINE_SCOPE, billed_ledgers, grams_so_far
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
        devices = self._take_devices(billed, is_whole=report.run.scope == MACHINE_SCOPE)
        shown = self._take_programs(billed, tree, sample.at_seconds)
        joules = sum(device.joules for device in devices) if devices else None
        watts = [device.watts for device in devices if device.watts is not None]
        if joules is not None:
            settled = min(ledger.sums.end_seconds for ledger in billed.values())
            self._total.add(settled, joules)
        return Snapshot(
            title=command_text(report),
            elapsed_seconds=sample.at_seconds,
            watts=sum(watts) if watts else None,
            joules=joules,
            grams_co2e=None if joules is None else grams_so_far(report, joules),
            cpus=self._cpu_seconds.rate(NOW_SECONDS) or 0.0,
            logical_cpus=so_far.logical_cpus,
            devices=devices,
            programs=shown,
            curve=self._total.rates(STEPS, CURVE_SECONDS / STEPS),
        )

    def _take_devices(
        self, billed: Mapping[str, DeviceLedger], *, is_whole: bool
    ) -> tuple[DevicePower, ...]:
        """Return the devices with what is billed of them."""
        rows = []
        for device_id, ledger in billed.items():
            sums = ledger.sums
            joules = sums.machine_joules if is_whole else sums.joules
            trail = self._devices.setdefault(device_id, Trail(NOW_SECONDS))
            trail.add(sums.end_seconds, joules)
            rows.append(
                DevicePower(
                    name=ledger.device.name,
                    watts=trail.rate(NOW_SECONDS),
                    joules=joules,
                    method=ledger.device.method,
                )
            )
        return tuple(rows)

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
