"""The energy of cards: counters, power, and the two compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.gpu.drm.discover import discover
from carbonrun.measurement.gpu.drm.energy import (
    REGISTER_UJ,
    CounterEnergy,
    PowerEnergy,
    period_seconds,
)
from tests.machine.fake_clock import FakeClock
from tests.machine.sim_drm import JOULES_PER_UNIT, SimulatedGraphics, gpu_metrics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machine.sim_drm import SimulatedCard

DGPU = "0000:03:00.0"


class Bench:
    """A machine with one card, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.machine = SimulatedGraphics(folder)
        self.watts = 100.0
        self.units = 0

    def intel(self, energy_uj: int) -> tuple[SimulatedCard, CounterEnergy]:
        card = self.machine.add_card(DGPU, "i915", hwmon={"energy1_input": energy_uj})
        energy = discover(str(self.machine.sysfs), self.clock.now()).devices[0].energy
        assert isinstance(energy, CounterEnergy)
        return card, energy

    def amd(self, units: int | None = None) -> tuple[SimulatedCard, PowerEnergy]:
        card = self.machine.add_card(DGPU, "amdgpu", hwmon={"power1_average": 100_000_000})
        if units is not None:
            card.set("gpu_metrics", gpu_metrics(units))
            self.units = units
        energy = discover(str(self.machine.sysfs), self.clock.now()).devices[0].energy
        assert isinstance(energy, PowerEnergy)
        return card, energy

    def sample(self, energy: PowerEnergy) -> None:
        """Do what the thread does in a round."""
        try:
            energy.meter.take(self.clock.now(), energy.read_watts())
        except ReadFailed as error:
            energy.meter.fail(str(error))

    def go_on(
        self, card: SimulatedCard, energy: PowerEnergy, seconds: float, factor: float = 1.0
    ) -> float:
        """Let time pass in steps; the counter moves by ``factor`` times the energy."""
        joules = energy.joules(self.clock.now()) if energy.meter.has_sample else 0.0
        for _ in range(round(seconds / 0.1)):
            self.clock.advance(0.1)
            self.units += round(self.watts * 0.1 * factor / JOULES_PER_UNIT)
            card.set("gpu_metrics", gpu_metrics(self.units))
            self.sample(energy)
            joules = energy.joules(self.clock.now())
        return joules


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_counter(bench: Bench) -> None:
    card, energy = bench.intel(5_000_000)
    assert energy.joules(bench.clock.now()) == 0.0
    card.set("hwmon/energy1_input", 65_000_000)
    assert energy.joules(bench.clock.advance(1)) == pytest.approx(60.0)
    energy.close()


@pytest.mark.parametrize("seconds", [0.5, 100.0])
def test_a_counter_that_passes_its_end(bench: Bench, seconds: float) -> None:
    card, energy = bench.intel(REGISTER_UJ - 9_999_999)
    energy.joules(bench.clock.now())
    card.set("hwmon/energy1_input", 20_000_000)
    assert energy.joules(bench.clock.advance(seconds)) == pytest.approx(30.0)
    assert energy.gap_seconds == 0


def test_a_counter_that_starts_again(bench: Bench) -> None:
    card, energy = bench.intel(50_000_000)
    energy.joules(bench.clock.now())
    card.set("hwmon/energy1_input", 1_000_000)
    assert energy.joules(bench.clock.advance(2)) == 0.0
    assert energy.gap_seconds == 2.0
    card.set("hwmon/energy1_input", 4_000_000)
    assert energy.joules(bench.clock.advance(1)) == pytest.approx(3.0)


def test_a_card_that_sleeps_is_not_read(bench: Bench) -> None:
    card, energy = bench.intel(5_000_000)
    energy.joules(bench.clock.now())
    card.set("power/runtime_status", "suspended")
    card.set("hwmon/energy1_input", "reading this has woken the card")
    assert energy.joules(bench.clock.advance(5)) == 0.0
    card.set("power/runtime_status", "active")
    card.set("hwmon/energy1_input", 8_000_000)
    assert energy.joules(bench.clock.advance(1)) == pytest.approx(3.0)


@pytest.mark.parametrize("what", ["error", "noise"])
def test_a_reading_that_fails(bench: Bench, what: str) -> None:
    card, energy = bench.intel(5_000_000)
    energy.joules(bench.clock.now())
    if what == "error":
        energy.close()
        card.fail("hwmon/energy1_input")
    else:
        card.set("hwmon/energy1_input", "busy")
    with pytest.raises(ReadFailed):
        energy.joules(bench.clock.advance(1))


def test_a_card_that_is_taken_out_keeps_what_it_used(bench: Bench) -> None:
    card, energy = bench.intel(5_000_000)
    energy.joules(bench.clock.now())
    card.set("hwmon/energy1_input", 9_000_000)
    energy.joules(bench.clock.advance(1))
    card.unplug()
    assert energy.joules(bench.clock.advance(1)) == pytest.approx(4.0)


def test_power_alone(bench: Bench) -> None:
    _, energy = bench.amd()
    with pytest.raises(ReadFailed, match="no power yet"):
        energy.joules(bench.clock.now())
    bench.sample(energy)
    bench.clock.advance(0.5)
    bench.sample(energy)
    assert energy.joules(bench.clock.now()) == pytest.approx(50.0)
    assert not energy.is_counted
    energy.close()


def test_a_sleeping_card_draws_nothing(bench: Bench) -> None:
    card, energy = bench.amd(units=1000)
    card.set("power/runtime_status", "suspended")
    card.fail("hwmon/power1_average")
    card.fail("gpu_metrics")
    for _ in range(5):
        bench.sample(energy)
        bench.clock.advance(0.1)
    assert energy.joules(bench.clock.now()) == 0.0
    assert energy.meter.implausible is None


def test_a_counter_that_agrees_with_the_power_is_used(bench: Bench) -> None:
    card, energy = bench.amd(units=1000)
    bench.sample(energy)
    assert bench.go_on(card, energy, 5, factor=1.05) == pytest.approx(500, rel=0.05)
    assert energy.is_counted
    before = energy.joules(bench.clock.now())
    bench.units += round(40 / JOULES_PER_UNIT)  # while the samples say 10 J
    card.set("gpu_metrics", gpu_metrics(bench.units))
    bench.clock.advance(0.1)
    assert energy.joules(bench.clock.now()) - before == pytest.approx(40, abs=0.01)


@pytest.mark.parametrize("factor", [0.0, 0.5, 65.536, 100.0])
def test_a_counter_that_does_not_agree_is_not_used(bench: Bench, factor: float) -> None:
    card, energy = bench.amd(units=1000)
    bench.sample(energy)
    assert bench.go_on(card, energy, 3, factor=factor) == pytest.approx(300, rel=0.01)
    assert not energy.is_counted


def test_a_counter_that_gets_stuck_is_given_up(bench: Bench) -> None:
    card, energy = bench.amd(units=1000)
    bench.sample(energy)
    bench.go_on(card, energy, 4)
    was_counted = energy.is_counted
    joules = bench.go_on(card, energy, 10, factor=0.0)
    assert (was_counted, energy.is_counted) == (True, False)
    assert joules == pytest.approx(1400, rel=0.08)


def test_a_counter_of_32_bits_passes_its_end(bench: Bench) -> None:
    card, energy = bench.amd(units=2**32 - 1000)
    bench.sample(energy)
    bench.units -= 2**32
    for _ in range(30):
        bench.clock.advance(0.1)
        bench.units += round(10 / JOULES_PER_UNIT)
        card.set("gpu_metrics", gpu_metrics(bench.units % 2**32))
        bench.sample(energy)
        energy.joules(bench.clock.now())
    assert energy.is_counted
    assert energy.joules(bench.clock.now()) == pytest.approx(300, rel=0.05)


def test_samples_that_fail_leave_the_last_one_standing(bench: Bench) -> None:
    card, energy = bench.amd()
    bench.sample(energy)
    card.fail("hwmon/power1_average")
    bench.clock.advance(0.5)
    bench.sample(energy)
    assert energy.joules(bench.clock.now()) == pytest.approx(50.0)
    assert energy.meter.failure is not None


def test_many_cards_are_sampled_more_rarely() -> None:
    assert [period_seconds(cards) for cards in (1, 2, 8)] == [0.1, 0.1, 0.4]
