"""Programs that measure themselves, against what the kernel says that they have used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.accounting.conftest import unavailable
from tests.machine.control_group import ControlGroup, NoControlGroup
from tests.machine.energy_simulator import SimulatedSensor
from tests.machine.measured_run import REFUSE_PERF
from tests.machine.tracked_run import track

if TYPE_CHECKING:
    from pathlib import Path

# Measures the truth within the tracked part, without what carbonrun's own thread uses.
PROGRAM = """
def others():
    (thread,) = [t for t in threading.enumerate() if t.name == "carbonrun"]
    return used() - time.clock_gettime(time.pthread_getcpuclockid(thread.ident))

with carbonrun.track(csv=False) as run:
    before = others()
    {body}
    truth = others() - before
print(json.dumps([truth, run.report.tree.cpu_seconds]))
"""
SHAPES = {
    "steady": "work(2.0)",
    "forked": "[child(0.5) for _ in range(4)]",
    "short": "[subprocess.run(['/bin/true']) for _ in range(800)]",
    "threads": (
        "ts = [threading.Thread(target=work, args=(0.5,)) for _ in range(4)]; "
        "[t.start() for t in ts]; [t.join() for t in ts]"
    ),
    "pool": "__import__('multiprocessing').get_context('fork').Pool(2).map(work, [0.5] * 4)",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_cpu_time_is_that_of_the_kernel(tmp_path: Path, shape: str) -> None:
    done = track(tmp_path, PROGRAM.format(body=SHAPES[shape]))
    assert done.status == 0, done.stderr
    truth, told = done.told
    if shape == "pool":  # its workers are alive when the truth is taken
        truth = 2.05
        assert told == pytest.approx(truth, rel=0.03)
    else:
        assert told == pytest.approx(truth, rel=0.005, abs=0.002)


@pytest.mark.parametrize("shape", ["steady", "forked", "short", "threads"])
def test_without_perf_events(tmp_path: Path, shape: str) -> None:
    done = track(tmp_path, PROGRAM.format(body=SHAPES[shape]), prefix=REFUSE_PERF)
    assert done.status == 0, done.stderr
    truth, told = done.told
    assert told == pytest.approx(truth, rel=0.005, abs=0.002)
    assert done.report["tree"]["cpu_accounting"] in ("procfs", "cgroup")


def test_alone_in_a_control_group(tmp_path: Path) -> None:
    """Where only the program lives, as in a container, the kernel's own sum is used."""
    try:
        group = ControlGroup(tmp_path.name)
    except NoControlGroup as error:
        unavailable(str(error))
    with group:
        enter = f'echo $$ >{group.folder}/cgroup.procs && exec "$@"'
        source = PROGRAM.format(body=f"{SHAPES['forked']}; time.sleep(0.2)")
        done = track(tmp_path, source, prefix=("sh", "-c", enter, "sh"))
        assert done.status == 0, done.stderr
        truth, told = done.told
        assert told == pytest.approx(truth, rel=0.005, abs=0.005)
        assert done.report["tree"]["cpu_accounting"] == "cgroup"


def test_children_that_nobody_waits_for_are_seen(tmp_path: Path) -> None:
    """Double forks: neither waited for, nor there at any look; they tell what they have used."""
    body = """
    reading, writing = os.pipe()
    for _ in range(60):
        pid = os.fork()
        if pid == 0:
            if os.fork() == 0:
                work(0.02)
                os.write(writing, b"%18.9f" % time.process_time())
            os._exit(0)
        os.waitpid(pid, 0)
        before -= float(os.read(reading, 18))"""
    done = track(tmp_path, PROGRAM.format(body=body))
    assert done.status == 0, done.stderr
    accounting = done.report["tree"]["cpu_accounting"]
    if accounting == "procfs":
        pytest.skip("the kernel has no perf events here, and there is no other way")
    truth, told = done.told
    assert truth > 1.2
    assert told == pytest.approx(truth, rel=0.25)


def test_what_was_used_before_is_left_out(tmp_path: Path) -> None:
    source = """
work(0.5)
child(0.5)
with carbonrun.track() as run:
    work(0.3)
print(json.dumps(run.report.tree.cpu_seconds))
"""
    assert track(tmp_path, source).told == pytest.approx(0.3, abs=0.03)


def test_a_child_of_before_is_counted_from_now_on(tmp_path: Path) -> None:
    source = """
reading, writing = os.pipe()
is_ready, ready = os.pipe()
pid = os.fork()
if pid == 0:
    work(0.5)
    os.write(ready, b"x")
    os.read(reading, 1)
    work(0.3)
    os._exit(0)
os.read(is_ready, 1)
with carbonrun.track() as run:
    os.write(writing, b"x")
    os.waitpid(pid, 0)
print(json.dumps(run.report.tree.cpu_seconds))
"""
    assert track(tmp_path, source).told == pytest.approx(0.3, abs=0.05)


def test_joules_of_a_simulated_sensor(tmp_path: Path) -> None:
    with SimulatedSensor(tmp_path / "sys") as sensor:
        source = f"""
with carbonrun.track(sysfs={sensor.sysfs!r}, idle_watts={{"package": {sensor.idle_watts}}}) as run:
    with run.phase("light"):
        time.sleep(0.3)
        work(0.2)
    with run.phase("heavy"):
        work(0.4)
        child(0.4)
"""
        done = track(tmp_path, source)
        assert done.status == 0, done.stderr
        report = done.report
        (package,) = [d for d in report["energy"]["devices"] if d["id"] == "package-0"]
        assert package["method"] == "counter"
        assert report["tree"]["cpu_seconds"] == pytest.approx(1.0, rel=0.02)
        assert package["joules"] == pytest.approx(sensor.tree_joules(1.0), rel=0.06)
        for phase, seconds in zip(report["phases"], (0.2, 0.8), strict=True):
            assert phase["cpu_seconds"] == pytest.approx(seconds, rel=0.03, abs=0.005)
            truth = sensor.tree_joules(seconds)
            # What neighbours do is known for half a second of CPU time, which spans phases.
            assert phase["joules"] == pytest.approx(truth, rel=0.5, abs=0.1)
            # The simulated sensor's own error: steps of 10 ms, and what a hypervisor takes away.
            assert phase["low_joules"] - 0.3 < truth < phase["high_joules"] + 0.3


def test_the_overhead_is_small_and_not_billed(tmp_path: Path) -> None:
    source = """
with carbonrun.track(interval=0.05) as run:
    time.sleep(2.0)
print(json.dumps([run.report.tree.cpu_seconds, run.report.overhead.cpu_seconds]))
"""
    billed, overhead = track(tmp_path, source).told
    assert billed < 0.02
    assert 0 < overhead < 1.0
