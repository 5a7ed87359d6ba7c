"""Waiting for rest, and what is seen of the machine meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carbonrun.compare.machine_watch import MachineWatch
from carbonrun.compare.settling import Settler, celsius_probe, watts_probe
from carbonrun.notes import Notes
from tests.machine.sim_sysfs import SimulatedPowercap

if TYPE_CHECKING:
    from pathlib import Path


class Room:
    """A machine that cools down: power and temperature are functions of the time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.heat = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.heat *= 0.5**seconds

    def watts(self) -> float | None:
        self.sleep(0.25)
        return 10 + 30 * self.heat

    def celsius(self) -> float | None:
        return 40 + 40 * self.heat


def settler(room: Room, longest_seconds: float = 20.0, **probes: Any) -> Settler:
    return Settler(
        probes.get("watts", room.watts),
        probes.get("celsius", room.celsius),
        longest_seconds,
        room.sleep,
        lambda: room.seconds,
    )


def test_it_waits_until_the_machine_is_at_rest_and_no_longer() -> None:
    room = Room()
    waiting = settler(room)
    waiting.begin()
    assert waiting.idle_watts == 10
    room.heat = 1.0
    before = room.seconds
    assert waiting.settle()
    # 40 W must fall to 12 W: 30 * 0.5^t = 2 at 3.9 s.
    assert 3.5 < room.seconds - before < 5
    before = room.seconds
    assert waiting.settle()
    assert room.seconds - before <= 0.25


def test_a_change_of_the_idle_power_is_seen() -> None:
    room = Room()
    waiting = settler(room)
    waiting.begin()
    assert waiting.change() == pytest.approx(0)
    louder = settler(room, 1.0)
    louder.begin()
    room.heat = 1e9
    change = louder.change()
    assert change is not None
    assert change > 1
    blind = settler(room, watts=lambda: None)
    blind.begin()
    assert blind.change() is None


def test_it_does_not_wait_for_ever() -> None:
    room = Room()
    waiting = settler(room, 2.0)
    waiting.begin()
    room.heat = 1e6
    before = room.seconds
    assert not waiting.settle()
    assert room.seconds - before < 3


def test_temperature_alone_and_nothing_at_all() -> None:
    room = Room()
    only_heat = settler(room, watts=lambda: None)
    only_heat.begin()
    room.heat = 1.0
    assert only_heat.settle()
    assert room.celsius() == pytest.approx(44, abs=2)
    blind = settler(room, watts=lambda: None, celsius=lambda: None)
    blind.begin()
    before = room.seconds
    assert blind.settle()
    off = settler(room, 0.0)
    off.begin()
    assert off.settle()
    assert room.seconds == before


def test_temperature_of_the_processor(tmp_path: Path) -> None:
    for number, (kind, temp) in enumerate([("acpitz", 90000), ("x86_pkg_temp", 51000)]):
        zone = tmp_path / "class" / "thermal" / f"thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "type").write_text(f"{kind}\n")
        (zone / "temp").write_text(f"{temp}\n")
    assert celsius_probe(str(tmp_path))() == 51.0
    assert celsius_probe(str(tmp_path / "none"))() is None


def test_power_of_the_processor(tmp_path: Path) -> None:
    powercap = SimulatedPowercap(tmp_path)
    powercap.add_zone("intel-rapl:0", "package-0", energy_uj=1_000_000)
    file = powercap.energy_file("intel-rapl:0")

    def work(_seconds: float) -> None:
        file.write_text(str(int(file.read_text()) + 500_000))

    watts = watts_probe(str(tmp_path), "/proc", work)()
    assert watts is not None
    assert watts > 1
    assert watts_probe(str(tmp_path / "none"), "/proc", lambda _seconds: None)() is None


def stat(folder: Path, idle_ticks: int) -> None:
    line = f"0 0 0 {idle_ticks} 0 0 0 0 0 0"
    (folder / "stat").write_text(f"cpu  {line}\ncpu0 {line}\ncpu1 {line}\n")
    (folder / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable: 50 kB\n")


def watched(tmp_path: Path, busy_seconds: float, tree_seconds: float) -> tuple[str, ...]:
    """Look at 10 s of two CPUs."""
    times = [0.0]
    stat(tmp_path, 10_000)
    watch = MachineWatch(str(tmp_path), str(tmp_path / "sys"), lambda: times[0])
    watch.begin()
    times[0] = 10.0
    stat(tmp_path, 10_000 + int((20 - busy_seconds) * 100))
    return watch.end({"tree": {"cpu_seconds": tree_seconds}, "overhead": {"cpu_seconds": 0.1}})


def test_others_that_are_busy_are_seen(tmp_path: Path) -> None:
    assert watched(tmp_path, busy_seconds=12, tree_seconds=9) == ("busy",)
    assert watched(tmp_path, busy_seconds=10, tree_seconds=9) == ()


def test_heat_is_seen(tmp_path: Path) -> None:
    counts = tmp_path / "sys" / "devices" / "system" / "cpu" / "cpu0" / "thermal_throttle"
    counts.mkdir(parents=True)
    count = counts / "package_throttle_count"
    count.write_text("3\n")
    stat(tmp_path, 1)
    watch = MachineWatch(str(tmp_path), str(tmp_path / "sys"), lambda: 0.0)
    watch.begin()
    count.write_text("4\n")
    report = {"tree": {"cpu_seconds": 0}, "overhead": {"cpu_seconds": 0}}
    assert watch.end(report) == ("throttled",)


def test_battery_and_limited_clock_are_noted(tmp_path: Path) -> None:
    battery = tmp_path / "class" / "power_supply" / "BAT0"
    battery.mkdir(parents=True)
    for name, text in (("type", "Battery"), ("status", "Discharging"), ("scope", "System")):
        (battery / name).write_text(text)
    notes = Notes()
    MachineWatch("/proc", str(tmp_path), lambda: 0.0).note_hindrances(notes)
    assert [note.code for note in notes.all()] == ["compare-battery"]
