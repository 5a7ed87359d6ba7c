"""Takes the samples of slow sensors, outside of the main thread.

One thread for each kind of sensor: one that blocks holds up its own kind only. The thread dies with
the program, wherever it hangs; nobody waits for it. Started after the command was spawned, and only
where there is such a sensor.
"""

from __future__ import annotations

import threading

from carbonrun import clock
from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.sensors import Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.power_meter import PowerMeter
    from carbonrun.measurement.model import Unmeasured

    Probe = tuple[PowerMeter, Callable[[], float]]


def sampled(
    probes: Sequence[Probe], unmeasured: Iterable[Unmeasured], period_seconds: float
) -> Found:
    """Return what a kind of sensor has found whose samples one poller takes."""
    pollers = (Poller(probes, period_seconds),) if probes else ()
    meters = tuple(meter for meter, _ in probes)
    return Found(meters=meters, unmeasured=tuple(unmeasured), pollers=pollers)


class Poller:
    """Reads the power of some devices again and again, and hands it to their meters."""

    def __init__(
        self,
        probes: Sequence[Probe],
        period_seconds: float,
        now: Callable[[], Instant] = clock.now,
    ) -> None:
        """Prepare.

        Args:
            probes: a meter, and what returns the watts of its device now.
            period_seconds: from the end of one round to the next.
            now: the clock.
        """
        self.probes = probes
        self._period_seconds = period_seconds
        self._now = now
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin; the first round is made at once."""
        try:
            threading.Thread(target=self._run, name="carbonrun-poller", daemon=True).start()
        except RuntimeError as error:  # the limit of processes is reached
            for meter, _ in self.probes:
                meter.fail(str(error))

    def stop(self) -> None:
        """Ask the thread to end after its round; does not wait for it."""
        self._stop.set()

    def round(self) -> None:
        """Take one sample of each device."""
        for meter, read_watts in self.probes:
            try:
                watts = read_watts()
            except ReadFailed as error:
                meter.fail(str(error))
            except Exception as error:  # noqa: BLE001 - one sensor must not end the others
                meter.fail(f"{type(error).__name__}: {error}")
            else:
                meter.take(self._now(), watts)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.round()
            self._stop.wait(self._period_seconds)
