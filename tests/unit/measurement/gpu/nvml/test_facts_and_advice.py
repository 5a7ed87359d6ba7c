"""What is said of an NVIDIA GPU: its device, its notes, its advice, its sensors' windows."""

from __future__ import annotations

from typing import Any

import pytest

from carbonrun.measurement.gpu.nvml import sensors
from carbonrun.measurement.gpu.nvml.advice import ACCOUNTING, HOST_PIDS, advice
from carbonrun.measurement.gpu.nvml.facts import device_of, notes_of
from carbonrun.notes import Notes

FACTS: dict[str, Any] = {
    "id": "GPU-1",
    "index": 3,
    "product": "NVIDIA A100-SXM4-80GB",
    "file": "/dev/nvidia3",
    "sensor": sensors.COUNTER,
    "window": "100 ms",
    "update_seconds": 0.1,
    "energy_refusals": {},
    "sees_all": True,
    "has_mps": False,
    "is_divided": False,
    "is_accounted": True,
    "was_frozen": False,
    "use_refusal": None,
    "list_refusal": None,
    "resets": 0,
    "is_unlisted": False,
}


def codes(**changes: Any) -> set[str]:
    notes = Notes()
    notes_of({**FACTS, **changes}, notes)
    return {note.code for note in notes.all()}


def said(**changes: Any) -> dict[str, str | None]:
    return {each.text: each.remedy for each in advice({**FACTS, **changes})}


def test_a_device_with_a_counter() -> None:
    device = device_of(FACTS)
    assert (device.id, device.kind, device.name) == ("GPU-1", "gpu", "GPU 3 A100-SXM4-80GB")
    assert (device.meter, device.method, device.source) == (
        "nvml",
        "counter",
        "energy counter, 100 ms",
    )
    assert (device.low_factor, device.high_factor) == (0.95, 1.05)


def test_a_device_with_less_or_nothing() -> None:
    assert device_of({**FACTS, "sensor": sensors.AVERAGE}).method == "integrated"
    assert device_of({**FACTS, "sensor": None}).source.startswith("no sensor")


def test_what_deserves_a_note() -> None:
    assert codes() == set()
    assert codes(was_frozen=True) == {"gpu-counter-frozen"}
    assert codes(sensor=sensors.MODULE) == {"gpu-module-power"}
    assert codes(has_mps=True) == {"gpu-mps"}
    assert codes(resets=1) == {"gpu-counter-reset"}
    assert codes(is_unlisted=True, list_refusal="no permission") == {"gpu-unlisted"}
    assert codes(is_divided=True) == {"gpu-divided"}


def test_advice() -> None:
    assert said() == {}
    assert ACCOUNTING in said(is_accounted=False).values()
    assert "use of processes: no permission" in "".join(said(use_refusal="no permission"))
    assert "MIG" in "".join(said(is_divided=True, is_accounted=False))
    assert "a list of processes: no permission" in said(list_refusal="no permission")
    found = said(list_refusal="no permission", is_unlisted=True, is_accounted=False)
    assert len(found) == 2
    assert "device file open" in list(found)[1]
    assert HOST_PIDS in said(sees_all=False).values()
    found = said(sensor=sensors.AVERAGE, energy_refusals={sensors.COUNTER: "not supported"})
    assert list(found) == [
        "energy counter: not supported",
        "its energy is the integral of its average power",
    ]
    assert said(sensor=None, energy_refusals={}) == {}


@pytest.mark.parametrize(
    ("sensor", "architecture", "name", "text"),
    [
        (sensors.COUNTER, sensors.HOPPER, "NVIDIA H100 PCIe", "100 ms"),
        (sensors.INSTANT, sensors.HOPPER, "NVIDIA H100 PCIe", "25 of every 100 ms"),
        (sensors.AVERAGE, sensors.HOPPER, "NVIDIA H100 PCIe", "1 s"),
        (sensors.AVERAGE, sensors.AMPERE, "NVIDIA A100-SXM4-40GB", "25 of every 100 ms"),
        (sensors.INSTANT, sensors.AMPERE, "NVIDIA RTX A5000", "100 ms"),
        (sensors.AVERAGE, sensors.AMPERE, "NVIDIA RTX A5000", "1 s"),
        (sensors.AVERAGE, sensors.TURING, "Tesla T4", "100 ms"),
        (sensors.INSTANT, sensors.VOLTA, "Tesla V100", "10 of every 20 ms"),
        (sensors.COUNTER, sensors.VOLTA, "Tesla V100", "20 ms"),
    ],
)
def test_windows(sensor: str, architecture: int, name: str, text: str) -> None:
    assert sensors.window(sensor, architecture, name).text == text
