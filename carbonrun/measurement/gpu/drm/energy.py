"""The energy of one card, cumulative: its counter, or its power integrated, or both compared.

Responsible for one card's figures and for never waking it: a card that is suspended draws next to
nothing, and counts as 0 W. Not responsible for who used it.

* i915 and xe have a counter in microjoules. The kernel adds up a register of 32 bits, which may
  pass its end unseen between two readings that are minutes apart; so may the file's value with
  kernels that only hand on the register.
* amdgpu has power in microwatts, sampled in the background, and most cards a counter in
  ``gpu_metrics``. That is wrong on some: it is used from when it has agreed with the power.

Source: Linux, ``Documentation/hwmon/sysfs-interface.rst``, ``drivers/gpu/drm/xe/xe_hwmon.c``
("32-bits and is subject to overflow"), ``Documentation/gpu/amdgpu/thermal.rst``.
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.gpu.drm.gpu_metrics import JOULES_PER_UNIT, parse_gpu_metrics
from carbonrun.measurement.meters.counter import WrappingCounter
from carbonrun.measurement.meters.energy_file import EnergyFile
from carbonrun.measurement.meters.hwmon import Chip, labels
from carbonrun.measurement.meters.power_file import MICRO, read_number
from carbonrun.measurement.meters.rapl_checks import MOST_WATTS
from carbonrun.measurement.model import GPU
from carbonrun.measurement.sampler import UNKNOWN_MACHINE as NO_MACHINE
from carbonrun.measurement.tree.procstat import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.drm.cards import Card
    from carbonrun.measurement.meters.power_meter import PowerMeter

# 32 bits of the unit that these registers have (2**-14 J), in microjoules.
# Source: xe_hwmon.c, "example scaling bit shift of 14 bits".
REGISTER_UJ = (2**32 * 1_000_000 >> 14) - 1
# The largest card of Intel has 600 W. Source: data sheet of the Data Center GPU Max 1550.
MOST_INTEL_WATTS = 1000.0
_WORD, _LONG_WORD = 2**32 - 1, 2**64 - 1
# Sampling eight cards that often costs about 0.1 % of a CPU.
PERIOD_SECONDS_PER_CARD = 0.05
LEAST_PERIOD_SECONDS = 0.1
# A counter agrees with the power if it is within this after so long. Ours: sensors of cards are
# good to 5 %, and the two are averages over different times; a wrong unit is off by far more.
AGREEMENT = (0.8, 1.25)
AGREEMENT_SECONDS = 1.0
NOT_YET = "the card has told no power yet"
# The counters of Intel change every millisecond or so, whatever the card does.
STILL_SECONDS = 0.5
_ENERGY = "energy"
# Averages come before the power of a moment.
_POWER_FILES = ("power1_average", "power1_input")


class CounterEnergy:
    """The counter of an Intel card.

    Attributes:
        card: whose it is.
        path, file: of the counter, and its name.
        is_since_start: the energy is that since the start of the run.
    """

    def __init__(self, card: Card, path: str) -> None:
        """Read ``path``."""
        self.card = card
        self.path = path
        self.file = path.rpartition("/")[2]
        self.is_since_start = False
        self._raw: int | None = None
        self._moved_at_seconds: float | None = None
        self._source = EnergyFile(path)
        self._counter = WrappingCounter(REGISTER_UJ, MOST_INTEL_WATTS)

    def count_from(self, raw: int, started: Instant) -> None:
        """Count from a value that was read before the run."""
        self._counter.update(raw, started)
        self.is_since_start = True

    @property
    def watts(self) -> float | None:
        """Return None: a counter tells no power."""
        return None

    @property
    def gap_seconds(self) -> float:
        """Return for how long the energy is unknown."""
        return sum(gap.seconds for gap in self._counter.gaps.values())

    def joules(self, now: Instant) -> float:
        """Return the energy since the first reading.

        Raises:
            ReadFailed: it is not to be had now, or has stood still while the card was awake; the
                next reading spans the gap.
        """
        if self.card.is_asleep() or not self.card.is_present():
            self._moved_at_seconds = None
            return self._counter.joules
        raw = self._source.read()
        joules = self._counter.update(raw, now)
        if raw != self._raw or self._moved_at_seconds is None:
            self._moved_at_seconds = now.monotonic_seconds
        self._raw = raw
        if now.monotonic_seconds - self._moved_at_seconds > STILL_SECONDS:
            raise ReadFailed(f"{self.file} stands still")
        return joules

    def close(self) -> None:
        """Give the descriptor back."""
        self._source.close()


class MetricsCounter:
    """The counter in ``gpu_metrics``."""

    def __init__(self, card: Card) -> None:
        """Read the table of ``card``."""
        self._path = f"{card.device}/gpu_metrics"
        self._counter: WrappingCounter | None = None
        self._is_absent = False

    def joules(self, now: Instant) -> float | None:
        """Return the energy since the first reading; None where there is none to be had."""
        if self._is_absent:
            return None
        try:
            metrics = parse_gpu_metrics(read_bytes(self._path))
        except OSError:
            self._is_absent = self._counter is None
            return None
        units = None if metrics is None else metrics.energy_units
        if units is None:
            self._is_absent = self._counter is None
            return None
        if self._counter is None:
            most = _WORD if units <= _WORD else _LONG_WORD
            self._counter = WrappingCounter(most, MOST_WATTS[GPU], JOULES_PER_UNIT)
        return self._counter.update(units, now)


class PowerEnergy:
    """The power of an AMD card, integrated; and its counter, from when the two agree.

    Attributes:
        meter: takes the samples.
        is_counted: the counter is in use.
        is_since_start: samples count back to the start of the run.
        watts: of the last sample.
    """

    def __init__(self, card: Card, meter: PowerMeter, path: str, started: Instant) -> None:
        """Read the power in ``path``, counted from ``started``."""
        self.card = card
        self.meter = meter
        self.file = path.rpartition("/")[2]
        self.is_counted = False
        self.is_since_start = True
        self.watts: float | None = None
        self._path = path
        self._metrics = MetricsCounter(card)
        self._started = started
        self._before = (0.0, 0.0)  # by power, by the counter
        self._counter_start: tuple[float, float] | None = None  # power and counter when it began
        self._joules = 0.0

    def read_watts(self) -> float:
        """Return the power now; called by the thread that takes samples.

        Raises:
            ReadFailed: it is not to be had.
        """
        is_off = self.card.is_asleep() or not self.card.is_present()
        self.watts = 0.0 if is_off else read_number(self._path) * MICRO
        return self.watts

    def joules(self, now: Instant) -> float:
        """Return the energy since the start.

        Raises:
            ReadFailed: no figure has come yet, or none for long.
        """
        by_power = self.meter.read_joules(now, NO_MACHINE)
        if not self.meter.has_sample:
            raise ReadFailed(self.meter.failure or NOT_YET)
        if self.meter.is_silent(now):
            raise ReadFailed(self.meter.failure or f"{self.file} was not told in time")
        is_awake = self.card.is_present() and not self.card.is_asleep()
        counted = self._metrics.joules(now) if is_awake else None
        power_before, counter_before = self._before
        by_counter = counter_before if counted is None else counted
        self._judge(now, by_power, counted)
        risen = by_counter - counter_before if self.is_counted else by_power - power_before
        self._joules += max(0.0, risen)
        self._before = (by_power, by_counter)
        return self._joules

    def _judge(self, now: Instant, by_power: float, counted: float | None) -> None:
        """Compare both ways since the counter was first read."""
        if counted is None:
            return
        if self._counter_start is None:
            self._counter_start = (by_power, counted)
            self._started = now
        seconds = now.monotonic_seconds - self._started.monotonic_seconds
        watt_joules = by_power - self._counter_start[0]
        if seconds < AGREEMENT_SECONDS or watt_joules <= 0:
            return
        ratio = (counted - self._counter_start[1]) / watt_joules
        self.is_counted = AGREEMENT[0] <= ratio <= AGREEMENT[1]

    def close(self) -> None:
        """Nothing is kept open."""


def energy_channel(card: Card) -> str | None:
    """Return the counter of the whole card, else the first one; None if it has none.

    Source: Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon: ``energy1_input`` is of the
    card, ``energy2_input`` of the package on it, which is less.
    """
    if card.hwmon is None:
        return None
    chip = Chip(name="", path=card.hwmon)
    channels = labels(chip, _ENERGY)
    ordered = sorted(channels, key=lambda number: (channels[number] != "card", number))
    names = [f"energy{number}_input" for number in (*ordered, 1, 2)]
    return next((path for path in map(chip.attribute, names) if path is not None), None)


def power_file(card: Card) -> str | None:
    """Return the file with the power of a card, None if it has none that gives a number."""
    if card.hwmon is None:
        return None
    chip = Chip(name="", path=card.hwmon)
    paths = [path for path in map(chip.attribute, _POWER_FILES) if path is not None]
    if len(paths) > 1 and not card.is_asleep() and not _gives_number(paths[0]):
        return paths[1]
    return paths[0] if paths else None


def _gives_number(path: str) -> bool:
    try:
        read_number(path)
    except ReadFailed:
        return False
    return True


def period_seconds(cards: int) -> float:
    """Return how often to sample the power of so many cards."""
    return max(LEAST_PERIOD_SECONDS, PERIOD_SECONDS_PER_CARD * cards)
