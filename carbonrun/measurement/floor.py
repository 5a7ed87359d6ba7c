"""Which idle floor a device is attributed with: given, observed on this machine, or modelled. Pure.

A floor that is too high moves energy from the tree's active share to its idle share, one that is
too low the other way; where it is not known exactly the ledger carries both ends.
"""

from __future__ import annotations

from carbonrun.measurement.model import IdleFloor
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.measurement.model import Device


class Observed(Record):
    """The lowest power sustained over some seconds that earlier runs saw on a device."""

    watts: float
    date: str


def choose_floor(
    device: Device,
    given_watts: Mapping[str, float],
    observed: Mapping[str, Observed],
    modelled: IdleFloor | None,
) -> IdleFloor:
    """Return the floor of ``device``.

    Args:
        device: the device; its own modelled floor comes before ``modelled``.
        given_watts: from ``--idle-watts``, by device id (``package-1``) or family (``package``).
        observed: from earlier runs, by device id.
        modelled: what the model of the machine says for a device of this kind.
    """
    family = device.id.partition("-")[0]
    for key in (device.id, family):
        if key in given_watts:
            watts = given_watts[key]
            return IdleFloor(
                watts=watts, low_watts=watts, high_watts=watts, source=f"--idle-watts {key}"
            )
    model = device.idle or modelled
    seen = observed.get(device.id)
    if seen is not None and (model is None or seen.watts < model.high_watts):
        low = 0.0 if model is None else min(model.low_watts, seen.watts)
        source = f"lowest power observed, {seen.date}"
        return IdleFloor(watts=seen.watts, low_watts=low, high_watts=seen.watts, source=source)
    if model is not None:
        return model
    return IdleFloor(watts=0.0, low_watts=0.0, high_watts=float("inf"), source="unknown")


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
