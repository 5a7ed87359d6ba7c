"""What is made of what the helper says, and of its silence."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.gpu.nvml.client import (
    ABORTED,
    SILENT_SECONDS,
    START_SECONDS,
    TOO_EARLY,
    NvmlSource,
)
from carbonrun.notes import Notes
from tests.machine.fake_clock import FakeClock
from tests.unit.measurement.gpu.nvml.test_facts_and_advice import FACTS

if TYPE_CHECKING:
    from pathlib import Path

    from carbonrun.measurement.gpu.nvml.process import HelperProcess

LOOK = ["GPU-1", 100.0, 5.0, None, [], True, "sampled", 0, 60.0, True]


class Said:
    """A helper that says what the test puts into it."""

    def __init__(self, *lines: Any) -> None:
        """Begin with some lines."""
        self.waiting = [_bytes(line) for line in lines]
        self.later: list[list[bytes]] = []
        self.has_ended = self.is_closed = False
        self.written: list[bytes] = []

    def say(self, *lines: Any) -> None:
        """Say more."""
        self.waiting += [_bytes(line) for line in lines]

    def lines(self) -> list[bytes]:
        """Return what was said."""
        said, self.waiting = self.waiting, []
        return said

    def wait(self, end_seconds: float) -> bool:
        """Tell whether there is more, or an end."""
        assert end_seconds > 0
        if self.later:
            self.waiting += self.later.pop(0)
        return bool(self.waiting) or self.has_ended

    def write(self, message: bytes) -> None:
        """Take a message."""
        self.written.append(message)

    def close(self) -> None:
        """End."""
        self.is_closed = self.has_ended = True


def is_closed(helper: Said) -> bool:
    """Tell whether a helper was ended."""
    return helper.is_closed


def _bytes(line: Any) -> bytes:
    return line if isinstance(line, bytes) else json.dumps(line).encode()


class Bench:
    """A source, and helpers that are started one after the other."""

    def __init__(self, *helpers: Said, is_likely: bool = True) -> None:
        """Listen to the first; the others are there if more are started."""
        self.clock = FakeClock()
        self.helpers = list(helpers)
        self._next = iter(helpers)
        self.source = NvmlSource(self._start(), self._start, is_likely=is_likely)

    def _start(self) -> HelperProcess:
        helper = next(self._next, None)
        if helper is None:
            raise MeterUnavailable("no more processes")
        return cast("HelperProcess", helper)

    def looks(self, seconds: float = 0.0) -> list[float | None]:
        now = self.clock.advance(seconds) if seconds else self.clock.now()
        return [look.joules for look in self.source.looks(now, {})]

    def wait(self, seconds: float) -> list[float | None]:
        """Look twice a second for so long."""
        return [joules for _ in range(int(2 * seconds) + 1) for joules in self.looks(0.5)]

    def last(self) -> list[float | None]:
        return [look.joules for look in self.source.last_looks(self.clock.now())]

    def codes(self) -> list[str]:
        notes = Notes()
        self.source.notes(notes)
        return [note.code for note in notes.all()]


@pytest.fixture
def said() -> Said:
    return Said(["driver", "555.42", []], ["device", FACTS])


def test_looks_of_devices_and_births_of_processes(said: Said) -> None:
    said.say(["born", 5, 50, [4, 1]], ["look", LOOK])
    bench = Bench(said)
    assert bench.looks() == [5.0]
    (device,) = bench.source.devices()
    assert device.id == "GPU-1"
    (birth,) = bench.source.births()
    assert (birth.key, birth.ancestors) == ((5, 50), (4, 1))
    assert bench.source.births() == ()
    assert bench.source.unmeasured() == ()
    assert not bench.source.is_ready()
    said.say(["look", LOOK])
    bench.looks()
    assert bench.source.is_ready()


def test_a_look_of_what_was_not_described_is_passed_over(said: Said) -> None:
    said.say(["look", ["GPU-2", *LOOK[1:]]])
    assert Bench(said).looks() == []


def test_where_nobody_is_named_an_open_file_is_a_sign(tmp_path: Path) -> None:
    """As under WSL2."""
    path = tmp_path / "nvidia0"
    path.write_bytes(b"")
    unnamed = ["look", [*LOOK[:4], None, *LOOK[5:]]]
    helper = Said(["device", {**FACTS, "file": str(path)}], unnamed)
    bench = Bench(helper)
    own = {os.getpid(): (os.getpid(), 7)}
    (look,) = bench.source.looks(bench.clock.now(), own)
    assert look.processes is None
    with path.open():
        helper.say(unnamed)
        (look,) = bench.source.looks(bench.clock.now(), own)
    assert [process.key for process in look.processes or ()] == [(os.getpid(), 7)]
    assert not look.is_complete
    helper.say(unnamed)
    (look,) = bench.source.looks(bench.clock.now(), {1 << 22: (1 << 22, 7)})
    assert look.processes is None


def test_the_last_looks_are_asked_for_and_waited_for(said: Said) -> None:
    said.say(["look", LOOK])
    bench = Bench(said)
    bench.looks()
    bench.source.ask_last()
    bench.source.ask_last()
    said.later = [[], [_bytes(["look", [LOOK[0], 101.0, 9.0, *LOOK[3:]]]), _bytes(["end"])]]
    said.later[0] = [_bytes(["look", LOOK])]
    assert bench.looks() == [], "they wait for who asked"
    assert bench.last() == [5.0, 9.0]
    assert said.written == [b"f"]
    assert is_closed(said)
    assert (bench.source.faults(), bench.last()) == ({}, [])


def test_last_looks_that_do_not_come(said: Said) -> None:
    said.say(["look", LOOK])
    bench = Bench(said)
    assert bench.last() == [5.0]
    assert "gave no answer within" in bench.source.faults()["GPU-1"]
    assert is_closed(said)


def test_a_helper_that_dies_at_the_end(said: Said) -> None:
    said.say(["look", LOOK])
    bench = Bench(said)
    said.has_ended = True
    assert bench.last() == [5.0]
    assert bench.source.faults() == {"GPU-1": ABORTED}


@pytest.mark.parametrize(("is_likely", "rows"), [(True, ["nvidia"]), (False, [])])
def test_a_run_that_was_over_too_early(is_likely: bool, rows: list[str]) -> None:
    bench = Bench(Said(), is_likely=is_likely)
    assert bench.last() == []
    assert [row.id for row in bench.source.unmeasured()] == rows
    assert all(row.reason == TOO_EARLY for row in bench.source.unmeasured())


def test_a_driver_that_cannot_be_asked() -> None:
    bench = Bench(Said(["none", "NVML: the NVIDIA driver is not loaded", "load it"]))
    assert bench.looks() == []
    (row,) = bench.source.unmeasured()
    assert (row.id, row.kind, row.hint) == ("nvidia", "gpu", "load it")
    assert bench.source.is_ready()


def test_a_machine_without_a_gpu() -> None:
    bench = Bench(Said(["none", None, None]))
    assert (bench.looks(), bench.last(), bench.source.unmeasured()) == ([], [], ())


def test_gpus_that_are_counted_and_not_given() -> None:
    bench = Bench(Said(["driver", "555", ["GPU 1: the GPU is lost"]], ["none", None, None]))
    bench.looks()
    bench.last()
    assert [(row.id, row.reason) for row in bench.source.unmeasured()] == [
        ("nvidia-1", "GPU 1: the GPU is lost")
    ]


def test_a_driver_that_says_nothing_for_long_is_said_to_be_silent() -> None:
    """While the run goes on, and at its end; one that was asked just now is another matter."""
    bench = Bench(Said())
    bench.wait(4)
    (row,) = bench.source.unmeasured()
    assert "gave no answer within 4 s" in row.reason
    bench.last()
    assert bench.source.unmeasured() == (row,)
    bench = Bench(Said(), is_likely=False)
    bench.wait(4)
    bench.last()
    assert bench.source.unmeasured() == ()


@pytest.mark.parametrize(
    "line", [b"no json", b"[]", b'["look"]', b'["look", [1]]', b'["born", 1]', b"7"]
)
def test_what_makes_no_sense_is_a_fault(said: Said, line: bytes) -> None:
    said.say(line)
    bench = Bench(said)
    assert bench.looks() == []
    assert "makes no sense" in bench.source.faults()["GPU-1"]
    assert is_closed(said)


def test_other_lines_are_passed_over(said: Said) -> None:
    said.say(["weather", "fine"], ["look", LOOK])
    assert Bench(said).looks() == [5.0]


def test_silence_starts_it_once_more(said: Said) -> None:
    said.say(["look", LOOK])
    second = Said(["driver", "555", []], ["device", FACTS], ["look", LOOK])
    bench = Bench(said, second)
    bench.looks()
    bench.looks(SILENT_SECONDS / 3)
    assert not is_closed(said)
    assert bench.wait(SILENT_SECONDS) == [5.0]
    assert is_closed(said)
    bench.wait(2 * SILENT_SECONDS)
    assert "gave no answer" in bench.source.faults()["GPU-1"]
    assert bench.looks() == []
    assert "gpu-helper-restarted" in bench.codes()


def test_a_slow_start_is_no_silence() -> None:
    first = Said()
    bench = Bench(first, Said())
    bench.looks()
    bench.wait(START_SECONDS / 2)
    assert not is_closed(first)
    bench.wait(START_SECONDS)
    assert is_closed(first)


def test_a_helper_that_dies_and_cannot_be_started_again(said: Said) -> None:
    said.say(["look", LOOK])
    bench = Bench(said)
    bench.looks()
    said.has_ended = True
    bench.looks()
    assert bench.source.faults() == {"GPU-1": "no more processes"}
    bench.source.ask_last()
    assert said.written == []


def test_advice_and_notes_are_those_of_the_facts() -> None:
    bench = Bench(Said(["driver", "555", []], ["device", {**FACTS, "was_frozen": True}]))
    bench.looks()
    assert bench.codes() == ["gpu-counter-frozen"]
    bench = Bench(Said(["device", {**FACTS, "sees_all": False}]))
    bench.looks()
    assert len(bench.source.advice()) == 1
