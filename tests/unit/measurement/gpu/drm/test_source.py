"""What is said of the cards: sensor, method, notes, what is not measured."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.gpu.drm.advice import JOIN_GROUP, UNSEEN_HINT
from carbonrun.measurement.gpu.drm.discover import discover
from carbonrun.measurement.gpu.drm.reader import DrmReader
from carbonrun.measurement.gpu.drm.source import DrmSource, open_source
from carbonrun.measurement.gpu.presence import energy_counters
from carbonrun.notes import Notes
from tests.machine.fake_clock import FakeClock
from tests.machine.sim_drm import JOULES_PER_UNIT, SimulatedGraphics, gpu_metrics
from tests.machine.unprivileged import public_folder, run_unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from carbonrun.measurement.gpu.drm.energy import PowerEnergy

DGPU, SECOND = "0000:03:00.0", "0000:83:00.0"
OURS, THEIRS, OLD, NANO = 100, 200, 1000, 1_000_000_000
TREE = {OURS: (OURS, OLD)}


class Bench:
    """A simulated machine, a clock and its cards as a source."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.machine = SimulatedGraphics(folder)
        self.source: DrmSource | None = None

    def open(self) -> DrmSource:
        sysfs, procfs = str(self.machine.sysfs), str(self.machine.procfs)
        self.started = self.clock.now()
        self.source = open_source(sysfs, procfs, self.started, energy_counters(sysfs))
        return self.source

    def open_without_thread(self) -> DrmSource:
        """Open it so that samples of power are the test's to take, at the times of its clock."""
        sysfs, procfs = str(self.machine.sysfs), str(self.machine.procfs)
        found = discover(sysfs, self.clock.now()).replace(poller=None)
        self.source = DrmSource(found, DrmReader(found.devices, sysfs, procfs), ())
        return self.source

    def codes(self) -> list[str]:
        notes = Notes()
        if self.source is not None:
            self.source.last_looks(self.clock.advance(0.1))
            self.source.notes(notes)
        return [note.code for note in notes.all()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    place = Bench(tmp_path)
    yield place
    if place.source is not None:
        place.source.last_looks(place.clock.now())


def test_a_machine_without_cards(bench: Bench) -> None:
    source = bench.open()
    assert source.looks(bench.clock.now(), TREE) == ()
    assert source.devices() == source.unmeasured() == source.births() == ()
    assert source.faults() == {}
    assert bench.codes() == []
    assert not [t for t in threading.enumerate() if t.name == "carbonrun-poller"]


def test_a_counter(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1}, pci_id="8086:56A0")
    client = bench.machine.add_client(OURS, card, 7, engines={"render": NANO})
    source = bench.open()
    (device,) = source.devices()
    assert (device.id, device.kind, device.method) == (DGPU, "gpu", "counter")
    assert (device.source, device.name) == ("i915 energy1_input", "Intel GPU 8086:56a0")
    source.looks(bench.clock.now(), TREE)
    card.set("hwmon/energy1_input", 3_000_001)
    client.busy("render", 2 * NANO)
    (look,) = source.looks(bench.clock.advance(1), TREE)
    assert look.joules == pytest.approx(3.0)
    assert look.was_listed
    assert bench.codes() == []


def test_the_time_before_the_first_look(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1})
    mine = bench.machine.add_client(OURS, card, 7, engines={"render": NANO})
    other = bench.machine.add_client(THEIRS, card, 8, engines={"render": NANO})
    source = bench.open()
    card.set("hwmon/energy1_input", 2_000_001)
    source.begin(bench.started, bench.clock.advance(0.5), TREE)
    assert source.looks(bench.clock.advance(0.01), TREE) == ()
    card.set("hwmon/energy1_input", 8_000_001)
    mine.busy("render", NANO + NANO // 2)
    other.busy("render", NANO + NANO // 4)
    start, first, second = source.looks(bench.clock.advance(0.99), TREE)
    assert (start.at_seconds, start.joules) == (bench.started.monotonic_seconds, 0.0)
    assert first.joules is None
    assert second.joules == pytest.approx(8.0)
    busy = {process.pid: process.busy_seconds for process in second.processes or ()}
    assert busy == {OURS: pytest.approx(0.75), THEIRS: pytest.approx(0.375)}


def test_a_run_with_one_look(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1})
    bench.machine.add_client(OURS, card, 7, engines={"render": NANO})
    source = bench.open()
    source.begin(bench.started, bench.clock.advance(0.05), TREE)
    first, last = source.last_looks(bench.clock.advance(0.05))
    assert [process.pid for process in first.processes or ()] == [OURS]
    assert first.joules == 0.0
    assert not last.was_listed


def test_nobody_of_the_tree_is_left(bench: Bench) -> None:
    bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1})
    source = bench.open()
    (first,) = source.looks(bench.clock.now(), {})  # nobody yet
    source.looks(bench.clock.advance(1), TREE)
    (last,) = source.looks(bench.clock.advance(1), {})
    assert (first.was_listed, last.was_listed) == (True, False)
    assert source.last_looks(bench.clock.advance(0.01)) == ()


def test_what_a_card_draws_before_it_is_used(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1})
    source = bench.open()
    card.set("hwmon/energy1_input", 2_000_001)
    source.begin(bench.started, bench.clock.advance(0.1), TREE)
    _, first, _ = source.looks(bench.clock.advance(0.2), TREE)
    assert first.watts == pytest.approx(20.0)


def test_power_and_the_counter_beside_it(bench: Bench) -> None:
    card = bench.machine.add_card(
        DGPU, "amdgpu", hwmon={"power1_average": 100_000_000}, gpu_metrics=gpu_metrics(5)
    )
    source = bench.open_without_thread()
    energy: PowerEnergy = source._reader.devices[0].energy  # type: ignore[assignment]
    (device,) = source.devices()
    assert (device.method, device.source) == ("integrated", "amdgpu power1_average, every 100 ms")
    for step in range(1, 30):
        card.set("gpu_metrics", gpu_metrics(5 + round(11 * step / JOULES_PER_UNIT)))
        energy.meter.take(bench.clock.advance(0.11), energy.read_watts())
        source.looks(bench.clock.now(), TREE)
    (device,) = source.devices()
    assert device.method == "counter"
    assert device.source == "amdgpu gpu_metrics, agrees with power1_average"


def test_two_gpus_of_one_module(bench: Bench) -> None:
    for address in (DGPU, SECOND):
        bench.machine.add_card(address, "amdgpu", hwmon={"power1_average": 5}, pci_id="1002:740C")
    (device,) = bench.open().devices()
    assert device.source.endswith("every 100 ms, 2 GPUs of one module")


def test_rocm_beside_others(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "amdgpu", hwmon={"power1_average": 5})
    for pid in (OURS, THEIRS):
        bench.machine.add_process(pid)
    bench.machine.add_compute(51234, card, {OURS: 5000, THEIRS: 7000})
    bench.open().looks(bench.clock.now(), TREE)
    assert "gpu-compute" in bench.codes()


def test_rocm_alone_needs_no_note(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "amdgpu", hwmon={"power1_average": 5})
    bench.machine.add_process(OURS)
    bench.machine.add_compute(51234, card, {OURS: 5000})
    bench.open().looks(bench.clock.now(), TREE)
    assert "gpu-compute" not in bench.codes()


def test_a_card_that_is_taken_out(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1})
    bench.open().looks(bench.clock.now(), TREE)
    card.unplug()
    assert bench.codes() == ["gpu-gone"]


def test_a_counter_that_starts_again(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "xe", hwmon={"energy1_input": 90_000_000})
    source = bench.open()
    source.looks(bench.clock.now(), TREE)
    card.set("hwmon/energy1_input", 1)
    source.looks(bench.clock.advance(1), TREE)
    assert bench.codes() == ["gpu-gap"]


@pytest.mark.parametrize(("tells", "words"), [(True, "only how busy"), (False, "if there are any")])
def test_others_that_cannot_be_seen(tells: bool, words: str) -> None:
    with public_folder() as folder:
        bench = Bench(folder)
        card = bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1})
        bench.machine.add_client(OURS, card, 7, engines={"render": NANO})
        hidden = bench.machine.add_process(THEIRS) / "fd"
        hidden.chmod(0)
        if tells:
            (card.node / "gt/gt0").mkdir(parents=True)
            (card.node / "gt/gt0/rc6_residency_ms").write_text("5\n")

        def notes() -> list[str]:
            bench.open().looks(bench.clock.now(), TREE)
            told = Notes()
            assert bench.source is not None
            bench.source.notes(told)
            return [note.message for note in told.all() if note.code == "gpu-unseen"]

        (message,) = run_unprivileged(notes)
        hidden.chmod(0o700)
    assert words in message


def test_what_is_not_measured(bench: Bench, tmp_path: Path) -> None:
    bench.machine.add_card("0000:00:02.0", "i915", pci_id="8086:9A49")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/neuron0").touch()
    rows = bench.open().unmeasured()
    assert [row.id for row in rows] == ["0000:00:02.0", "neuron0"]


def test_advice_on_a_card_that_sleeps(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "xe", hwmon={"energy1_input": 5})
    card.set("power/runtime_status", "suspended")
    source = bench.open()
    source.looks(bench.clock.now(), TREE)
    (advice,) = source.advice()
    assert "not woken" in advice.text


def test_advice_on_rocm(bench: Bench) -> None:
    card = bench.machine.add_card(DGPU, "amdgpu", hwmon={"power1_average": 5})
    bench.machine.add_compute(51234, card, {THEIRS: 7000})
    source = bench.open_without_thread()
    source.looks(bench.clock.now(), TREE)
    assert not source.is_ready()
    assert [each.text.partition(":")[0] for each in source.advice()] == ["ROCm is in use"]


def test_advice_on_what_is_closed_to_us() -> None:
    with public_folder() as folder:
        bench = Bench(folder)
        card = bench.machine.add_card(DGPU, "i915", hwmon={"energy1_input": 1})
        bench.machine.add_client(OURS, card, 7, engines={"render": NANO})
        hidden = bench.machine.add_process(THEIRS) / "fd"
        hidden.chmod(0)
        card.set("drm/renderD128/dev", "226:128")
        node = folder / "dev/dri/renderD128"
        node.parent.mkdir(parents=True)
        node.touch(0o600 if os.geteuid() == 0 else 0)

        def advice() -> list[str | None]:
            source = bench.open()
            source.looks(bench.clock.now(), TREE)
            return [str(source.is_ready()), *(each.remedy for each in source.advice())]

        told = run_unprivileged(advice)
        hidden.chmod(0o700)
    assert told == ["True", UNSEEN_HINT, JOIN_GROUP]
