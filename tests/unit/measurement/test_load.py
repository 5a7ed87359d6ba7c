"""Real workers: on their CPUs, busy, and gone when we are, however we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.errors import CarbonrunError
from carbonrun.measurement.load import (
    WORKER,
    LoadWorkers,
    spread,
    topology,
    usable_cpus,
    worker_counts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 10.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(") ")[2][:1] not in {"Z", "X"}


def cpu_seconds(pid: int) -> float:
    return time.clock_gettime(~pid << 3 | 2)


def test_workers_are_pinned_and_busy_and_end_with_the_context() -> None:
    cpus = usable_cpus()
    with LoadWorkers(cpus, 60) as workers:
        assert not workers.pids
        workers.load(1)
        workers.load(len(cpus))
        pids = workers.pids
        assert [os.sched_getaffinity(pid) for pid in pids] == [{cpu} for cpu in cpus]
        before = [cpu_seconds(pid) for pid in pids]
        wait_until(
            lambda: all(cpu_seconds(p) > b + 0.05 for p, b in zip(pids, before, strict=True)),
            "work",
        )
        assert not workers.has_lost_one()
    assert not any(is_alive(pid) for pid in pids)


def test_a_failure_in_between_ends_them_too() -> None:
    workers = LoadWorkers(usable_cpus(), 60)

    def fail() -> None:
        with workers:
            workers.load(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert len(workers.pids) == 1
    assert not is_alive(workers.pids[0])


def test_a_worker_that_somebody_kills_is_missed() -> None:
    with LoadWorkers(usable_cpus(), 60) as workers:
        workers.load(1)
        os.kill(workers.pids[0], signal.SIGKILL)
        wait_until(workers.has_lost_one, "the loss")


def test_a_worker_that_cannot_start_is_an_error() -> None:
    with (
        LoadWorkers([1 << 20], 60) as workers,
        pytest.raises(CarbonrunError, match="did not start"),
    ):
        workers.load(1)


def test_a_worker_ends_by_itself() -> None:
    with LoadWorkers(usable_cpus(), 0.1) as workers:
        workers.load(1)
        wait_until(workers.has_lost_one, "its end")


STARTER = """
import sys, time
from carbonrun.measurement.load import LoadWorkers, usable_cpus
with LoadWorkers(usable_cpus(), 60) as workers:
    workers.load(2)
    print(*workers.pids, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_who_started_it(number: int) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER], cwd=ROOT, stdout=subprocess.PIPE)
    assert starter.stdout is not None
    pids = [int(word) for word in starter.stdout.readline().split()]
    assert pids
    assert all(is_alive(pid) for pid in pids)
    starter.send_signal(number)
    starter.communicate()
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "their end")


def test_the_worker_needs_nothing_of_the_package() -> None:
    assert "carbonrun" not in Path(WORKER).read_text(encoding="utf-8").split('"""')[2]


@pytest.mark.parametrize(
    ("cpus", "counts"),
    [
        (1, (1,)),
        (2, (1, 2)),
        (3, (1, 2, 3)),
        (4, (1, 2, 3, 4)),
        (8, (1, 2, 4, 6, 8)),
        (64, (1, 16, 32, 48, 64)),
    ],
)
def test_steps_of_load(cpus: int, counts: tuple[int, ...]) -> None:
    assert worker_counts(cpus) == counts


@given(st.integers(1, 1024))
def test_steps_rise_from_one_to_all(cpus: int) -> None:
    counts = worker_counts(cpus)
    assert counts[0] == 1
    assert counts[-1] == cpus
    assert list(counts) == sorted(set(counts))


def test_cores_of_all_packages_come_before_second_threads() -> None:
    # Two packages of two cores with two threads each, numbered as most firmware does.
    places = {cpu: (str(cpu % 2), str(cpu % 4 // 2)) for cpu in range(8)}
    order = spread(range(8), lambda cpu: places[cpu])
    assert order == [0, 2, 1, 3, 4, 6, 5, 7]
    # Neighbours are the threads of one core.
    order = spread(range(8), lambda cpu: (str(cpu // 2), "0"))
    assert order == [0, 2, 4, 6, 1, 3, 5, 7]


def test_without_topology_the_order_is_that_of_the_numbers(tmp_path: Path) -> None:
    assert spread([3, 1, 2], topology(str(tmp_path))) == [1, 2, 3]


def test_topology_is_read_from_sysfs(tmp_path: Path) -> None:
    folder = tmp_path / "devices/system/cpu/cpu3/topology"
    folder.mkdir(parents=True)
    (folder / "core_id").write_text("9\n")
    (folder / "physical_package_id").write_text("1\n")
    assert topology(str(tmp_path))(3) == ("9", "1")
