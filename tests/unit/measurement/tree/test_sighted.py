"""The process table without a kernel that keeps the account, on real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from carbonrun.elsewhere.commands import command_with, remember
from carbonrun.elsewhere.posix import PosixCommand, spawn
from carbonrun.entry import EntryState
from carbonrun.errors import CommandNotFound
from carbonrun.measurement.tree.sighted import FaithfulReader, SightedTable
from carbonrun.spawn import environment_block

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRY = EntryState(mask=frozenset(), ignored=frozenset(), pipe_ignored=False)
BURN = "import time\nwhile time.process_time() < {seconds}: pass"
PATIENCE_SECONDS = 20.0


def burn(seconds: float) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", BURN.format(seconds=seconds)]


def started(*command: str) -> SightedTable:
    """Start a command, and return a table that watches it."""
    table = SightedTable(os.getpid(), b"")
    table.command_pid = spawn(tuple(command), environment_block(), ENTRY)
    return table


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_the_system_tells_at_the_end_counts() -> None:
    table = started(*burn(0.3))
    wait_until(table.command_has_ended)
    status = table.reap_command()
    assert status.code == 0
    assert table.wait_for_command() == table.reap_command() == status
    assert 0.3 <= table.cpu_seconds() < 1.0


def test_it_does_not_wait_to_be_asked() -> None:
    table = started("sleep", "60")
    assert not table.command_has_ended()
    os.kill(table.command_pid, signal.SIGTERM)
    wait_until(table.command_has_ended)
    assert table.reap_command().signal == signal.SIGTERM


def test_children_that_nobody_waited_for_count_as_far_as_they_were_seen() -> None:
    child = " ".join([*burn(0.4)[:-1], f"'{burn(0.4)[-1]}'"])
    table = started("sh", "-c", f"trap '' CHLD; {child} & exec sleep 60")
    wait_until(lambda: (table.scan(), table.cpu_seconds() >= 0.3)[1])  # type: ignore[func-returns-value]
    os.kill(table.command_pid, signal.SIGKILL)
    table.reap_command()
    assert table.cpu_seconds() >= 0.3


def test_the_figure_never_falls() -> None:
    table = started("sh", "-c", " ".join([*burn(0.2)[:-1], f"'{burn(0.2)[-1]}'"]) + "; sleep 0.1")
    last = 0.0
    while not table.command_has_ended():
        table.scan()
        now = table.cpu_seconds()
        assert now >= last
        last = now
    table.reap_command()
    assert table.cpu_seconds() >= max(last, 0.2)


def test_an_orphan_is_still_a_descendant_and_a_stranger_is_none() -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        reader = FaithfulReader()
        script = "setsid sleep 60 & echo $!; sleep 60"
        parent = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        strangers = {stranger.pid}

        def seen() -> set[int]:
            found = reader.descendants(os.getpid(), strangers)
            return {stat.pid for stat in found if not stat.is_zombie}

        wait_until(lambda: orphan in seen())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        assert orphan in seen()
        assert stranger.pid not in seen()
        os.kill(orphan, signal.SIGKILL)
        wait_until(lambda: orphan not in seen())
    finally:
        stranger.kill()
        stranger.wait()


def test_an_orphan_that_was_never_seen_is_known_by_its_mark() -> None:
    mark = f"MARK_OF_A_RUN={os.getpid()}.{time.monotonic()}"
    reader, other = FaithfulReader(mark.encode()), FaithfulReader(b"MARK_OF_A_RUN=other")
    name, _, value = mark.partition("=")
    done = subprocess.run(
        ["sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"],
        env={**os.environ, name: value},
        capture_output=True,
        check=True,
    )
    orphan = int(done.stdout)
    try:
        if psutil.Process(orphan).ppid() != 1:
            pytest.skip("somebody else than the first process takes orphans here")

        def seen(by: FaithfulReader) -> set[int]:
            return {stat.pid for stat in by.descendants(os.getpid(), ())}

        wait_until(lambda: psutil.Process(orphan).name() == "sleep")
        assert orphan in seen(reader)
        assert orphan in seen(reader)
        assert orphan not in seen(other)
    finally:
        os.kill(orphan, signal.SIGKILL)


def test_a_stopped_command_is_no_ended_one() -> None:
    process = subprocess.Popen(["sleep", "60"])
    command = PosixCommand(process.pid)
    assert command_with(remember(command)) is command
    assert command.poll() is None
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: command.poll() == signal.SIGSTOP)
    assert command.end is None
    os.kill(process.pid, signal.SIGKILL)
    assert command.wait().status.signal == signal.SIGKILL
    assert command.poll() is None
    assert command.tree_cpu_seconds() is None
    process.returncode = -signal.SIGKILL  # it was waited for here


def test_a_helper_is_no_part_of_the_tree() -> None:
    table = SightedTable(os.getpid(), b"")
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 0"], os.environ)
    table.adopt(pid)
    wait_until(lambda: not table.has(pid))
    table.scan()
    assert pid not in table.live
    assert table.helper_cpu_seconds() >= 0.0


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(CommandNotFound):
        started("no-such-command")
