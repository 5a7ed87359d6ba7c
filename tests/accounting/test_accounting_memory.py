"""Memory and storage of the tree: shared pages count once, and so does what a child has written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machine.measured_run import Bench

PYTHON = [sys.executable, "-I", "-S", "-c"]
MIB = 1 << 20

# Touches 300 MiB, then forks four workers that share it and live for a while.
SHARING = """
import os, time
block = bytearray(300 << 20)
for i in range(0, len(block), 4096): block[i] = 1
pids = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        time.sleep(2)
        os._exit(0)
    pids.append(pid)
for pid in pids: os.waitpid(pid, 0)
"""
# A child of a child writes; both are waited for.
WRITING = """
import os, sys
if os.fork() == 0:
    if os.fork() == 0:
        file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
        for _ in range(20): os.write(file, bytes(1 << 20))
        os.fsync(file)
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
"""
HOLDING = "block = bytearray(100 << 20)\nfor i in range(0, len(block), 4096): block[i] = 1\n"

BOTH = pytest.mark.parametrize("options", [(), ("--cgroup",)], ids=["tree", "cgroup"])


def needs_group(bench: Bench, options: tuple[str, ...]) -> None:
    """Skip what cannot be done here."""
    if options and bench.group is None:
        pytest.skip("no control group can be made")


@BOTH
def test_shared_memory_counts_once(bench: Bench, options: tuple[str, ...]) -> None:
    """Four workers and their parent have 1500 MiB of resident memory, all of it the same 300."""
    needs_group(bench, options)
    measured = bench.run([*PYTHON, SHARING], *options)
    assert measured.status == 0
    assert 290 * MIB < measured.tree["peak_memory_bytes"] < 400 * MIB
    seconds = measured.report["run"]["duration_seconds"]
    mean_bytes = measured.tree["memory_byte_seconds"] / seconds
    assert 200 * MIB < mean_bytes < 400 * MIB


@BOTH
def test_memory_of_one_process(bench: Bench, options: tuple[str, ...]) -> None:
    needs_group(bench, options)
    measured = bench.run([*PYTHON, f"{HOLDING}import time; time.sleep(0.5)"], *options)
    assert measured.tree["peak_memory_bytes"] == pytest.approx(106 * MIB, rel=0.1)


def test_memory_that_is_given_back_before_anybody_looks(bench: Bench) -> None:
    """The kernel keeps the peak of a process until it is reaped."""
    measured = bench.run([*PYTHON, HOLDING])
    assert measured.tree["peak_memory_bytes"] == pytest.approx(106 * MIB, rel=0.1)


def test_memory_of_a_tree_that_is_waited_for(bench: Bench) -> None:
    script = f"{HOLDING}import time; time.sleep(0.5)"
    words = ["sh", "-c", '"$@" & exit 0', "sh", *PYTHON, script]
    measured = bench.run(words, "--wait-tree")
    assert measured.tree["peak_memory_bytes"] == pytest.approx(106 * MIB, rel=0.1)


@BOTH
def test_what_a_child_writes_counts_once(
    bench: Bench, tmp_path: Path, options: tuple[str, ...]
) -> None:
    needs_group(bench, options)
    file = tmp_path / "written"
    measured = bench.run([*PYTHON, WRITING, str(file)], *options)
    if measured.tree["io_write_bytes"] == 0:
        pytest.skip(f"{tmp_path} is in memory")
    # The rest is what the file system writes about the file, and Python's own files.
    assert measured.tree["io_write_bytes"] == pytest.approx(20 * MIB, rel=0.02)


def test_what_a_daemon_writes_counts_once(bench: Bench, tmp_path: Path) -> None:
    """It is nobody's child but carbonrun's."""
    file = tmp_path / "written"
    script = 'setsid "$@" & sleep 0.5'
    measured = bench.run(["sh", "-c", script, "sh", *PYTHON, WRITING, str(file)], "--wait-tree")
    if measured.tree["io_write_bytes"] == 0:
        pytest.skip(f"{tmp_path} is in memory")
    assert measured.tree["io_write_bytes"] == pytest.approx(20 * MIB, rel=0.02)
