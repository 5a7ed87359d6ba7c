from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.cross_check import CrossChecks
from carbonrun.measurement.model import Device, Reading
from carbonrun.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Iterable


def device(device_id: str, kind: str = "cpu", update_seconds: float = 0.001) -> Device:
    return Device(
        id=device_id,
        kind=kind,
        name=device_id.partition("@")[0],
        meter=device_id.partition("@")[2] or "rapl-powercap",
        method="counter",
        source="test",
        low_factor=0.9,
        high_factor=1.1,
        update_seconds=update_seconds,
    )


def reading(at_seconds: float, joules: float) -> Reading:
    return Reading(
        at_seconds=at_seconds,
        machine_joules=joules,
        machine_activity=0,
        tree_activity=0,
        machine_presence=0,
        tree_presence=0,
    )


def run(
    checks: Iterable[Device],
    devices: Iterable[Device],
    watts: dict[str, float],
    seconds: float = 10.0,
    set_aside: Iterable[str] = (),
) -> list[str]:
    """Let every device draw its power for a while; return the messages."""
    cross = CrossChecks(checks, devices)
    for second in (0.03, seconds / 2, seconds):
        cross.add({key: reading(second, value * second) for key, value in watts.items()})
    notes = Notes()
    cross.notes(notes, set_aside)
    assert {note.code for note in notes.all()} <= {"sensors-disagree"}
    return [note.message for note in notes.all()]


PACKAGE, PERF = device("package-0"), device("package-0@rapl-perf")


@pytest.mark.parametrize(
    ("watts", "says"), [(100, False), (114, False), (86, False), (116, True), (84, True)]
)
def test_fifteen_per_cent(watts: float, says: bool) -> None:
    messages = run([PERF], [PACKAGE], {"package-0": 100, "package-0@rapl-perf": watts})
    assert bool(messages) == says
    if says:
        assert "100 W by rapl-powercap, which is billed" in messages[0]
        assert f"{watts} W by rapl-perf" in messages[0]


def test_a_short_comparison_says_nothing() -> None:
    watts = {"package-0": 100.0, "package-0@rapl-perf": 300.0}
    assert run([PERF], [PACKAGE], watts, seconds=1.9) == []
    slow = device("package-0@rapl-perf", update_seconds=1.0)
    assert run([slow], [PACKAGE], watts, seconds=39) == []
    assert len(run([slow], [PACKAGE], watts, seconds=42)) == 1


def test_only_the_time_that_both_have_is_compared() -> None:
    """A check that comes late, or stops early, is no disagreement."""
    cross = CrossChecks([PERF], [PACKAGE])
    for second in range(20):
        readings = {"package-0": reading(second, 100 * second)}
        if 5 <= second < 15:
            readings["package-0@rapl-perf"] = reading(second, 100 * (second - 5))
        cross.add(readings)
    notes = Notes()
    cross.notes(notes)
    assert notes.all() == ()


def test_all_packages_together() -> None:
    whole = device("cpu@cray-pm-counters", update_seconds=0.1)
    packages = [PACKAGE, device("package-1"), device("dram-0", "memory")]
    watts = {"package-0": 100.0, "package-1": 50.0, "dram-0": 20.0, "cpu@cray-pm-counters": 152.0}
    assert run([whole], packages, watts) == []
    (message,) = run([whole], packages, {**watts, "cpu@cray-pm-counters": 100.0})
    assert message.startswith("package-0 + package-1: 150 W")


def test_a_package_is_no_check_of_two() -> None:
    check = device("package-0@amd-hsmp")
    watts = {"cpu": 300.0, "package-0@amd-hsmp": 150.0}
    assert run([check], [device("cpu")], watts) == []


def test_what_is_set_aside_or_stands_still_is_no_disagreement() -> None:
    watts = {"package-0": 100.0, "package-0@rapl-perf": 300.0}
    assert run([PERF], [PACKAGE], watts, set_aside=["package-0"]) == []
    assert run([PERF], [PACKAGE], {**watts, "package-0@rapl-perf": 0.0}) == []
    assert run([PERF], [PACKAGE], {"package-0": 100.0}) == []


@pytest.mark.parametrize(
    ("board", "watts", "says"),
    [
        ("psys", 120, False),
        ("psys", 90, False),
        ("psys", 50, True),
        ("battery-BAT0", 50, True),
        ("node", 50, True),
        ("module-0", 50, True),
        ("module-1", 50, False),  # of another socket
        ("rail-VDD_GPU", 1, False),  # a part, beside the package
        ("acpi-power-1", 50, False),
    ],
)
def test_a_board_contains_the_packages(board: str, watts: float, says: bool) -> None:
    devices = [PACKAGE, device(board, "board")]
    messages = run([], devices, {"package-0": 100.0, board: watts})
    assert bool(messages) == says
    if says:
        assert "which it should contain" in messages[0]


def test_two_batteries_take_turns() -> None:
    devices = [PACKAGE, device("battery-BAT0", "board"), device("battery-BAT1", "board")]
    watts = {"package-0": 100.0, "battery-BAT0": 60.0, "battery-BAT1": 60.0}
    assert run([], devices, watts) == []
