"""Looks at simulated cards: who is on them, and how busy they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.gpu.drm.discover import discover
from carbonrun.measurement.gpu.drm.reader import DrmReader
from carbonrun.measurement.gpu.look import COUNTED
from tests.machine.fake_clock import FakeClock
from tests.machine.sim_drm import SimulatedGraphics
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from carbonrun.measurement.gpu.look import GpuLook, GpuProcess, ProcessKey
    from tests.machine.sim_drm import SimulatedCard

DGPU, SECOND = "0000:03:00.0", "0000:83:00.0"
OURS, THEIRS, STRANGER = 100, 200, 300
OLD = 1000  # when they were started
NANO = 1_000_000_000


class Bench:
    """A simulated machine, a clock and a reader."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.machine = SimulatedGraphics(folder)
        self._reader: DrmReader | None = None

    def intel(self, address: str = DGPU) -> SimulatedCard:
        return self.machine.add_card(address, "i915", hwmon={"energy1_input": 1})

    def looks(
        self,
        seconds: float,
        tree: Collection[ProcessKey] = ((OURS, OLD),),
        *,
        is_last: bool = False,
    ) -> dict[str, GpuLook]:
        now = self.clock.advance(seconds)
        if self._reader is None:
            sysfs, procfs = str(self.machine.sysfs), str(self.machine.procfs)
            devices = discover(sysfs, now).devices
            self._reader = DrmReader(devices, sysfs, procfs)
        looks = self._reader.look(now, tree, is_last=is_last)
        return {look.device_id: look for look in looks}

    def look(
        self,
        seconds: float,
        tree: Collection[ProcessKey] = ((OURS, OLD),),
        *,
        is_last: bool = False,
    ) -> GpuLook:
        return self.looks(seconds, tree, is_last=is_last)[DGPU]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def by_pid(look: GpuLook) -> dict[int, GpuProcess]:
    return {process.pid: process for process in look.processes or ()}


def test_ours_and_others(bench: Bench) -> None:
    card = bench.intel()
    mine = bench.machine.add_client(OURS, card, 7, engines={"render": 0})
    other = bench.machine.add_client(THEIRS, card, 8, engines={"render": 5 * NANO})
    for client in (mine, other):
        client.hold(4, "local0")
    bench.look(0.1)
    mine.busy("render", NANO // 4)
    other.busy("render", 5 * NANO + NANO // 2)
    look = bench.look(1.0)
    seen = by_pid(look)
    assert look.use == COUNTED
    assert (seen[OURS].busy_seconds, seen[THEIRS].busy_seconds) == (0.25, 0.5)
    assert seen[OURS].memory_bytes == 4096
    assert seen[OURS].key == (OURS, OLD)


def test_each_card_has_its_own_clients(bench: Bench) -> None:
    first, second = bench.intel(), bench.intel(SECOND)
    bench.machine.add_client(OURS, first, 7, engines={"render": NANO})
    bench.machine.add_client(THEIRS, second, 7, engines={"render": NANO})
    looks = bench.looks(0.1)
    assert set(by_pid(looks[DGPU])) == {OURS}
    assert set(by_pid(looks[SECOND])) == {THEIRS}


def test_who_only_opened_the_card_is_not_on_it(bench: Bench) -> None:
    bench.machine.add_client(OURS, bench.intel(), 7, engines={"render": 0})
    assert by_pid(bench.look(0.1)) == {}


def test_the_last_look_reads_energy_only(bench: Bench) -> None:
    card = bench.intel()
    bench.machine.add_client(OURS, card, 7, engines={"render": NANO})
    bench.look(0.1)
    card.set("hwmon/energy1_input", 2_000_001)
    look = bench.look(1.0, is_last=True)
    assert look.joules == pytest.approx(2.0)
    assert not look.was_listed


def test_the_two_gpus_of_a_module_are_one_device(bench: Bench) -> None:
    files = {"power1_average": 5_000_000}
    first = bench.machine.add_card(DGPU, "amdgpu", hwmon=files, pci_id="1002:7408")
    second = bench.machine.add_card(SECOND, "amdgpu", hwmon=files, pci_id="1002:7408")
    bench.machine.add_client(OURS, second, 7, engines={"gfx": NANO})
    bench.machine.add_client(THEIRS, first, 8, engines={"gfx": NANO})
    assert set(by_pid(bench.look(0.1))) == {OURS, THEIRS}


def test_compute_of_rocm_tells_memory_and_no_time(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "amdgpu", hwmon={"power1_average": 5})
    bench.machine.add_client(OURS, card, 7, engines={"gfx": NANO}, kibibytes=1)
    bench.machine.add_process(THEIRS)
    bench.machine.add_compute(51234, card, {OURS: 5000, THEIRS: 7000, 999: 1})
    bench.machine.add_compute(0, card, {})
    look = bench.look(0.1)
    seen = by_pid(look)
    assert look.use is None
    assert look.machine_busy_seconds is None
    assert {pid: process.memory_bytes for pid, process in seen.items()} == {
        OURS: 5000,
        THEIRS: 7000,
        999: 1,
    }
    assert seen[999].key is None


def test_energy_that_cannot_be_read(bench: Bench) -> None:
    bench.intel().set("hwmon/energy1_input", "?")
    look = bench.look(0.1)
    assert look.joules is None
    assert "no counter" in (look.failure or "")


@pytest.fixture
def public() -> Iterator[Bench]:
    """Give a bench below a directory that everybody may enter, with a process nobody may see."""
    with public_folder() as folder:
        bench = Bench(folder)
        hidden = bench.machine.add_process(STRANGER) / "fd"
        hidden.chmod(0)
        yield bench
        hidden.chmod(0o700)


def test_processes_of_others_that_cannot_be_read(public: Bench) -> None:
    public.machine.add_client(OURS, public.intel(), 7, engines={"render": NANO})
    assert run_unprivileged(lambda: public.look(0.1).is_complete) is False


def test_everybody_was_seen(bench: Bench) -> None:
    bench.machine.add_client(OURS, bench.intel(), 7, engines={"render": NANO})
    bench.machine.add_process(THEIRS)
    assert bench.look(0.1).is_complete


@pytest.mark.parametrize(("mebibytes", "is_somebody"), [(1300, False), (4000, True)])
def test_memory_that_nobody_is_seen_to_hold(
    public: Bench, mebibytes: int, is_somebody: bool
) -> None:
    used = mebibytes << 20
    files = {"power1_average": 5}
    card = public.machine.add_card(DGPU, "amdgpu", hwmon=files, mem_info_vram_used=used)
    public.machine.add_client(OURS, card, 7, engines={"gfx": NANO}, kibibytes=1000 << 10)

    def others() -> list[int | None]:
        processes = public.look(0.1).processes or ()
        return [p.memory_bytes for p in processes if p.key != (OURS, OLD)]

    hidden = run_unprivileged(others)
    assert hidden == ([(mebibytes - 1000) << 20] if is_somebody else [])


@pytest.mark.parametrize("driver", ["amdgpu", "i915", "old i915", "xe"])
def test_how_busy_the_card_was(public: Bench, driver: str) -> None:
    files = {"power1_average": 5, "energy1_input": 5}
    card = public.machine.add_card(DGPU, driver.rpartition(" ")[2], hwmon=files)
    public.machine.add_client(OURS, card, 7, engines={"render": NANO})
    file = {
        "i915": card.node / "gt/gt0/rc6_residency_ms",
        "old i915": card.node / "power/rc6_residency_ms",
        "xe": card.device / "tile0/gt0/gtidle/idle_residency_ms",
        "amdgpu": card.device / "gpu_busy_percent",
    }[driver]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("75\n" if driver == "amdgpu" else "1000\n")
    file.chmod(0o666)

    def look() -> list[float | None]:
        busy = [public.look(0.1).machine_busy_seconds]
        if driver != "amdgpu":
            file.write_text("1500\n")
        busy.append(public.look(2.0).machine_busy_seconds)
        file.write_text("none\n")
        return [*busy, public.look(2.0).machine_busy_seconds]

    assert run_unprivileged(look) == [0.0, pytest.approx(1.5), None]


def test_a_process_that_only_has_the_number_of_ours(bench: Bench) -> None:
    bench.machine.add_client(OURS, bench.intel(), 7, engines={"render": NANO}, start_ticks=1234)
    (process,) = bench.look(0.1).processes or ()
    assert process.key == (OURS, 1234)


@pytest.mark.parametrize("cards", [1, 2])
def test_a_client_that_does_not_name_its_card(bench: Bench, cards: int) -> None:
    made = [bench.intel(address) for address in (DGPU, SECOND)[:cards]]
    client = bench.machine.add_client(OURS, made[0], 7, engines={"render": NANO})
    del client.lines["drm-pdev"]
    client.busy("render", 2 * NANO)
    assert set(by_pid(bench.look(0.1))) == ({OURS} if cards == 1 else set())


def test_a_recorded_tree_without_links(bench: Bench) -> None:
    bench.machine.add_client(OURS, bench.intel(), 7, engines={"render": NANO})
    folder = bench.machine.procfs / str(OURS)
    (folder / "fd/5").unlink()
    (folder / "fd").rmdir()
    (folder / "fdinfo/6").write_text("pos: 0\n")
    assert set(by_pid(bench.look(0.1))) == {OURS}


def test_new_holders_among_others_are_found(bench: Bench) -> None:
    card = bench.intel()
    bench.machine.add_client(OURS, card, 7, engines={"render": NANO})
    assert set(by_pid(bench.look(0.1))) == {OURS}
    bench.machine.add_client(THEIRS, card, 8, engines={"render": NANO})
    assert set(by_pid(bench.look(10.0))) == {OURS, THEIRS}
    for entry in (bench.machine.procfs / str(THEIRS) / "fd").iterdir():
        entry.unlink()
    after = by_pid(bench.look(1.0))
    assert not after[THEIRS].has_context
