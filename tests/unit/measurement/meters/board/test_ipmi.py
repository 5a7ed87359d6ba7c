from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters.background_command import BackgroundCommand, OwnHelpers
from carbonrun.measurement.meters.board.dcmi import parse_watts
from carbonrun.measurement.meters.board.ipmi import DEADLINE_SECONDS, PERIOD_SECONDS, discover
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import note_codes, places, read
from tests.machine.sim_ipmitool import NO_DEVICE, READING, SimulatedIpmi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from carbonrun.measurement.model import Meter

# On a loaded machine the shell of the fake tool may take long to start.
PATIENCE_SECONDS = 20.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ipmi(tmp_path: Path) -> SimulatedIpmi:
    return SimulatedIpmi(tmp_path)


@pytest.fixture
def meter(tmp_path: Path, clock: FakeClock, ipmi: SimulatedIpmi) -> Iterator[Meter]:
    """Give the test the meter of the fake tool, and leave no process behind."""
    (found,) = discover(places(tmp_path, clock), [str(ipmi.folder)], OwnHelpers()).meters
    yield found
    found.close()  # type: ignore[attr-defined]
    wait_for_end(found)


def wait_for_end(meter: Meter) -> None:
    """Give the real process time to end; the meter's clock stands still meanwhile."""
    command = meter._command  # type: ignore[attr-defined]
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if not command._helpers.has(command._pid):
            return
        time.sleep(0.01)
    raise AssertionError("the fake tool did not end")


def test_an_answer_is_collected_at_a_later_tick(
    meter: Meter, clock: FakeClock, ipmi: SimulatedIpmi
) -> None:
    assert ipmi.runs() == []
    for watts in (200, 300):
        ipmi.answer(READING.format(watts=watts, state="activated"))
        read(meter, clock.now())
        wait_for_end(meter)
        read(meter, clock.advance(1.0))
        clock.advance(PERIOD_SECONDS)
    # 200 W from the start, the trapezoid between the answers of 1 s and 7 s, and 5 s of 300 W.
    assert read(meter, clock.now()) == pytest.approx(200 + 250 * 6 + 300 * 5)
    assert [run[1:] for run in ipmi.runs()][:2] == [["dcmi", "power", "reading"]] * 2
    assert note_codes(meter) == []


def test_a_tool_that_hangs_is_killed_at_its_deadline(
    meter: Meter, clock: FakeClock, ipmi: SimulatedIpmi
) -> None:
    ipmi.answer("", seconds=60)
    before = time.monotonic()
    read(meter, clock.now())
    assert time.monotonic() - before < PATIENCE_SECONDS
    command = meter._command  # type: ignore[attr-defined]
    pid = command._pid
    assert read(meter, clock.advance(DEADLINE_SECONDS - 1)) == 0
    assert command._helpers.has(pid)
    read(meter, clock.advance(1.0))
    wait_for_end(meter)
    assert "no answer within 4 s" in str(meter.implausible)  # type: ignore[attr-defined]
    assert note_codes(meter) == []  # the row of the device tells it


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (NO_DEVICE, "Could not open device"),
        (READING.format(watts=0, state="deactivated"), "does not measure power now"),
        ("", "no answer"),
        ("DCMI request failed because: Invalid command (c1)\n", "Invalid command"),
    ],
)
def test_what_is_no_reading_is_told(
    meter: Meter, clock: FakeClock, ipmi: SimulatedIpmi, answer: str, reason: str
) -> None:
    ipmi.answer(answer, status=1)
    read(meter, clock.now())
    wait_for_end(meter)
    read(meter, clock.advance(0.1))
    assert reason in str(meter.implausible)  # type: ignore[attr-defined]
    assert read(meter, clock.advance(100.0)) == 0


def test_nothing_is_inherited_and_nothing_written_where_it_should_not(
    meter: Meter, clock: FakeClock, ipmi: SimulatedIpmi, capfd: pytest.CaptureFixture[str]
) -> None:
    """The tool must not keep the command's pipes open."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    ipmi.answer("", seconds=60)
    read(meter, clock.now())
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert capfd.readouterr() == ("", "")


def test_a_tool_that_cannot_be_started(tmp_path: Path) -> None:
    command = BackgroundCommand([str(tmp_path / "nothing")], 1.0, OwnHelpers())
    with pytest.raises(ReadFailed, match="No such file"):
        command.start(0.0)
    assert not command.is_running
    assert command.poll(5.0) is None


def test_rows(tmp_path: Path, clock: FakeClock) -> None:
    nothing = discover(places(tmp_path, clock), [], OwnHelpers())
    assert (nothing.meters, nothing.unmeasured) == ((), ())
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/ipmi0").touch()
    (row,) = discover(places(tmp_path, clock), ["", str(tmp_path)], OwnHelpers()).unmeasured
    assert (row.reason, row.hint) == ("ipmitool is not installed", "sudo apt install ipmitool")


def test_the_recorded_answer() -> None:
    assert parse_watts(READING.format(watts=216, state="activated")) == 216
    with pytest.raises(ReadFailed):
        parse_watts("Instantaneous power reading: many Watts\n")
