from __future__ import annotations

import pytest

from carbonrun.measurement.meters.rapl_checks import (
    look_mirrored,
    memory_fault,
    most_watts,
    move_alike,
)
from tests.machine.sim_sysfs import LAYOUTS

RANGE = 65532610987


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ([], 1000.0),
        ([0.0, 4095.0], 1000.0),  # "unknown" and "none"
        ([15.0, 25.0], 200.0),
        ([185.0, 222.0], 444.0),
        ([600.0], 1000.0),
    ],
)
def test_most_watts_of_a_package(limits: list[float], most: float) -> None:
    assert most_watts("cpu", limits) == most


def test_other_kinds_have_their_own_bound() -> None:
    assert most_watts("memory", []) < most_watts("cpu", []) < most_watts("board", [])


def test_the_granite_rapids_machine_has_one_impossible_memory() -> None:
    joules = LAYOUTS["R18_GraniteRapids_6767P"]["joules_in_1.001s"]
    watts = {name: value / 1.001 for name, value in joules.items()}
    fault = memory_fault(watts["dram0"], watts["package0"], [watts["dram1"]])
    assert fault is not None
    assert "200 W" in fault
    assert "190 W" in fault
    assert "5.97 W" in fault
    assert memory_fault(watts["dram1"], watts["package1"], [watts["dram0"]]) is None


@pytest.mark.parametrize(
    ("watts", "package", "siblings"),
    [
        (60.0, 150.0, [3.0]),  # one busy socket
        (130.0, 70.0, [125.0]),  # much memory, idle processors
        (40.0, 20.0, []),
        (200.0, None, [1.0]),  # nothing to compare with
    ],
)
def test_unusual_memory_is_not_impossible(
    watts: float, package: float | None, siblings: list[float]
) -> None:
    assert memory_fault(watts, package, siblings) is None


def test_lone_memory_above_its_package() -> None:
    fault = memory_fault(150.0, 90.0, [])
    assert fault is not None
    assert "another" not in fault


@pytest.mark.parametrize(
    ("raws", "is_mirror"),
    [
        ([10360237493, 10359908363], True),  # the published Threadripper
        ([10360237493, 10500000000], False),
        ([0, 0], True),
        ([RANGE - 100_000, 200_000], True),  # one has just wrapped
        ([RANGE - 5_000_000_000, 200_000], False),
        ([10360237493, 10359908363, 10360000000, 9000000000], False),
    ],
)
def test_first_readings_that_look_like_one_counter(raws: list[int], is_mirror: bool) -> None:
    assert look_mirrored(raws, RANGE, 1e-6) is is_mirror


def test_first_readings_without_a_known_range() -> None:
    assert not look_mirrored([RANGE - 100_000, 200_000], None, 1e-6)


@pytest.mark.parametrize(
    ("joules", "is_alike"),
    [
        ([0.0, 0.0], True),
        ([10.0, 10.9], True),
        ([10.0, 20.0], False),
        ([1000.0, 1005.0], True),
        ([1000.0, 1030.0], False),
    ],
)
def test_movement_of_dies(joules: list[float], is_alike: bool) -> None:
    assert move_alike(joules) is is_alike
