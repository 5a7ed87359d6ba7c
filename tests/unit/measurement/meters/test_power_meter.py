from __future__ import annotations

import os
import resource
import threading
import time

import pytest

from carbonrun import clock
from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.poller import Poller
from carbonrun.measurement.meters.power_meter import PowerMeter, sampled_device
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import note_codes, read
from tests.machine.unprivileged import run_unprivileged

PERIOD_SECONDS = 0.1


def meter(started: clock.Instant, kind: str = "cpu") -> PowerMeter:
    device = sampled_device(
        "package-0",
        kind,
        name="CPU package-0",
        meter="test",
        source="test",
        accuracy=(0.9, 1.1),
        period_seconds=PERIOD_SECONDS,
    )
    return PowerMeter(device, started, PERIOD_SECONDS)


def test_samples_later_than_the_reading_wait_for_the_next() -> None:
    fake = FakeClock()
    power = meter(fake.now())
    power.take(fake.advance(0.5), 10)
    now = fake.now()
    power.take(fake.advance(0.5), 30)
    assert read(power, now) == pytest.approx(5)
    assert read(power, fake.now()) == pytest.approx(5 + 10)
    assert note_codes(power) == []
    assert power.implausible is None


def test_a_sensor_that_falls_silent_fails_and_is_told() -> None:
    fake = FakeClock()
    power = meter(fake.now())
    power.take(fake.now(), 10)
    power.fail("/sys/x: Input/output error")
    assert read(power, fake.advance(0.9)) == pytest.approx(9)
    assert read(power, fake.advance(10.0)) == pytest.approx(10)
    assert "no figures for 9.9 s of 10.9: /sys/x" in str(power.implausible)
    assert note_codes(power) == ["sensor-silent"]


def test_a_short_silence_is_no_fault() -> None:
    fake = FakeClock()
    power = meter(fake.now())
    for _ in range(100):
        power.take(fake.advance(1.0), 10)
    power.take(fake.advance(4.0), 10)
    assert read(power, fake.now()) == pytest.approx(1000 + 10)
    assert power.implausible is None


def test_one_that_never_spoke() -> None:
    fake = FakeClock()
    power = meter(fake.now())
    assert read(power, fake.advance(0.5)) == 0
    assert "too short" in str(power.implausible)
    assert read(power, fake.advance(5.0)) == 0
    assert note_codes(power) == []
    power.fail("No data available")
    assert power.implausible == "it gave no figure: No data available"


@pytest.mark.parametrize("watts", [-5.0, 1e9])
def test_one_that_only_shows_what_cannot_be_true(watts: float) -> None:
    fake = FakeClock()
    power = meter(fake.now())
    power.take(fake.advance(1.0), watts)
    assert read(power, fake.now()) == 0
    reason = "it gave no figure: what it showed is no power that can be true"
    assert power.implausible == reason


def test_absurd_samples_are_told() -> None:
    fake = FakeClock()
    power = meter(fake.now())
    for watts in (10, -3, 1e9, 10):
        power.take(fake.advance(0.1), watts)
    assert read(power, fake.now()) == pytest.approx(4)
    assert note_codes(power) == ["sensor-absurd"]


def test_a_round_takes_a_sample_of_each_and_survives_what_they_throw() -> None:
    fake = FakeClock()
    good, failing, broken = (meter(fake.now()) for _ in range(3))

    def fail() -> float:
        raise ReadFailed("no data")

    def divide() -> float:
        return 1 / (fake.now().monotonic_seconds - fake.now().monotonic_seconds)

    probes = [(failing, fail), (broken, divide), (good, lambda: 12.0)]
    poller = Poller(probes, PERIOD_SECONDS, fake.now)
    poller.round()
    fake.advance(1.0)
    poller.round()
    assert read(good, fake.now()) == pytest.approx(12)
    assert "no data" in str(failing.implausible)
    assert "ZeroDivisionError" in str(broken.implausible)


def test_without_room_for_a_thread_the_sensor_is_given_up() -> None:
    """As under a limit of processes, which root does not feel."""
    started = clock.now()

    def outcome() -> str:
        limit = (0, resource.getrlimit(resource.RLIMIT_NPROC)[1])
        resource.setrlimit(resource.RLIMIT_NPROC, limit)
        power = meter(started)
        Poller([(power, lambda: 1.0)], PERIOD_SECONDS).start()
        return str(power.implausible)

    if os.geteuid() != 0:
        pytest.skip("the limit would stay")
    assert "can't start new thread" in run_unprivileged(outcome)


def test_a_sensor_that_blocks_holds_up_nobody() -> None:
    """Its last value stands for a second; the other kind goes on."""
    started = clock.now()
    stuck, healthy = meter(started), meter(started)
    released = threading.Event()
    calls: list[None] = []

    def block() -> float:
        calls.append(None)
        if len(calls) > 1:
            released.wait(30)
        return 10.0

    pollers = [Poller([(stuck, block)], 0.01), Poller([(healthy, lambda: 20.0)], 0.01)]
    for poller in pollers:
        poller.start()
    time.sleep(0.2)
    before = time.monotonic()
    joules = [read(each, clock.now()) for each in (stuck, healthy)]
    assert time.monotonic() - before < 0.05
    assert joules == pytest.approx([2.0, 4.0], rel=0.3)
    time.sleep(1.2)
    assert read(stuck, clock.now()) == pytest.approx(11, rel=0.2)
    assert "no figures for" in str(stuck.implausible)
    assert read(healthy, clock.now()) == pytest.approx(28, rel=0.2)
    released.set()
    for poller in pollers:
        poller.stop()
