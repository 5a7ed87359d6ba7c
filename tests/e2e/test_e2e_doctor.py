"""``carbonrun doctor`` on simulated machines and on this one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wrapper import CARBONRUN, Sandbox, require_carbonrun
from tests.machine.sim_sysfs import SimulatedPowercap
from tests.machine.sim_topology import SimulatedCpus

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _only_carbonrun() -> None:
    require_carbonrun()


def machine(root: Path) -> SimulatedPowercap:
    """Return a machine of one package with memory, which everybody may read."""
    SimulatedCpus(root, {0: [[0, 1]]})
    powercap = SimulatedPowercap(root / "sys")
    powercap.add_zone("intel-rapl:0", "package-0")
    powercap.add_zone("intel-rapl:0:0", "dram")
    return powercap


def examine(sandbox: Sandbox, *options: str, **how: Any) -> tuple[int, dict[str, Any]]:
    result = sandbox.run([*CARBONRUN, *options, "doctor", "--json"], **how)
    assert result.stderr == b""
    return result.status, json.loads(result.stdout)


def sensor(found: dict[str, Any], name: str) -> dict[str, Any]:
    entry: dict[str, Any] = next(entry for entry in found["sensors"] if entry["name"] == name)
    return entry


def test_a_machine_with_sensors(sandbox: Sandbox, tmp_path: Path) -> None:
    with machine(tmp_path / "machine").moving("intel-rapl:0"):
        status, found = examine(sandbox, "--sysfs", f"{tmp_path}/machine/sys", "--zone", "FR")
    assert (status, found["schema"], found["verdict"]) == (0, "carbonrun.doctor/1", "measured")
    devices = {device["id"]: device for device in found["devices"]}
    assert set(devices) == {"package-0", "dram-0"}, "no model beside a sensor"
    assert devices["package-0"]["method"] == "counter"
    powercap = sensor(found, "rapl-powercap")
    assert (powercap["rank"], powercap["found"], powercap["readable"]) == (1, True, True)
    assert powercap["billed"] == ["package-0", "dram-0"]
    assert found["intensity"]["grid_zone"] == "FR"
    assert found["intensity"]["zone_source"] == "--zone"
    assert found["accounting"]["rung"] in ("cgroup", "perf", "procfs")


def test_this_machine_as_a_run_would_find_it(sandbox: Sandbox) -> None:
    status, found = examine(sandbox)
    sandbox.run([*CARBONRUN, "-q", "--json", "report.json", "--", "sleep", "0.3"])
    report = json.loads((sandbox.work / "report.json").read_text())
    ran = {device["id"]: device["method"] for device in report["energy"]["devices"]}
    assert {device["id"]: device["method"] for device in found["devices"]} == ran
    assert report["tree"]["cpu_accounting"] == found["accounting"]["rung"]
    assert status == (1 if ran["cpu" if "cpu" in ran else "package-0"] == "estimated" else 0)


def test_the_screen_fits_and_is_plain_off_a_terminal(sandbox: Sandbox) -> None:
    result = sandbox.run([*CARBONRUN, "doctor"], env={"COLUMNS": "80"})
    lines = result.stdout.decode().splitlines()
    assert b"\x1b" not in result.stdout
    assert all(len(line) <= 80 for line in lines if " > " not in line)
    assert len(lines) <= 60
    for name in ("RAPL through powercap", "IPMI DCMI", "Redfish", "zone", "idle floor", "CPU time"):
        assert name in result.stdout.decode()


def test_colours_are_for_those_who_want_them(sandbox: Sandbox) -> None:
    result = sandbox.run([*CARBONRUN, "doctor"], env={"FORCE_COLOR": "1"})
    assert b"\x1b[1m a run here" in result.stdout
    result = sandbox.run([*CARBONRUN, "doctor"], env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert b"\x1b" not in result.stdout


def test_which_files_were_read(sandbox: Sandbox) -> None:
    (sandbox.work / "carbonrun.toml").write_text('zone = "DE"\n')
    _, found = examine(sandbox)
    files = {entry["path"]: entry["state"] for entry in found["files"]}
    assert files[str(sandbox.work / "carbonrun.toml")] == "read"
    assert found["intensity"]["grid_zone"] == "DE"
    assert found["intensity"]["zone_source"].endswith("carbonrun.toml")


def test_it_leaves_nothing_behind_and_starts_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    machine(tmp_path / "machine")
    examine(sandbox, "--sysfs", f"{tmp_path}/machine/sys")
    assert not list(sandbox.home.rglob("*"))
    assert not list(sandbox.work.rglob("*"))


def test_a_bad_setting_is_refused(sandbox: Sandbox) -> None:
    result = sandbox.run([*CARBONRUN, "--interval", "0", "doctor"])
    assert (result.status, result.stdout) == (125, b"")
    assert b"--interval '0': must be from" in result.stderr


def test_it_answers_in_a_second(sandbox: Sandbox, tmp_path: Path) -> None:
    """The best of three: other tests run meanwhile."""
    machine(tmp_path / "machine")
    seconds = []
    for _ in range(3):
        before = time.monotonic()
        examine(sandbox, "--sysfs", f"{tmp_path}/machine/sys")
        seconds.append(time.monotonic() - before)
    assert min(seconds) < 1.0
