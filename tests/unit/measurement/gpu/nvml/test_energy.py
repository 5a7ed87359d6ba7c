"""Joules of a GPU by the best sensor that answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from carbonrun.measurement.gpu.nvml.driver import (
    GPU_IS_LOST,
    NO_PERMISSION,
    NOT_FOUND,
    NOT_SUPPORTED,
    UNKNOWN,
    Refused,
)
from carbonrun.measurement.gpu.nvml.energy import EnergyReader
from carbonrun.measurement.gpu.nvml.sensors import AVERAGE, COUNTER, INSTANT, MODULE, RECORDED
from tests.unit.measurement.gpu.nvml.answers import HANDLE, Answers, Refusing

UNIX = 1_000_000.0


def field(watts: float | Refusing) -> list[Any]:
    code = watts.code if isinstance(watts, Refusing) else 0
    milliwatts = 0 if isinstance(watts, Refusing) else round(watts * 1000)
    value = SimpleNamespace(uiVal=milliwatts)
    return [SimpleNamespace(nvmlReturn=code, valueType=1, value=value, timestamp=0)]


def reader(**answers: Any) -> tuple[EnergyReader, Answers]:
    driver = Answers(**answers)
    return EnergyReader(driver, HANDLE, lambda: UNIX), driver


def test_the_counter_comes_first() -> None:
    energy, driver = reader(DeviceGetTotalEnergyConsumption=5000)
    assert energy.read(0.0) == 5
    driver.table["DeviceGetTotalEnergyConsumption"] = 305_000
    assert energy.read(1.0) == 305
    assert energy.sensor == COUNTER
    assert set(driver.asked) == {"DeviceGetTotalEnergyConsumption"}


def test_then_power_of_the_moment_integrated() -> None:
    energy, driver = reader(DeviceGetFieldValues=field(100))
    assert energy.read(10.0) == 0
    driver.table["DeviceGetFieldValues"] = field(300)
    assert energy.read(12.0) == pytest.approx(400)
    assert energy.sensor == INSTANT
    assert energy.refusals == {COUNTER: "not known to this driver"}


def test_then_average_power() -> None:
    energy, _ = reader(
        DeviceGetTotalEnergyConsumption=Refusing(NOT_SUPPORTED),
        DeviceGetFieldValues=field(Refusing(NOT_SUPPORTED)),
        DeviceGetPowerUsage=250_000,
    )
    energy.read(0.0)
    assert energy.read(2.0) == pytest.approx(500)
    assert energy.sensor == AVERAGE


def sample(at_seconds: float, watts: float) -> Any:
    value = SimpleNamespace(uiVal=round(watts * 1000))
    return SimpleNamespace(timeStamp=round((UNIX + at_seconds) * 1e6), sampleValue=value)


def test_then_recorded_power() -> None:
    rows = [sample(-5, 999), sample(-0.5, 100), sample(0, 200)]
    energy, driver = reader(DeviceGetSamples=lambda *_: (1, rows))
    assert energy.watts() == pytest.approx(150)
    energy.read(0.0)
    assert energy.sensor == RECORDED
    driver.table["DeviceGetSamples"] = Refusing(NOT_FOUND)
    assert energy.watts() == pytest.approx(150), "nothing new goes on as before"


def test_recorded_power_that_was_never_recorded() -> None:
    energy, _ = reader(DeviceGetSamples=Refusing(NOT_FOUND))
    with pytest.raises(Refused, match="no power was recorded"):
        energy.read(0.0)


def test_then_that_of_the_module() -> None:
    def of_scope(_handle: object, fields: list[tuple[int, int]]) -> list[Any]:
        return field(600) if fields[0][1] == 1 else field(Refusing(NOT_SUPPORTED))

    energy, _ = reader(DeviceGetFieldValues=of_scope)
    energy.read(0.0)
    assert energy.sensor == MODULE


def test_where_nothing_answers_all_reasons_are_told() -> None:
    energy, _ = reader(DeviceGetTotalEnergyConsumption=Refusing(NO_PERMISSION))
    with pytest.raises(Refused) as caught:
        energy.read(0.0)
    assert caught.value.text.startswith("energy counter: no permission; instant power: not known")


def test_what_fails_for_a_moment_is_asked_again() -> None:
    energy, driver = reader(DeviceGetTotalEnergyConsumption=Refusing(GPU_IS_LOST))
    with pytest.raises(Refused, match="fallen off"):
        energy.read(0.0)
    driver.table["DeviceGetTotalEnergyConsumption"] = 7000
    assert energy.read(1.0) == 7
    energy, driver = reader(DeviceGetFieldValues=field(Refusing(GPU_IS_LOST)))
    with pytest.raises(Refused, match="fallen off"):
        energy.read(0.0)
    assert COUNTER in energy.refusals


@pytest.mark.parametrize("power", [{}, {"DeviceGetPowerUsage": 300_000}])
def test_a_counter_that_begins_anew_is_bridged(power: dict[str, Any]) -> None:
    """With the power of the moment, else with that of before."""
    energy, driver = reader(DeviceGetTotalEnergyConsumption=900_000, **power)
    energy.read(0.0)
    for at, millijoules in ((1.0, 1_200_000), (2.0, 10_000)):
        driver.table["DeviceGetTotalEnergyConsumption"] = millijoules
        energy.read(at)
    driver.table["DeviceGetTotalEnergyConsumption"] = 310_000
    assert energy.read(3.0) == pytest.approx(900 + 3 * 300)
    assert energy.resets == 1


def test_a_counter_that_stands_still_under_power_is_given_up() -> None:
    energy, driver = reader(
        DeviceGetTotalEnergyConsumption=900_000, DeviceGetFieldValues=field(300)
    )
    energy.read(0.0)
    driver.table["DeviceGetTotalEnergyConsumption"] = 1_000_000  # it stopped after a third
    assert energy.read(1.0) == pytest.approx(1000)
    assert energy.read(1.5) == pytest.approx(1000), "not for long enough"
    assert energy.read(2.0) == pytest.approx(900 + 2 * 300)
    assert (energy.sensor, energy.was_frozen) == (INSTANT, True)
    assert energy.read(3.0) == pytest.approx(900 + 3 * 300)


@pytest.mark.parametrize("answers", [{}, {"DeviceGetPowerUsage": 0}])
def test_a_counter_that_may_stand_still_is_kept(answers: dict[str, Any]) -> None:
    energy, _ = reader(DeviceGetTotalEnergyConsumption=900_000, **answers)
    assert [energy.read(at) for at in (0.0, 1.0, 2.0)] == [900, 900, 900]
    assert not energy.was_frozen


def test_power_that_no_gpu_draws_is_no_answer() -> None:
    energy, driver = reader(DeviceGetPowerUsage=0xFFFFFFFF)
    with pytest.raises(Refused, match="more than a GPU can draw"):
        energy.read(0.0)
    driver.table["DeviceGetPowerUsage"] = 300_000
    assert energy.read(1.0) == pytest.approx(300)
    assert energy.read(2.0) == pytest.approx(600)


def test_a_counter_that_fails_again_and_again_gives_way_to_power() -> None:
    energy, driver = reader(DeviceGetTotalEnergyConsumption=5000, DeviceGetPowerUsage=300_000)
    assert energy.read(0.0) == 5
    driver.table["DeviceGetTotalEnergyConsumption"] = Refusing(UNKNOWN)
    for at in (1.0, 2.0):
        with pytest.raises(Refused, match="does not name"):
            energy.read(at)
    assert energy.read(3.0) == pytest.approx(5 + 3 * 300)
    assert energy.sensor == AVERAGE
