"""What the kernel tells root of every end: against real processes, and put together by hand."""

from __future__ import annotations

import os
import socket
import struct
import sys
import textwrap

import pytest

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.calls import CallTree
from carbonrun.measurement.tree.exits import Exits, ThreadEnd
from carbonrun.measurement.tree.shares import divide
from carbonrun.measurement.tree.taskstats import Taskstats, parse
from tests.machine.unprivileged import run_unprivileged
from tests.unit.measurement.tree.test_calls import paths

CPUS = os.sysconf("SC_NPROCESSORS_CONF")
ME = 1
LAST = 0x20


def run(words: list[str]) -> tuple[CallTree, Taskstats, float]:
    """Run a command to its end; skip where the kernel tells nothing."""
    try:
        taskstats = Taskstats(CPUS)
    except MeterUnavailable as error:
        pytest.skip(error.reason)
    tree = CallTree()
    exits = Exits(tree, os.getpid(), ())
    pid = os.posix_spawn(words[0], words, os.environ)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    for end in taskstats.take():
        exits.take(end)
    taskstats.close()
    return tree, taskstats, usage.ru_utime + usage.ru_stime


def test_a_loop_of_short_programs() -> None:
    script = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; exit 0"
    tree, taskstats, total_seconds = run(["/bin/sh", "-c", script])
    assert taskstats.is_complete
    found = paths(tree)
    assert {path: ended for path, (_, ended) in found.items()} == {"sh": 1, "sh/true": 300}
    assert found["sh/true"][0] > found["sh"][0]
    shares = divide(tree, total_seconds, {}, misses_ends_only=True)
    assert shares.named_seconds > 0.99 * total_seconds
    assert shares.ends_seconds < 0.6 * total_seconds


def test_threads_are_summed_up() -> None:
    code = """
        import threading, time
        def work():
            end = time.thread_time() + 0.05
            while time.thread_time() < end: pass
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    tree, _, total_seconds = run([sys.executable, "-I", "-S", "-c", textwrap.dedent(code)])
    assert sum(ended for _, ended in paths(tree).values()) == 1
    assert tree.cpu_seconds == pytest.approx(total_seconds, rel=0.3)


def test_a_buffer_that_overflows_is_noticed() -> None:
    try:
        taskstats = Taskstats(CPUS)
    except MeterUnavailable as error:
        pytest.skip(error.reason)
    taskstats._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(50):
        os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
    heard = list(taskstats.take())
    taskstats.close()
    assert not taskstats.is_complete
    assert len(heard) < 50


def test_it_is_for_root_only() -> None:
    def listen() -> str:
        try:
            Taskstats(CPUS).close()
        except MeterUnavailable as error:
            return error.reason
        return "allowed"

    if os.geteuid() != 0:
        pytest.skip("needs root, to become nobody")
    assert "refused" in run_unprivileged(listen)


def stats(
    *, life_us: int, counted_ns: int, waited_ns: int = 0, sleeps: int = 0, runs: int = 1
) -> bytes:
    data = bytearray(384)
    struct.pack_into("=HxxIB", data, 0, 12, 0, LAST)
    struct.pack_into("=QQ", data, 16, runs, waited_ns)
    struct.pack_into("=Q32s", data, 72, counted_ns, b"a\xffb")
    struct.pack_into("=II", data, 128, 7, 3)
    struct.pack_into("=Q", data, 144, life_us)
    struct.pack_into("=Q", data, 272, sleeps)
    struct.pack_into("=I", data, 368, 6)
    return bytes(data)


def seconds(content: bytes) -> float:
    end = parse(content)
    assert end is not None
    return end.cpu_seconds


def test_the_fields() -> None:
    end = parse(stats(life_us=500, counted_ns=20_000))
    assert end is not None
    assert (end.tid, end.pid, end.parent, end.program, end.is_last) == (7, 6, 3, "a\\xffb", True)
    assert parse(bytes(300)) is None


def test_one_that_never_slept_has_worked_all_its_life_but_when_it_waited() -> None:
    assert seconds(stats(life_us=500, counted_ns=20_000, waited_ns=100_000)) == pytest.approx(4e-4)


def test_one_that_slept_has_used_what_the_scheduler_has_counted() -> None:
    assert seconds(stats(life_us=9_000_000, counted_ns=20_000, sleeps=1)) == pytest.approx(2e-5)


def test_where_waiting_is_not_counted_life_tells_nothing() -> None:
    assert seconds(stats(life_us=500, counted_ns=20_000, runs=0)) == pytest.approx(2e-5)


def test_what_the_scheduler_has_not_counted_is_no_longer_than_a_tick() -> None:
    assert seconds(stats(life_us=900_000, counted_ns=10**9 // 2)) == pytest.approx(0.51)


class Feed:
    """Ends put together by hand, of children of process 1."""

    def __init__(self, strangers: tuple[int, ...] = ()) -> None:
        self.tree = CallTree()
        self.exits = Exits(self.tree, ME, strangers)

    def end(self, pid: int, parent: int, program: str, tid: int | None = None) -> None:
        last = tid is None or tid < 0
        self.exits.take(
            ThreadEnd(
                tid=pid if tid is None else abs(tid),
                pid=pid,
                parent=parent,
                program=program,
                cpu_seconds=1.0,
                is_last=last,
            )
        )


def test_children_end_before_their_parents() -> None:
    feed = Feed()
    feed.end(12, 11, "cc1")
    feed.end(13, 11, "as")
    feed.end(11, 10, "gcc")
    assert feed.tree.cpu_seconds == 0
    feed.end(10, ME, "make")
    assert list(paths(feed.tree)) == ["make", "make/gcc", "make/gcc/cc1", "make/gcc/as"]
    assert feed.tree.live == {}


def test_orphans_of_the_tree_are_children_of_ours() -> None:
    feed = Feed()
    feed.end(12, ME, "daemon")
    assert paths(feed.tree) == {"daemon": (1.0, 1)}


def test_a_process_that_was_seen_is_counted_once() -> None:
    feed = Feed()
    feed.tree.start(10, "make")
    feed.tree.fork(11, 10)
    feed.tree.execute(11, "sh")
    feed.tree.add(11, 0.75)
    feed.end(11, 10, "cc1")  # it has become that since
    assert paths(feed.tree) == {
        "make": (0.0, 0),
        "make/sh": (0.75, 0),
        "make/cc1": (0.25, 1),
    }


def test_threads_end_one_by_one_and_the_first_gives_the_name() -> None:
    feed = Feed()
    feed.end(10, ME, "worker", tid=11)
    feed.end(10, ME, "python", tid=10)
    feed.end(10, ME, "other", tid=-12)
    assert paths(feed.tree) == {"python": (3.0, 1)}


def test_strangers_are_given_up_when_they_were_not_found() -> None:
    feed = Feed(strangers=(30,))
    feed.end(21, 20, "cron")
    feed.end(31, 30, "ls")
    feed.end(30, ME, "helper")  # a child of ours that is not of the tree
    feed.exits.look(lambda pid: pid == 20)
    feed.end(22, 20, "cron")
    feed.exits.look(lambda pid: pid == 20)
    feed.tree.start(20, "late")  # its number is used again, by one of the tree
    feed.exits.look(lambda pid: pid == 20)
    assert paths(feed.tree) == {"late": (0.0, 0)}


def test_those_whose_parent_is_found_later_are_kept() -> None:
    feed = Feed()
    feed.end(21, 20, "cc1")
    feed.exits.look(lambda _pid: False)
    feed.tree.start(20, "make")
    feed.exits.look(lambda _pid: True)
    assert paths(feed.tree)["make/cc1"] == (1.0, 1)
