"""What was learned about a machine by loading it on purpose: idle floors and load curves. Pure.

Responsible for: from stretches of constant load to floors and points with bounds, and to a power
model of the CPUs. Not responsible for measuring (:mod:`calibration_run`) or for files.

The floor is what a device draws with nothing to do. Even a quiet machine does a little, so its
power is carried down to no load along the first part of the load curve; the bounds contain the
stretches as they were measured, and three times that correction, since load curves are steepest at
their beginning.
"""

from __future__ import annotations

from carbonrun.measurement.bounds import edge_error
from carbonrun.measurement.fitted_power import FittedPower, Idle, LoadPoint, fit
from carbonrun.measurement.model import BOARD, CPU, Device, IdleFloor
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A load that is hardly above that of the idle machine tells nothing about the slope.
LEAST_RISE = 0.1
# How much steeper the power rises from no load than up to the first load that was measured.
# Source: mean of 229 SPECpower_ssj2008 results since 2016 (spec.org): 0.181 of the dynamic power at
# 10 % load and 0.282 at 25 %, standard deviation up to 0.09; a slope of up to 2.4 times.
STEEPEST = 3.0
# What a processor draws of what the whole board draws more under load: the rest is lost in the
# power supply and the voltage regulators, or drawn by fans and memory. 0.8 is what "80 PLUS" asks
# of a power supply at 20 to 100 % load (clearesult.com/80plus); 0.85 for the regulators is assumed.
BOARD_LOW_FACTOR = 0.8 * 0.85


class Stretch(Record):
    """Some seconds of constant load.

    Attributes:
        workers: CPUs that were kept busy on purpose; 0 is the idle machine.
        seconds: how long, above 0.
        load: share of the machine's CPU time that was busy, 0 to 1.
        joules: by device id; those that could not be read are left out.
    """

    workers: int
    seconds: float
    load: float
    joules: Mapping[str, float]


class DeviceCalibration(Record):
    """One device: what it draws idle, and under load.

    Attributes:
        id, kind, name, meter, source: of the device that was read.
        low_factor, high_factor: of the sensor's own error.
        idle: with nothing to do.
        points: in the order of load, without the idle one.
    """

    id: str
    kind: str
    name: str
    meter: str
    source: str
    low_factor: float
    high_factor: float
    idle: Idle
    points: tuple[LoadPoint, ...]


class Calibration(Record):
    """All that one calibration of one machine has found.

    Attributes:
        machine_id: the machine's name, None if it has none.
        calibrated_at: ISO 8601, UTC.
        version: of carbonrun.
        cpu_model: as the kernel names it.
        logical_cpus: online.
        kernel: name and release of the operating system.
        devices: those that were measured.
        cpu: a model of the CPUs for runs in which they cannot be measured; None if there is none.
        remarks: what the reader has to know about how it was made.
    """

    machine_id: str | None
    calibrated_at: str
    version: str
    cpu_model: str | None
    logical_cpus: int
    kernel: str
    devices: tuple[DeviceCalibration, ...]
    cpu: FittedPower | None
    remarks: tuple[str, ...]

    @property
    def date(self) -> str:
        """Return the day, as in ``2026-11-25``."""
        return self.calibrated_at[:10]

    def floors(self) -> dict[str, IdleFloor]:
        """Return the idle floor of each device."""
        return {
            device.id: IdleFloor(
                watts=device.idle.watts,
                low_watts=device.idle.low_watts,
                high_watts=device.idle.high_watts,
                source=f"calibrated {self.date}",
            )
            for device in self.devices
        }


def calibrate_device(device: Device, stretches: Iterable[Stretch]) -> DeviceCalibration | str:
    """Return what the stretches tell about a device, or why they tell nothing."""
    known = [stretch for stretch in stretches if device.id in stretch.joules]
    idle = [stretch for stretch in known if stretch.workers == 0]
    steps = _steps(known)
    if not idle or not steps:
        return "it could not be read while it was measured"
    if not any(stretch.joules[device.id] > 0 for stretch in known):
        return "its counter did not move, although the CPUs were busy"
    if not all(stretch.joules[device.id] > 0 for stretch in known):
        return "its counter stands still for longer than a stretch lasts; measure longer ones"
    points = sorted((_point(device, step) for step in steps), key=lambda point: point.load)
    floor = _idle(device, idle, points)
    if floor is None:
        return "the machine was as busy before it was loaded as after: its idle power is unknown"
    return DeviceCalibration(
        id=device.id,
        kind=device.kind,
        name=device.name,
        meter=device.meter,
        source=device.source,
        low_factor=device.low_factor,
        high_factor=device.high_factor,
        idle=floor,
        points=tuple(points),
    )


def _steps(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    counts = sorted({stretch.workers for stretch in stretches if stretch.workers > 0})
    return [[one for one in stretches if one.workers == count] for count in counts]


def _point(device: Device, stretches: Sequence[Stretch]) -> LoadPoint:
    """Return the mean of some stretches; its bounds are the single ones, with their edges."""
    seconds = sum(stretch.seconds for stretch in stretches)
    watts = [stretch.joules[device.id] / stretch.seconds for stretch in stretches]
    edges = [edge_error(device, stretch.seconds) for stretch in stretches]
    return LoadPoint(
        load=sum(stretch.load * stretch.seconds for stretch in stretches) / seconds,
        watts=sum(stretch.joules[device.id] for stretch in stretches) / seconds,
        low_watts=min(w * (1 - e) for w, e in zip(watts, edges, strict=True)),
        high_watts=max(w * (1 + e) for w, e in zip(watts, edges, strict=True)),
    )


def _idle(device: Device, stretches: Sequence[Stretch], points: Sequence[LoadPoint]) -> Idle | None:
    """Return the power at no load; None if nothing tells how the power rises with the load."""
    mean = _point(device, stretches)
    slope = _slope(mean, points)
    if slope is None:
        return None
    watts = max(0.0, mean.watts - slope * mean.load)
    lows = [
        stretch.joules[device.id] / stretch.seconds * (1 - edge_error(device, stretch.seconds))
        - slope * STEEPEST * stretch.load
        for stretch in stretches
    ]
    return Idle(
        watts=watts,
        low_watts=max(0.0, min(watts, *lows)),
        high_watts=max(watts, mean.high_watts),
    )


def _slope(idle: LoadPoint, points: Sequence[LoadPoint]) -> float | None:
    """Return watts per load between the idle machine and the first load that is well above it."""
    for point in points:
        if point.load - idle.load >= LEAST_RISE:
            return max(0.0, point.watts - idle.watts) / (point.load - idle.load)
    return None


def fit_cpu(
    devices: Sequence[DeviceCalibration], modelled: IdleFloor | None, date: str
) -> FittedPower | None:
    """Return a model of the CPUs, from their own counters or else from a board meter.

    Args:
        devices: what was measured.
        modelled: the idle power of the CPUs by what they are, for a board meter.
        date: of the calibration.
    """
    packages = [device for device in devices if device.kind == CPU]
    if packages:
        return _fit_counters(packages, date)
    for board in devices:
        if board.kind == BOARD and modelled is not None:
            fitted = _fit_board(board, modelled, date)
            if fitted is not None:
                return fitted
    return None


def _fit_counters(packages: Sequence[DeviceCalibration], date: str) -> FittedPower | None:
    """Return the sum of the packages, all of whose power is the CPUs'."""
    if len({len(package.points) for package in packages}) != 1:
        return None
    low, high = min(p.low_factor for p in packages), max(p.high_factor for p in packages)
    idle_watts = sum(package.idle.watts for package in packages)
    return fit(
        Idle(
            watts=idle_watts,
            low_watts=low * sum(package.idle.low_watts for package in packages),
            high_watts=high * sum(package.idle.high_watts for package in packages),
        ),
        idle_watts,
        [_sum(points) for points in zip(*(package.points for package in packages), strict=True)],
        (low, high),
        source=f"calibrated against {' + '.join(package.name for package in packages)}, {date}",
        how="load curve of this machine, measured with its own counters",
        idle_source=f"calibrated {date}",
    )


def _sum(points: Sequence[LoadPoint]) -> LoadPoint:
    return LoadPoint(
        load=sum(point.load for point in points) / len(points),
        watts=sum(point.watts for point in points),
        low_watts=sum(point.low_watts for point in points),
        high_watts=sum(point.high_watts for point in points),
    )


def _fit_board(board: DeviceCalibration, modelled: IdleFloor, date: str) -> FittedPower | None:
    """Return the modelled idle power, and on top of it what the board draws more under load."""
    high_watts = min(modelled.high_watts, board.idle.high_watts * board.high_factor)
    watts = min(modelled.watts, board.idle.watts, high_watts)
    idle = Idle(watts=watts, low_watts=min(modelled.low_watts, watts), high_watts=high_watts)
    return fit(
        idle,
        board.idle.watts,
        board.points,
        (board.low_factor * BOARD_LOW_FACTOR, board.high_factor),
        source=f"calibrated against {board.name}, {date}",
        how=f"what {board.name} draws more under load, on a modelled idle power",
        idle_source=f"modelled, at most the idle power of {board.name}, {date}",
    )
