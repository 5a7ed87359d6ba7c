"""``carbonrun compare`` with real commands."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.e2e.wrapper import CARBONRUN, SOURCE, require_carbonrun, wait_until
from tests.machine.energy_simulator import SimulatedSensor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.pseudo_terminal import Terminal
    from tests.e2e.wrapper import Result, Sandbox

WORK = "python3 -I -S -c 'sum(range({}))'"
QUICK = ("--runs", "2", "--warmup", "0", "--settle", "0")
LONG_SECONDS = 120.0


@pytest.fixture(autouse=True)
def _only_carbonrun() -> None:
    require_carbonrun()


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[SimulatedSensor]:
    """Give the test a sensor that moves."""
    with SimulatedSensor(tmp_path / "sys") as simulated:
        yield simulated


def compare(sandbox: Sandbox, *words: str, **how: Any) -> Result:
    return sandbox.run([*CARBONRUN, "compare", *words], seconds=LONG_SECONDS, **how)


def of_sensor(sensor: SimulatedSensor) -> tuple[str, ...]:
    return ("--sysfs", sensor.sysfs, "--idle-watts", f"package={sensor.idle_watts}")


def saved(sandbox: Sandbox, name: str) -> Any:
    return json.loads((sandbox.work / name).read_text())


def test_a_command_that_works_twice_as_long_uses_more(
    sandbox: Sandbox, sensor: SimulatedSensor
) -> None:
    result = compare(
        sandbox, *of_sensor(sensor), "--runs", "8", "--repeats", "1", "--settle", "0", "--seed",
        "5", "--export-json", "c.json", WORK.format(2_000_000), WORK.format(8_000_000),
    )  # fmt: skip
    assert (result.status, result.stderr) == (0, b"")
    content = saved(sandbox, "c.json")
    schema = json.loads((SOURCE / "carbonrun" / "compare" / "schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(content)
    assert content["seed"] == 5
    assert len(content["samples"]) == 16
    energy, duration = content["judgements"]
    assert (energy["metric"], energy["verdict"]) == ("energy_joules", "more")
    # How long it takes depends on who else is here; what it uses does not.
    assert duration["metric"] == "duration_seconds"
    assert energy["effect"]["ratio"] > 1.5
    assert all(sample["modelled"] < 0.5 for sample in content["samples"])
    assert energy["sentence"].encode() in result.stdout.replace(b"\n", b" ")


def test_joules_are_those_of_a_run(sandbox: Sandbox, sensor: SimulatedSensor) -> None:
    """The figure for one execution, by repeats, by units of work; the truth is the sensor's."""
    compare(
        sandbox, *of_sensor(sensor), "--runs", "3", "--repeats", "4", "--work", "10", "--settle",
        "0", "--export-json", "c.json", WORK.format(3_000_000),
    )  # fmt: skip
    for sample in saved(sandbox, "c.json")["samples"]:
        figures = sample["figures"]
        package = sensor.tree_joules(figures["cpu_seconds"])
        assert figures["energy_joules"] == pytest.approx(package, rel=0.25)
        assert figures["joules_per_unit"] == pytest.approx(figures["energy_joules"] / 10)
        assert figures["net_joules"] < figures["energy_joules"]


def test_short_commands_are_repeated(sandbox: Sandbox) -> None:
    compare(sandbox, "--runs", "2", "--settle", "0", "--save", "c.json", "true")
    content = saved(sandbox, "c.json")
    (subject,) = content["subjects"]
    assert subject["repeats"] > 5
    for sample in content["samples"]:
        assert sample["figures"]["duration_seconds"] < 0.05


def test_order_hooks_and_input(sandbox: Sandbox) -> None:
    (sandbox.work / "in").write_text("fed\n")
    result = compare(
        sandbox, "--runs", "2", "--warmup", "1", "--settle", "0", "--repeats", "1", "--input",
        "in", "--setup", "echo setup >> log", "--prepare", "echo prepare >> log", "--conclude",
        "echo conclude >> log", "--cleanup", "echo cleanup >> log", "cat >> log",
    )  # fmt: skip
    assert (result.status, result.stderr) == (0, b"")
    once = ["prepare", "fed", "conclude"]
    log = (sandbox.work / "log").read_text().split()
    assert log == ["setup", *once * 3, "cleanup"]


def test_hooks_of_each_command(sandbox: Sandbox) -> None:
    compare(
        sandbox, *QUICK, "--repeats", "1", "--prepare", "echo a > now", "--prepare",
        "echo b > now", "test $(cat now) = a", "test $(cat now) = b",
    )  # fmt: skip
    result = compare(sandbox, *QUICK, "--setup", "exit 3", "true")
    assert result.status == 125
    assert b"--setup 'exit 3' failed with status 3" in result.stderr


def test_words_and_variants(sandbox: Sandbox) -> None:
    result = compare(
        sandbox, *QUICK, "--vary", "n=1,2", "--export-csv", "c.csv", "--",
        "sh", "-c", 'test "$1" = "x {n}"', "sh", "x {n}",
    )  # fmt: skip
    assert (result.status, result.stderr) == (0, b"")
    with (sandbox.work / "c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted({row["text"] for row in rows}) == [
        f"sh -c 'test \"$1\" = \"x {n}\"' sh 'x {n}'" for n in (1, 2)
    ]


def test_a_failure_ends_it_unless_it_is_ignored(sandbox: Sandbox) -> None:
    words = ("--repeats", "1", "--cleanup", "echo clean >> log", "echo why >&2; exit 3", "true")
    result = compare(sandbox, *QUICK, *words)
    assert result.status == 1
    assert b"compare: A failed with status 3" in result.stderr
    assert b"why" in result.stderr
    assert (sandbox.work / "log").read_text() == "clean\nclean\n"
    ignored = compare(sandbox, *QUICK, "--ignore-failure", "--save", "c.json", *words)
    assert ignored.status == 0
    codes = {s["subject"]: s["exit_code"] for s in saved(sandbox, "c.json")["samples"]}
    assert codes == {0: 3, 1: 0}
    assert b"the command failed in 2 of 4 runs" in ignored.stdout


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ((), 125, "no command was given"),
        (("--precision", "x", "true"), 125, "--precision 'x': must be a percentage"),
        (("--export-svg", "no/such/x.svg", "true"), 125, "there is no folder"),
        (("--baseline", "none.json", "true"), 125, "--baseline none.json: No such file"),
        (("--shell", "none", "no-such-command-here"), 127, "no-such-command-here"),
        (("--zone", "XX", "true"), 125, "--zone"),
        (("--input", "absent", "true"), 125, "--input absent"),
        (("--work", "1", "--work", "2", "true"), 125, "--work was given 2 times"),
    ],
)
def test_refusals(sandbox: Sandbox, words: tuple[str, ...], status: int, message: str) -> None:
    result = compare(sandbox, *QUICK, *words)
    assert result.status == status
    assert message in result.stderr.decode()
    assert result.stdout == b""


def test_a_baseline_and_its_limit(sandbox: Sandbox, sensor: SimulatedSensor) -> None:
    common = (*of_sensor(sensor), "--runs", "6", "--repeats", "1", "--settle", "0", "-n", "job")
    first = compare(sandbox, *common, "--save", "base.json", WORK.format(2_000_000))
    assert first.status == 0
    gate = ("--baseline", "base.json", "--fail-if-worse", "20%")
    worse = compare(sandbox, *common, *gate, WORK.format(12_000_000))
    assert worse.status == 122
    assert b"worse than allowed: job uses more energy than job of 20" in worse.stdout
    better = compare(sandbox, *common, *gate, WORK.format(1_000_000))
    assert better.status == 0


def test_all_exports(sandbox: Sandbox) -> None:
    files = {"csv": "o.csv", "json": "o.json", "markdown": "o.md", "svg": "o.svg"}
    words = [word for kind, name in files.items() for word in (f"--export-{kind}", name)]
    result = compare(sandbox, *QUICK, *words, "true --token=abc123", "true")
    assert (result.status, result.stderr) == (0, b"")
    assert b"--token=***" in result.stdout
    starts = {"csv": "command,text", "json": "{", "markdown": "| command", "svg": "<svg"}
    for kind, name in files.items():
        text = (sandbox.work / name).read_text()
        assert text.startswith(starts[kind])
        assert "abc123" not in text


def test_output_of_the_commands(sandbox: Sandbox) -> None:
    quick = (*QUICK, "--repeats", "1")
    assert b"\nhello" not in compare(sandbox, *quick, "echo hello; echo x >&2").stdout
    inherited = compare(sandbox, *quick, "--output", "inherit", "echo hi").stdout
    assert inherited.startswith(b"hi\nhi\ncarbonrun")
    compare(sandbox, *quick, "--output", "to", "echo there")
    assert (sandbox.work / "to").read_text() == "there\nthere\n"
    pipe = "test -p /dev/stdout"
    assert compare(sandbox, *quick, "--output", "pipe", pipe).status == 0
    assert compare(sandbox, *quick, pipe).status == 1
    much = compare(sandbox, *quick, "--output", "pipe", "head -c 3000000 /dev/zero")
    assert much.status == 0
    started_seconds = time.monotonic()
    left = compare(sandbox, *quick, "--output", "pipe", "sleep 60 & echo hi")
    assert left.status == 0
    assert time.monotonic() - started_seconds < 50


def test_options_before_the_name_belong_to_each_run(sandbox: Sandbox) -> None:
    words = ["--csv", "runs.csv", "--json", "never.json", "--tag", "a=b", "compare", *QUICK]
    result = sandbox.run([*CARBONRUN, *words, "--intensity", "500", "true"], seconds=LONG_SECONDS)
    assert (result.status, result.stderr) == (0, b"")
    with (sandbox.work / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["intensity_g_per_kwh"] for row in rows] == ["500", "500"]
    assert not (sandbox.work / "never.json").exists()


def test_what_is_for_single_runs_is_left_out(sandbox: Sandbox) -> None:
    env = {"CARBONRUN_FLAME": "f.svg", "CARBONRUN_TOP": "5", "CARBONRUN_METRICS": "m.txt",
           "CARBONRUN_MAX_ENERGY": "0.001mJ", "CARBONRUN_ON_EXCEED": "stop"}  # fmt: skip
    result = compare(sandbox, *QUICK, "true", env=env)
    assert (result.status, result.stderr) == (0, b"")
    assert list(sandbox.work.iterdir()) == []


def test_it_says_that_it_could_not_get_as_precise_as_it_should(sandbox: Sandbox) -> None:
    words = ("--max-runs", "6", "--precision", "0.001%", "--settle", "0", "--repeats", "1")
    result = compare(sandbox, *words, "echo a", "echo b")
    assert result.stdout.startswith(b"carbonrun compare: 6 rounds")
    assert b"wider than the 0.001 % asked for" in result.stdout.replace(b"\n        ", b" ")


def test_nothing_is_kept_but_what_was_asked_for(sandbox: Sandbox) -> None:
    compare(sandbox, *QUICK, "true")
    assert list(sandbox.work.iterdir()) == []
    assert not (sandbox.home / "state" / "carbonrun" / "runs.csv").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_run_and_tidies(sandbox: Sandbox, number: int) -> None:
    words = (*QUICK, "--cleanup", "touch clean", "touch begun; sleep 60")
    process = sandbox.start([*CARBONRUN, "compare", *words])
    wait_until((sandbox.work / "begun").exists, "the first run")
    time.sleep(0.2)
    os.kill(process.pid, number)
    assert sandbox.wait(process) == -number
    assert (sandbox.work / "clean").exists()
    sandbox.wait_until_empty()


def test_an_interruption_keeps_the_rounds_that_are_whole(sandbox: Sandbox) -> None:
    words = (
        "--runs", "9", "--warmup", "0", "--settle", "0", "--repeats", "1", "--seed", "1",
        "--save", "base.json", "--export-json", "o.json", "--fail-if-worse", "1%",
        "true", "echo >> log; test $(wc -l < log) -lt 4 || sleep 60",
    )  # fmt: skip
    process = sandbox.start([*CARBONRUN, "compare", *words])
    log = sandbox.work / "log"
    wait_until(lambda: log.exists() and log.read_text().count("\n") == 4, "the fourth round")
    os.kill(process.pid, signal.SIGINT)
    assert sandbox.wait(process) == -signal.SIGINT
    assert len(saved(sandbox, "o.json")["samples"]) == 6
    (note,) = (n for n in saved(sandbox, "o.json")["notes"] if n["code"] == "compare-ended-early")
    assert note["message"] == "this comparison has ended early, after 3 of 9 rounds"
    # A part of a comparison replaces no baseline.
    assert not (sandbox.work / "base.json").exists()


def test_a_late_failure_keeps_the_rounds_before_it(sandbox: Sandbox) -> None:
    words = (
        *QUICK,
        "--runs",
        "4",
        "--repeats",
        "1",
        "true",
        "echo >> log; test $(wc -l < log) -lt 3",
    )
    result = compare(sandbox, *words)
    assert result.status == 1
    assert b"compare: B failed with status 1" in result.stderr
    assert result.stdout.startswith(b"carbonrun compare: 2 rounds")
    assert b"ended early, after 2 of 4 rounds" in result.stdout


def test_a_bar_on_a_terminal_only(sandbox: Sandbox, terminal: Terminal) -> None:
    process = terminal.start([*CARBONRUN, "compare", *QUICK, "sleep 0.1", "sleep 0.2"])
    shown = terminal.read_all()
    assert sandbox.wait(process) == 0
    assert b"B takes" in shown or b"B and A" in shown
    assert b"1/4" in shown
    assert b"3/4" in shown
