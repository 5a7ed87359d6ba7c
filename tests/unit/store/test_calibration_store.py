"""The calibration comes back as it was kept; nothing that is in its place does harm."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.calibration import Calibration, DeviceCalibration
from carbonrun.measurement.fitted_power import FittedPower, Idle, LoadPoint
from carbonrun.notes import Notes
from carbonrun.store.calibration import (
    check_place,
    forget_calibration,
    load_calibration,
    save_calibration,
)
from carbonrun.store.folders import calibration_path
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = ("m1", "Some CPU", 4)
POWER = FittedPower(
    idle_watts=10.0,
    idle_low_watts=9.0,
    idle_high_watts=11.0,
    full_watts=50.0,
    low_factor=0.7,
    high_factor=1.5,
    curve=((0.0, 0.0), (0.5, 0.6), (1.0, 1.0)),
    source="calibrated against package-0, 2026-11-25",
    how="how",
    idle_source="calibrated 2026-11-25",
)
CALIBRATION = Calibration(
    machine_id="m1",
    calibrated_at="2026-11-25T10:00:00.000Z",
    version="0.1.0",
    cpu_model="Some CPU",
    logical_cpus=4,
    kernel="Linux 6.1",
    devices=(
        DeviceCalibration(
            id="package-0",
            kind="cpu",
            name="CPU package-0",
            meter="rapl-powercap",
            source="RAPL",
            low_factor=0.9,
            high_factor=1.1,
            idle=Idle(watts=10.0, low_watts=9.5, high_watts=10.5),
            points=(LoadPoint(load=1.0, watts=50.0, low_watts=49.0, high_watts=51.0),),
        ),
    ),
    cpu=POWER,
    remarks=("hot",),
)


def load(
    folder: Path, machine: tuple[str | None, str | None, int] = MACHINE
) -> tuple[Calibration | None, list[tuple[str, str]]]:
    notes = Notes()
    found = load_calibration(str(folder), machine, notes)
    assert all(note.level == "warning" for note in notes.all())
    return found, [(note.code, note.message) for note in notes.all()]


def path_in(folder: Path) -> Path:
    return folder / "calibration-m1.json"


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    state = tmp_path / "a" / "state"
    check_place(str(state), "m1")
    path = save_calibration(str(state), CALIBRATION)
    assert path == str(path_in(state)) == calibration_path(str(state), "m1")
    assert load(state) == (CALIBRATION, [])
    assert path_in(state).stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    assert list(state.iterdir()) == [path_in(state)]
    save_calibration(str(state), CALIBRATION.replace(cpu=None, remarks=()))
    assert load(state) == (CALIBRATION.replace(cpu=None, remarks=()), [])


def test_there_is_none_at_first_and_none_when_forgotten(tmp_path: Path) -> None:
    assert load(tmp_path) == (None, [])
    assert load(tmp_path / "missing") == (None, [])
    save_calibration(str(tmp_path), CALIBRATION)
    assert forget_calibration(str(tmp_path), "m1")
    assert not forget_calibration(str(tmp_path), "m1")
    assert load(tmp_path) == (None, [])


def test_machines_that_share_a_folder_have_files_of_their_own(tmp_path: Path) -> None:
    save_calibration(str(tmp_path), CALIBRATION)
    save_calibration(str(tmp_path), CALIBRATION.replace(machine_id=None))
    assert load(tmp_path, ("m2", "Some CPU", 4)) == (None, [])
    assert load(tmp_path)[0] == CALIBRATION
    assert load(tmp_path, (None, "Some CPU", 4))[0] == CALIBRATION.replace(machine_id=None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"machine_id": "m2"}, "it is of another machine"),
        ({"cpu_model": "Another CPU"}, "a machine with the CPU Another CPU, this one has Some CPU"),
        ({"logical_cpus": 8}, "8 CPUs were online, now there are 4"),
    ],
    ids=["id", "CPU", "CPUs"],
)
def test_one_of_another_machine_is_left_alone(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    save_calibration(str(tmp_path), CALIBRATION)
    content = json.loads(path_in(tmp_path).read_text())
    path_in(tmp_path).write_text(json.dumps({**content, **changes}))
    found, ((code, message),) = load(tmp_path)
    assert found is None
    assert code == "calibration-other-machine"
    assert said in message
    assert path_in(tmp_path).exists()


def test_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    save_calibration(str(tmp_path), CALIBRATION)
    text = path_in(tmp_path).read_text().replace("calibration/1", "calibration/2")
    path_in(tmp_path).write_text(text)
    found, ((code, message),) = load(tmp_path)
    assert (found, code) == (None, "calibration-unusable")
    assert "calibration/2" in message
    assert path_in(tmp_path).read_text() == text


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b"\xff\xfe",
    b"{}",
    b'{"schema": 7}',
    b'{"schema": "else"}',
    b'{"schema": "carbonrun.calibration/1"}',
    b"[" * 100_000,
    b'{"schema":' * 50_000,
    b"1" * 10_000,
    b"x" * (1 << 21),
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_what_is_damaged_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    path_in(tmp_path).write_bytes(content)
    found, ((code, message),) = load(tmp_path)
    assert (found, code) == (None, "calibration-unusable")
    assert str(path_in(tmp_path)) in message
    assert path_in(tmp_path).with_name("calibration-m1.json.corrupt").read_bytes() == content
    assert load(tmp_path) == (None, [])


BAD_VALUES: list[tuple[str, object]] = [
    ("devices", {}),
    ("devices", [7]),
    ("devices.0.idle.watts", None),
    ("devices.0.idle.watts", "10"),
    ("devices.0.idle.watts", True),
    ("devices.0.idle.watts", -1),
    ("devices.0.idle.watts", 1e300),
    ("devices.0.idle.low_watts", 10.2),
    ("devices.0.idle", []),
    ("devices.0.points.0.load", 1.01),
    ("devices.0.id", 7),
    ("cpu", 5),
    ("cpu.curve", []),
    ("cpu.curve", [[0, 0], [0.5, 0.7], [0.6, 0.5], [1, 1]]),
    ("cpu.curve", [[0, 0], [0.5, 0.7]]),
    ("cpu.curve", [[0, 0, 0], [1, 1, 1]]),
    ("cpu.full_watts", 9.0),
    ("cpu.high_factor", 0.5),
    ("logical_cpus", 0),
    ("remarks", 5),
    ("machine_id", 5),
]


@pytest.mark.parametrize(("where", "value"), BAD_VALUES, ids=str)
def test_a_value_that_cannot_be_is_noticed(tmp_path: Path, where: str, value: object) -> None:
    save_calibration(str(tmp_path), CALIBRATION)
    content = json.loads(path_in(tmp_path).read_text())
    inner = content
    *path, last = where.split(".")
    for step in path:
        inner = inner[int(step) if step.isdigit() else step]
    inner[last] = value
    path_in(tmp_path).write_text(json.dumps(content))
    found, notes = load(tmp_path)
    assert found is None
    assert [code for code, _message in notes] == ["calibration-unusable"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none(tmp_path: Path, text: str) -> None:
    save_calibration(str(tmp_path), CALIBRATION)
    content = path_in(tmp_path).read_text().replace('"full_watts": 50.0', f'"full_watts": {text}')
    assert text in content
    path_in(tmp_path).write_text(content)
    assert load(tmp_path)[0] is None


def test_the_same_device_twice(tmp_path: Path) -> None:
    save_calibration(str(tmp_path), CALIBRATION.replace(devices=CALIBRATION.devices * 2))
    assert load(tmp_path)[0] is None


@given(st.binary(max_size=60))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    path_in(folder).write_bytes(content)
    found, notes = load(folder)
    assert found is None
    assert [code for code, _message in notes] == ["calibration-unusable"]


def test_a_pipe_in_the_way_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(path_in(tmp_path))
    found, ((code, message),) = load(tmp_path)
    assert (found, code) == (None, "calibration-unusable")
    assert "no regular file" in message
    save_calibration(str(tmp_path), CALIBRATION)
    assert load(tmp_path)[0] == CALIBRATION


def test_a_file_of_somebody_else_stays_where_it_is() -> None:
    with public_folder() as folder:
        save_calibration(str(folder), CALIBRATION)
        path_in(folder).chmod(0)
        folder.chmod(0o777)
        codes = run_unprivileged(lambda: [code for code, _message in load(folder)[1]])
        assert codes == ["calibration-unusable"]
        assert path_in(folder).exists()


def test_a_place_that_cannot_be_written_is_found_before() -> None:
    with public_folder() as folder:
        folder.chmod(0o555)

        def refused() -> bool:
            try:
                check_place(str(folder), "m1")
            except OSError:
                return True
            return False

        assert run_unprivileged(refused)
