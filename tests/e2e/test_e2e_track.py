"""Programs that measure themselves: what they notice of it, and what becomes of their processes."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.e2e.wrapper import CARBONRUN, require_carbonrun
from tests.machine.measured_run import ROOT
from tests.machine.tracked_run import paths, track

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json.loads((ROOT / "carbonrun" / "report" / "schema.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def ours() -> None:
    """Only carbonrun has this."""
    require_carbonrun()


def test_a_report_as_of_the_command_line(tmp_path: Path) -> None:
    source = """
with carbonrun.track(name="n", project="p", tag={"k": "v"}, json="r.json", intensity=100) as run:
    assert run.report is None
    work(0.1)
os.chdir("/")
print(json.dumps([run.as_dict(), run.joules, run.grams_co2e]))
"""
    done = track(tmp_path, source)
    report, joules, grams = done.told
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report == json.loads((tmp_path / "r.json").read_text()) == done.report
    run = report["run"]
    assert (run["name"], run["project"], run["tags"]) == ("n", "p", {"k": "v"})
    assert (run["exit_code"], run["signal"], run["parent_id"]) == (None, None, None)
    assert joules == report["energy"]["joules"] > 0
    assert grams == report["emissions"]["grams_co2e"] == pytest.approx(joules / 3.6e4)
    assert report["tree"]["cpu_seconds"] == pytest.approx(0.1, abs=0.03)
    assert len((tmp_path / "state" / "runs.csv").read_text().splitlines()) == 2


def test_nothing_is_printed_unless_asked_for(tmp_path: Path) -> None:
    source = "with carbonrun.track(): work(0.05)\n"
    env = {"CARBONRUN_SUMMARY": "full", "CARBONRUN_LIVE": "1"}
    assert track(tmp_path, source, env=env)[:3] == (0, "", "")
    asked = track(tmp_path, "with carbonrun.track(summary='line'): work(0.05)\n")
    assert asked.stderr.startswith("carbonrun: energy_j=")


def test_an_exception_goes_on_and_the_report_is_made(tmp_path: Path) -> None:
    done = track(tmp_path, "with carbonrun.track():\n    work(0.1)\n    raise ValueError('mine')\n")
    assert done.status == 1
    assert done.stderr.endswith("ValueError: mine\n")
    assert "ValueError" in str([n for n in done.report["notes"] if n["code"] == "tracked-raised"])


@pytest.mark.parametrize("how", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_other_ends_of_a_program(tmp_path: Path, how: str) -> None:
    done = track(tmp_path, f"with carbonrun.track():\n    work(0.05)\n    {how}\n")
    assert done.status == (3 if "exit" in how else -signal.SIGINT)
    assert done.report["run"]["ended_at"]


def test_what_was_not_stopped_is_reported_at_the_end(tmp_path: Path) -> None:
    done = track(tmp_path, "run = carbonrun.Tracker().start()\nwork(0.2)\n")
    assert done.report["tree"]["cpu_seconds"] == pytest.approx(0.2, abs=0.03)


def test_stop_twice_and_start_again(tmp_path: Path) -> None:
    source = """
run = carbonrun.Tracker()
assert run.stop() is None
assert run.start() is run.start()
work(0.05)
first = run.stop()
assert first is run.stop() is run.report
assert run.start().report is None
second = run.stop()
assert first.run.id != second.run.id
"""
    assert len(track(tmp_path, source).reports) == 2


def test_mistakes_are_told_before_anything_starts(tmp_path: Path) -> None:
    source = """
for options in ({"zone": "XX-nowhere"}, {"json": "/not/there/r.json"}, {"colour": 1},
                {"intensity": "much"}, {"offline": "yes"}, {"provider": "neither"}):
    try:
        with carbonrun.track(**options):
            print("started")
    except carbonrun.CarbonrunError as error:
        assert str(error), options
try:
    carbonrun.phase("")
except carbonrun.CarbonrunError:
    print("refused")
assert threading.active_count() == 1
"""
    done = track(tmp_path, source)
    assert (done.stdout, done.stderr) == ("refused\n", "")
    assert done.reports == []


def test_decorators_of_every_kind(tmp_path: Path) -> None:
    source = """
names = []
def note(report): names.append(report.run.name)

@carbonrun.track(on_report=note)
def plain(a, *, b): return a + b

@carbonrun.track(on_report=note, name="given")
async def coroutine(a):
    await asyncio.sleep(0)
    return a

@carbonrun.track(on_report=note)
def generator():
    got = yield 1
    yield got

@carbonrun.track(on_report=note)
async def several():
    yield 1
    yield 2

async def collect(): return [item async for item in several()]

@carbonrun.track
def bare(): return "bare"

assert plain(1, b=2) == 3 and plain.__name__ == "plain"
assert asyncio.run(coroutine(5)) == 5
g = generator()
assert next(g) == 1 and g.send("x") == "x" and list(g) == []
assert asyncio.run(collect()) == [1, 2]
assert bare() == "bare"
print(json.dumps(names))
"""
    done = track(tmp_path, source)
    assert done.told == ["plain", "given", "generator", "several"], done.stderr
    assert [r["run"]["name"] for r in done.reports][-1] == "bare"


def test_a_tracker_within_a_tracker_is_a_phase(tmp_path: Path) -> None:
    source = """
with carbonrun.track(name="outer") as outer:
    work(0.1)
    with carbonrun.track(name="inner", json="inner.json") as inner:
        work(0.2)
        with carbonrun.phase("deep"): pass
    assert inner.is_shared and inner.report is None and inner.joules is None
assert inner.report is outer.report and not outer.is_shared
assert inner.part.path == "inner" and inner.joules < outer.joules
print(json.dumps(inner.part.cpu_seconds))
"""
    done = track(tmp_path, source)
    assert paths(done.report) == ["inner", "inner/deep"]
    assert not (tmp_path / "inner.json").exists()
    (note,) = [n for n in done.report["notes"] if n["code"] == "tracker-shared"]
    assert "'inner'" in note["message"]
    assert "json" in note["message"]
    assert done.told == pytest.approx(0.2, abs=0.03)


def test_threads_and_tasks_do_not_nest_in_each_other(tmp_path: Path) -> None:
    source = """
def thread(name):
    with carbonrun.phase(name):
        time.sleep(0.2)
        with carbonrun.phase("part"): time.sleep(0.1)

async def task(name):
    with carbonrun.phase(name):
        await asyncio.sleep(0.1)
        with carbonrun.phase("part"): await asyncio.sleep(0.1)

async def tasks(): await asyncio.gather(task("c"), task("d"))

with carbonrun.track():
    threads = [threading.Thread(target=thread, args=(name,)) for name in "ab"]
    for each in threads: each.start()
    for each in threads: each.join()
    asyncio.run(tasks())
"""
    done = track(tmp_path, source)
    assert set(paths(done.report)) == {"a", "a/part", "b", "b/part", "c", "c/part", "d", "d/part"}


def test_in_a_thread_and_in_a_task(tmp_path: Path) -> None:
    source = """
def thread():
    with carbonrun.track(name="thread"): work(0.05)
each = threading.Thread(target=thread)
each.start()
each.join()

async def task():
    async with carbonrun.track(name="task"): await asyncio.sleep(0.05)
asyncio.run(task())
"""
    assert [r["run"]["name"] for r in track(tmp_path, source).reports] == ["thread", "task"]


FORKS = {
    "os.fork": """
    pid = os.fork()
    if pid == 0:
        work(0.2)
        sys.exit(0)  # through the end of the with statement, and atexit
    os.waitpid(pid, 0)""",
    "fork pool": """
    with __import__("multiprocessing").get_context("fork").Pool(2) as pool:
        pool.map(work, [0.1, 0.1])
        pool.close()
        pool.join()""",
    "stop in the child": """
    pid = os.fork()
    if pid == 0:
        assert run.stop() is None and run.read() is None
        with run.phase("never"): work(0.2)
        run.mark("never")
        os._exit(0)
    os.waitpid(pid, 0)""",
    "exec": """
    busy = "import time\\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", busy])""",
}


@pytest.mark.parametrize("how", FORKS)
def test_children_neither_report_nor_write(tmp_path: Path, how: str) -> None:
    done = track(tmp_path, f"with carbonrun.track() as run:{FORKS[how]}\n")
    assert (done.status, done.stdout) == (0, "")
    assert done.unfinished == 0
    assert done.report["tree"]["cpu_seconds"] == pytest.approx(0.22, abs=0.06)
    rows = (tmp_path / "state" / "runs.csv").read_text().splitlines()
    assert len(rows) == 2


def test_spawned_workers_import_the_program_again(tmp_path: Path) -> None:
    source = """
import multiprocessing
if __name__ == "__main__":
    with carbonrun.track() as run:
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            pool.map(work, [0.2, 0.2])
            pool.close()
            pool.join()
"""
    done = track(tmp_path, source)
    assert done.status == 0, done.stderr
    assert done.report["tree"]["cpu_seconds"] > 0.4


def test_a_child_may_measure_itself(tmp_path: Path) -> None:
    source = """
with carbonrun.track(name="outer") as run:
    pid = os.fork()
    if pid == 0:
        with carbonrun.track(name="inner"): work(0.1)
        os._exit(0)
    os.waitpid(pid, 0)
"""
    outer, inner = track(tmp_path, source).reports
    assert (outer["run"]["name"], inner["run"]["name"]) == ("outer", "inner")
    assert inner["run"]["parent_id"] == outer["run"]["id"]


def test_children_may_mark_phases(tmp_path: Path) -> None:
    source = f"""
before = dict(os.environ)
with carbonrun.track() as run:
    with carbonrun.phase("call"):
        subprocess.run({[*CARBONRUN, "mark", "--begin", "tool"]!r})
        subprocess.run({[*CARBONRUN, "mark", "--end", "tool"]!r})
    pid = os.fork()
    if pid == 0:
        with carbonrun.phase("forked"): pass
        os._exit(0)
    os.waitpid(pid, 0)
    run.mark("plain")
assert dict(os.environ) == before
"""
    done = track(tmp_path, source)
    assert done.status == 0, done.stderr
    assert paths(done.report) == ["call", "call/tool", "forked", "plain"]


def test_within_a_run_of_carbonrun(tmp_path: Path) -> None:
    """The tracker is a nested run with phases of its own; without one the phases are the run's."""
    source = """
with carbonrun.phase("outside"): time.sleep(0.05)
with carbonrun.track(name="inner") as run:
    with carbonrun.phase("inside"): work(0.1)
"""
    outer_json = str(tmp_path / "outer.json")
    prefix = (*CARBONRUN, "-q", "--json", outer_json, "--name", "outer", "--")
    done = track(tmp_path, source, prefix=prefix)
    outer, inner = done.reports
    assert (outer["run"]["name"], inner["run"]["name"]) == ("outer", "inner")
    assert inner["run"]["parent_id"] == outer["run"]["id"]
    assert (paths(outer), paths(inner)) == (["outside"], ["inside"])


def test_no_signal_no_child_and_no_descriptor_is_touched(tmp_path: Path) -> None:
    source = """
import signal
def handlers(): return [signal.getsignal(n) for n in signal.valid_signals()]
def mask(): return signal.pthread_sigmask(signal.SIG_BLOCK, ())
def descriptors(): return set(os.listdir("/proc/self/fd"))
carbonrun.track  # what is imported may keep something open
with carbonrun.track(): pass
before = handlers(), mask(), descriptors(), set(threading.enumerate())
process = subprocess.Popen(["sh", "-c", "exit 7"])
with carbonrun.track() as run:
    assert (handlers(), mask()) == before[:2]
    assert len(threading.enumerate()) == len(before[3]) + 1
    time.sleep(0.3)
    assert process.wait() == 7
    orphan = subprocess.run(["sh", "-c", "sh -c 'sleep 0.1; ps -o ppid= $$ || true' & echo $!"],
                            capture_output=True, text=True)
    left = subprocess.Popen(["sleep", "5"])
assert left.poll() is None
left.kill()
assert left.wait() == -9
assert (handlers(), mask(), descriptors(), set(threading.enumerate())) == before
"""
    done = track(tmp_path, source)
    assert done.status == 0, done.stderr


def test_a_program_that_closes_everything(tmp_path: Path) -> None:
    source = """
with carbonrun.track() as run:
    os.closerange(3, 200)
    time.sleep(0.3)
"""
    done = track(tmp_path, source)
    assert done.status == 0, done.stderr


def test_reading_in_the_middle(tmp_path: Path) -> None:
    source = """
with carbonrun.track() as run:
    work(0.1)
    first = run.read()
    work(0.2)
    second = run.read()
told = [r.tree.cpu_seconds for r in (first, second, run.read())]
print(json.dumps([told, first.energy.joules, second.energy.joules, run.joules]))
"""
    told, *joules = track(tmp_path, source).told
    assert told == pytest.approx([0.1, 0.3, 0.3], abs=0.03)
    assert joules == sorted(joules)


def test_importing_carbonrun_is_cheap(tmp_path: Path) -> None:
    source = "print(json.dumps(sorted(n for n in sys.modules if n.startswith('carbonrun'))))\n"
    assert track(tmp_path, source).told == ["carbonrun"]


def test_in_workers_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import carbonrun, pytest\n"
        "@pytest.mark.parametrize('n', range(4))\n"
        "def test_it(n):\n"
        "    with carbonrun.track(name=f't{n}') as run:\n        sum(range(10**6))\n"
        "    assert run.joules is not None\n"
    )
    source = """
words = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "test_it.py"]
done = subprocess.run(words, capture_output=True, text=True)
assert done.returncode == 0, done.stdout + done.stderr
"""
    done = track(tmp_path, source)
    assert done.status == 0, done.stderr
    assert sorted(r["run"]["name"] for r in done.reports) == ["t0", "t1", "t2", "t3"]


def test_the_examples_of_the_document(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    first, ways, phases = (block for block in blocks if "import carbonrun\n" in block)
    done = track(tmp_path, f"{first}\n{ways}\nwith carbonrun.track():\n    pass\n{phases}")
    assert done.status == 0, done.stderr
    assert paths(done.reports[0]) == ["load", "train"]
    assert [r["run"]["name"] for r in done.reports[1:3]] == ["plain", "coroutine"]
    assert done.reports[3]["run"]["tags"] == {"stage": "test"}
    assert paths(done.reports[3]) == ["first part"]


def test_a_loop_of_many_phases_costs_little(tmp_path: Path) -> None:
    source = """
with carbonrun.track(csv=False) as run:
    with carbonrun.phase("loop"):
        for _ in range(20_000):
            with carbonrun.phase("step"): pass
    work(0.1)
print(json.dumps([run.report.overhead.cpu_seconds, run.report.tree.cpu_seconds]))
"""
    done = track(tmp_path, source)
    overhead, _ = done.told
    assert overhead < 2.0
    loop, step = done.report["phases"]
    assert (
        step["duration_seconds"]
        <= loop["duration_seconds"]
        < done.report["run"]["duration_seconds"]
    )
    codes = {note["code"] for note in done.report["notes"]}
    assert "marks-dropped" in codes
    assert "phases-unmatched" not in codes


def test_a_program_that_was_killed_is_recovered(tmp_path: Path) -> None:
    source = """
from pathlib import Path
run = carbonrun.Tracker(name="killed").start()
(journal,) = Path("state/journal/open").iterdir()
while '"checkpoint"' not in journal.read_text():
    work(0.1)
os.kill(os.getpid(), 9)
"""
    killed = track(tmp_path, source)
    assert (killed.status, killed.reports, killed.unfinished) == (-signal.SIGKILL, [], 1)
    later = track(tmp_path, "with carbonrun.track(name='later'): pass\n")
    assert [r["run"]["name"] for r in later.reports] == ["killed", "later"]
    assert later.reports[0]["tree"]["cpu_seconds"] > 0.05


def test_forks_of_several_threads(tmp_path: Path) -> None:
    source = """
def forks():
    for _ in range(50): child(0.001)
with carbonrun.track(interval=0.02) as run:
    threads = [threading.Thread(target=forks) for _ in range(4)]
    for each in threads: each.start()
    for each in threads: each.join()
"""
    done = track(tmp_path, source)
    assert done.status == 0, done.stderr
    assert done.report["tree"]["cpu_seconds"] > 0.2
