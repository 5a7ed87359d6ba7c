"""A running process, measured from some moment on: against what the kernel says it has used."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.accounting.conftest import unavailable
from tests.machine import workloads
from tests.machine.attached_run import Gated, Watcher, cpu_seconds_of, is_alive, note, python
from tests.machine.control_group import ControlGroup, NoControlGroup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Burns, says so, and waits for its input.
WORKED = (
    "import os, sys, time\nwhile time.process_time() < {0}: pass\nprint('so far', flush=True)\n"
)


def measure(folder: Path, command: Sequence[str], *options: str) -> tuple[dict[str, Any], float]:
    """Attach, let the program begin, and return the report and what the program has used."""
    with Gated(command) as gated:
        used_before = cpu_seconds_of(gated.pid)
        watcher = Watcher(folder, "attach", *options, str(gated.pid))
        watcher.wait_ready()
        gated.open()
        _, _, usage = os.wait4(gated.pid, 0)
        gated.process.returncode = 0
        return watcher.finish(), usage.ru_utime + usage.ru_stime - used_before


@pytest.mark.parametrize(
    ("shape", "amount"),
    [("steady", 1.5), ("parallel", 1.0), ("threads", 1.2), ("short", 400), ("exec", 1.5)],
)
def test_cpu_time_is_that_of_the_kernel(tmp_path: Path, shape: str, amount: float) -> None:
    report, used_seconds = measure(tmp_path, workloads.command(shape, amount))
    assert report["tree"]["cpu_seconds"] == pytest.approx(used_seconds, rel=0.02, abs=0.04)
    assert report["tree"]["cpu_accounting"] == "procfs"
    assert report["run"]["exit_code"] is None
    assert report["run"]["signal"] is None
    assert report["tree"]["left_running"] == 0
    assert note(report, "attached")


def test_the_end_is_noticed_at_once(tmp_path: Path) -> None:
    with Gated(["sleep", "0.7"]) as gated:
        watcher = Watcher(tmp_path, "attach", "--interval", "30", str(gated.pid))
        watcher.wait_ready()
        gated.open()
        gated.process.wait()
        ended = time.monotonic()
        watcher.finish()
        assert time.monotonic() - ended < 2


def test_what_was_used_before_is_not_counted(tmp_path: Path) -> None:
    program = subprocess.Popen(python(WORKED.format(0.6) + "sys.stdin.read()"), stdin=-1, stdout=-1)
    assert program.stdout
    assert program.stdin
    program.stdout.readline()
    watcher = Watcher(tmp_path, "attach", str(program.pid))
    watcher.wait_ready()
    program.stdin.close()
    program.wait()
    report = watcher.finish()
    program.stdout.close()
    assert report["tree"]["cpu_seconds"] < 0.1


def test_a_child_of_before_that_is_waited_for_is_counted_once(tmp_path: Path) -> None:
    """Its whole life comes to its parent when it ends; only the later part is ours."""
    child = WORKED.format(0.6) + "sys.stdin.readline()\nwhile time.process_time() < 0.9: pass\n"
    parent = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-I', '-S', '-c', {child!r}])\n"
        "child.wait()\nsys.stdin.readline()\n"
    )
    program = subprocess.Popen(python(parent), stdin=-1, stdout=-1)
    assert program.stdout
    assert program.stdin
    program.stdout.readline()
    watcher = Watcher(tmp_path, "attach", str(program.pid))
    watcher.wait_ready()
    program.stdin.write(b"go\n")
    program.stdin.flush()
    time.sleep(1.5)  # the parent has waited for it, and some looks have passed
    program.stdin.close()
    program.wait()
    program.stdout.close()
    report = watcher.finish()
    assert report["tree"]["cpu_seconds"] == pytest.approx(0.3, abs=0.08)


def test_children_that_nobody_waits_for_keep_what_was_seen(tmp_path: Path) -> None:
    source = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "    while time.process_time() < 1.5: pass\n"
        "    os._exit(0)\n"
        "try: os.wait()\n"
        "except ChildProcessError: pass\n"
    )
    report, _ = measure(tmp_path, python(source))
    tree, energy = report["tree"], report["energy"]
    assert tree["cpu_seconds"] == pytest.approx(1.5, rel=0.5)
    assert tree["cpu_seconds"] < 1.6
    cpu = next(device for device in energy["devices"] if device["kind"] == "cpu")
    assert cpu["high_joules"] / cpu["joules"] * tree["cpu_seconds"] > 1.5


def test_a_daemon_that_was_seen_is_followed(tmp_path: Path) -> None:
    """Its parent ends before it; with --wait-tree it is measured to its own end."""
    source = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    while time.process_time() < 1.2: pass\n"
        "    os._exit(0)\n"
        "time.sleep(0.5)\n"
    )
    report, _ = measure(tmp_path, python(source), "--wait-tree")
    assert report["tree"]["cpu_seconds"] == pytest.approx(1.2, rel=0.1)
    assert report["tree"]["left_running"] == 0


def test_what_it_leaves_running_is_told(tmp_path: Path) -> None:
    source = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    time.sleep(4)\n"
        "    os._exit(0)\n"
        "time.sleep(0.6)\n"
    )
    report, _ = measure(tmp_path, python(source))
    assert report["tree"]["left_running"] == 1
    assert report["run"]["duration_seconds"] < 3


@pytest.mark.parametrize("end", ["--for", signal.SIGINT, signal.SIGTERM], ids=str)
def test_it_may_end_before_the_process_does(tmp_path: Path, end: str | int) -> None:
    with Gated(["sleep", "60"]) as gated:
        gated.open()
        words = ["--for", "0.5s"] if isinstance(end, str) else []
        watcher = Watcher(tmp_path, "attach", *words, str(gated.pid))
        watcher.wait_ready()
        if not isinstance(end, str):
            time.sleep(0.3)
            watcher.process.send_signal(end)
        report = watcher.finish()
        assert is_alive(gated.pid)
        assert gated.process.poll() is None
    assert report["tree"]["left_running"] == 1
    assert report["run"]["duration_seconds"] < 3
    assert report["run"]["command"] == ["sleep", "60"]


def test_alone_in_its_control_group(tmp_path: Path) -> None:
    try:
        group = ControlGroup(tmp_path.name)
    except NoControlGroup as error:
        unavailable(str(error))
    try:
        with Gated(workloads.command("ignored", 60), preexec_fn=group.enter) as gated:
            watcher = Watcher(tmp_path, "attach", str(gated.pid))
            watcher.wait_ready()
            before = group.cpu_seconds()
            gated.open()
            gated.process.wait()
            truth = group.cpu_seconds() - before
            report = watcher.finish()
    finally:
        group.close()
    assert report["tree"]["cpu_accounting"] == "cgroup"
    assert report["tree"]["cpu_seconds"] == pytest.approx(truth, rel=0.02)


def test_a_group_with_somebody_else_in_it_is_not_used(tmp_path: Path) -> None:
    try:
        group = ControlGroup(tmp_path.name)
    except NoControlGroup as error:
        unavailable(str(error))
    try:
        lodger = subprocess.Popen(["sleep", "60"], preexec_fn=group.enter)  # noqa: PLW1509
        with Gated(["sleep", "0.5"], preexec_fn=group.enter) as gated:
            watcher = Watcher(tmp_path, "attach", str(gated.pid))
            watcher.wait_ready()
            gated.open()
            gated.process.wait()
            report = watcher.finish()
        lodger.kill()
        lodger.wait()
    finally:
        group.close()
    assert report["tree"]["cpu_accounting"] == "procfs"


def test_without_the_kernels_descriptor_of_a_process(tmp_path: Path) -> None:
    """As on kernels before 5.3: the end is noticed by looking."""
    source = "import os, sys; del os.pidfd_open; from carbonrun.launch import main; main()"
    with Gated(["sleep", "0.6"]) as gated:
        watcher = Watcher(tmp_path, "attach", str(gated.pid), carbonrun=("-c", source))
        watcher.wait_ready()
        gated.open()
        gated.process.wait()
        ended = time.monotonic()
        report = watcher.finish()
    assert time.monotonic() - ended < 2
    assert report["tree"]["left_running"] == 0


def test_programs_are_named_from_then_on(tmp_path: Path) -> None:
    words = ["sh", "-c", '"$@"; exit 0', "sh", *workloads.command("steady", 1.0)]
    report, _ = measure(tmp_path, words, "--top", "5")
    (top,) = (call for call in report["tree"]["calls"] if call["program"] is not None)
    # A look may meet the worker in the moment before it has become another program than sh.
    worker = max(top["calls"], key=lambda call: call["cpu_seconds"])
    assert top["program"] == "sh"
    assert worker["command"][-2:] == ["steady", "1.0"]
    assert worker["cpu_seconds"] > 0.5
    assert report["tree"]["naming"]["method"] == "looks"
