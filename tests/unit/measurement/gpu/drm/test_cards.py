"""Cards in simulated machines of several layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.gpu.accelerators import INSIDE, accelerators
from carbonrun.measurement.gpu.drm.cards import cards
from carbonrun.measurement.gpu.drm.discover import discover
from carbonrun.measurement.gpu.drm.energy import CounterEnergy, PowerEnergy
from tests.machine.fake_clock import FakeClock
from tests.machine.sim_drm import FORMAT_OF_APU, SimulatedGraphics, gpu_metrics

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.measurement.gpu.drm.discover import DrmFound

DGPU, APU, IGPU = "0000:03:00.0", "0000:c5:00.0", "0000:00:02.0"
POWER = {"power1_average": 60_000_000}


@pytest.fixture
def machine(tmp_path: Path) -> SimulatedGraphics:
    return SimulatedGraphics(tmp_path)


def found(machine: SimulatedGraphics) -> DrmFound:
    return discover(str(machine.sysfs), FakeClock().now())


def test_a_machine_without_cards(machine: SimulatedGraphics, tmp_path: Path) -> None:
    assert found(machine).devices == found(machine).unmeasured == ()
    assert cards(str(tmp_path / "nowhere")) == ()


def test_one_card_of_amd(machine: SimulatedGraphics) -> None:
    machine.add_card(DGPU, "amdgpu", hwmon=POWER, product_name="Radeon Pro W7900")
    (device,) = found(machine).devices
    assert (device.id, device.cards[0].name) == (DGPU, "Radeon Pro W7900")
    assert isinstance(device.energy, PowerEnergy)
    assert device.energy.file == "power1_average"
    assert found(machine).poller is not None


@pytest.mark.parametrize("mark", ["north bridge", "table"])
def test_an_apu_beside_a_card(machine: SimulatedGraphics, mark: str) -> None:
    machine.add_card(DGPU, "amdgpu", hwmon=POWER)
    if mark == "table":
        table = gpu_metrics(0, major=FORMAT_OF_APU)
        machine.add_card(APU, "amdgpu", hwmon=POWER, gpu_metrics=table)
    else:
        machine.add_card(APU, "amdgpu", hwmon={**POWER, "in1_input": 800})
    seen = found(machine)
    assert [device.id for device in seen.devices] == [DGPU]
    assert [(row.id, row.kind) for row in seen.unmeasured] == [(APU, "gpu")]
    assert INSIDE in seen.unmeasured[0].reason


@pytest.mark.parametrize("driver", ["i915", "xe"])
def test_an_integrated_gpu_of_intel(machine: SimulatedGraphics, driver: str) -> None:
    machine.add_card(IGPU, driver, pci_id="8086:9A49")
    seen = found(machine)
    assert not seen.devices
    assert seen.poller is None
    assert INSIDE in seen.unmeasured[0].reason


def test_a_card_of_i915_with_tiles(machine: SimulatedGraphics) -> None:
    card = machine.add_card(DGPU, "i915", hwmon={"energy1_input": 5}, pci_id="8086:56A0")
    tile = card.hwmon.with_name("hwmon1")
    tile.mkdir()
    (tile / "name").write_text("i915_gt0\n")
    (device,) = found(machine).devices
    assert isinstance(device.energy, CounterEnergy)
    assert device.energy.file == "energy1_input"
    assert device.cards[0].hwmon == f"{device.cards[0].device}/hwmon/{card.hwmon.name}"
    assert device.cards[0].name == "Intel GPU 8086:56a0"


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"energy1_input": 1, "energy2_input": 2}, "energy1_input"),
        ({"energy2_label": "pkg", "energy2_input": 2}, "energy2_input"),
        (
            {
                "energy1_label": "pkg",
                "energy1_input": 1,
                "energy2_label": "card",
                "energy2_input": 2,
            },
            "energy2_input",
        ),
    ],
)
def test_the_channel_of_the_whole_card(
    machine: SimulatedGraphics, files: dict[str, object], wanted: str
) -> None:
    machine.add_card(DGPU, "xe", hwmon=files)
    assert found(machine).devices[0].energy.file == wanted


def test_two_gpus_of_one_module(machine: SimulatedGraphics) -> None:
    for address, watts in (("0000:c1:00.0", 200), ("0000:c6:00.0", 0), ("0000:c9:00.0", 200)):
        hwmon = {"power1_average": watts * 1_000_000}
        machine.add_card(address, "amdgpu", hwmon=hwmon, pci_id="1002:7408")
    devices = found(machine).devices
    assert [[card.address for card in device.cards] for device in devices] == [
        ["0000:c1:00.0", "0000:c6:00.0"],
        ["0000:c9:00.0"],
    ]


def test_a_sleeping_card_is_not_read(machine: SimulatedGraphics) -> None:
    card = machine.add_card(DGPU, "amdgpu", hwmon={"power1_average": 0, "power1_input": 0})
    card.set("power/runtime_status", "suspended")
    for attribute in ("hwmon/power1_average", "gpu_metrics"):
        card.fail(attribute)
    (device,) = found(machine).devices
    assert device.energy.file == "power1_average"
    card.set("power/runtime_status", "active")
    assert found(machine).devices[0].energy.file == "power1_input"


@pytest.mark.parametrize(
    ("driver", "hwmon"), [("amdgpu", None), ("amdgpu", {}), ("i915", None), ("nouveau", None)]
)
def test_cards_without_a_sensor(
    machine: SimulatedGraphics, driver: str, hwmon: dict[str, object] | None
) -> None:
    machine.add_card(DGPU, driver, hwmon=hwmon)
    seen = found(machine)
    assert not seen.devices
    assert f"{driver} tells neither energy nor power" in seen.unmeasured[0].reason


@pytest.mark.parametrize("has_link", [True, False])
def test_a_recorded_tree_that_says_little(machine: SimulatedGraphics, has_link: bool) -> None:
    device = machine.sysfs / "class/drm/card0/device"
    (device / "hwmon/hwmon2").mkdir(parents=True)
    (device / "hwmon/hwmon2/name").write_text("xe\n")
    (device / "hwmon/hwmon2/energy1_input").write_text("5\n")
    if has_link:
        (device / "driver").symlink_to("../../../bus/pci/drivers/xe")
    (found_device,) = found(machine).devices
    assert (found_device.id, found_device.cards[0].driver) == ("card0", "xe")


def test_cards_of_others(machine: SimulatedGraphics) -> None:
    for number, driver in enumerate(("nvidia", "ast", "virtio_gpu", "simpledrm")):
        machine.add_card(f"0000:0{number}:00.0", driver)
    (machine.sysfs / "class/drm/card0-DP-1").mkdir()
    (machine.sysfs / "class/drm/version").write_text("drm 1.1.0\n")
    (machine.sysfs / "class/drm/card9").mkdir()
    assert cards(str(machine.sysfs)) == ()


def test_a_gpu_that_is_not_on_pci(machine: SimulatedGraphics) -> None:
    card = machine.add_card("ff9a0000.gpu", "panfrost")
    card.set("uevent", "DRIVER=panfrost\nOF_NAME=gpu")
    (row,) = found(machine).unmeasured
    assert row.id == "ff9a0000.gpu"


def test_accelerators(machine: SimulatedGraphics, tmp_path: Path) -> None:
    dev = tmp_path / "dev"
    dev.mkdir()
    for name in ("accel0", "accel1", "neuron0", "apex_0", "hl0", "hl_controlD0", "accelerated"):
        (dev / name).touch()
    for number, driver in enumerate(("habanalabs", "intel_vpu", "something")):
        device = machine.sysfs / f"class/accel/accel{number}/device"
        device.mkdir(parents=True)
        (device / "driver").symlink_to(f"/sys/bus/pci/drivers/{driver}")
    rows = accelerators(str(machine.sysfs), str(dev))
    told = [(row.id, row.reason.partition(":")[0]) for row in rows]
    assert told == [
        ("accel0", "Intel Gaudi"),
        ("accel1", "Intel NPU"),
        ("accel2", "accelerator (something)"),
        ("hl0", "Intel Gaudi"),
        ("neuron0", "AWS Neuron"),
        ("apex_0", "Google Coral"),
        ("accel0", "accelerator (Google TPU?)"),
        ("accel1", "accelerator (Google TPU?)"),
    ]
    assert INSIDE in rows[1].reason
    assert accelerators(str(tmp_path / "nowhere"), str(tmp_path / "nowhere")) == ()
