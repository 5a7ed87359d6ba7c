"""Reading meters in tests: by hand, without a sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbonrun.measurement.meters.sensors import places_of
from carbonrun.measurement.model import MachineState
from carbonrun.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.sensors import Found, Places
    from carbonrun.measurement.model import Meter
    from tests.machine.fake_clock import FakeClock

STATE = MachineState(busy_cpu_seconds=0.0, logical_cpus=1, memory_bytes=0)


def places(root: Path, clock: FakeClock) -> Places:
    """Return the places below ``root``, with runs that start now."""
    return places_of(str(root / "sys"), str(root / "proc"), clock.now())


def by_id(found: Found) -> dict[str, Meter]:
    """Return the meters by the id of their device."""
    return {meter.device.id: meter for meter in found.meters}


def read(meter: Meter, now: Instant) -> float:
    """Return the joules of a meter."""
    return meter.read_joules(now, STATE)


def read_all(meters: Iterable[Meter], now: Instant) -> dict[str, float]:
    """Return the joules by device."""
    return {meter.device.id: read(meter, now) for meter in meters}


def note_codes(meter: Meter) -> list[str]:
    """Return the codes of a meter's notes."""
    notes = Notes()
    meter.notes(notes)
    return [note.code for note in notes.all()]
