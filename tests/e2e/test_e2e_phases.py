"""Marks of phases from inside of a run, in every way that they can be sent."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wrapper import (
    CARBONRUN,
    SOURCE,
    Sandbox,
    require_carbonrun,
    require_tool,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DOCUMENT = (SOURCE / "docs" / "phases.md").read_text(encoding="utf-8")
MARK = f"{sys.executable} -m carbonrun mark"
# Sends lines as fast as it can, each in its turn; "@0.1" sleeps.
SENDER = """
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for word in sys.argv[1:]:
    if word.startswith("@"):
        time.sleep(float(word[1:]))
    else:
        s.sendto(word.encode(), os.environ["CARBONRUN_SOCKET"])
"""


@pytest.fixture(autouse=True)
def ours() -> None:
    """Only carbonrun has phases."""
    require_carbonrun()


def send(*words: str) -> list[str]:
    """Return a command that sends lines."""
    return [sys.executable, "-I", "-S", "-c", SENDER, *words]


def report_of(sandbox: Sandbox, command: Sequence[str], *options: str, **how: Any) -> Any:
    """Run a command and return its report."""
    words = [*CARBONRUN, "-q", "--json", "report.json", *options, "--", *command]
    done = sandbox.run(words, seconds=60, **how)
    assert done.status == 0, done.stderr
    return json.loads((sandbox.work / "report.json").read_text())


def paths(report: Any) -> list[str]:
    return [phase["path"] for phase in report["phases"]]


def sockets(folder: Path) -> list[Path]:
    return list(folder.glob("carbonrun-*"))


def block(language: str) -> str:
    """Return an example of the document."""
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found
    return found[1]


def test_marks_of_a_shell(sandbox: Sandbox) -> None:
    script = (
        f"{MARK} one; sleep 0.3; {MARK} two; {MARK} --begin within; sleep 0.2;"
        f"{MARK} --end within; {MARK} three"
    )
    report = report_of(sandbox, ["sh", "-c", script])
    assert paths(report) == ["one", "two", "two/within", "three"]
    one, two, within, three = report["phases"]
    assert one["duration_seconds"] > 0.2  # a busy machine may hear of it late
    assert 0.1 < within["duration_seconds"] <= two["duration_seconds"]
    assert one["end"] == two["start"]
    assert three["end"] == pytest.approx(report["run"]["duration_seconds"])
    assert within["parent"] == "two"
    assert within["joules"] <= two["joules"]
    for phase in report["phases"]:
        assert phase["low_joules"] <= phase["joules"] <= phase["high_joules"]
        assert phase["low_grams_co2e"] <= phase["grams_co2e"] <= phase["high_grams_co2e"]
    outermost = sum(phase["joules"] for phase in (one, two, three))
    assert outermost <= report["energy"]["joules"] * 1.000001
    assert {point["phase"] for point in report["timeline"]} >= {None, "one", "two/within"}


def test_the_summary_has_them(sandbox: Sandbox) -> None:
    command = send("begin build", "mark link", "@0.05", "end build")
    done = sandbox.run([*CARBONRUN, "--no-csv", "--", *command])
    assert re.search(rb"^ build  .*CO2e", done.stderr, re.MULTILINE)
    assert re.search(rb"^   link  .*CO2e", done.stderr, re.MULTILINE)


def test_short_phases_are_told_apart(sandbox: Sandbox) -> None:
    """They are shorter than a tick: each mark makes a reading of its own."""
    words = [w for n in range(10) for w in (f"mark p{n}", "@0.05")]
    report = report_of(sandbox, send("@0.3", *words), "--interval", "60")
    assert paths(report) == [f"p{n}" for n in range(10)]
    assert all(phase["duration_seconds"] > 0.01 for phase in report["phases"])
    assert not any(note["code"].startswith("marks-") for note in report["notes"])


def test_marks_before_the_first_tick_and_with_the_end(sandbox: Sandbox) -> None:
    report = report_of(sandbox, send("mark first", "mark last"))
    assert paths(report) == ["first", "last"]


def test_a_nested_run_has_its_own(sandbox: Sandbox) -> None:
    inner = " ".join([*CARBONRUN, "-q", "--json", "inner.json", "--", "sh", "-c", "'$MARK b'"])
    script = f"MARK='{MARK}'; export MARK; $MARK a; {inner}; $MARK c"
    report = report_of(sandbox, ["sh", "-c", script])
    inner_report = json.loads((sandbox.work / "inner.json").read_text())
    assert paths(report) == ["a", "c"]
    assert paths(inner_report) == ["b"]
    assert inner_report["run"]["parent_id"] == report["run"]["id"]


def test_private(  # a short name: paths of sockets have 107 characters at the most
    sandbox: Sandbox,
) -> None:
    runtime = sandbox.work
    how: dict[str, Any] = {"env": {"XDG_RUNTIME_DIR": str(runtime)}}
    script = 'stat -c "%a %F" "$CARBONRUN_SOCKET"; echo "$CARBONRUN_SOCKET"'
    done = sandbox.run([*CARBONRUN, "-q", "--", "sh", "-c", script], **how)
    mode, path = done.stdout.decode().splitlines()
    assert mode == "600 socket"
    assert path.startswith(f"{runtime}/carbonrun-")
    assert sockets(runtime) == []
    assert sandbox.run([*CARBONRUN, "-q", "--", "./not-there"], **how).status == 127
    assert sockets(runtime) == []


def test_a_runtime_folder_that_is_not_there_is_passed_over(sandbox: Sandbox) -> None:
    how = {"env": {"XDG_RUNTIME_DIR": "/not/there", "TMPDIR": str(sandbox.work)}}
    report = report_of(sandbox, send("mark a"), **how)
    assert paths(report) == ["a"]
    long = sandbox.work / ("x" * 100)
    long.mkdir()
    report = report_of(sandbox, send("mark a"), env={"TMPDIR": str(long)})
    assert paths(report) == ["a"]


def test_a_mark_outside_of_a_run_does_nothing(sandbox: Sandbox) -> None:
    for words in (["x"], ["--begin", "x"], ["--end", "x"]):
        assert sandbox.run([*CARBONRUN, "mark", *words]) == (0, b"", b"")


@pytest.mark.parametrize("words", [[], [""], ["a", "b"], ["--begin"], ["a", "--end", "b"]])
def test_mistakes_are_refused(sandbox: Sandbox, words: list[str]) -> None:
    done = sandbox.run([*CARBONRUN, "mark", *words])
    assert done.status == 125
    assert done.stderr.startswith(b"carbonrun: mark")


def test_help(sandbox: Sandbox) -> None:
    done = sandbox.run([*CARBONRUN, "mark", "--help"])
    assert done.status == 0
    assert b"--begin" in done.stdout


def test_what_was_left_behind_is_no_longer_heard(sandbox: Sandbox) -> None:
    """Its marks fail at once, and the run does not wait for them."""
    late = f"trap '' HUP; sleep 0.5; {MARK} late; echo $? >status.new; mv status.new status"
    report = report_of(sandbox, ["sh", "-c", f"{MARK} a; ({late}) >/dev/null 2>&1 &"])
    assert paths(report) == ["a"]
    status = sandbox.work / "status"
    wait_until(status.exists, "the late mark")
    assert status.read_text() == "0\n"


def test_with_wait_tree_it_is_heard(sandbox: Sandbox) -> None:
    script = f"(sleep 0.3; {MARK} late; sleep 0.1) >/dev/null 2>&1 & {MARK} a"
    report = report_of(sandbox, ["sh", "-c", script], "--wait-tree")
    assert paths(report)[0] == "a"


def test_killed(  # a short name: see above
    sandbox: Sandbox,
) -> None:
    command = ["sh", "-c", f"{MARK} a; sleep 1.5; touch marked; sleep 1; {MARK} b; touch end"]
    runtime = sandbox.work
    how: dict[str, Any] = {"env": {"XDG_RUNTIME_DIR": str(runtime)}}
    process = sandbox.start([*CARBONRUN, "-q", "--no-csv", "--", *command], **how)
    wait_until((sandbox.work / "marked").exists, "the middle")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_until((sandbox.work / "end").exists, "the end of the command")
    assert len(sockets(runtime)) == 1
    journals = list((sandbox.home / "state").rglob("*.jsonl"))
    (lines,) = [path.read_text().splitlines() for path in journals]
    assert paths(json.loads(lines[-1])["report"]) == ["a"]
    assert sandbox.run([*CARBONRUN, "-q", "--no-csv", "--", "true"]).status == 0
    assert sockets(runtime) == [], "the next run tidies up"


def test_a_flood_neither_hurts_nor_bloats(sandbox: Sandbox) -> None:
    script = (
        "import os, socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "for n in range(100_000):\n"
        "    s.sendto(b'begin %d' % n, os.environ['CARBONRUN_SOCKET'])\n"
    )
    started = time.monotonic()
    report = report_of(sandbox, [sys.executable, "-I", "-S", "-c", script], "--no-csv")
    assert time.monotonic() - started < 30
    assert len(report["phases"]) <= 200
    assert {note["code"] for note in report["notes"]} >= {"marks-dropped", "phases-left-out"}
    assert (sandbox.work / "report.json").stat().st_size < 500_000


def test_other_datagrams_do_no_harm(sandbox: Sandbox) -> None:
    report = report_of(sandbox, send("hello", "mark a", "end never", "x" * 5000))
    assert paths(report) == ["a"]
    assert {note["code"] for note in report["notes"]} >= {"marks-unknown", "phases-unmatched"}


@pytest.mark.parametrize(
    ("language", "words", "expected"),
    [
        ("sh", ["sh", "-c"], ["download", "build"]),
        ("python", [sys.executable, "-c"], ["train"]),
        ("js", ["node", "-e"], ["render"]),
        ("perl", ["perl", "-e"], ["parse"]),
    ],
)
def test_the_examples_of_the_document(
    sandbox: Sandbox, language: str, words: list[str], expected: list[str]
) -> None:
    program = require_tool(words[0])
    bin_folder = sandbox.work / "bin"
    bin_folder.mkdir()
    tool = bin_folder / "carbonrun"
    tool.write_text(f'#!/bin/sh\nexec {" ".join(CARBONRUN)} "$@"\n')
    tool.chmod(0o755)
    how = {"env": {"PATH": f"{bin_folder}:{sandbox.environment['PATH']}"}}
    report = report_of(sandbox, [program, *words[1:], block(language)], **how)
    assert paths(report) == expected


def test_the_example_in_c(sandbox: Sandbox) -> None:
    compiler = shutil.which("cc") or require_tool("gcc")
    (sandbox.work / "mark.c").write_text(block("c"))
    assert sandbox.run([compiler, "-Wall", "-Werror", "mark.c", "-o", "marker"]).status == 0
    assert paths(report_of(sandbox, ["./marker"])) == ["solve"]


def test_jobs_beside_each_other(sandbox: Sandbox) -> None:
    """As with make -j: what neither has started is not within the other."""
    job = f"{MARK} --begin $0; {MARK} --begin x; sleep 0.5; {MARK} --end x; {MARK} $0-step"
    job += f"; sleep 0.5; {MARK} --end $0"
    script = f"""{MARK} --begin all
        sh -c '{job}; :' a & sh -c '{job}; :' b & wait
        {MARK} --end all"""
    report = report_of(sandbox, ["sh", "-c", script])
    assert set(paths(report)) == {
        *("all", "all/a", "all/a/x", "all/a/a-step"),
        *("all/b", "all/b/x", "all/b/b-step"),
    }
    assert not any(note["code"] == "phases-unmatched" for note in report["notes"])


def test_a_script_that_only_marks(sandbox: Sandbox) -> None:
    """What it begins is the phase of those who called it."""
    tool = sandbox.work / "phase"
    tool.write_text(f'#!/bin/sh\n{MARK} --begin "$1"\n:\n')
    tool.chmod(0o755)
    script = f"./phase outer; sleep 0.2; {MARK} --begin inner; sleep 0.1; {MARK} --end inner"
    assert paths(report_of(sandbox, ["sh", "-c", script])) == ["outer", "outer/inner"]


def test_threads_of_a_python_program(sandbox: Sandbox) -> None:
    script = """
import carbonrun, threading, time
def work(name):
    with carbonrun.phase(name):
        time.sleep(0.3)
        with carbonrun.phase("part"): time.sleep(0.2)
with carbonrun.phase("all"):
    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for each in threads: each.start()
    for each in threads: each.join()
    with carbonrun.phase("rest"): pass
"""
    report = report_of(sandbox, [sys.executable, "-c", script])
    assert set(paths(report)) == {"all", "a", "a/part", "b", "b/part", "all/rest"}
