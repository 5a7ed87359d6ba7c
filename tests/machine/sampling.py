"""Takes samples of power by hand, on a clock that only moves when it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbonrun.measurement.meters.poller import Poller

if TYPE_CHECKING:
    from carbonrun.measurement.meters.sensors import Found
    from tests.machine.fake_clock import FakeClock


def sample(found: Found, clock: FakeClock, seconds: float = 0.0) -> None:
    """Let time pass, then take one sample of each device."""
    clock.advance(seconds)
    for poller in found.pollers:
        Poller(poller.probes, 1.0, clock.now).round()
