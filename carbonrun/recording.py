"""Everything that happens to the figures once the command runs: fold, journal, report, outputs.

Nothing here can touch the command: every call comes through the guard of :mod:`carbonrun.run`.
"""

from __future__ import annotations

import os
import time

from carbonrun import __version__, clock
from carbonrun.identity import machine_id
from carbonrun.intensity.feed import find_intensity
from carbonrun.measurement.floor import choose_floor, divide, modelled_by_kind, note_floors
from carbonrun.measurement.host import read_host
from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.machine import BUSY_RESOLUTION_SECONDS
from carbonrun.measurement.meters import estimate
from carbonrun.measurement.meters.rapl_advice import LOAD_DRIVER
from carbonrun.measurement.model import COUNTER, CPU, MEMORY
from carbonrun.measurement.sampler import origin
from carbonrun.measurement.tree.procstat import own_peak_memory_bytes
from carbonrun.report.build import Evidence, build_report
from carbonrun.report.host import describe_host, unmeasured_gpus
from carbonrun.report.mask import MASK, mask_command
from carbonrun.report.model import Run
from carbonrun.report.tree import describe_tree, note_gaps
from carbonrun.store.calibration import load_calibration
from carbonrun.store.floors import load_floors, save_floors
from carbonrun.store.journal import Journal
from carbonrun.time_limit import TimeLimitExceeded, within
from carbonrun.timestamps import iso_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbonrun.clock import Instant
    from carbonrun.exit_status import ExitStatus
    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.measurement.calibration import Calibration
    from carbonrun.measurement.floor import Observed
    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.model import Meter, Unmeasured
    from carbonrun.measurement.sampler import Moment, Sample
    from carbonrun.report.model import Report
    from carbonrun.rig import Rig

ETC = "/etc"
MEMORY_UNSEEN = "the command ended before its memory could be looked at"
# Signals wait meanwhile to be passed on.
MASK_CPU_SECONDS = 0.2
# Fifty steps of the machine's busy time: shares are within 2 %.
LEAST_BUSY_SECONDS = 0.5
# A checkpoint costs a report and a line of a few kB: every second at first, then ever more rarely,
# so that the journal of a day stays below 1 MB and a killed run loses at most 5 % of its length.
CHECKPOINT_SECONDS = 1.0
CHECKPOINT_GROWTH = 0.05


class Recorder:
    """Folds samples into ledgers, keeps the journal, and makes the report."""

    def __init__(self, rig: Rig, started: Instant) -> None:
        """Set up what the fast path left out: models, floors, intensity, journal."""
        self._rig = rig
        self._started = started
        self._settings = rig.settings
        self._notes = rig.notes
        procfs = self._settings.procfs
        self._machine_id = machine_id(ETC)
        facts = read_host(procfs, self._settings.sysfs)
        self._host = describe_host(facts, self._machine_id, procfs)
        self._unmeasured = (*_advised(rig.unmeasured, facts), *unmeasured_gpus(self._host.gpus))
        self._command = self._masked(rig.command)
        self._calibration = self._load_calibration(facts)
        fitted = None if self._calibration is None else self._calibration.cpu
        rig.sampler.add_models(estimate.models(facts, fitted))
        self._ledgers = self._open_ledgers()
        self._sample: Sample | None = None
        self._next_checkpoint_seconds = CHECKPOINT_SECONDS
        self._intensity = self._find_intensity(started.unix_seconds)
        self._journal = self._open_journal()
        self._write_journal(
            "start",
            {
                "run": self._run(None, None).as_dict(),
                "csv_path": _absolute(self._settings.csv_path),
            },
        )

    def add(self, moment: Moment) -> None:
        """Take a moment into the ledgers; write a checkpoint if it is time to."""
        sample = self._rig.sampler.fold(moment)
        for ledger in self._ledgers:
            reading = sample.readings.get(ledger.device.id)
            if reading is not None:
                ledger.add(reading)
        self._sample = sample
        if sample.at_seconds >= self._next_checkpoint_seconds:
            self._next_checkpoint_seconds = sample.at_seconds + max(
                CHECKPOINT_SECONDS, sample.at_seconds * CHECKPOINT_GROWTH
            )
            report = build_report(self._evidence(self._run(None, None)))
            self._write_journal("checkpoint", {"report": report.replace(timeline=()).as_dict()})

    def finish(self, ended: Instant, status: ExitStatus) -> Report:
        """Return the final report."""
        try:
            self._intensity = self._find_intensity(ended.unix_seconds)
        except OSError:
            pass  # carbonrun was removed meanwhile: what was found at the start stands
        note_gaps(self._rig.tree, self._notes)
        for meter in self._meters():
            meter.notes(self._notes)
        note_floors(self._ledgers, self._notes)
        self._keep_floors(iso_time(ended.unix_seconds)[:10])
        return build_report(self._evidence(self._run(ended, status)))

    def close(self, report: Report) -> Report:
        """Write the end of the journal and file it away; return the report with what went wrong."""
        if self._journal is None:
            return report
        before = len(self._notes.all())
        self._write_journal("end", {"report": report.as_dict()})
        # Without its end line too: this run is not lost, and must not be taken for a lost one.
        self._notes.guard("journal", lambda: self._close_journal(report.run.started_at))
        return report.replace(notes=(*report.notes, *self._notes.all()[before:]))

    def _close_journal(self, started_at: str) -> None:
        if self._journal is not None:
            self._journal.close(started_at)

    def _open_ledgers(self) -> list[DeviceLedger]:
        """Choose an idle floor for each device and start its ledger at zero."""
        meters = self._meters()
        modelled = modelled_by_kind(meter.device for meter in meters)
        observed = self._load_floors()
        calibrated = {} if self._calibration is None else self._calibration.floors()
        ledgers = []
        for meter in meters:
            device = meter.device
            alike = sum(m.device.kind == device.kind and m.device.idle is None for m in meters)
            floor = choose_floor(
                device,
                self._settings.idle_watts,
                calibrated,
                observed,
                divide(modelled.get(device.kind), alike),
            )
            least = LEAST_BUSY_SECONDS if device.kind == CPU else 0.0
            ledger = DeviceLedger(device, floor, least)
            ledger.add(origin())
            ledgers.append(ledger)
        return ledgers

    def _meters(self) -> list[Meter]:
        return [*self._rig.sampler.meters, *self._rig.sampler.models]

    def _masked(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command without secrets; without anything if a pattern takes for ever."""
        patterns = self._settings.mask
        try:
            return within(MASK_CPU_SECONDS, lambda: mask_command(command, patterns))
        except TimeLimitExceeded:
            message = "masking secrets takes too long: the whole command line is masked"
            hint = "write the patterns of --mask without nested repetitions" if patterns else None
            self._notes.warn("mask-too-slow", message, hint)
            return (MASK,)

    def _load_calibration(self, facts: HostFacts) -> Calibration | None:
        state_dir = self._settings.state_dir
        if state_dir is None:
            return None
        machine = (self._machine_id, facts.cpu_model, facts.logical_cpus)
        return load_calibration(state_dir, machine, self._notes)

    def _load_floors(self) -> dict[str, Observed]:
        state_dir = self._settings.state_dir
        return {} if state_dir is None else load_floors(state_dir, self._machine_id, self._notes)

    def _keep_floors(self, date: str) -> None:
        state_dir = self._settings.state_dir
        if state_dir is not None:
            seen = {
                ledger.device.id: ledger.totals().lowest_watts
                for ledger in self._ledgers
                if ledger.device.method == COUNTER
            }
            save_floors(state_dir, self._machine_id, seen, date, self._notes)

    def _find_intensity(self, end_unix_seconds: float) -> IntensityFound:
        return find_intensity(
            zone=self._settings.zone,
            zone_source=self._settings.zone_source,
            constant_g_per_kwh=self._settings.intensity_g_per_kwh,
            tz_environment=os.environ.get("TZ"),
            etc=ETC,
            start_unix_seconds=self._started.unix_seconds,
            end_unix_seconds=end_unix_seconds,
            notes=self._notes,
        )

    def _open_journal(self) -> Journal | None:
        state_dir = self._settings.state_dir
        if state_dir is None:
            hint = "set HOME, XDG_STATE_HOME or --state-dir"
            self._notes.warn("no-state-dir", "there is no directory to keep records in", hint)
            return None
        try:
            return Journal(state_dir, self._rig.run_id, self._machine_id)
        except OSError as error:
            message = f"no journal: {state_dir} is not writable ({error.strerror})"
            self._notes.warn("no-journal", message, "choose another place with --state-dir")
            return None

    def _write_journal(self, kind: str, content: dict[str, object]) -> None:
        if self._journal is None:
            return
        try:
            self._journal.write(kind, content)
        except OSError as error:
            message = f"the journal could not be written ({error.strerror or error})"
            self._notes.warn("journal-incomplete", message, "free some disk space")

    def _run(self, ended: Instant | None, status: ExitStatus | None) -> Run:
        """Return the run block; with ``None`` for what is not known yet."""
        settings = self._settings
        until = ended or clock.now()
        return Run(
            id=self._rig.run_id,
            name=settings.name,
            project=settings.project,
            tags=settings.tags,
            command=self._command,
            started_at=iso_time(self._started.unix_seconds),
            ended_at=None if ended is None else iso_time(ended.unix_seconds),
            duration_seconds=until.monotonic_seconds - self._started.monotonic_seconds,
            exit_code=None if status is None else status.code,
            signal=None if status is None else status.signal,
            scope=settings.scope,
            parent_id=self._rig.parent_id,
            group=None,
            host=self._host,
            version=__version__,
        )

    def _evidence(self, run: Run) -> Evidence:
        return Evidence(
            run=run,
            tree=describe_tree(self._rig.tree, self._sample),
            ledgers=tuple(self._ledgers),
            implausible=self._implausible(),
            unmeasured=self._unmeasured,
            activity_resolution={CPU: BUSY_RESOLUTION_SECONDS},
            intensity=self._intensity,
            start_unix_seconds=self._started.unix_seconds,
            pue=self._settings.pue,
            overhead_cpu_seconds=time.process_time(),
            overhead_peak_memory_bytes=own_peak_memory_bytes(),
            notes=self._notes.all(),
        )

    def _implausible(self) -> dict[str, str]:
        """Return why the figures of a device cannot be believed, by device id."""
        reasons = {m.device.id: getattr(m, "implausible", None) for m in self._meters()}
        if self._settings.scope == "tree" and self._rig.tree.peak_memory_bytes is None:
            reasons |= {
                m.device.id: MEMORY_UNSEEN for m in self._meters() if m.device.kind == MEMORY
            }
        return {device_id: reason for device_id, reason in reasons.items() if reason}


def _absolute(path: str | None) -> str | None:
    """Return a path that means the same to a later run; as it is where that cannot be told."""
    try:
        return None if path is None else os.path.abspath(path)  # noqa: PTH100
    except OSError:
        return path  # the working directory was deleted


def _advised(rows: Iterable[Unmeasured], facts: HostFacts) -> Iterator[Unmeasured]:
    """Yield the rows with a remedy that helps here: a virtual machine has no driver to load."""
    for row in rows:
        is_in_vain = facts.virtual and row.hint == LOAD_DRIVER
        yield row.replace(hint="measure on the host, or on bare metal") if is_in_vain else row
