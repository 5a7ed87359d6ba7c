"""Which idle floor a device is attributed with, and what is said about it. Pure.

In this order: given with ``--idle-watts``, calibrated, observed on this machine, modelled.

A floor that is too high moves energy from the tree's active share to its idle share, one that is
too low the other way; where it is not known exactly the ledger carries both ends.
"""

from __future__ import annotations

from carbonrun.measurement.model import BOARD, ESTIMATED, GPU, IdleFloor
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.measurement.model import Device
    from carbonrun.notes import Notes

GIVEN = "--idle-watts"
CALIBRATED = "calibrated"
UNKNOWN = "unknown"
CALIBRATE_HINT = "`carbonrun calibrate` narrows the bounds"


class Observed(Record):
    """The lowest power sustained over some seconds that earlier runs saw on a device."""

    watts: float
    date: str


def choose_floor(
    device: Device,
    given_watts: Mapping[str, float],
    calibrated: Mapping[str, IdleFloor],
    observed: Mapping[str, Observed],
    modelled: IdleFloor | None,
) -> IdleFloor:
    """Return the floor of ``device``.

    Args:
        device: the device; its own modelled floor comes before ``modelled``.
        given_watts: from ``--idle-watts``, by device id (``package-1``) or family (``package``).
        calibrated: by device id.
        observed: from earlier runs, by device id.
        modelled: what the model of the machine says for a device of this kind.
    """
    family = device.id.partition("-")[0]
    for key in (device.id, family):
        if key in given_watts:
            watts = given_watts[key]
            return IdleFloor(
                watts=watts, low_watts=watts, high_watts=watts, source=f"{GIVEN} {key}"
            )
    model = device.idle or modelled
    seen = observed.get(device.id)
    measured = calibrated.get(device.id)
    if measured is not None:
        # What a run has seen since then is possible too.
        low_watts = measured.low_watts if seen is None else min(measured.low_watts, seen.watts)
        return measured.replace(low_watts=low_watts)
    if seen is not None and (model is None or seen.watts < model.high_watts):
        low = 0.0 if model is None else min(model.low_watts, seen.watts)
        source = f"lowest power observed, {seen.date}"
        return IdleFloor(watts=seen.watts, low_watts=low, high_watts=seen.watts, source=source)
    if model is not None:
        return model
    return IdleFloor(watts=0.0, low_watts=0.0, high_watts=float("inf"), source=UNKNOWN)


def divide(floor: IdleFloor | None, parts: int) -> IdleFloor | None:
    """Return the floor of one of ``parts`` equal devices that share a modelled floor."""
    if floor is None or parts <= 1:
        return floor
    return floor.replace(
        watts=floor.watts / parts,
        low_watts=floor.low_watts / parts,
        high_watts=floor.high_watts / parts,
    )


def modelled_by_kind(devices: Iterable[Device]) -> dict[str, IdleFloor]:
    """Return the floors that models gave for whole kinds of devices."""
    return {device.kind: device.idle for device in devices if device.idle is not None}


def note_floors(ledgers: Iterable[DeviceLedger], notes: Notes) -> None:
    """Say where the idle floors of the devices that have a sensor come from, but for GPUs."""
    by_source: dict[str, list[str]] = {}
    for ledger in ledgers:
        device, floor = ledger.device, ledger.floor
        is_sensor = device.method != ESTIMATED and device.kind not in (BOARD, GPU)
        is_given = floor.source.startswith(GIVEN)
        if is_sensor and not is_given and ledger.totals().machine_joules > 0:
            by_source.setdefault(floor.source, []).append(f"{device.id} {_range_text(floor)}")
    for source, devices in by_source.items():
        hint = None if source.startswith(CALIBRATED) else CALIBRATE_HINT
        told = [] if source == UNKNOWN else [source]
        message = f"idle floor: {'; '.join([', '.join(devices), *told])}"
        notes.info("idle-floor", message, hint, about=source)


def _range_text(floor: IdleFloor) -> str:
    if floor.high_watts == float("inf"):
        return UNKNOWN
    return f"{floor.watts:.3g} W ({floor.low_watts:.3g} to {floor.high_watts:.3g} W)"
