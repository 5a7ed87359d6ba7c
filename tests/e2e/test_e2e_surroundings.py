"""Poor surroundings: no room, no home, no directory, few descriptors. The status is kept."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.recorder import Recorder
from tests.e2e.wrapper import (
    CARBONRUN,
    LOUD,
    SOURCE,
    WRAPPER,
    Sandbox,
    require_carbonrun,
    wait_until,
)
from tests.machine.control_group import NoControlGroup, own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = ["sh", "-c", "echo out; exit 7"]
BOTH_WAYS = pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
AS_USUAL = (7, b"out\n")


def in_own_mounts(sandbox: Sandbox, mounts: str, argv: list[str]) -> list[str]:
    """Return a command that runs ``argv`` behind mounts that nobody else sees."""
    own = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if sandbox.run([*own, "mount", "-t", "tmpfs", "none", str(sandbox.home)]).status != 0:
        pytest.skip("mounting is not permitted here")
    return [*own, "sh", "-c", f'set -e; {mounts}; exec "$@"', "sh", *argv]


def assert_as_usual(sandbox: Sandbox, argv: list[str], **how: Any) -> None:
    result = sandbox.run(argv, **how)
    assert result[:2] == AS_USUAL, result.stderr
    assert b"Traceback" not in result.stderr


@BOTH_WAYS
def test_a_full_disk(sandbox: Sandbox, prefix: list[str]) -> None:
    home = shlex.quote(str(sandbox.home))
    mounts = f"mount -t tmpfs -o size=4k none {home}; ! head -c 9000 /dev/zero >{home}/ballast"
    argv = in_own_mounts(sandbox, f"{mounts} 2>/dev/null", [*prefix, *COMMAND])
    assert_as_usual(sandbox, argv)


@BOTH_WAYS
def test_a_disk_that_is_nearly_full(sandbox: Sandbox, prefix: list[str]) -> None:
    """Directories and files can be made, but nothing can be written into them."""
    home = shlex.quote(str(sandbox.home))
    mounts = (
        f"mount -t tmpfs -o size=4k,nr_inodes=100 none {home}; head -c 4096 /dev/zero >{home}/x"
    )
    argv = in_own_mounts(sandbox, mounts, [*prefix, *COMMAND])
    assert_as_usual(sandbox, argv)


@BOTH_WAYS
def test_a_state_directory_that_is_read_only(sandbox: Sandbox, prefix: list[str]) -> None:
    home = shlex.quote(str(sandbox.home))
    argv = in_own_mounts(sandbox, f"mount -t tmpfs -o ro none {home}", [*prefix, *COMMAND])
    assert_as_usual(sandbox, argv)


@BOTH_WAYS
@pytest.mark.parametrize("home", ["/dev/full", "/dev/null", "/proc", "missing", "relative"])
def test_a_home_that_is_no_directory(sandbox: Sandbox, prefix: list[str], home: str) -> None:
    if home == "missing":  # root would make it
        home = str(sandbox.home / "missing")
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        del sandbox.environment[name]
    assert_as_usual(sandbox, [*prefix, *COMMAND], env={"HOME": home})


@BOTH_WAYS
def test_a_state_home_that_is_a_file(sandbox: Sandbox, prefix: list[str]) -> None:
    (sandbox.home / "state").write_text("")
    assert_as_usual(sandbox, [*prefix, *COMMAND])


@BOTH_WAYS
def test_no_home_in_the_environment(sandbox: Sandbox, prefix: list[str]) -> None:
    """The password file is replaced, so that nothing is written to the real home."""
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        del sandbox.environment[name]
    users = sandbox.work / "passwd"
    users.write_text(f"root:x:0:0::{sandbox.home}:/bin/sh\n")
    mounts = f"mount --bind {shlex.quote(str(users))} /etc/passwd"
    sandbox.home.mkdir(exist_ok=True)
    assert_as_usual(sandbox, in_own_mounts(sandbox, mounts, [*prefix, *COMMAND]))


@BOTH_WAYS
@pytest.mark.parametrize("variable", ["TMPDIR", "XDG_RUNTIME_DIR"])
def test_a_temporary_directory_that_is_missing(
    sandbox: Sandbox, prefix: list[str], variable: str
) -> None:
    assert_as_usual(sandbox, [*prefix, *COMMAND], env={variable: "/nonexistent"})


@BOTH_WAYS
def test_a_deleted_working_directory(sandbox: Sandbox, prefix: list[str]) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    assert_as_usual(sandbox, ["sh", "-c", script, "sh", *prefix, *COMMAND])


@BOTH_WAYS
def test_an_unwritable_working_directory(sandbox: Sandbox, prefix: list[str]) -> None:
    assert_as_usual(sandbox, [*prefix, *COMMAND], cwd="/proc")


@BOTH_WAYS
@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "xx_YY.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}]
)
def test_a_poor_locale_and_a_command_line_that_is_not_ascii(
    sandbox: Sandbox, prefix: list[str], locale: dict[str, str]
) -> None:
    assert_as_usual(sandbox, [*prefix, *COMMAND, "é", "\N{SNOWMAN}"], env=locale)


@BOTH_WAYS
def test_few_descriptors(sandbox: Sandbox, prefix: list[str]) -> None:
    assert_as_usual(
        sandbox,
        [*prefix, *COMMAND],
        entry=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12)),
    )


@BOTH_WAYS
def test_a_limit_on_the_size_of_files(sandbox: Sandbox, prefix: list[str]) -> None:
    """Neither the journal nor the table may bring SIGXFSZ or worse."""
    assert_as_usual(
        sandbox,
        [*prefix, *COMMAND],
        entry=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)),
    )


@pytest.mark.parametrize("option", ["--csv", "--json"])
@pytest.mark.parametrize("place", ["file/out", "directory", "/proc/out", "missing\0"])
def test_an_output_that_cannot_be_written_is_refused_before_the_start(
    sandbox: Sandbox, option: str, place: str
) -> None:
    require_carbonrun()
    if "\0" in place:
        place = "x" * 300  # longer than a file name can be
    (sandbox.work / "file").write_text("")
    (sandbox.work / "directory").mkdir()
    result = sandbox.run([*CARBONRUN, "-q", option, place, "--", "touch", "started"])
    assert result.status == 125
    assert not (sandbox.work / "started").exists()
    assert result.stdout == b""
    assert place.encode() in result.stderr
    assert b"Traceback" not in result.stderr


def test_nothing_is_dropped_into_the_working_directory(sandbox: Sandbox) -> None:
    assert sandbox.run([*LOUD, *COMMAND]).status == 7
    assert list(sandbox.work.iterdir()) == []


def test_the_journal_of_a_killed_carbonrun_is_readable(sandbox: Sandbox) -> None:
    require_carbonrun()
    recorder = Recorder(sandbox.work)
    process = sandbox.start([*WRAPPER, *recorder.command])
    recorder.wait_ready()

    def journals() -> list[Path]:
        return [path for path in sandbox.home.rglob("*") if _is_journal(path)]

    wait_until(journals, "a journal in the state directory")
    process.send_signal(signal.SIGKILL)
    sandbox.wait(process)
    recorder.finish()
    assert journals()


def _is_journal(path: Path) -> bool:
    """Tell whether a file consists of JSON lines; the last one may be incomplete."""
    if not path.is_file():
        return False
    *lines, _rest = path.read_text().split("\n")
    try:
        return bool(lines) and all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        (["--zone", "Grmany"], {}, b"--zone: unknown grid zone 'Grmany': did you mean DE"),
        ([], {"CARBONRUN_ZONE": "US-CX"}, b"CARBONRUN_ZONE: unknown grid zone 'US-CX': did you"),
        (["--interval", "nan"], {}, b"--interval 'nan': must be from 0.01 to 60 seconds"),
        (["--pue", "-1"], {}, b"--pue '-1': must be from 1 to 100"),
        (["--intensity", "inf"], {}, b"--intensity 'inf': must be from 0 to 10000 g/kWh"),
        (["--jsn", "x"], {}, b"unknown option --jsn: did you mean --json?"),
        (["--cgroups"], {}, b"unknown option --cgroups: did you mean --cgroup?"),
    ],
    ids=str,
)
def test_bad_input_is_refused_before_the_start(
    sandbox: Sandbox, words: list[str], environment: dict[str, str], expected: bytes
) -> None:
    require_carbonrun()
    result = sandbox.run([*CARBONRUN, *words, "--", "touch", "started"], env=environment)
    assert (result.status, result.stdout) == (125, b"")
    assert expected in result.stderr
    assert not (sandbox.work / "started").exists()
    assert not list(sandbox.home.rglob("*")), "a refused run leaves nothing behind"


def test_a_pattern_that_never_ends_does_not_hold_anybody_up(sandbox: Sandbox) -> None:
    require_carbonrun()
    options = ["--mask", "(a+)+$", "-q", "--json", "report.json"]
    result = sandbox.run(
        [*CARBONRUN, *options, "--", "sh", "-c", "exit 7", "a" * 40 + "!"], seconds=5
    )
    assert result.status == 7
    report = json.loads((sandbox.work / "report.json").read_text())
    assert set(report["run"]["command"]) == {"***"}
    assert "mask-too-slow" in [note["code"] for note in report["notes"]]


def test_without_procfs_nothing_reads_zero(sandbox: Sandbox) -> None:
    """What is left is the command's own CPU time and the model of an unknown CPU."""
    require_carbonrun()
    if os.geteuid() != 0:
        pytest.skip("only root may unmount procfs")
    options = ["--no-csv", "-q", "--json", "report.json"]
    words = in_own_mounts(sandbox, "umount -l /proc", [*CARBONRUN, *options, "--", *COMMAND])
    assert sandbox.run(words).status == 7
    report = json.loads((sandbox.work / "report.json").read_text())
    assert report["energy"]["joules"] > 0
    assert report["emissions"]["grams_co2e"] > 0
    assert "machine-unreadable" in [note["code"] for note in report["notes"]]
    assert "carbonrun-failed" not in [note["code"] for note in report["notes"]]


@pytest.mark.parametrize("limit", [6, 7, 8, 9, 10])
def test_hardly_any_descriptors(sandbox: Sandbox, limit: int) -> None:
    """Below what Python itself needs nothing starts; above it the command's status counts."""
    require_carbonrun()

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    words = [*CARBONRUN, "-q", "--", "sh", "-c", "touch started; exit 7"]
    status = sandbox.run(words, entry=few).status
    assert (status == 7) == (sandbox.work / "started").exists()


FAULTS = {
    "wait4": "import os\ndef fail(*_): raise ImportError('no resource module')\nos.wait4 = fail\n",
    "everything behind the start": (
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'carbonrun.recording': raise ImportError(name)\n"
        "sys.meta_path.insert(0, Gone())\n"
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("end", ["exit 7", "kill -TERM $$", "sleep 0.2; exit 7"])
def test_a_fault_of_ours_keeps_the_status(sandbox: Sandbox, fault: str, end: str) -> None:
    """Python replaced while the command runs, a module that is gone: the command's end counts."""
    require_carbonrun()
    (sandbox.home / "sitecustomize.py").write_text(FAULTS[fault])
    path = f"{sandbox.home}:{sandbox.environment['PYTHONPATH']}"
    result = sandbox.run([*CARBONRUN, "--", "sh", "-c", end], env={"PYTHONPATH": path})
    assert result.status == (-signal.SIGTERM if "kill" in end else 7)
    assert b"Traceback" not in result.stderr
    assert b"not started" not in result.stderr


@pytest.mark.parametrize("fault", ["everything behind the start"])
def test_where_there_is_no_report_it_is_said(sandbox: Sandbox, fault: str) -> None:
    require_carbonrun()
    (sandbox.home / "sitecustomize.py").write_text(FAULTS[fault])
    path = f"{sandbox.home}:{sandbox.environment['PYTHONPATH']}"
    words = ["--", "sh", "-c", "exit 7"]
    result = sandbox.run([*CARBONRUN, *words], env={"PYTHONPATH": path})
    assert result.stderr.startswith(b"carbonrun: no report: ")
    assert b"carbonrun.recording" in result.stderr
    assert sandbox.run([*CARBONRUN, "-q", *words], env={"PYTHONPATH": path}).stderr == b""


@pytest.mark.parametrize("options", [[], ["--top", "3"], ["--flame", "calls.svg"]], ids=str)
@pytest.mark.parametrize("colour", ["0", "1"])
def test_the_command_may_remove_carbonrun(
    sandbox: Sandbox, options: list[str], colour: str
) -> None:
    """As pip does that installs another version; it is Python's cache that is put in its place."""
    require_carbonrun()
    copy = sandbox.home / "site" / "carbonrun"
    shutil.copytree(SOURCE / "carbonrun", copy)
    command = ["sh", "-c", f"sleep 1; rm -r {copy}"]
    words = [*CARBONRUN, "--json", "report.json", *options, "--", *command]
    environment = {"PYTHONPATH": str(copy.parent), "FORCE_COLOR": colour}
    result = sandbox.run(words, env=environment)
    assert result.status == 0
    assert b"no report" not in result.stderr
    assert b"carbonrun-failed" not in (sandbox.work / "report.json").read_bytes()
    assert (b"\x1b[" in result.stderr) == (colour == "1")
    assert (sandbox.work / "calls.svg").exists() == ("--flame" in options)


def test_a_command_that_removes_carbonrun_at_once(sandbox: Sandbox) -> None:
    """Before what reports is imported: there can be no report, but it is said."""
    require_carbonrun()
    copy = sandbox.home / "site" / "carbonrun"
    shutil.copytree(SOURCE / "carbonrun", copy)
    words = ["--no-csv", "--", "sh", "-c", f"rm -r {copy}; exit 7"]
    result = sandbox.run([*CARBONRUN, *words], env={"PYTHONPATH": str(copy.parent)})
    assert result.status == 7
    assert result.stderr.startswith(b"carbonrun: no report: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_start_that_hangs_can_be_broken_off(sandbox: Sandbox, number: signal.Signals) -> None:
    """Here on a configuration file that never comes, as on a dead network disk."""
    require_carbonrun()
    path = sandbox.work / "slow.toml"
    os.mkfifo(path)
    process = sandbox.start([*CARBONRUN, "--config", "slow.toml", "--", "touch", "started"])
    with path.open("wb"):  # comes back when carbonrun has opened it too, and now waits for more
        process.send_signal(number)
        assert process.wait(timeout=5) == -number
    assert not (sandbox.work / "started").exists()


@pytest.fixture
def threads_only() -> Iterator[Path]:
    """Return a control group of threads: what is made below it cannot be entered by processes."""
    try:
        group = own_folder() / f"carbonrun-test-{os.getpid()}"
        group.mkdir()
    except (NoControlGroup, OSError) as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        (group / "cgroup.type").write_text("threaded")
        yield group
    finally:
        wait_until(lambda: not (group / "cgroup.threads").read_text(), "the end of all in it")
        group.rmdir()


def test_a_refused_start_leaves_nothing(sandbox: Sandbox, threads_only: Path) -> None:
    require_carbonrun()
    sockets = sandbox.work / "s"
    sockets.mkdir()
    result = sandbox.run(
        [*CARBONRUN, "--cgroup", "--", "touch", "started"],
        entry=lambda: (threads_only / "cgroup.procs").write_text("0"),
        env={"TMPDIR": str(sockets)},
    )
    assert result.status == 125
    assert b"cannot be entered" in result.stderr
    assert [path for path in threads_only.iterdir() if path.is_dir()] == []
    assert list(sockets.iterdir()) == []
    assert not (sandbox.work / "started").exists()


def test_an_endless_configuration_is_refused(sandbox: Sandbox) -> None:
    require_carbonrun()
    result = sandbox.run([*CARBONRUN, "--config", "/dev/zero", "--", "touch", "started"])
    assert (result.status, result.stdout) == (125, b"")
    assert b"/dev/zero cannot be read: it is larger than" in result.stderr


def test_csv_and_json_to_one_file_are_refused(sandbox: Sandbox) -> None:
    require_carbonrun()
    words = ["--csv", "out", "--json", "./out", "--", "touch", "started"]
    result = sandbox.run([*CARBONRUN, *words])
    assert (result.status, result.stdout) == (125, b"")
    assert b"would be written to the same file: ./out" in result.stderr
    assert not (sandbox.work / "started").exists()


def test_an_empty_name_is_no_command(sandbox: Sandbox) -> None:
    assert sandbox.run([*WRAPPER, ""]).status == 127
