"""Tools of macOS and Windows that tell power: their answers, and fake ones on PATH that are run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import ReadFailed
from carbonrun.measurement.meters import power_gadget, power_gadget_log, powermetrics
from carbonrun.measurement.meters.background_command import BackgroundCommand, OwnHelpers
from carbonrun.measurement.meters.powermetrics_plist import parse_watts
from carbonrun.measurement.meters.tool_meter import ToolMeter
from carbonrun.measurement.meters.windows_command import WindowsCommand
from tests.machine.fake_clock import FakeClock
from tests.machine.meter_reading import by_id, note_codes, read
from tests.machine.sim_other_systems import (
    APPLE_SAMPLE,
    INTEL_SAMPLE,
    POWER_LOG,
    make_power_log,
    make_powermetrics,
    make_tool,
    whereabouts,
)

if TYPE_CHECKING:
    from carbonrun.measurement.model import Meter

PATIENCE_SECONDS = 20.0


def apple(cpu_milliwatts: float, seconds: float = 1.0) -> str:
    return APPLE_SAMPLE.format(
        elapsed_ns=round(seconds * 1e9),
        cpu_millijoules=round(cpu_milliwatts * seconds),
        cpu_milliwatts=cpu_milliwatts,
    )


def wait_for_answer(meter: Meter) -> None:
    """Give the real process time to end; the meter's clock stands still meanwhile."""
    assert isinstance(meter, ToolMeter)
    command = meter._reader._tool
    end = time.monotonic() + PATIENCE_SECONDS
    while command._helpers.has(command._pid):  # type: ignore[attr-defined]
        assert time.monotonic() < end
        time.sleep(0.01)


def test_power_of_apple_s_and_intel_s_processors() -> None:
    assert parse_watts(apple(4280, seconds=1.002)) == pytest.approx(4.28, rel=1e-3)
    assert parse_watts(INTEL_SAMPLE) == pytest.approx(12.5)
    no_energy = apple(993.156).replace("cpu_energy", "other_energy")
    assert parse_watts(no_energy) == pytest.approx(0.993156)


def test_the_last_of_several_samples_counts_and_a_torn_one_does_not() -> None:
    stream = f"Machine model: Mac14,9\n\n{apple(1000)}\0{apple(2000)}\0"
    assert parse_watts(stream) == pytest.approx(2.0)
    assert parse_watts(stream + apple(3000)[:200]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "powermetrics must be invoked as the superuser\n",
        "<?xml version='1.0'?><plist><dict></plist>",
        "<?xml version='1.0'?><plist><array/></plist>",
        "<?xml version='1.0'?><plist><dict><key>processor</key><string>x</string></dict></plist>",
        apple(1000).replace("cpu_", "x_"),
    ],
)
def test_an_answer_without_power_is_a_failed_reading(answer: str) -> None:
    with pytest.raises(ReadFailed, match="powermetrics"):
        parse_watts(answer)


def test_powermetrics_is_run_and_its_answers_are_integrated(tmp_path: Path) -> None:
    clock = FakeClock()
    make_powermetrics(tmp_path / "bin", apple(8000))
    (meter,) = powermetrics.discover(whereabouts(clock, tmp_path / "bin")).meters
    assert meter.device.method == "integrated"
    read(meter, clock.now())
    wait_for_answer(meter)
    assert read(meter, clock.advance(1.0)) == pytest.approx(8.0)
    make_powermetrics(tmp_path / "bin", apple(4000))
    wait_for_answer(meter)
    read(meter, clock.advance(1.0))
    wait_for_answer(meter)
    joules = read(meter, clock.advance(1.0))
    assert 18.0 <= joules <= 24.0
    assert note_codes(meter) == []
    words = (tmp_path / "bin" / "log").read_text().splitlines()[0]
    assert words == "--samplers cpu_power -n 1 -i 1000 -f plist"
    meter.close()  # type: ignore[attr-defined]


def test_powermetrics_is_for_root_only(tmp_path: Path) -> None:
    clock = FakeClock()
    make_powermetrics(tmp_path / "bin", apple(8000))
    found = powermetrics.discover(whereabouts(clock, tmp_path / "bin", uid=501))
    (row,) = found.unmeasured
    assert found.meters == ()
    assert "root" in row.reason
    assert "sudo" in str(row.hint)
    assert powermetrics.discover(whereabouts(clock, tmp_path)).unmeasured == ()


def test_a_log_of_power_gadget_tells_average_power() -> None:
    watts = power_gadget_log.parse_watts(POWER_LOG)
    assert watts == pytest.approx({"package-0": 10.0, "dram-0": 1.1})
    without_energy = POWER_LOG.replace("Energy_0(Joules)", "Energy_0(kJ)")
    assert power_gadget_log.parse_watts(without_energy)["package-0"] == pytest.approx(
        10.0, rel=0.01
    )
    other_names = POWER_LOG.replace("Processor Energy_0(J", "Package Energy _0(J")
    assert power_gadget_log.parse_watts(other_names)["package-0"] == pytest.approx(10.0)


@pytest.mark.parametrize(
    "log",
    [
        "",
        "nothing of the kind\n",
        POWER_LOG.splitlines()[0] + "\n",
        POWER_LOG.splitlines()[0] + "\n10:14:25:120,265\n",
        POWER_LOG.replace("11.030", "much"),
        POWER_LOG.replace("Processor", "P").replace("DRAM", "D"),
    ],
)
def test_a_log_without_power_is_a_failed_reading(log: str) -> None:
    with pytest.raises(ReadFailed, match="Intel Power Gadget"):
        power_gadget_log.parse_watts(log)


def test_power_gadget_logs_to_a_file_of_its_own_that_goes(tmp_path: Path) -> None:
    clock = FakeClock()
    make_power_log(tmp_path / "bin", POWER_LOG)
    found = power_gadget.discover(whereabouts(clock, tmp_path / "bin", machine="x86_64"))
    meters = by_id(found)
    package, memory = meters["package-0"], meters["dram-0"]
    read(package, clock.now())
    wait_for_answer(package)
    now = clock.advance(1.0)
    assert read(package, now) == pytest.approx(10.0)
    assert read(memory, now) == pytest.approx(1.1)
    words = (tmp_path / "bin" / "log").read_text().split()
    assert words[:4] == ["-resolution", "100", "-duration", "1"]
    wait_for_answer(package)
    package.close()  # type: ignore[attr-defined]
    assert not Path(words[5]).parent.exists()


def test_power_gadget_is_found_where_its_installer_puts_it(tmp_path: Path) -> None:
    folder = tmp_path / "Power Gadget 3.6"
    make_power_log(folder, POWER_LOG, "PowerLog3.0.exe")
    environment = {"IPG_Dir": str(folder), "PATH": ""}
    where = whereabouts(FakeClock(), tmp_path / "none", environment=environment)
    found = power_gadget.discover(where)
    assert set(by_id(found)) == {"package-0", "dram-0"}
    for meter in found.meters:
        meter.close()  # type: ignore[attr-defined]
    assert power_gadget.discover(whereabouts(FakeClock(), tmp_path / "none")).meters == ()


def test_a_processor_whose_memory_is_not_told(tmp_path: Path) -> None:
    clock = FakeClock()
    make_power_log(tmp_path / "bin", POWER_LOG.replace("DRAM", "Other"))
    meters = by_id(power_gadget.discover(whereabouts(clock, tmp_path / "bin")))
    read(meters["package-0"], clock.now())
    wait_for_answer(meters["package-0"])
    now = clock.advance(1.0)
    assert read(meters["package-0"], now) == pytest.approx(10.0)
    assert read(meters["dram-0"], now) == 0.0
    assert "does not tell" in str(meters["dram-0"].implausible)  # type: ignore[attr-defined]
    wait_for_answer(meters["package-0"])
    meters["package-0"].close()  # type: ignore[attr-defined]


def ended(command: WindowsCommand, now_seconds: float = 0.0) -> str:
    """Return the answer of a command, polled until there is one."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (answer := command.poll(now_seconds)) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    return answer


def test_a_tool_of_windows_is_polled_and_may_be_run_again(tmp_path: Path) -> None:
    tool = make_tool(tmp_path / "bin", "tool", "echo one; echo two >&2")
    command = WindowsCommand((str(tool),), 5.0, OwnHelpers(), 1 << 16)
    assert command.poll(0.0) is None
    for _ in range(2):
        command.start(0.0)
        assert command.is_running
        assert ended(command) == "one\ntwo\n"
        assert not command.is_running


def test_a_tool_of_windows_that_hangs_is_killed_at_its_deadline(tmp_path: Path) -> None:
    tool = make_tool(tmp_path / "bin", "tool", "exec sleep 60")
    command = WindowsCommand((str(tool),), 5.0, OwnHelpers(), 1 << 16)
    command.start(10.0)
    assert command.poll(14.0) is None
    with pytest.raises(ReadFailed, match="within 5 s"):
        command.poll(15.0)
    assert not command.is_running


def test_a_tool_of_windows_that_is_not_there_is_a_failed_reading() -> None:
    command = WindowsCommand((f"{os.sep}no{os.sep}tool",), 5.0, OwnHelpers(), 1 << 16)
    with pytest.raises(ReadFailed, match="tool"):
        command.start(0.0)


def test_a_tool_cannot_be_stopped_with_the_job_that_it_is_born_in() -> None:
    """Who spawns it would wait until it has executed its program, and pass no signal on."""
    command = BackgroundCommand(("/bin/grep", "SigBlk", "/proc/self/status"), 9.0, OwnHelpers())
    command.start(0.0)
    end = time.monotonic() + PATIENCE_SECONDS
    while (answer := command.poll(0.0)) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    blocked = int(answer.split()[1], 16)
    numbers = {number for number in range(1, 32) if blocked >> (number - 1) & 1}
    assert numbers == {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
