"""The kernel's records of processes: against real ones, and put together by hand."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.ring import Ring
from carbonrun.measurement.tree.trace import MOST_CPUS, TaskTrace

if TYPE_CHECKING:
    from collections.abc import Iterator

CPUS = range(os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _no_signal() -> Iterator[None]:
    """The kernel's SIGIO is for carbonrun, which waits for it; it would end a test runner."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


def open_or_skip() -> TaskTrace:
    try:
        return TaskTrace.open(CPUS)
    except MeterUnavailable as error:
        pytest.skip(f"this kernel gives no task records: {error.reason}")


def trace_of(script: str) -> TaskTrace:
    """Run a shell script to its end under a trace; the trace has to be opened in this process."""
    trace = open_or_skip()
    with subprocess.Popen(["sh", "-c", script]) as process:
        trace.start(process.pid, "sh")
        process.wait()
    trace.drain()
    return trace


def test_every_process_is_counted_by_name() -> None:
    trace = trace_of("i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; ls / >/dev/null")
    assert trace.is_complete
    assert trace.processes == 302
    assert trace.ended == {"sh": 1, "true": 300, "ls": 1}
    assert trace.live == {}


def test_threads_are_no_processes() -> None:
    source = """
        import threading
        def work():
            for _ in range(100_000): pass
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    trace = trace_of(f"exec {sys.executable} -I -S -c '{textwrap.dedent(source)}'")
    assert trace.processes == 1
    assert sum(trace.ended.values()) == 1


def test_nothing_is_lost_where_processes_end_on_several_cpus_at_once() -> None:
    loop = "loop() { i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done; }"
    for _ in range(5):
        trace = trace_of(f"{loop}; loop & loop & loop & wait")
        assert trace.is_complete
        assert trace.ended == {"sh": 4, "true": 600}


def test_a_process_that_lives_on_is_live() -> None:
    trace = open_or_skip()
    with subprocess.Popen(["sh", "-c", "sleep 5 & echo $!"], stdout=subprocess.PIPE) as process:
        trace.start(process.pid, "sh")
        assert process.stdout is not None
        sleeping = int(process.stdout.readline())
        process.wait()
        comm = Path(f"/proc/{sleeping}/comm")
        while comm.read_text() != "sleep\n":
            time.sleep(0.001)
        trace.drain()
        os.kill(sleeping, signal.SIGTERM)
    assert {pid: each.name for pid, each in trace.live.items()} == {sleeping: "sleep"}
    assert trace.processes == 2


def test_a_buffer_that_overflows_is_noticed() -> None:
    """Nobody drains while 6000 processes come and go: more than the buffers hold."""
    trace = trace_of("i=0; while [ $i -lt 6000 ]; do (:); i=$((i+1)); done")
    assert not trace.is_complete


def test_many_cpus_are_refused() -> None:
    with pytest.raises(MeterUnavailable, match="slow down"):
        TaskTrace.open(range(MOST_CPUS + 1))


def record(kind: int, *numbers: int) -> tuple[int, bytes]:
    return kind, struct.pack("=IIIIQ", *numbers, 0)


FORK, EXIT, COMM = 7, 4, 3


def feed(trace: TaskTrace, *records: tuple[int, bytes]) -> None:
    for kind, body in records:
        trace._take(kind, body)


def test_a_number_that_is_used_again_is_another_process() -> None:
    trace = TaskTrace([])
    trace.start(10, "sh")
    for name in (b"one", b"two"):
        feed(trace, record(FORK, 11, 10, 11, 10))
        feed(trace, (COMM, struct.pack("=II16sQ", 11, 11, name, 0)))
        feed(trace, record(EXIT, 11, 10, 11, 10))
    assert trace.ended == {"one": 1, "two": 1}
    assert trace.processes == 3


def test_records_about_strangers_are_passed_over() -> None:
    trace = TaskTrace([])
    feed(trace, record(EXIT, 99, 1, 99, 1))
    feed(trace, (COMM, struct.pack("=II16sQ", 99, 99, b"x", 0)))
    assert (trace.processes, trace.live, trace.ended) == (0, {}, {})


@pytest.mark.parametrize("content", [bytes(64), b"\xff" * 64, struct.pack("=IHH", 7, 0, 12) * 8])
def test_records_that_make_no_sense_end_the_trace_only(content: bytes) -> None:
    """A buffer as no kernel should write it; the head says how much there is."""
    with mmap.mmap(-1, mmap.PAGESIZE * 33) as ring:
        struct.pack_into("=Q", ring, 1024, len(content))
        ring[mmap.PAGESIZE : mmap.PAGESIZE + len(content)] = content
        descriptor = os.open("/dev/zero", os.O_RDONLY)
        trace = TaskTrace([Ring(descriptor, ring)])
        trace.drain()
        trace.drain()
        os.close(descriptor)
    assert not trace.is_complete
    assert trace.processes == 0


def test_children_of_one_that_waits_for_none() -> None:
    """Those from before it was known count too, those that were waited for do not."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: os._exit(0)\n"
        "try: os.wait()\n"
        "except ChildProcessError: pass\n"
        "print(flush=True); sys.stdin.readline()\n"
        "for _ in range(2):\n"
        "    if os.fork() == 0: os._exit(0)\n"
        "try: os.wait()\n"
        "except ChildProcessError: pass\n"
    )
    trace = open_or_skip()
    command = [sys.executable, "-I", "-S", "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        trace.start(process.pid, "python")
        process.stdout.readline()
        trace.drain()
        assert (trace.ended_children, trace.unwaited) == ({process.pid: 3}, 0)
        trace.waits_for_none(process.pid, waited=1)
        trace.waits_for_none(process.pid, waited=0)
        assert trace.unwaited == 2
        process.stdin.write(b"\n")
        process.stdin.close()
        process.wait()
    trace.drain()
    assert trace.unwaited == 4
