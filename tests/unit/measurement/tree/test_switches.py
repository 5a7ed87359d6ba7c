"""CPU time by program from the kernel's records, against what the kernel tells at the end."""

from __future__ import annotations

import os
import resource
import signal
import struct
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.calls import CallTree
from carbonrun.measurement.tree.shares import MOST_END_SECONDS, Shares, divide
from carbonrun.measurement.tree.switches import SwitchRecords
from tests.unit.measurement.tree.test_calls import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

CPUS = range(os.cpu_count() or 1)
BUSY = "end = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


@pytest.fixture(autouse=True)
def _no_signal() -> Iterator[None]:
    """The kernel's SIGIO is for carbonrun, which waits for it; it would end a test runner."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


def open_or_skip(tree: CallTree) -> SwitchRecords:
    try:
        return SwitchRecords.open(CPUS, tree)
    except MeterUnavailable as error:
        pytest.skip(f"this kernel gives no switch records: {error.reason}")


def run(words: list[str]) -> tuple[CallTree, SwitchRecords, float]:
    """Run a command under records; return what it used, too, with all that it waited for."""
    tree = CallTree()
    records = open_or_skip(tree)
    pid = os.posix_spawn(words[0], words, os.environ)
    tree.start(pid, Path(words[0]).name)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    records.drain()
    return tree, records, usage.ru_utime + usage.ru_stime


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", textwrap.dedent(code)]


def shares(tree: CallTree, records: SwitchRecords, total_seconds: float) -> Shares:
    return divide(tree, total_seconds, {}, misses_ends_only=records.is_complete)


def test_a_loop_of_short_programs_is_named_whole() -> None:
    script = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; exit 0"
    tree, records, total_seconds = run(["/bin/sh", "-c", script])
    assert records.is_complete
    assert tree.live == {}
    assert {path: ended for path, (_, ended) in paths(tree).items()} == {"sh": 1, "sh/true": 300}
    # A hypervisor that takes time away makes it too much, and the ends are what is missing.
    assert 0.6 * total_seconds < tree.cpu_seconds < 1.3 * total_seconds
    found = shares(tree, records, total_seconds)
    assert found.ends_seconds <= 301 * MOST_END_SECONDS
    assert found.named_seconds > 0.99 * total_seconds


def test_each_program_gets_what_it_has_used(tmp_path: Path) -> None:
    """Two programs work 20 and 60 ms at a time, side by side."""
    names = {"little": 0.02, "much": 0.06}
    for name in names:
        (tmp_path / name).symlink_to(sys.executable)
    calls = [
        f"'{tmp_path / name}' -I -S -c 'import time\n{BUSY.format(seconds)}'"
        for name, seconds in names.items()
    ]
    script = f"for i in 1 2 3 4; do {calls[0]} & {calls[1]} & wait; done"
    tree, records, total_seconds = run(["/bin/sh", "-c", script])
    found = {c.program: s for c, s in shares(tree, records, total_seconds).seconds.items()}
    start_seconds = found["little"] / 4 - 0.02  # of the interpreter
    assert 0 < start_seconds < 0.1
    assert found["much"] / 4 - start_seconds == pytest.approx(0.06, rel=0.25)


def test_threads_count_for_their_process() -> None:
    code = """
        import threading, time
        def work():
            end = time.thread_time() + 0.05
            while time.thread_time() < end: pass
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    tree, records, total_seconds = run(python(code))
    assert sum(ended for _, ended in paths(tree).values()) == 1
    assert total_seconds > 0.2
    assert tree.cpu_seconds == pytest.approx(total_seconds, rel=0.3)
    assert records.is_complete


def test_what_was_used_before_an_exec_stays_with_the_program_that_it_was() -> None:
    code = f"""
        import os, time
        {BUSY.format(0.1).replace(chr(10), chr(10) + " " * 8)}
        os.execv("/bin/sh", ["sh", "-c", "exec /bin/true"])
    """
    tree, _, _ = run(python(code))
    found = paths(tree)
    assert [each for each in found if "/" in each] == []  # all have the same caller
    first, *rest = found
    assert found[first][0] > 0.08
    assert found[first][1] == 0
    assert found["true"][1] == 1
    assert sum(found[name][0] for name in rest) < 0.08


def test_a_daemon_belongs_below_the_program_that_started_it() -> None:
    code = """
        import os, time
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execv("/bin/sh", ["sh", "-c", "exec /bin/sleep 0.05"])
            os._exit(0)
        os.wait()
        os.close(write)
        os.read(read, 1)
        time.sleep(0.2)
    """
    tree, _, _ = run(python(code))
    assert any(path.endswith("/sleep") and each[1] == 1 for path, each in paths(tree).items())


def test_children_that_nobody_waits_for_are_named_too() -> None:
    code = """
        import os, signal, time
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        for _ in range(20):
            read, write = os.pipe()
            if os.fork() == 0:
                os.execv("/bin/true", ["true"])
            os.close(write); os.read(read, 1); os.close(read)
        time.sleep(0.05)
    """
    tree, _, _ = run(python(code))
    assert [each[1] for path, each in paths(tree).items() if path.endswith("/true")] == [20]


def test_names_of_odd_bytes(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/a\xff\x1b;<&\n"
    Path(os.fsdecode(odd)).symlink_to("/bin/true")
    tree, _, _ = run(python(f"import os; os.spawnv(os.P_WAIT, {odd!r}, [b'x'])"))
    assert any(call.program == "a\\xff\x1b;<&\n" for call in tree.root.walk())


def test_without_privilege() -> None:
    """The same in a process that is nobody, where the kernel lets nobody have records."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become nobody")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            tree, records, _ = run(["/bin/sh", "-c", "/bin/true; exit 0"])
            os.write(writing, repr((records.is_complete, sorted(paths(tree)))).encode())
            code = 0
        except MeterUnavailable:
            code = 2
        finally:
            os._exit(code)
    os.close(writing)
    said = os.read(reading, 1000)
    os.close(reading)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status != 0:
        pytest.skip("this kernel gives nobody any records")
    assert said == repr((True, ["sh", "sh/true"])).encode()


def test_too_many_records_are_noticed() -> None:
    """Nobody drains while a pipe makes two processes take turns very often."""
    code = """
        import os
        a, b = os.pipe(), os.pipe()
        if os.fork() == 0:
            for _ in range(20000): os.read(a[0], 1); os.write(b[1], b"x")
            os._exit(0)
        for _ in range(20000): os.write(a[1], b"x"); os.read(b[0], 1)
        os.wait()
    """
    tree, records, total_seconds = run(python(code))
    assert not records.is_complete
    assert shares(tree, records, total_seconds).ends_seconds == 0


def test_descriptors_are_given_back_where_there_are_too_few() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    free = os.open("/", os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, before[1]))
    try:
        with pytest.raises(MeterUnavailable):
            SwitchRecords.open(range(2), CallTree())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len(list(Path("/proc/self/fd").iterdir())) == opened


SWITCH, FORK, EXIT, COMM, LOST = 14, 7, 4, 3, 2
OUT = 1 << 13


def stamp(pid: int, at: int, tid: int | None = None) -> bytes:
    return struct.pack("=IIQ", pid, tid or pid, at)


class Feed:
    """Records put together by hand, at times in milliseconds."""

    def __init__(self) -> None:
        self.tree = CallTree()
        self.records = SwitchRecords([], self.tree)
        self.tree.start(10, "sh")

    def take(self, kind: int, pid: int, at: int, body: bytes = b"", misc: int = 0) -> None:
        at *= 1_000_000
        self.records._take([(at, kind, misc, pid, pid, body + stamp(pid, at))])

    def process(self, pid: int, name: bytes, at: int) -> None:
        """Fork, execute, work 5 ms, end."""
        self.take(FORK, 10, at, struct.pack("=IIIIQ", pid, 10, pid, 10, 0))
        self.take(SWITCH, pid, at + 1)
        self.take(COMM, pid, at + 2, struct.pack("=II16s", pid, pid, name))
        self.take(EXIT, pid, at + 6, struct.pack("=IIIIQ", pid, 10, pid, 10, 0))


def test_a_number_that_is_used_again_is_another_process() -> None:
    feed = Feed()
    feed.process(11, b"one", 100)
    feed.process(11, b"two", 200)
    found = paths(feed.tree)
    assert {path: ended for path, (_, ended) in found.items()} == {
        "sh": 0,
        "sh/one": 1,
        "sh/two": 1,
    }
    assert [seconds for seconds, _ in found.values()] == pytest.approx([0.002, 0.004, 0.004])


def test_time_off_the_cpu_does_not_count() -> None:
    feed = Feed()
    for on in (100, 200, 300):
        feed.take(SWITCH, 10, on)
        feed.take(SWITCH, 10, on + 3, misc=OUT)
    feed.take(SWITCH, 10, 400, misc=OUT)  # when it was put on was lost
    assert feed.tree.cpu_seconds == pytest.approx(0.009)


def test_records_about_strangers_are_passed_over() -> None:
    feed = Feed()
    feed.take(SWITCH, 99, 1)
    feed.take(SWITCH, 99, 2, misc=OUT)
    feed.take(COMM, 99, 3, struct.pack("=II16s", 99, 99, b"x"))
    feed.take(FORK, 99, 4, struct.pack("=IIIIQ", 100, 99, 100, 99, 0))
    feed.take(EXIT, 99, 5, struct.pack("=IIIIQ", 99, 1, 99, 1, 0))
    assert (list(feed.tree.live), feed.tree.cpu_seconds) == ([10], 0)
    assert feed.records.is_complete


def test_a_record_of_lost_ones_is_noticed() -> None:
    feed = Feed()
    feed.take(LOST, 10, 1, struct.pack("=QQ", 1, 5))
    assert not feed.records.is_complete
