"""Signs of cards and accelerators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.gpu.presence import energy_counters, may_have_cards
from tests.machine.sim_drm import SimulatedGraphics

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("driver", "is_there"),
    [("amdgpu", True), ("i915", True), ("xe", True), ("nouveau", True), ("ast", False)],
)
def test_a_card(tmp_path: Path, driver: str, is_there: bool) -> None:
    machine = SimulatedGraphics(tmp_path)
    assert not may_have_cards(str(machine.sysfs))
    machine.add_card("0000:03:00.0", driver)
    assert may_have_cards(str(machine.sysfs)) is is_there


@pytest.mark.parametrize("place", ["sys/class/accel/accel0", "dev/neuron0", "dev/accel0"])
def test_an_accelerator(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    assert may_have_cards(str(tmp_path / "sys"))


def test_counters_before_the_start(tmp_path: Path) -> None:
    machine = SimulatedGraphics(tmp_path)
    awake = machine.add_card("0000:03:00.0", "xe", hwmon={"energy1_input": 5, "energy2_input": "?"})
    machine.add_card("0000:04:00.0", "amdgpu", hwmon={"power1_average": 5})
    asleep = machine.add_card("0000:05:00.0", "i915", hwmon={"energy1_input": 7})
    asleep.set("power/runtime_status", "suspended")
    path = f"{awake.node}/device/hwmon/{awake.hwmon.name}/energy1_input"
    assert energy_counters(f"{machine.sysfs}/") == {path: 5}
