"""The helper as a child process: real ones."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.gpu.nvml.process import HelperProcess
from carbonrun.measurement.meters.background_command import OwnHelpers

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE_SECONDS = 20.0


@pytest.fixture
def helpers() -> OwnHelpers:
    return OwnHelpers()


def started(helpers: OwnHelpers, script: str) -> HelperProcess:
    return HelperProcess(helpers, (sys.executable, "-I", "-S", "-c", script))


def lines_of(process: HelperProcess) -> Iterator[bytes]:
    end = time.monotonic() + DEADLINE_SECONDS
    while not process.has_ended and process.wait(end):
        yield from process.lines()


def wait_for_end(helpers: OwnHelpers, process: HelperProcess) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while helpers.has(process._pid):
        assert time.monotonic() < end, "the helper goes on"
        time.sleep(0.01)


def test_lines_come_whole(helpers: OwnHelpers) -> None:
    script = (
        "import os; os.write(1, b'one\\ntw'); os.write(1, b'o\\n' + b'x' * 200000 + b'\\nrest')"
    )
    process = started(helpers, script)
    assert list(lines_of(process)) == [b"one", b"two", b"x" * 200000]
    assert process.lines() == []
    process.close()
    wait_for_end(helpers, process)


def test_it_can_be_written_to(helpers: OwnHelpers) -> None:
    process = started(helpers, "import os; os.write(1, os.read(0, 9) + b'\\n')")
    process.write(b"hello")
    assert list(lines_of(process)) == [b"hello"]
    process.close()
    process.write(b"again")
    process.close()


def test_it_is_alone_in_its_group_and_has_nothing_of_ours(helpers: OwnHelpers) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    script = "import os; print(os.getpgid(0) == os.getpid())"
    process = started(helpers, script)
    (line,) = lines_of(process)
    os.close(writing)
    assert os.read(reading, 1) == b"", "nobody else holds the pipe"
    os.close(reading)
    process.close()
    assert line == b"True"


def test_closing_ends_one_that_hangs(helpers: OwnHelpers) -> None:
    process = started(helpers, "import time; print('up', flush=True); time.sleep(600)")
    assert next(lines_of(process)) == b"up"
    assert not process.wait(time.monotonic() + 0.05)
    process.close()
    wait_for_end(helpers, process)


def test_it_ends_with_its_input(helpers: OwnHelpers) -> None:
    process = started(helpers, "import sys; print('up', flush=True); sys.stdin.read()")
    assert next(lines_of(process)) == b"up"
    os.close(process._input)
    process._input = os.open(os.devnull, os.O_WRONLY)
    wait_for_end(helpers, process)
    process.close()


def test_a_program_that_is_not_there(helpers: OwnHelpers) -> None:
    with pytest.raises(MeterUnavailable, match="cannot be started"):
        HelperProcess(helpers, ("/nowhere/python",))
