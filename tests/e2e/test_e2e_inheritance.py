"""What the command inherits: environment, signals, descriptors, limits, as in a bare run."""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wrapper import LOUD, WRAPPER, Sandbox, probe, require_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

OWN = (b"CARBONRUN_RUN_ID=", b"CARBONRUN_SOCKET=")
# glibc's posix_spawn leaves its two internal signals, 32 and 33, ignored; no program can tell.
INTERNAL = 0b11 << 31
SHOW_ENVIRONMENT = ["cat", "/proc/self/environ"]
PR_SET_TIMERSLACK = 29
PR_SET_NO_NEW_PRIVS = 38
libc = ctypes.CDLL(None, use_errno=True)


def without_own(block: bytes) -> list[bytes]:
    return [entry for entry in block.split(b"\0") if not entry.startswith(OWN)]


@pytest.mark.parametrize(
    "changes",
    [
        {"LANG": "C.UTF-8"},
        {"LC_ALL": "C.UTF-8"},
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX"},
        {"LANG": "C"},
        {"LANG": "POSIX", "PYTHONUTF8": "0"},
        {"LC_CTYPE": "C"},
        {"LANG": "xx_YY.ISO8859-1"},
        {"LANG": "", "ODD": b"caf\xe9\xff", "EMPTY": "", "LINES": "a\nb", "SIGN": "a=b=c"},
    ],
    ids=str,
)
def test_the_environment_is_identical(sandbox: Sandbox, changes: dict[str, str | bytes]) -> None:
    bare, wrapped = sandbox.both(SHOW_ENVIRONMENT, env=changes)
    assert without_own(wrapped.stdout) == without_own(bare.stdout)
    assert bare.stdout.count(b"\0") == len(sandbox.environment | changes)


def test_an_environment_without_any_locale_is_identical(sandbox: Sandbox) -> None:
    sandbox.environment.pop("LANG")
    bare, wrapped = sandbox.both(SHOW_ENVIRONMENT)
    assert without_own(wrapped.stdout) == without_own(bare.stdout)


def replace_by(argv: Sequence[str], entries: Sequence[bytes]) -> Callable[[], None]:
    """Return what executes a command with an environment that no mapping can hold."""
    words = (ctypes.c_char_p * (len(argv) + 1))(*[word.encode() for word in argv], None)
    block = (ctypes.c_char_p * (len(entries) + 1))(*entries, None)

    def execute() -> None:
        libc.execve(argv[0].encode(), words, block)

    return execute


def test_odd_entries_of_the_environment_are_kept(sandbox: Sandbox) -> None:
    entries = [f"{name}={value}".encode() for name, value in sandbox.environment.items()]
    entries += [b"NO-EQUALS-SIGN", b"TWICE=1", b"TWICE=2", b"=empty name", b"\xff\xfe=\xe9", b""]
    wrapper = [require_tool(WRAPPER[0]), *WRAPPER[1:]]
    result = sandbox.run(
        ["false"], entry=replace_by([*wrapper, "/bin/cat", "/proc/self/environ"], entries)
    )
    assert without_own(result.stdout) == [*entries, b""]


def signal_lines(status: bytes) -> dict[str, int]:
    """Return the masks of a status file as numbers."""
    fields = dict(line.split(":\t", 1) for line in status.decode().splitlines())
    return {name: int(fields[name], 16) & ~INTERNAL for name in ("SigBlk", "SigIgn", "SigCgt")}


def ignoring(*names: str) -> Callable[[], None]:
    def entry() -> None:
        for name in names:
            signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)

    return entry


def blocking(*names: str) -> Callable[[], None]:
    def entry() -> None:
        signal.pthread_sigmask(
            signal.SIG_SETMASK, [getattr(signal, f"SIG{name}") for name in names]
        )

    return entry


ENTRIES = {
    "usual": ignoring(),
    "background job of a script": ignoring("INT", "QUIT"),
    "HUP": ignoring("HUP"),
    "TERM": ignoring("TERM"),
    "all four": ignoring("INT", "QUIT", "HUP", "TERM"),
    "TTOU": ignoring("TTOU", "TTIN", "TSTP"),
    "USR1 and WINCH": ignoring("USR1", "WINCH", "ALRM"),
    "CHLD": ignoring("CHLD"),
    "blocked USR1": blocking("USR1", "ALRM", "RTMIN"),
    "blocked TERM": blocking("TERM", "INT", "HUP", "QUIT", "CONT", "TSTP", "WINCH"),
    "blocked CHLD": blocking("CHLD"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_dispositions_and_mask_are_identical(sandbox: Sandbox, name: str) -> None:
    bare, wrapped = sandbox.both(["cat", "/proc/self/status"], entry=ENTRIES[name])
    assert signal_lines(wrapped.stdout) == signal_lines(bare.stdout)


def test_sigpipe_ignored_by_a_shell_stays_ignored(sandbox: Sandbox) -> None:
    # Here the parent of the wrapper ignores it too, and is still there.
    script = "trap '' PIPE; \"$@\"; :"
    bare = sandbox.run(["sh", "-c", script, "sh", "cat", "/proc/self/status"])
    wrapped = sandbox.run(["sh", "-c", script, "sh", *WRAPPER, "cat", "/proc/self/status"])
    assert signal_lines(bare.stdout)["SigIgn"] == 1 << (signal.SIGPIPE - 1)
    assert signal_lines(wrapped.stdout) == signal_lines(bare.stdout)


FURTHER = (*range(3, 10), 63)


def opening(folder: Path) -> Callable[[], None]:
    def entry() -> None:
        for number in FURTHER:
            path = folder / f"file{number}"
            first = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            spare = fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, 200)
            os.close(first)
            os.dup2(spare, number, inheritable=True)

    return entry


def descriptors(sandbox: Sandbox, prefix: list[str], **how: Any) -> str:
    out = sandbox.work / "descriptors"
    numbers = map(str, FURTHER if "entry" in how else ())
    # No pipes: their numbers differ from run to run.
    with (sandbox.work / "out").open("wb") as file:
        result = sandbox.run(
            [*prefix, *probe("show_descriptors.py", str(out), *numbers)],
            stdout=file,
            stderr=file,
            **how,
        )
    assert result.status == 0
    return out.read_text()


@pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
def test_further_descriptors_are_inherited_and_none_is_added(
    sandbox: Sandbox, prefix: list[str]
) -> None:
    bare = descriptors(sandbox, [], entry=opening(sandbox.work))
    for number in FURTHER:
        (sandbox.work / f"file{number}").unlink()
    wrapped = descriptors(sandbox, prefix, entry=opening(sandbox.work))
    assert wrapped == bare
    for number in FURTHER:
        assert (sandbox.work / f"file{number}").read_text() == f"written to {number}\n"


def test_no_descriptor_is_added(sandbox: Sandbox) -> None:
    assert descriptors(sandbox, WRAPPER) == descriptors(sandbox, [])


def unusual_attributes() -> None:
    os.umask(0o027)
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**9, 10**9))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name, value in (("oom_score_adj", "321"), ("coredump_filter", "0x31")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(value)
    libc.prctl(PR_SET_TIMERSLACK, 123_456, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # The last: what tests before this one have left open counts until the program is executed.
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 400))


ATTRIBUTES = """
pwd -P; umask; nice
cat /proc/self/limits /proc/self/oom_score_adj /proc/self/coredump_filter /proc/self/cgroup
cat /proc/self/timerslack_ns /proc/self/personality
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Cpus|Mems|Umask|THP|Core|TracerPid)' \
    /proc/self/status
readlink /proc/self/ns/* /proc/self/root
chrt -p $$ | sed 's/.*: //'
ionice
"""


@pytest.mark.parametrize("entry", [ignoring(), unusual_attributes], ids=["usual", "unusual"])
def test_attributes_of_the_process_are_identical(
    sandbox: Sandbox, entry: Callable[[], None]
) -> None:
    bare, wrapped = sandbox.both(["sh", "-c", ATTRIBUTES], entry=entry)
    assert wrapped == bare
    assert b"NoNewPrivs" in bare.stdout


def test_the_command_stays_in_the_session_and_the_process_group(sandbox: Sandbox) -> None:
    script = 'read -r _ _ _ _ group session _ </proc/self/stat; echo "$group $session"'
    process = sandbox.start([*WRAPPER, "sh", "-c", script])
    out = process.communicate(timeout=10)[0]
    assert out == f"{process.pid} {process.pid}\n".encode()


def test_kill_0_reaches_the_callers_group(sandbox: Sandbox) -> None:
    script = "trap 'echo caller' USR1; \"$@\"; wait"
    inner = "trap 'echo command; exit 4' USR1; kill -USR1 0; sleep 5"
    result = sandbox.run(["sh", "-c", script, "sh", *WRAPPER, "sh", "-c", inner])
    assert sorted(result.stdout.split()) == [b"caller", b"command"]
