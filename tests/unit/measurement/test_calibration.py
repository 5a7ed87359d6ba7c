"""From stretches of load back to the floor and the curve that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.calibration import (
    Calibration,
    DeviceCalibration,
    Stretch,
    calibrate_device,
    fit_cpu,
)
from carbonrun.measurement.fitted_power import share_at
from carbonrun.measurement.model import Device, IdleFloor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DATE = "2026-11-25"
CPUS = 4
# Share of the dynamic power at 0, 10 ... 100 % load; mean of 229 results since 2016 (spec.org).
SPECPOWER = (0.0, 0.181, 0.249, 0.315, 0.380, 0.448, 0.525, 0.615, 0.726, 0.858, 1.0)


def device(device_id: str = "package-0", kind: str = "cpu") -> Device:
    return Device(
        id=device_id,
        kind=kind,
        name=device_id,
        meter="test",
        method="counter",
        source="test",
        low_factor=0.9,
        high_factor=1.1,
    )


def stretches(
    watts: Callable[[float], float],
    *,
    idle_loads: Sequence[float] = (0.0, 0.0, 0.0),
    background: float = 0.0,
    device_id: str = "package-0",
) -> list[Stretch]:
    """Return what a machine of such a power would give."""
    loads = [(0, load) for load in idle_loads]
    loads += [(n, min(1.0, n / CPUS + background)) for n in range(1, CPUS + 1) for _ in range(2)]
    return [
        Stretch(workers=workers, seconds=4.0, load=load, joules={device_id: 4.0 * watts(load)})
        for workers, load in loads
    ]


def calibrated(found: DeviceCalibration | str) -> DeviceCalibration:
    assert isinstance(found, DeviceCalibration)
    return found


@given(
    idle_watts=st.floats(0.5, 300),
    rise=st.floats(0.5, 500),
    idle_loads=st.lists(st.floats(0, 0.06), min_size=2, max_size=6),
)
def test_a_straight_line_is_recovered(
    idle_watts: float, rise: float, idle_loads: list[float]
) -> None:
    found = calibrated(
        calibrate_device(
            device(), stretches(lambda u: idle_watts + rise * u, idle_loads=idle_loads)
        )
    )
    assert found.idle.watts == pytest.approx(idle_watts, rel=1e-6)
    assert found.idle.low_watts <= idle_watts * (1 + 1e-9)
    assert found.idle.high_watts >= idle_watts * (1 - 1e-9)
    assert [point.load for point in found.points] == [0.25, 0.5, 0.75, 1.0]
    for point in found.points:
        assert point.watts == pytest.approx(idle_watts + rise * point.load)
        assert point.low_watts < point.watts < point.high_watts


@given(first=st.floats(0.08, 0.22), idle_load=st.floats(0, 0.05))
def test_the_true_floor_of_a_bent_curve_is_within_the_bounds(
    first: float, idle_load: float
) -> None:
    """As the mean SPECpower server, with the spread of its steep beginning (0.18 at 10 % load)."""
    curve = [(load / 10, share) for load, share in enumerate(SPECPOWER)]
    curve[1] = (0.1, first)

    def watts(load: float) -> float:
        return 10 + 40 * share_at(curve, load)

    found = calibrated(calibrate_device(device(), stretches(watts, idle_loads=[idle_load] * 3)))
    assert found.idle.low_watts <= 10 <= found.idle.high_watts


def test_the_bounds_are_the_spread_of_the_stretches() -> None:
    known = stretches(lambda u: 10 + 40 * u)
    known[0] = known[0].replace(joules={"package-0": 4.0 * 9.5})
    known[1] = known[1].replace(joules={"package-0": 4.0 * 10.6})
    found = calibrated(calibrate_device(device(), known))
    assert found.idle.low_watts == pytest.approx(9.5, rel=1e-3)
    assert found.idle.high_watts == pytest.approx(10.6, rel=1e-3)


def test_a_device_whose_power_does_not_depend_on_the_cpus() -> None:
    found = calibrated(calibrate_device(device(), stretches(lambda _u: 3.0)))
    assert found.idle.watts == 3.0
    assert found.idle.low_watts == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ([], "could not be read"),
        (stretches(lambda _u: 5.0, device_id="other"), "could not be read"),
        (stretches(lambda _u: 5.0, idle_loads=()), "could not be read"),
        (stretches(lambda _u: 5.0)[:3], "could not be read"),
        (stretches(lambda _u: 0.0), "did not move"),
        (stretches(lambda u: 10 + 40 * u, idle_loads=[0.95, 1.0]), "idle power is unknown"),
        (stretches(lambda u: 5.0 if u > 0 else 0.0), "measure longer"),
    ],
    ids=["nothing", "another device", "no idle", "no load", "stands still", "busy", "too coarse"],
)
def test_what_tells_nothing_is_said(known: list[Stretch], reason: str) -> None:
    found = calibrate_device(device(), known)
    assert isinstance(found, str)
    assert reason in found


def one(device_id: str, kind: str, watts: Callable[[float], float]) -> DeviceCalibration:
    known = stretches(watts, device_id=device_id)
    return calibrated(calibrate_device(device(device_id, kind), known))


def test_counters_of_all_packages_make_the_model() -> None:
    devices = [
        one("package-0", "cpu", lambda u: 10 + 40 * u),
        one("package-1", "cpu", lambda u: 12 + 20 * u),
        one("dram-0", "memory", lambda _u: 4.0),
        one("psys", "board", lambda u: 40 + 90 * u),
    ]
    power = fit_cpu(devices, None, DATE)
    assert power is not None
    assert power.idle_watts == pytest.approx(22)
    assert power.full_watts == pytest.approx(82)
    assert share_at(power.curve, 0.5) == pytest.approx(0.5)
    assert power.source == f"calibrated against package-0 + package-1, {DATE}"
    assert power.low_factor > 0.6
    assert power.high_factor < 1.7


def test_packages_that_were_not_measured_alike_make_no_model() -> None:
    one_of_them = one("package-1", "cpu", lambda u: 12 + 20 * u)
    devices = [
        one("package-0", "cpu", lambda u: 10 + 40 * u),
        one_of_them.replace(points=one_of_them.points[1:]),
    ]
    assert fit_cpu(devices, MODELLED, DATE) is None


MODELLED = IdleFloor(watts=8, low_watts=2, high_watts=30, source="model")


def test_a_board_meter_gives_the_rise_and_caps_the_idle_power() -> None:
    board = one("psys", "board", lambda u: 15 + 60 * u**0.5)
    power = fit_cpu([board], MODELLED, DATE)
    assert power is not None
    assert power.idle_watts == 8
    assert power.idle_low_watts == 2
    assert power.idle_high_watts == pytest.approx(16.5, rel=1e-3)
    assert power.full_watts == pytest.approx(68)
    assert share_at(power.curve, 0.25) == pytest.approx(0.5)
    assert power.source == f"calibrated against psys, {DATE}"
    # The CPUs may have half of what the board draws more; what is at rest is hardly known.
    assert power.low_factor == pytest.approx(2 / 8)
    assert power.high_factor > 16.5 / 8 - 1e-2


def test_the_idle_power_of_the_cpus_is_at_most_that_of_the_board() -> None:
    board = one("psys", "board", lambda u: 5 + 60 * u)
    power = fit_cpu([board], MODELLED, DATE)
    assert power is not None
    assert power.idle_watts == pytest.approx(5)
    assert power.idle_high_watts <= 5.51


@pytest.mark.parametrize("modelled", [None, MODELLED])
def test_no_model_of_nothing(modelled: IdleFloor | None) -> None:
    assert fit_cpu([], modelled, DATE) is None
    assert fit_cpu([one("dram-0", "memory", lambda _u: 4.0)], modelled, DATE) is None
    assert fit_cpu([one("psys", "board", lambda _u: 4.0)], modelled, DATE) is None


def test_the_floors_say_when_they_were_calibrated() -> None:
    found = one("package-0", "cpu", lambda u: 10 + 40 * u)
    calibration = Calibration(
        machine_id="m1",
        calibrated_at=f"{DATE}T10:00:00.000Z",
        version="1",
        cpu_model="X",
        logical_cpus=4,
        kernel="Linux",
        devices=(found,),
        cpu=None,
        remarks=(),
    )
    floor = calibration.floors()["package-0"]
    assert floor.source == f"calibrated {DATE}"
    assert floor.watts == pytest.approx(10)
    assert floor.low_watts <= floor.watts <= floor.high_watts
