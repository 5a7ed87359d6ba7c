"""Both readers of processes tell the same about real ones, and the table adds them up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.measurement.tree.portable import PsutilReader
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.table import ProcessReader, ProcessTable

if TYPE_CHECKING:
    from collections.abc import Iterator

READERS: dict[str, ProcessReader] = {"procfs": ProcfsReader("/proc"), "psutil": PsutilReader()}
BUSY = """
    import os, time
    while time.process_time() < 0.3: pass
    print("ready", flush=True)
    os.read(0, 1)
"""


def start(source: str) -> subprocess.Popen[bytes]:
    """Start a Python script that says when it is ready and ends with its standard input."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", textwrap.dedent(source)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """Give a busy parent that has a busy child."""
    with start("import os\nos.fork()\n" + textwrap.dedent(BUSY)) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdout.readline()
        yield process
        process.stdin.close()


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_the_family_of_a_process(reader: ProcessReader, family: subprocess.Popen[bytes]) -> None:
    found = [stat.pid for stat in reader.descendants(os.getpid(), ())]
    child = next(stat.pid for stat in reader.descendants(family.pid, ()))
    assert found.index(family.pid) < found.index(child), "parents come first"
    assert family.pid not in [s.pid for s in reader.descendants(os.getpid(), {family.pid})]
    assert child not in [s.pid for s in reader.descendants(os.getpid(), {family.pid})]


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_one_process(reader: ProcessReader, family: subprocess.Popen[bytes]) -> None:
    stat = reader.stat(family.pid)
    assert stat is not None
    assert (stat.parent_pid, stat.threads, stat.is_zombie) == (os.getpid(), 1, False)
    assert stat.name.startswith("python")
    assert stat.resident_bytes > 1_000_000
    assert reader.cpu_seconds(family.pid) == pytest.approx(0.3, abs=0.05)
    proportional = reader.proportional_bytes(family.pid)
    assert proportional is not None
    assert 0 < proportional <= stat.resident_bytes * 1.05
    own_peak = reader.own_peak_memory_bytes()
    assert own_peak is not None
    assert own_peak > 1_000_000


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_process_that_is_gone(reader: ProcessReader) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert reader.stat(process.pid) is None
    assert reader.cpu_seconds(process.pid) is None
    assert reader.proportional_bytes(process.pid) is None
    assert reader.storage_io(process.pid) is None
    assert list(reader.descendants(process.pid, ())) == []


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_zombie_is_still_told(reader: ProcessReader) -> None:
    with subprocess.Popen(["sh", "-c", "exit 3"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        stat = reader.stat(process.pid)
        assert stat is not None
        assert stat.is_zombie


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_the_table_counts_live_and_reaped_processes(reader: ProcessReader) -> None:
    strangers = frozenset(stat.pid for stat in reader.descendants(os.getpid(), ()))
    table = ProcessTable(reader, os.getpid(), strangers, b"MARK=1")
    with start("import os\nos.fork()\n" + textwrap.dedent(BUSY)) as process:
        table.command_pid = process.pid
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdout.readline()
        table.scan()
        assert table.cpu_seconds() == pytest.approx(0.6, abs=0.08)
        assert table.seen == 2
        assert table.resident_bytes() > 1_000_000
        child = next(pid for pid in table.live if pid != process.pid)
        os.kill(child, signal.SIGKILL)
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert table.reap_command().code == 0
        process.returncode = 0  # the table has reaped it
        assert table.cpu_seconds() >= 0.28


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_the_environment_tells_whose_a_process_is(reader: ProcessReader) -> None:
    command = ["sh", "-c", "echo ready; read x"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env={"MARK": "1"}, **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        assert reader.has_in_environment(process.pid, b"MARK=1")
        assert not reader.has_in_environment(process.pid, b"MARK=2")
        process.stdin.close()
    assert reader.has_in_environment(process.pid, b"MARK=1"), "unknown is ours"


def test_lists_of_children_are_not_needed(family: subprocess.Popen[bytes]) -> None:
    """Kernels without CONFIG_PROC_CHILDREN: the tree is found by everybody's parent."""
    reader = ProcfsReader("/proc")
    expected = {stat.pid for stat in reader.descendants(family.pid, ())}
    assert {stat.pid for stat in reader._by_parent(family.pid, ())} == expected
    assert expected
    assert not set(reader._by_parent(family.pid, expected))


def test_cpu_time_never_goes_backwards_while_children_end() -> None:
    table = ProcessTable(READERS["procfs"], os.getpid(), frozenset(), b"MARK=1")
    script = "i=0; while [ $i -lt 200 ]; do sh -c :; i=$((i+1)); done"
    with subprocess.Popen(["sh", "-c", script]) as process:
        table.command_pid = process.pid
        before = 0.0
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            table.scan()
            now = table.cpu_seconds()
            # Waited-for time has steps of a clock tick, in the place of finer clocks.
            assert now >= before - 0.011
            before = now
            time.sleep(0.002)
        table.reap_command()
        process.returncode = 0
    assert table.cpu_seconds() > 0.05
