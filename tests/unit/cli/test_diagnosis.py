"""What doctor finds where things are not as they should be, and how it says so."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.cli.context import Context
from carbonrun.cli.diagnosis import diagnose
from carbonrun.cli.diagnosis_text import render
from carbonrun.settings import resolve
from tests.machine.sim_sysfs import SimulatedPowercap
from tests.machine.sim_topology import SimulatedCpus
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from pathlib import Path


def examine(
    root: Path, more: dict[str, str] | None = None, **environment: str
) -> tuple[dict[str, Any], str]:
    """Return the findings on a simulated machine as data and as text."""
    flags: dict[str, tuple[str, ...]] = {"sysfs": (str(root / "sys"),)}
    flags |= {key: (value,) for key, value in (more or {}).items()}
    context = Context(flags=flags, environment=environment, cwd=str(root), home=None)
    settings = resolve(flags, environment, cwd=str(root), home=None)
    found = diagnose(settings, context)
    return found.as_dict(), render(found, columns=80, colour=False)


def machine(root: Path, packages: int = 1) -> SimulatedPowercap:
    SimulatedCpus(root, {number: [[number]] for number in range(packages)})
    powercap = SimulatedPowercap(root / "sys")
    for number in range(packages):
        powercap.add_zone(f"intel-rapl:{number}", f"package-{number}")
    return powercap


def test_a_sensor_that_only_root_may_read() -> None:
    with public_folder() as folder:
        machine(folder).energy_file("intel-rapl:0").chmod(0o400 if os.geteuid() == 0 else 0)

        def look() -> list[Any]:
            found, text = examine(folder)
            return [found["verdict"], found["sensors"][0], text]

        look()  # imports everything, which nobody may not
        verdict, entry, text = run_unprivileged(look)
    assert verdict == "estimated"
    assert (entry["found"], entry["readable"]) == (True, False)
    assert "not readable" in text
    commands = [line for line in text.splitlines() if " > " in line]
    assert any("sudo chmod a+r" in line and line.endswith("energy_uj") for line in commands)
    assert any("udev" in line for line in commands)
    assert "can only be estimated here" in text


def test_two_packages_and_different_cores(tmp_path: Path) -> None:
    powercap = machine(tmp_path, packages=2)
    (tmp_path / "sys/devices/system/cpu/smt").mkdir()
    (tmp_path / "sys/devices/system/cpu/smt/active").write_text("1\n")
    with powercap.moving("intel-rapl:0", "intel-rapl:1"):
        found, text = examine(tmp_path)
    assert found["accounting"]["packages"] in ("exact", "sampled")
    assert found["accounting"]["cores"] == "uncounted"
    assert "each package's energy goes by" in text
    assert "cycles cannot be counted" in text
    assert found["verdict"] == "measured"


@pytest.mark.parametrize("moving", [(), ("intel-rapl:0",)])
def test_a_counter_that_stands_still_is_no_measurement(
    tmp_path: Path, moving: tuple[str, ...]
) -> None:
    """As virtual machines show them; nor is one of two that moves."""
    powercap = machine(tmp_path, packages=2)
    with powercap.moving(*moving) if moving else nullcontext():
        found, text = examine(tmp_path)
    assert found["verdict"] == "estimated"
    reasons = {row["id"]: row["reason"] for row in found["unmeasured"]}
    assert "did not move in 0.25 s, although a CPU was busy" in reasons["package-1"]
    assert ("package-0" in reasons) == (not moving)
    assert "did not move" in " ".join(text.split())


def test_a_state_directory_that_is_not_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found, text = examine(tmp_path, CARBONRUN_STATE_DIR=f"{tmp_path}/file/state")
    assert found["state"] == {
        "folder": f"{tmp_path}/file/state", "is_writable": False, "calibrated_at": None,
    }  # fmt: skip
    assert "is not writable" in " ".join(text.split())
    found, _ = examine(tmp_path, CARBONRUN_STATE_DIR=f"{tmp_path}/new/state")
    assert found["state"]["is_writable"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("columns", [0, 40, 80, 500])
def test_any_width_will_do(tmp_path: Path, columns: int) -> None:
    machine(tmp_path)
    flags: dict[str, tuple[str, ...]] = {"sysfs": (str(tmp_path / "sys"),)}
    context = Context(flags=flags, environment={}, cwd=str(tmp_path), home=None)
    found = diagnose(resolve(flags, {}, cwd=str(tmp_path), home=None), context)
    lines = render(found, columns=columns, colour=False).splitlines()
    widest = max(40, min(columns, 100))
    assert all(len(line) <= widest for line in lines if " > " not in line)


def test_the_intensity_is_told_with_its_bounds(tmp_path: Path) -> None:
    found, text = examine(tmp_path, CARBONRUN_ZONE="FR")
    intensity = found["intensity"]
    assert (intensity["grid_zone"], intensity["zone_source"]) == ("FR", "CARBONRUN_ZONE")
    assert intensity["low_g_per_kwh"] <= intensity["g_per_kwh"] <= intensity["high_g_per_kwh"]
    assert "FR (from CARBONRUN_ZONE)" in text


def test_nobody_would_be_asked_unless_it_is_wanted(tmp_path: Path) -> None:
    machine(tmp_path)
    found, text = examine(tmp_path, CARBONRUN_ZONE="FR")
    assert found["services"] == []
    assert "would ask" not in text


def test_whom_a_run_would_ask_and_what_it_would_send(tmp_path: Path) -> None:
    machine(tmp_path)
    found, text = examine(tmp_path, {"provider": "neso", "geoip": "true"}, TZ="UTC")
    geo_ip, neso = found["services"]
    assert (geo_ip["host"], geo_ip["problem"]) == ("get.geojs.io", None)
    assert (neso["name"], neso["host"]) == ("neso", "api.carbonintensity.org.uk")
    assert (neso["sent"], neso["problem"]) == ("zone and period", None)
    assert "neso (NESO Carbon Intensity API)" in " ".join(text.split())


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"provider": "electricitymaps"}, "CARBONRUN_ELECTRICITYMAPS_KEY"),
        ({"provider": "neso", "offline": "true"}, "--offline"),
        ({"provider": "http-json"}, "--intensity-url"),
    ],
)
def test_what_stands_in_the_way_of_asking(
    flags: dict[str, str], problem: str, tmp_path: Path
) -> None:
    machine(tmp_path)
    found, text = examine(tmp_path, flags, TZ="Europe/Paris")
    (service,) = found["services"]
    assert problem in service["problem"]
    assert problem in text


def test_the_region_of_a_cloud_is_found_by_its_firmware(tmp_path: Path) -> None:
    machine(tmp_path)
    firmware = tmp_path / "sys/class/dmi/id"
    firmware.mkdir(parents=True)
    (firmware / "sys_vendor").write_text("Amazon EC2\n")
    found, text = examine(tmp_path, AWS_REGION="eu-west-3", TZ="UTC")
    assert (found["intensity"]["grid_zone"], found["intensity"]["zone_source"]) == (
        "FR",
        "AWS_REGION",
    )
    assert "FR (from AWS_REGION)" in text
