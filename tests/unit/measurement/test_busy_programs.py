"""Who keeps the machine busy, on real and on simulated processes."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from carbonrun.measurement.busy_programs import busiest, look
from tests.machine.loaded_machine import LoadedMachine

if TYPE_CHECKING:
    from pathlib import Path


def write(machine: LoadedMachine, pid: int, own: int, waited: int, parent: int = 1) -> None:
    """Show a process; times in ticks of which 100 are a second everywhere on Linux."""
    folder = machine.procfs_folder / str(pid)
    folder.mkdir(exist_ok=True)
    zeros = " ".join(["0"] * 9)
    text = f"{pid} (a (b) c) S {parent} {zeros} {own} 0 {waited} 0 20 0 1 0 {pid * 10} 0 0\n"
    (folder / "stat").write_text(text)


def remove(machine: LoadedMachine, pid: int) -> None:
    folder = machine.procfs_folder / str(pid)
    (folder / "stat").unlink()
    folder.rmdir()


def seen(machine: LoadedMachine, *changes: tuple[int, int, int], gone: int = 0) -> dict[int, float]:
    before = look(machine.procfs)
    for pid, own, waited in changes:
        write(machine, pid, own, waited)
    if gone:
        remove(machine, gone)
    programs = busiest(before, look(machine.procfs))
    assert all(program.name == "a (b) c" for program in programs)
    return {program.pid: round(program.cpu_seconds, 6) for program in programs}


def test_the_busiest_come_first(tmp_path: Path) -> None:
    machine = LoadedMachine(tmp_path)
    write(machine, 5, 100, 0)
    write(machine, 6, 100, 0)
    write(machine, 7, 100, 0)
    found = seen(machine, (5, 110, 0), (6, 150, 0), (8, 20, 0))
    assert found == {6: 0.5, 8: 0.2, 5: 0.1}
    assert list(found) == [6, 8, 5]


def test_short_lived_children_count_for_their_parent(tmp_path: Path) -> None:
    machine = LoadedMachine(tmp_path)
    write(machine, 5, 100, 1000)
    assert seen(machine, (5, 101, 1090)) == {5: 0.91}


def test_what_an_ended_child_had_used_before_does_not_count(tmp_path: Path) -> None:
    machine = LoadedMachine(tmp_path)
    write(machine, 5, 100, 0)
    write(machine, 6, 9000, 0, parent=5)
    assert seen(machine, (5, 100, 9030), gone=6) == {5: 0.3}


def test_nor_does_what_its_children_had_used(tmp_path: Path) -> None:
    machine = LoadedMachine(tmp_path)
    write(machine, 5, 100, 0)
    write(machine, 6, 50, 0, parent=5)
    write(machine, 7, 9000, 0, parent=6)
    before = look(machine.procfs)
    remove(machine, 6)
    remove(machine, 7)
    write(machine, 5, 100, 9080)
    (program,) = busiest(before, look(machine.procfs))
    assert (program.pid, round(program.cpu_seconds, 6)) == (5, 0.3)


def test_a_number_that_is_used_again_is_another_process(tmp_path: Path) -> None:
    machine = LoadedMachine(tmp_path)
    write(machine, 5, 100, 0)
    before = look(machine.procfs)
    stat = machine.procfs_folder / "5/stat"
    stat.write_text(stat.read_text().replace(" 100 0 0 0 20 0 1 0 50 ", " 7 0 0 0 20 0 1 0 99 "))
    (program,) = busiest(before, look(machine.procfs))
    assert program.cpu_seconds == 0.07


def test_what_is_left_out_and_what_is_damaged(tmp_path: Path) -> None:
    machine = LoadedMachine(tmp_path)
    write(machine, 5, 100, 0)
    write(machine, 6, 100, 0)
    before = look(machine.procfs)
    write(machine, 5, 200, 0)
    (machine.procfs_folder / "6/stat").write_text("6 (x) S 1\n")
    (machine.procfs_folder / "9").mkdir()
    assert busiest(before, look(machine.procfs), {5}) == []
    assert look(str(tmp_path / "missing")) == {}


def test_a_real_process_that_is_busy_is_found() -> None:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "while True: pass"])
    try:
        before = look("/proc")
        end = time.monotonic() + 10
        while time.clock_gettime(~process.pid << 3 | 2) < 0.5:
            assert time.monotonic() < end
            time.sleep(0.01)
        found = {program.pid: program for program in busiest(before, look("/proc"))}
    finally:
        process.kill()
        process.wait()
    assert found[process.pid].cpu_seconds > 0.3
    assert "python" in found[process.pid].name
