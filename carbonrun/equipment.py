"""All that is read during a run: sensors, models, idle floors, and the ledgers of what they said.

Set up once the command runs; the sensors that were opened before it are the rig's.
"""

from __future__ import annotations

import os
import time

from carbonrun import clock
from carbonrun.gpus import watch_gpus
from carbonrun.measurement.cores import note_unweighed
from carbonrun.measurement.floor import choose_floor, divide, modelled_by_kind, note_floors
from carbonrun.measurement.ledger import DeviceLedger
from carbonrun.measurement.meters import estimate
from carbonrun.measurement.meters.discover import has_other_sensors, rows_of
from carbonrun.measurement.meters.rapl_advice import LOAD_DRIVER
from carbonrun.measurement.model import COUNTER, CPU, ESTIMATED, GPU, IN_VAIN, MEMORY
from carbonrun.measurement.sampler import origin
from carbonrun.measurement.selection import select
from carbonrun.measurement.surroundings import look_around
from carbonrun.measurement.tree.procstat import OWN_PROCFS
from carbonrun.report.host import all_gpus, nvidia_gpus, unmeasured_gpus
from carbonrun.store.folders import calibration_path, floors_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbonrun.clock import Instant
    from carbonrun.measurement.calibration import Calibration
    from carbonrun.measurement.floor import Observed
    from carbonrun.measurement.gpu.source import Advice
    from carbonrun.measurement.gpu.watch import GpuWatch
    from carbonrun.measurement.host import HostFacts
    from carbonrun.measurement.late_sensors import LateSensors
    from carbonrun.measurement.model import Device, IdleFloor, Meter, Unmeasured
    from carbonrun.measurement.sampler import Sample
    from carbonrun.measurement.transfer.estimates import TransferEstimates
    from carbonrun.report.model import Gpu
    from carbonrun.rig import Rig

MEMORY_UNSEEN = "the command ended before its memory could be looked at"
# Fifty steps of the machine's busy time: shares are within 2 %.
LEAST_BUSY_SECONDS = 0.5
_GPU_POLL_SECONDS = 0.02


class Equipment:
    """Sensors and models of a run, a ledger for each device.

    Attributes:
        facts: of the machine.
        ledgers: one for each device that is metered.
    """

    def __init__(self, rig: Rig, started: Instant, machine_id: str | None) -> None:
        """Open what the fast path left out, and choose an idle floor for each device."""
        self._rig = rig
        self._started = started
        self._machine_id = machine_id
        settings = rig.settings
        self.facts = look_around(
            settings.procfs,
            settings.sysfs,
            rig.notes,
            ask_cloud=settings.cloud_metadata,
            offline=settings.offline,
        )
        self._transfers = self._watch_transfers() if settings.estimate_disk_network else None
        self._rows = rows_of(settings.sysfs, rig.unmeasured)
        self._late = rig.notes.guard("late sensors", self._open_late_sensors)
        rows = self._rows if self._late is None else self._late.unmeasured
        self._unmeasured = tuple(_advised(rows, self.facts))
        self._calibration = calibration = self._load_calibration()
        self._observed = self._load_floors()
        self._listed_gpus = nvidia_gpus(settings.procfs)
        self._gpus = rig.notes.guard("GPUs", lambda: watch_gpus(rig, started, self._gpu_floor))
        fitted = None if calibration is None else calibration.cpu
        rig.sampler.add_models(estimate.models(self.facts, fitted))
        self.ledgers = self._open_ledgers(calibration)

    def add(self, sample: Sample) -> None:
        """Take a sample into the ledgers."""
        if self._transfers is not None:
            self._transfers.look(self._rig.tree.table.live)
        for ledger in self.ledgers:
            reading = sample.readings.get(ledger.device.id)
            if reading is not None:
                ledger.add(reading)
        if self._late is not None:
            self._late.compare(sample.readings)
        if self._gpus is not None:
            self._gpus.look(clock.now())
            self._take_gpus(self._gpus)

    def ask_last(self) -> None:
        """Ask those who take their time for their last readings; :meth:`finish` takes them."""
        if self._gpus is not None:
            self._gpus.ask_last()

    def look_at_gpus(self, seconds: float) -> tuple[Advice, ...]:
        """Look at all GPUs, for so long at the most; return what could be better."""
        end_seconds = clock.now().monotonic_seconds + seconds
        gpus = self._gpus
        while gpus is not None and (now := clock.now()).monotonic_seconds < end_seconds:
            gpus.look(now)
            self._take_gpus(gpus)
            if gpus.is_ready():
                return gpus.advice()
            time.sleep(_GPU_POLL_SECONDS)
        return ()

    def finish(self, seconds: float, date: str) -> None:
        """Close everything after ``seconds``; tell what there is to know, keep what was observed.

        Args:
            seconds: how long the run was.
            date: when it ended, ISO 8601.
        """
        notes, settings = self._rig.notes, self._rig.settings
        notes.guard("GPUs", lambda: self._finish_gpus(seconds))
        implausible = self.implausible()
        chosen = select(self.ledgers, implausible, self.unmeasured())
        billed = {ledger.device.id for ledger in chosen.billed}
        for meter in self._meters():
            # A model that a sensor has replaced has nothing to say.
            if meter.device.method != ESTIMATED or meter.device.id in billed:
                meter.notes(notes)
        if self._late is not None:
            self._late.finish(notes, implausible)
        if any(meter.device.kind == CPU for meter in self._rig.sampler.meters):
            note_unweighed(settings.sysfs, self._rig.sampler.activity, notes)
        note_floors(self.ledgers, notes)
        self._keep_floors(date)
        notes.guard("disk and network", lambda: self._finish_transfers(seconds))

    def unmeasured(self) -> tuple[Unmeasured, ...]:
        """Return what is there and not measured, as far as it is known by now."""
        pending = () if self._transfers is None else self._transfers.pending()
        rows = () if self._gpus is None else self._gpus.unmeasured()
        gpus = unmeasured_gpus(self._listed_gpus, self.ledgers, rows)
        return (*self._unmeasured, *pending, *gpus)

    def gpus(self) -> tuple[Gpu, ...]:
        """Return all GPUs of the machine, as far as they are known by now."""
        return all_gpus(self._listed_gpus, self.ledgers)

    def activity_resolution(self) -> dict[str, float]:
        """Return how far off the activity of a device may be, where that is its own."""
        return {} if self._gpus is None else self._gpus.activity_resolution()

    def implausible(self) -> dict[str, str]:
        """Return why the figures of a device cannot be believed, by device id."""
        meters = self._meters()
        reasons = {meter.device.id: getattr(meter, "implausible", None) for meter in meters}
        if self._rig.settings.scope == "tree" and self._rig.tree.peak_memory_bytes is None:
            reasons |= {m.device.id: MEMORY_UNSEEN for m in meters if m.device.kind == MEMORY}
        if self._gpus is not None:
            self._gpus.describe()
            reasons |= self._gpus.faults(whole=self._rig.settings.scope == "machine")
        return {device_id: reason for device_id, reason in reasons.items() if reason}

    def implausible_gpus(self) -> dict[str, str]:
        """Return why a GPU that was only looked at tells nothing, by its id."""
        return {} if self._gpus is None else self._gpus.failures()

    def _open_ledgers(self, calibration: Calibration | None) -> list[DeviceLedger]:
        """Choose an idle floor for each device and start its ledger at zero."""
        meters = self._meters()
        modelled = modelled_by_kind(meter.device for meter in meters)
        observed = self._observed
        calibrated = {} if calibration is None else calibration.floors()
        ledgers = []
        for meter in meters:
            device = meter.device
            alike = sum(m.device.kind == device.kind and m.device.idle is None for m in meters)
            floor = choose_floor(
                device,
                self._rig.settings.idle_watts,
                calibrated,
                observed,
                divide(modelled.get(device.kind), alike),
            )
            least = LEAST_BUSY_SECONDS if device.kind == CPU else 0.0
            ledger = DeviceLedger(device, floor, least)
            ledger.add(origin())
            ledgers.append(ledger)
        return ledgers

    def _gpu_floor(self, device: Device) -> IdleFloor:
        calibrated = {} if self._calibration is None else self._calibration.floors()
        given = self._rig.settings.idle_watts
        return choose_floor(device, given, calibrated, self._observed, None)

    def _take_gpus(self, gpus: GpuWatch) -> None:
        """Add the ledgers of GPUs that are new."""
        self.ledgers += [ledger for ledger in gpus.ledgers if ledger not in self.ledgers]

    def _finish_gpus(self, seconds: float) -> None:
        if self._gpus is not None:
            end_seconds = self._started.monotonic_seconds + seconds
            ended = self._started.replace(monotonic_seconds=end_seconds)
            self._gpus.finish(ended, self._rig.notes)
            self._take_gpus(self._gpus)

    def _meters(self) -> list[Meter]:
        """Return what is billed or shown; second sensors are compared only."""
        sampler = self._rig.sampler
        return [*sampler.meters, *sampler.models] if self._late is None else self._late.metered()

    def _open_late_sensors(self) -> LateSensors | None:
        """Open what must not delay the command, and what of the board was asked for."""
        if self._rig.tree.table.exit_status is not None:
            return None  # too late
        settings, wanted = self._rig.settings, None
        if settings.board or settings.redfish_url is not None:
            from carbonrun.measurement.meters.board.discover import Wanted

            url = settings.redfish_url
            wanted = Wanted(local=settings.board, redfish_url=url, offline=settings.offline)
        if wanted is None and not has_other_sensors(settings.sysfs):
            return None
        from carbonrun.measurement.late_sensors import LateSensors
        from carbonrun.measurement.meters.sensors import places_of

        places = places_of(settings.sysfs, settings.procfs, self._started)
        late = LateSensors(self._rig.sampler, self._rows)
        late.add(places, wanted, self._rig.tree, self._rig.notes)
        return late

    def _watch_transfers(self) -> TransferEstimates:
        from carbonrun.measurement.transfer.estimates import watch

        sysfs, is_virtual = self._rig.settings.sysfs, self.facts.virtual
        return watch(self._rig.tree, OWN_PROCFS, sysfs, virtual=is_virtual)

    def _finish_transfers(self, seconds: float) -> None:
        if self._transfers is not None:
            storage_bytes = self._rig.tree.storage_bytes()
            found = self._transfers.finish(seconds, storage_bytes, self._rig.notes)
            self._transfers = None
            self.ledgers += found.ledgers
            self._unmeasured += found.unmeasured

    def _load_calibration(self) -> Calibration | None:
        state_dir = self._rig.settings.state_dir
        if state_dir is None or not os.path.lexists(calibration_path(state_dir, self._machine_id)):
            return None
        from carbonrun.store.calibration import load_calibration

        machine = (self._machine_id, self.facts.cpu_model, self.facts.logical_cpus)
        return load_calibration(state_dir, machine, self._rig.notes)

    def _load_floors(self) -> dict[str, Observed]:
        state_dir = self._rig.settings.state_dir
        if state_dir is None or not os.path.lexists(floors_path(state_dir, self._machine_id)):
            return {}
        from carbonrun.store.floors import load_floors

        return load_floors(state_dir, self._machine_id, self._rig.notes)

    def _keep_floors(self, date: str) -> None:
        state_dir = self._rig.settings.state_dir
        seen = {
            ledger.device.id: ledger.totals().lowest_watts
            for ledger in self.ledgers
            if ledger.device.method == COUNTER and ledger.device.kind != GPU
        }
        if self._gpus is not None:
            # One that somebody holds a context on is not idle, however little it draws.
            seen |= {ledger.device.id: ledger.unused_watts for ledger in self._gpus.ledgers}
        if state_dir is not None and seen:
            from carbonrun.store.floors import save_floors

            save_floors(state_dir, self._machine_id, seen, date, self._rig.notes)


def _advised(rows: Iterable[Unmeasured], facts: HostFacts) -> Iterator[Unmeasured]:
    """Yield the rows with a remedy that helps here: a virtual machine has no driver to load."""
    for row in rows:
        is_in_vain = facts.virtual and row.hint == LOAD_DRIVER
        yield row.replace(hint=IN_VAIN) if is_in_vain else row
