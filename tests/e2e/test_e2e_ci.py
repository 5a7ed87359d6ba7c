"""In builds: labels, the step's summary, annotations, metrics, and the shell steps we ship."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.ci_files import ROOT, blocks, expressions, inputs, variables
from tests.e2e.wrapper import CARBONRUN, require_carbonrun, require_tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.wrapper import Result, Sandbox

ACTION = ROOT / "action.yml"
TEMPLATE = ROOT / "templates" / "carbonrun.gitlab-ci.yml"
GUIDE = ROOT / "docs" / "ci.md"
LONG_SECONDS = 90.0


@pytest.fixture(autouse=True)
def _only_carbonrun() -> None:
    require_carbonrun()


@pytest.fixture
def github(sandbox: Sandbox) -> dict[str, str]:
    """Give the test the environment of a step of GitHub Actions."""
    for name in ("summary", "path"):
        (sandbox.work / name).touch()
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SHA": "0123456789abcdef",
        "GITHUB_REF_NAME": "main",
        "GITHUB_JOB": "build",
        "GITHUB_STEP_SUMMARY": str(sandbox.work / "summary"),
        "GITHUB_PATH": str(sandbox.work / "path"),
        "RUNNER_TEMP": str(sandbox.home),
    }


@pytest.fixture
def on_path(sandbox: Sandbox) -> str:
    """Put a program called carbonrun, which is this source tree, before the PATH; return that."""
    folder = sandbox.home / "bin"
    folder.mkdir()
    program = folder / "carbonrun"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m carbonrun "$@"\n')
    program.chmod(0o755)
    return f"{folder}:{os.environ.get('PATH', os.defpath)}"


def run(sandbox: Sandbox, *words: str, env: dict[str, str], status: int = 0) -> Result:
    result = sandbox.run([*CARBONRUN, *words], env=env, seconds=LONG_SECONDS)
    assert result.status == status, result.stderr.decode()
    return result


def report(sandbox: Sandbox, *words: str, env: dict[str, str]) -> Any:
    run(sandbox, "-q", "--json", "r.json", *words, "--", "true", env=env)
    return json.loads((sandbox.work / "r.json").read_text())


def test_labels_from_the_service(sandbox: Sandbox, github: dict[str, str]) -> None:
    tags = report(sandbox, "--tag", "job=mine", env=github)["run"]["tags"]
    assert tags == {"ci": "github", "commit": "0123456789abcdef", "branch": "main", "job": "mine"}
    assert report(sandbox, "--ci", "none", env=github)["run"]["tags"] == {}
    assert report(sandbox, env={"CI": "true"})["run"]["tags"] == {}


def test_runs_of_a_step_share_a_table(sandbox: Sandbox, github: dict[str, str]) -> None:
    run(sandbox, "-q", "--", "true", env=github)
    run(sandbox, "-q", "--name", "second", "--", "sh", "-c", "exit 3", env=github, status=3)
    text = (sandbox.work / "summary").read_text()
    head, rule, first, second = text.strip().splitlines()[-4:]
    assert head.startswith("| command | end |")
    assert rule.startswith("| --- |")
    assert first.startswith("| `true` | exit 0 |")
    assert second.startswith("| second: `sh -c 'exit 3'` | exit 3 |")
    before = text
    run(sandbox, "-q", "--ci", "none", "--", "true", env=github)
    assert (sandbox.work / "summary").read_text() == before


def test_a_summary_that_cannot_be_written_is_a_note(
    sandbox: Sandbox, github: dict[str, str]
) -> None:
    env = {**github, "GITHUB_STEP_SUMMARY": "/no/such/file"}
    result = run(sandbox, "--", "true", env=env)
    assert b"/no/such/file could not be written" in result.stderr


def test_a_budget_is_annotated(sandbox: Sandbox, github: dict[str, str]) -> None:
    words = ("--max-energy", "0.001mJ", "--on-exceed")
    warned = run(sandbox, *words, "warn", "--", "true", env=github)
    assert b"\n::warning title=carbonrun::over budget: used " in warned.stderr
    failed = run(sandbox, *words, "fail", "--", "true", env=github, status=122)
    assert b"\n::error title=carbonrun::over budget: used " in failed.stderr
    quiet = run(sandbox, "-q", *words, "warn", "--", "true", env=github)
    assert quiet.stderr == b""
    assert (sandbox.work / "summary").read_text().count("**over**") == 3


def test_a_comparison_goes_to_the_summary_once(sandbox: Sandbox, github: dict[str, str]) -> None:
    words = ("--runs", "6", "--warmup", "0", "--settle", "0", "--repeats", "1")
    slow = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
    result = run(
        sandbox, "compare", *words, "--fail-if-worse", "5%", "true", slow, env=github, status=122
    )  # fmt: skip
    text = (sandbox.work / "summary").read_text()
    assert text.count("#### ") == 1
    assert "| B | A | CPU time |" in text
    assert b"\n::error title=carbonrun::worse than allowed: B uses more CPU time" in result.stdout


def test_metrics_and_junit(sandbox: Sandbox) -> None:
    words = ("-q", "--metrics", "m.txt", "--junit", "j.xml", "--name", "a b")
    run(sandbox, *words, "--", "true", env={})
    run(sandbox, *words, "--", "true", env={})
    run(sandbox, "-q", "--metrics", "m.txt", "--", "true", env={})
    text = (sandbox.work / "m.txt").read_text()
    assert text.count('carbonrun_energy_joules{name="a_b"} ') == 1
    assert text.count('carbonrun_duration_seconds{name="true"} ') == 1
    root = ET.fromstring((sandbox.work / "j.xml").read_text())  # noqa: S314 - our own
    assert next(root.iter("testcase")).get("name") == "a b"
    result = run(sandbox, "--junit", "no/such.xml", "--", "true", env={}, status=125)
    assert b"--junit no/such.xml cannot be written" in result.stderr


def step(sandbox: Sandbox, script: str, env: dict[str, str]) -> Result:
    """Run a script as GitHub runs a step of the shell bash."""
    require_tool("bash")
    file = sandbox.home / "step.sh"
    file.write_text(script)
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)]
    return sandbox.run(words, env=env, seconds=LONG_SECONDS)


def action(sandbox: Sandbox, env: dict[str, str], **given: str) -> Result:
    """Run the step of the action that measures."""
    names = expressions(ACTION)
    values = {**inputs(ACTION), **{key.replace("_", "-"): value for key, value in given.items()}}
    assert set(values) == set(names)
    step_env = {names[key]: value for key, value in values.items()}
    return step(sandbox, blocks(ACTION, "run: |")[1], {**env, **step_env})


def test_the_action_measures(sandbox: Sandbox, github: dict[str, str], on_path: str) -> None:
    env = {**github, "PATH": on_path}
    result = action(sandbox, env, run="echo $((6 * 7)) | tee out; (exit 0)", name="it's a build")
    assert (result.status, result.stdout) == (0, b"42\n")
    assert "it's a build: " in (sandbox.work / "summary").read_text()
    assert action(sandbox, env, run="false | true").status == 1  # pipefail
    over = action(sandbox, env, run="true", max_energy="0.001mJ", on_exceed="fail")
    assert over.status == 122
    csv = action(sandbox, env, run="true", options="--csv o.csv --tag a=b")
    assert csv.status == 0
    assert (sandbox.work / "o.csv").exists()


def test_the_action_compares_with_a_baseline(
    sandbox: Sandbox, github: dict[str, str], on_path: str
) -> None:
    env = {**github, "PATH": on_path}
    options = "--runs 6 --warmup 0 --settle 0 --repeats 1"
    common = {"name": "job", "options": options, "baseline": "base.json"}
    quick = "for i in {1..2000}; do :; done"
    first = action(sandbox, env, run=quick, save="base.json", **common)
    assert first.status == 0, first.stderr
    same = action(sandbox, env, run=quick, **{**common, "fail-if-worse": "300%"})
    assert same.status == 0, same.stdout
    worse = action(sandbox, env, run=quick.replace("2000", "400000"), save="new.json", **common)
    assert worse.status == 122
    assert b"worse than allowed: job uses more CPU time than job of" in worse.stdout
    assert (sandbox.work / "new.json").exists()
    unknown = action(sandbox, env, run="true", **{**common, "name": "other"})
    assert unknown.status == 0
    assert b"::warning title=carbonrun::the baseline has no command" in unknown.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel that the install steps install."""
    for tool in ("build", "hatchling", "pip"):
        if importlib.util.find_spec(tool) is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no {tool} here")
    place = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place)]
    subprocess.run([*words, str(ROOT)], check=True, capture_output=True)
    return place


def no_index(wheel: Path) -> dict[str, str]:
    """Return the variables that make pip find the wheel and ask no index."""
    return {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FIND_LINKS": str(wheel)}


def test_the_action_installs(sandbox: Sandbox, github: dict[str, str], wheel: Path) -> None:
    script = blocks(ACTION, "run: |")[0]
    env = {**github, **no_index(wheel), "PACKAGE": "carbonrun", "ACTION_PATH": str(ROOT)}
    for _ in range(2):  # a second use in the same job installs nothing
        result = step(sandbox, script, {**env, "PYTHONPATH": ""})
        assert (result.status, result.stderr) == (0, b"")
    (folder, again) = (sandbox.work / "path").read_text().split()
    assert folder == again
    result = sandbox.run([f"{folder}/carbonrun", "--version"], env={"PYTHONPATH": ""})
    assert result.stdout.startswith(b"carbonrun ")


def test_the_gitlab_template(sandbox: Sandbox, wheel: Path) -> None:
    (install,) = blocks(TEMPLATE, "- |")
    env = {
        **variables(TEMPLATE),
        **no_index(wheel),
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": "abc",
        "CI_JOB_NAME": "build",
        "CI_BUILDS_DIR": str(sandbox.home),
        "PYTHONPATH": "",
    }
    script = f"{install}\ncarbonrun --name build -- true\ncarbonrun --name test -- true\n"
    result = sandbox.run(["sh", "-ec", script], env=env, seconds=LONG_SECONDS)
    assert result.status == 0, result.stderr
    assert result.stderr.count(b"carbonrun: energy_j=") == 2
    assert f"      metrics: {env['CARBONRUN_METRICS']}\n" in TEMPLATE.read_text()
    text = (sandbox.work / env["CARBONRUN_METRICS"]).read_text()
    assert 'carbonrun_energy_joules{name="build"} ' in text
    assert 'carbonrun_energy_joules{name="test"} ' in text


def recipe() -> str:
    """Return the lines for a Makefile in the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    block = text.partition("<!-- makefile -->\n```make\n")[2].partition("```")[0]
    assert block
    return block


def test_the_makefile_bills_each_target(sandbox: Sandbox, on_path: str) -> None:
    require_tool("make")
    targets = [f"t{number}" for number in range(6)]
    rules = "".join(
        f'{target}:\n\t@sleep 0.1; echo "made $@ $$((1 + {number}))"\n'
        for number, target in enumerate(targets)
    )
    makefile = f"{recipe()}all: {' '.join(targets)}\n{rules}bad:\n\t@exit 7\n"
    (sandbox.work / "Makefile").write_text(makefile)
    env = {"PATH": on_path, "CARBONRUN_CSV": "energy.csv"}
    result = sandbox.run(["make", "-j4", "all"], env=env, seconds=LONG_SECONDS)
    assert result.status == 0, result.stderr
    made = sorted(result.stdout.decode().splitlines())
    assert made == [f"made {target} {n + 1}" for n, target in enumerate(targets)]
    rows = (sandbox.work / "energy.csv").read_text().splitlines()
    names = sorted(row.split(",")[rows[0].split(",").index("name")] for row in rows[1:])
    assert names == targets
    failed = sandbox.run(["make", "bad"], env=env, seconds=LONG_SECONDS)
    assert failed.status == 2
    assert b"Error 7" in failed.stderr
