"""Looks at everything that a run would use here, as a run would, and starts nothing.

Responsible for collecting. Not responsible for how it is shown
(:mod:`carbonrun.cli.diagnosis_text`) or for judging sensors
(:mod:`carbonrun.measurement.meters.catalogue`).
"""

from __future__ import annotations

import os
import time
from typing import Any

from carbonrun import __version__, clock
from carbonrun.cli.config import files_of
from carbonrun.cli.diagnosis_counters import standing_still
from carbonrun.cli.diagnosis_services import would_ask
from carbonrun.equipment import Equipment
from carbonrun.grid import ETC, Place, find_for
from carbonrun.identity import machine_id
from carbonrun.measurement.cores import different_cores
from carbonrun.measurement.meters.catalogue import catalogue
from carbonrun.measurement.meters.sensors import places_of
from carbonrun.measurement.model import CPU, ESTIMATED, Unmeasured
from carbonrun.measurement.selection import missing_parts
from carbonrun.notes import Notes
from carbonrun.record import Record
from carbonrun.report.host import describe_host
from carbonrun.report.tree import has_all_names
from carbonrun.rig import assemble
from carbonrun.store.calibration import load_calibration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.cli.context import Context
    from carbonrun.cli.diagnosis_services import WouldAsk
    from carbonrun.config_files import ConfigFile
    from carbonrun.intensity.feed import IntensityFound
    from carbonrun.measurement.gpu.source import Advice
    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.measurement.meters.catalogue import CatalogueEntry
    from carbonrun.notes import Note
    from carbonrun.report.model import Host
    from carbonrun.rig import Rig
    from carbonrun.settings import Settings

SCHEMA = "carbonrun.doctor/1"
# To load a driver takes some seconds for each GPU.
GPU_SECONDS = 10.0
# How packages and cores of different speed are told apart.
ALIKE, EXACT, SAMPLED, COUNTED, UNCOUNTED = "alike", "exact", "sampled", "counted", "uncounted"


class Accounting(Record):
    """How a run would account for its process tree.

    Attributes:
        rung: ``cgroup``, ``perf``, ``procfs`` or ``psutil``.
        names: whether every process is counted by name.
        packages: ``alike`` (there is one), ``exact``, or ``sampled``: by where threads were seen.
        cores: ``alike``, ``counted`` (CPU time is weighed by cycles) or ``uncounted``.
    """

    rung: str
    names: bool
    packages: str
    cores: str


class DeviceFound(Record):
    """A device that a run would meter, with the idle floor that it would use."""

    id: str
    kind: str
    name: str
    meter: str
    method: str
    source: str
    low_factor: float
    high_factor: float
    floor_watts: float | None
    floor_low_watts: float | None
    floor_high_watts: float | None
    floor_source: str


class State(Record):
    """What is kept between runs: where, whether that can be written, the date of calibration."""

    folder: str | None
    is_writable: bool
    calibrated_at: str | None


class Diagnosis(Record):
    """All that was found."""

    host: Host
    is_virtual: bool
    devices: tuple[DeviceFound, ...]
    unmeasured: tuple[Unmeasured, ...]
    gpu_advice: tuple[Advice, ...]
    sensors: tuple[CatalogueEntry, ...]
    accounting: Accounting
    intensity: IntensityFound
    services: tuple[WouldAsk, ...]
    state: State
    files: tuple[ConfigFile, ...]
    notes: tuple[Note, ...]

    @property
    def is_measured(self) -> bool:
        """Tell whether the energy of the CPU, all of it, is read from sensors."""
        ids = [d.id for d in self.devices if d.kind == CPU and d.method != ESTIMATED]
        return bool(ids) and not missing_parts(CPU, ids, self.unmeasured)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        content = super().as_dict()
        point = self.intensity.points[0]
        content["intensity"] = {
            "grid_zone": self.intensity.grid_zone,
            "zone_source": self.intensity.zone_source,
            **point.as_dict(),
        }
        content["files"] = [
            {"path": file.path, "role": file.role, "state": file.state} for file in self.files
        ]
        verdict = "measured" if self.is_measured else "estimated"
        return {"schema": SCHEMA, "version": __version__, "verdict": verdict, **content}


def diagnose(settings: Settings, context: Context) -> Diagnosis:
    """Return what a run with these settings would find.

    Raises:
        CarbonrunError: --cgroup is asked for.
    """
    own = machine_id(ETC)
    rig = assemble(settings.replace(cgroup=False), ("true",))
    started = clock.now()
    equipment = Equipment(rig, started, own)
    gpu_advice = equipment.look_at_gpus(GPU_SECONDS)
    facts = equipment.facts
    host = describe_host(facts, own, settings.procfs)
    sensors = catalogue(
        places_of(settings.sysfs, settings.procfs, started),
        context.environment,
        time.monotonic,
        redfish_url=settings.redfish_url,
        virtual=facts.virtual,
    )
    faults = {**equipment.implausible_gpus(), **standing_still(rig.sampler.meters)}
    place = Place(settings=settings, environment=context.environment, cloud=facts.cloud)
    state = _state(settings, (own, facts.cpu_model, facts.logical_cpus))
    return Diagnosis(
        host=host.replace(gpus=equipment.gpus()),
        is_virtual=facts.virtual,
        devices=_chosen(equipment.ledgers, faults),
        unmeasured=(*equipment.unmeasured(), *_failed(equipment.ledgers, faults)),
        gpu_advice=gpu_advice,
        sensors=sensors,
        accounting=_accounting(rig),
        intensity=find_for(place, (started.unix_seconds, started.unix_seconds), rig.notes),
        services=would_ask(place),
        state=state,
        files=files_of(context),
        notes=rig.notes.all(),
    )


def _failed(ledgers: list[DeviceLedger], faults: Mapping[str, str]) -> tuple[Unmeasured, ...]:
    devices = [each.device for each in ledgers if each.device.id in faults]
    return tuple(Unmeasured(id=d.id, kind=d.kind, reason=faults[d.id]) for d in devices)


def _chosen(ledgers: list[DeviceLedger], faults: Mapping[str, str]) -> tuple[DeviceFound, ...]:
    """Return what would be billed or shown: a sensor takes the place of the model of its kind."""
    ledgers = [each for each in ledgers if each.device.id not in faults]
    measured = {each.device.kind for each in ledgers if each.device.method != ESTIMATED}
    return tuple(
        _device(each)
        for each in ledgers
        if each.device.method != ESTIMATED or each.device.kind not in measured
    )


def _device(ledger: DeviceLedger) -> DeviceFound:
    device, floor = ledger.device, ledger.floor
    is_known = floor.high_watts < float("inf")
    return DeviceFound(
        id=device.id,
        kind=device.kind,
        name=device.name,
        meter=device.meter,
        method=device.method,
        source=device.source,
        low_factor=device.low_factor,
        high_factor=device.high_factor,
        floor_watts=floor.watts if is_known else None,
        floor_low_watts=floor.low_watts if is_known else None,
        floor_high_watts=floor.high_watts if is_known else None,
        floor_source=floor.source,
    )


def _accounting(rig: Rig) -> Accounting:
    packages, cores = ALIKE, ALIKE
    if rig.tree.placement is not None:
        packages = SAMPLED if rig.tree.trace is None else EXACT
    if different_cores(rig.settings.sysfs) is not None:
        cores = UNCOUNTED if rig.sampler.cycles is None else COUNTED
    names = has_all_names(rig.tree)
    return Accounting(rung=rig.tree.name, names=names, packages=packages, cores=cores)


def _state(settings: Settings, machine: tuple[str | None, str | None, int]) -> State:
    folder = settings.state_dir
    if folder is None:
        return State(folder=None, is_writable=False, calibrated_at=None)
    calibration = load_calibration(folder, machine, Notes())
    above = folder
    while not os.path.lexists(above):
        above = os.path.dirname(above)  # noqa: PTH120
    return State(
        folder=folder,
        is_writable=os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK),  # noqa: PTH112
        calibrated_at=None if calibration is None else calibration.calibrated_at,
    )
