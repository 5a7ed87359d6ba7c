"""``carbonrun calibrate`` with real workers, and what later runs make of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.load import worker_counts
from tests.e2e.calibrated import (
    CPUS,
    IDLE_WATTS,
    RISE_WATTS,
    SHORT,
    TOLERANCE,
    Calibrated,
    calibrated,
    device,
    note,
)
from tests.e2e.wrapper import CARBONRUN, Sandbox, require_carbonrun
from tests.machine.energy_simulator import SimulatedSensor
from tests.machine.stolen_time import StolenTime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def only_carbonrun() -> None:
    """Skip everything where something else is tested."""
    require_carbonrun()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calibrated]:
    """Give the tests a machine whose package was calibrated."""
    with calibrated(tmp_path_factory.mktemp("package")) as found:
        yield found


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calibrated]:
    """Give the tests a machine that has a meter of the whole board only."""
    folder = tmp_path_factory.mktemp("board")
    with calibrated(folder, "--json", name="psys", exponent=0.7) as found:
        yield found


def test_floor_and_curve_are_those_of_the_machine(package: Calibrated) -> None:
    assert package.result.status == 0, package.result.stderr
    (found,) = package.stored()["devices"]
    assert found["id"] == "package-0"
    assert found["idle"]["watts"] == pytest.approx(IDLE_WATTS, rel=TOLERANCE)
    assert found["idle"]["low_watts"] <= IDLE_WATTS * 1.01
    assert found["idle"]["high_watts"] >= IDLE_WATTS * 0.99
    assert [round(point["load"], 1) for point in found["points"]] == [
        pytest.approx(count / CPUS, abs=0.051) for count in worker_counts(CPUS)
    ]
    for point in found["points"]:
        truth = package.machine.watts(point["load"])
        assert point["watts"] == pytest.approx(truth, rel=TOLERANCE)


def test_it_is_kept_for_its_owner_with_what_it_is_of(package: Calibrated) -> None:
    stored = package.stored()
    assert package.file.stat().st_mode & 0o777 == 0o600
    assert stored["schema"] == "carbonrun.calibration/1"
    assert stored["kernel"] == f"Linux {os.uname().release}"
    assert stored["logical_cpus"] == os.cpu_count()
    assert {"machine_id", "cpu_model", "calibrated_at", "version"} <= stored.keys()


def test_steps_are_told_as_lines_where_there_is_no_terminal(package: Calibrated) -> None:
    lines = package.result.stderr.decode().splitlines()
    assert "leave the machine alone" in lines[0]
    told = [line.partition(" s: ")[2] for line in lines if " s: " in line]
    assert told[:3] == ["is it quiet?", "idle", "1 CPU busy"]
    assert b"\x1b" not in package.result.stderr
    shown = package.result.stdout.decode().splitlines()
    assert shown[1].split()[:3] == ["package-0", "idle", shown[1].split()[2]]
    assert str(package.file) in package.result.stdout.decode()


def test_a_later_run_uses_it_and_says_so(package: Calibrated) -> None:
    report = package.run()
    stored = package.stored()
    watts = stored["devices"][0]["idle"]["watts"]
    message = note(report, "idle-floor")["message"]
    assert f"package-0 {watts:.3g} W (" in message
    assert message.endswith(f"; calibrated {stored['calibrated_at'][:10]}")
    seconds = report["tree"]["cpu_seconds"]
    measured = device(report, "package-0")
    assert measured["idle_joules"] == pytest.approx(watts / CPUS * seconds, rel=TOLERANCE)


def test_what_is_given_comes_before_it(package: Calibrated) -> None:
    report = package.run("--idle-watts", "package=0")
    assert device(report, "package-0")["idle_joules"] == 0
    assert not [entry for entry in report["notes"] if entry["code"] == "idle-floor"]


def test_where_the_counter_cannot_be_read_any_more_the_fitted_model_is_used(
    package: Calibrated, tmp_path: Path
) -> None:
    report = package.run("--sysfs", str(tmp_path), "--procfs", "/proc")
    modelled = device(report, "cpu")
    assert modelled["method"] == "estimated"
    assert modelled["source"].startswith("calibrated against CPU package-0, 20")
    truth = report["tree"]["cpu_seconds"] * package.machine.watts(1.0) / CPUS
    assert modelled["joules"] == pytest.approx(truth, rel=0.15)
    assert modelled["low_joules"] < truth < modelled["high_joules"]


def test_it_can_be_shown(package: Calibrated) -> None:
    options = package.machine.options
    shown = package.sandbox.run([*CARBONRUN, *options, "calibrate", "--show"])
    assert (shown.status, shown.stderr) == (0, b"")
    assert shown.stdout == package.result.stdout
    as_json = package.sandbox.run([*CARBONRUN, *options, "calibrate", "--show", "--json"])
    assert json.loads(as_json.stdout) == package.stored()


@pytest.mark.parametrize(
    ("content", "code"),
    [("{", "calibration-unusable"), ("[" * 100_000, "calibration-unusable")],
    ids=["torn", "nested without end"],
)
def test_a_damaged_file_leaves_the_run_alone(package: Calibrated, content: str, code: str) -> None:
    good = package.file.read_text()
    path = package.file
    try:
        path.write_text(content)
        report = package.run()
        assert note(report, code)["level"] == "warning"
        assert "calibrated 20" not in note(report, "idle-floor")["message"]
        assert report["run"]["exit_code"] == 0
        assert path.with_name(f"{path.name}.corrupt").read_text() == content
    finally:
        path.write_text(good)


def test_the_file_of_another_machine_leaves_the_run_alone(package: Calibrated) -> None:
    good = package.file.read_text()
    try:
        content = {**json.loads(good), "cpu_model": "Another CPU"}
        package.file.write_text(json.dumps(content))
        report = package.run()
        assert "Another CPU" in note(report, "calibration-other-machine")["message"]
        assert device(report, "package-0")["joules"] > 0
        shown = package.sandbox.run([*CARBONRUN, "calibrate", "--show"])
        assert shown.status == 1
        assert b"Another CPU" in shown.stderr
    finally:
        package.file.write_text(good)


def test_a_pipe_in_its_place_does_not_hang_the_run(package: Calibrated) -> None:
    good = package.file.read_text()
    path = package.file
    try:
        path.unlink()
        os.mkfifo(path)
        assert note(package.run(), "calibration-unusable")
    finally:
        path.unlink(missing_ok=True)
        path.write_text(good)


def test_a_board_meter_fits_the_model_of_the_cpus(board: Calibrated) -> None:
    assert board.result.status == 0, board.result.stderr
    stored = json.loads(board.result.stdout)
    assert stored == board.stored()
    fitted = stored["cpu"]
    assert fitted["source"].startswith("calibrated against board psys, 20")
    assert fitted["idle_watts"] <= IDLE_WATTS * (1 + TOLERANCE)
    dynamic = fitted["full_watts"] - fitted["idle_watts"]
    assert dynamic == pytest.approx(RISE_WATTS, rel=TOLERANCE)
    for load, share in fitted["curve"]:
        assert share == pytest.approx(load**0.7, rel=TOLERANCE, abs=0.01)


def test_a_later_run_uses_the_model_that_the_board_gave(board: Calibrated) -> None:
    report = board.run()
    modelled = device(report, "cpu")
    assert modelled["method"] == "estimated"
    assert modelled["source"] == board.stored()["cpu"]["source"]
    assert modelled["low_joules"] < modelled["joules"] < modelled["high_joules"]
    assert device(report, "psys")["kind"] == "board"


def test_without_a_calibration_the_lowest_power_seen_is_kept(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """So little that it is below what the model thinks possible, whatever runs beside it."""
    with SimulatedSensor(tmp_path / "sys", idle_watts=0.5, watts_per_cpu=0.3) as sensor:
        words = [*CARBONRUN, "--sysfs", sensor.sysfs, "--no-csv", "-q", "--json", "report.json"]
        sandbox.run([*words, "--", "sleep", "5.5"])
        (file,) = (sandbox.home / "state/carbonrun").glob("floors-*.json")
        watts = json.loads(file.read_text())["package-0"]["watts"]
        assert 0.49 < watts < 1.05 * (0.5 + 0.3 * CPUS)
        # Long enough that the counter moves, and too short to be a floor of its own.
        sandbox.run([*words, "--", "sleep", "0.5"])
    told = note(json.loads((sandbox.work / "report.json").read_text()), "idle-floor")
    assert told["message"].startswith(f"idle floor: package-0 {watts:.3g} W (")
    assert "; lowest power observed, 20" in told["message"]
    assert "carbonrun calibrate" in told["hint"]


def test_the_real_load_of_the_real_machine(sandbox: Sandbox, tmp_path: Path) -> None:
    stolen = StolenTime()
    with SimulatedSensor(tmp_path / "sys") as sensor:
        words = [*CARBONRUN, "--sysfs", sensor.sysfs, "calibrate", "--json", *SHORT]
        result = sandbox.run(words, seconds=60)
    if b"its idle power is unknown" in result.stderr:
        pytest.skip("others use this machine so much that there is nothing to be added")
    (found,) = json.loads(result.stdout)["devices"]
    allowed = 0.1 + 2 * stolen.share
    assert found["idle"]["watts"] == pytest.approx(sensor.idle_watts, rel=allowed, abs=0.3)
    assert found["idle"]["low_watts"] <= sensor.idle_watts <= found["idle"]["high_watts"]
    assert found["points"][-1]["load"] > 0.9
    for point in found["points"]:
        truth = sensor.idle_watts + sensor.watts_per_cpu * CPUS * point["load"]
        assert point["watts"] == pytest.approx(truth, rel=TOLERANCE + 2 * stolen.share)
