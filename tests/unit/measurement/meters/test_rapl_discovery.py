from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

# Imported here although used below only by what it tests: nobody may be unable to import it.
from carbonrun.measurement.meters import rapl_advice  # noqa: F401
from carbonrun.measurement.meters.rapl import discover
from tests.machine.sim_sysfs import FLAT, KERNEL, LAYOUTS, NESTED, STYLES, SimulatedPowercap
from tests.machine.unprivileged import public_folder, run_unprivileged

# What the kernel sets; where the owner of the files is not root, he must be shut out too.
ROOT_ONLY = 0o400 if os.geteuid() == 0 else 0o000


@pytest.fixture
def powercap(tmp_path: Path) -> SimulatedPowercap:
    return SimulatedPowercap(tmp_path / "sys")


def descriptors() -> set[int]:
    """Return what is open, without the descriptor that the look itself takes."""
    names = list(Path("/proc/self/fd").iterdir())
    return {int(path.name) for path in names if path.exists()}


def outcome(sysfs: Path | str) -> dict[str, Any]:
    meters, unmeasured = discover(str(sysfs))
    for meter in meters:
        meter.close()
    return {
        "metered": [meter.device.id for meter in meters],
        "unmeasured": {row.id: [row.kind, row.reason, row.hint] for row in unmeasured},
    }


@pytest.mark.parametrize("style", STYLES)
def test_what_may_not_be_read_is_told_and_the_hint_puts_it_right(style: str) -> None:
    with public_folder() as folder:
        powercap = SimulatedPowercap(folder / "sys", style)
        powercap.add_zone("intel-rapl:0", "package-0", mode=ROOT_ONLY)
        powercap.add_zone("intel-rapl:0:0", "core", mode=ROOT_ONLY)
        powercap.add_zone("intel-rapl:0:2", "dram", mode=ROOT_ONLY)
        before = run_unprivileged(lambda: outcome(powercap.root))
        assert before["metered"] == []
        assert {key: row[0] for key, row in before["unmeasured"].items()} == {
            "package-0": "cpu",
            "dram-0": "memory",
        }
        _, reason, hint = before["unmeasured"]["package-0"]
        assert "CVE-2020-8694" in reason
        assert "udev" in hint
        command = hint.partition(": ")[2].partition(" ;")[0]
        assert command.startswith("sudo ")
        subprocess.run(["sh", "-c", command.removeprefix("sudo ")], check=True)
        after = run_unprivileged(lambda: outcome(powercap.root))
        assert after == {"metered": ["package-0", "dram-0"], "unmeasured": {}}


def test_a_device_is_unmeasured_as_a_whole_if_one_die_may_not_be_read() -> None:
    with public_folder() as folder:
        powercap = SimulatedPowercap(folder / "sys")
        powercap.add_zone("intel-rapl:0", "package-0-die-0")
        powercap.add_zone("intel-rapl:1", "package-0-die-1", mode=ROOT_ONLY)
        powercap.add_zone("intel-rapl:2", "package-1-die-0")
        result = run_unprivileged(lambda: outcome(powercap.root))
        assert result["metered"] == ["package-1"]
        assert list(result["unmeasured"]) == ["package-0"]


def test_a_folder_that_may_not_be_entered_is_told() -> None:
    with public_folder() as folder:
        powercap = SimulatedPowercap(folder / "sys", FLAT)
        powercap.add_zone("intel-rapl:0", "package-0")
        powercap.class_folder.chmod(0o000)
        result = run_unprivileged(lambda: outcome(powercap.root))
        powercap.class_folder.chmod(0o755)
        assert "Permission denied" in result["unmeasured"]["cpu"][1]


def test_running_as_another_user_is_what_it_says() -> None:
    assert run_unprivileged(os.geteuid) != 0
    with pytest.raises((AssertionError, ZeroDivisionError), match="division"):
        run_unprivileged(lambda: 1 // 0)


@pytest.mark.parametrize("content", ["", "garbage\n", "-1\n"])
def test_a_counter_without_a_number_is_unmeasured(
    powercap: SimulatedPowercap, content: str
) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.add_zone("intel-rapl:1", "package-1")
    powercap.energy_file("intel-rapl:0").write_text(content)
    result = outcome(powercap.root)
    assert result["metered"] == ["package-1"]
    kind, reason, hint = result["unmeasured"]["package-0"]
    assert kind == "cpu"
    assert "energy_uj" in reason
    assert hint


def test_a_counter_that_is_absent_or_a_directory_is_unmeasured(powercap: SimulatedPowercap) -> None:
    for index in range(2):
        powercap.add_zone(f"intel-rapl:{index}", f"package-{index}")
        powercap.energy_file(f"intel-rapl:{index}").unlink()
    powercap.energy_file("intel-rapl:1").mkdir()
    rows = outcome(powercap.root)["unmeasured"]
    assert "No such file" in rows["package-0"][1]
    assert "directory" in rows["package-1"][1]


def test_a_machine_without_zones(powercap: SimulatedPowercap) -> None:
    powercap.add_control("dtpm")
    rows = outcome(powercap.root)["unmeasured"]
    assert list(rows) == ["cpu"]
    kind, reason, hint = rows["cpu"]
    assert kind == "cpu"
    assert "no RAPL zones" in reason
    assert "modprobe" in hint


def test_a_machine_without_powercap(tmp_path: Path) -> None:
    assert "no RAPL zones" in outcome(tmp_path)["unmeasured"]["cpu"][1]


def test_a_root_that_does_not_exist(tmp_path: Path) -> None:
    _, reason, hint = outcome(tmp_path / "nowhere")["unmeasured"]["cpu"]
    assert "there is no" in reason
    assert "--sysfs" in hint


def test_only_zones_that_are_not_metered(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "core")
    assert "no RAPL zones" in outcome(powercap.root)["unmeasured"]["cpu"][1]


@pytest.mark.parametrize("has_links", [True, False])
def test_zones_hidden_by_a_container(powercap: SimulatedPowercap, has_links: bool) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.mask()
    if not has_links:
        for link in powercap.class_folder.iterdir():
            link.unlink()
    _, reason, hint = outcome(powercap.root)["unmeasured"]["cpu"]
    assert "container" in reason
    assert "hidden" in reason
    assert "--sysfs" in hint


def test_one_package_of_two_that_leads_nowhere_is_listed(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    for name in ("intel-rapl:1", "intel-rapl:0:0", "intel-rapl-mmio:0"):
        (powercap.class_folder / name).symlink_to("nowhere")
    result = outcome(powercap.root)
    assert result["metered"] == ["package-0"]
    assert list(result["unmeasured"]) == ["intel-rapl:1"]


def test_no_descriptor_is_left_open_and_none_is_inherited(powercap: SimulatedPowercap) -> None:
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.add_zone("intel-rapl:1", "package-1-die-0")
    powercap.add_zone("intel-rapl:2", "package-1-die-1")
    powercap.energy_file("intel-rapl:2").write_text("")
    before = descriptors()
    meters, _ = discover(str(powercap.root))
    opened = descriptors() - before
    assert len(opened) == len(meters) == 1
    assert not any(os.get_inheritable(descriptor) for descriptor in opened)
    for meter in meters:
        meter.close()
    assert descriptors() == before


@pytest.mark.parametrize("style", [KERNEL, NESTED])
def test_discovery_of_two_packages_takes_a_millisecond_at_most(style: str, tmp_path: Path) -> None:
    powercap = SimulatedPowercap(tmp_path / "sys", style)
    for index in (0, 1):
        powercap.add_zone(f"intel-rapl:{index}", f"package-{index}")
        powercap.add_zone(f"intel-rapl:{index}:0", "core")
        powercap.add_zone(f"intel-rapl:{index}:1", "dram")
    times = []
    for _ in range(30):
        start = time.perf_counter()
        meters, _ = discover(str(powercap.root))
        times.append(time.perf_counter() - start)
        for meter in meters:
            meter.close()
    # The least of many is what it costs; the rest is what else the machine does.
    assert min(times) <= 0.001


FAST_PATH_ONLY = """
import sys
import carbonrun.measurement.meters.rapl as rapl
import {advice}
heavy = {{"typing", "dataclasses", "re", "enum", "collections", "json", "csv", "pathlib", "signal",
         "functools", "datetime", "contextlib"}}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize("advice", ["os", "carbonrun.measurement.meters.rapl_advice"])
def test_nothing_heavy_is_imported_before_the_command_starts(advice: str) -> None:
    code = FAST_PATH_ONLY.format(advice=advice)
    result = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_layouts_name_where_they_come_from() -> None:
    assert len(LAYOUTS) == 9
    assert all(layout["src"] for layout in LAYOUTS.values())
