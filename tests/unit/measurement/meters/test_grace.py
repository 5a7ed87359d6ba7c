from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.meters.grace import discover, socket_of
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, places, read_all
from tests.machine.sampling import sample
from tests.machine.sim_hwmon import acpi_meter, grace

if TYPE_CHECKING:
    from pathlib import Path


def test_the_package_is_what_contains_the_rails_and_is_contained_in_the_module(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    for socket in (0, 1):
        for index, (what, watts) in enumerate(
            [("Module", 600), ("CPU", 90), ("Grace", 150), ("SysIO", 40)]
        ):
            grace(tmp_path / "sys", 4 * socket + index, what, socket, (watts + socket) * 1_000_000)
    found = discover(places(tmp_path, clock))
    assert {m.device.id: m.device.kind for m in found.meters} == {
        "package-0": "cpu",
        "module-0": "board",
        "package-1": "cpu",
        "module-1": "board",
    }
    sample(found, clock)
    sample(found, clock, seconds=1.0)
    assert read_all(found.meters, clock.now()) == pytest.approx(
        {"package-0": 150, "module-0": 600, "package-1": 151, "module-1": 601}
    )
    assert by_id(found)["package-0"].device.update_seconds == pytest.approx(0.1)


def test_without_a_whole_the_parts_are_summed(tmp_path: Path) -> None:
    clock = FakeClock()
    grace(tmp_path / "sys", 0, "CPU", 0, 90_000_000)
    grace(tmp_path / "sys", 1, "SysIO", 0, 40_000_000)
    found = discover(places(tmp_path, clock))
    assert by_id(found)["package-0"].device.source == "hwmon power1_average of CPU + SysIO"
    sample(found, clock)
    sample(found, clock, seconds=1.0)
    assert read_all(found.meters, clock.now()) == pytest.approx({"package-0": 130})


def test_a_meter_without_a_figure_is_told_with_the_kernel_option(tmp_path: Path) -> None:
    chip = grace(tmp_path / "sys", 0, "Grace", 0, 1)
    (chip.folder / "power1_average").unlink()
    (row,) = discover(places(tmp_path, FakeClock())).unmeasured
    assert row.id == "package-0"
    assert "force_cap_on=y" in str(row.hint)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Grace Power Socket 12", ("Grace", 12)),
        ("GPU Power Socket 0", None),
        ("Grace Power Socket", None),
        ("Grace Power Socket x", None),
        ("", None),
        (None, None),
    ],
)
def test_texts(text: str | None, place: tuple[str, int] | None) -> None:
    assert socket_of(text) == place


def test_other_acpi_meters_are_not_of_grace(tmp_path: Path) -> None:
    acpi_meter(tmp_path / "sys", 0, 350_000_000, power1_oem_info="")
    assert discover(places(tmp_path, FakeClock())).meters == ()
