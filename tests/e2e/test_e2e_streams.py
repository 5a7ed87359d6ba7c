"""Standard streams: the very same open files, every byte, also when they are broken or closed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wrapper import LOUD, WRAPPER, Sandbox, probe, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

BOTH_WAYS = pytest.mark.parametrize("prefix", [WRAPPER, LOUD], ids=["quiet", "loud"])
MEGABYTE = 1024 * 1024


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@BOTH_WAYS
def test_fifty_megabytes_of_output(sandbox: Sandbox, prefix: list[str]) -> None:
    data = os.urandom(50 * MEGABYTE)
    (sandbox.work / "data").write_bytes(data)
    result = sandbox.run([*prefix, "cat", "data"], seconds=30)
    assert result.status == 0
    assert digest(result.stdout) == digest(data)


@BOTH_WAYS
def test_five_megabytes_of_input(sandbox: Sandbox, prefix: list[str]) -> None:
    data = os.urandom(5 * MEGABYTE)
    result = sandbox.run([*prefix, "cat"], feed=data, seconds=30)
    assert result.status == 0
    assert digest(result.stdout) == digest(data)


@BOTH_WAYS
def test_the_wrapper_reads_nothing_from_standard_input(sandbox: Sandbox, prefix: list[str]) -> None:
    data = os.urandom(MEGABYTE)
    result = sandbox.run(["sh", "-c", '"$@"; cat', "sh", *prefix, "true"], feed=data, seconds=30)
    assert digest(result.stdout) == digest(data)


@BOTH_WAYS
@pytest.mark.parametrize("status", [0, 3])
def test_the_wrapper_writes_nothing_to_standard_output(
    sandbox: Sandbox, prefix: list[str], status: int
) -> None:
    result = sandbox.run([*prefix, "sh", "-c", f"exit {status}"])
    assert (result.status, result.stdout) == (status, b"")


def test_a_quiet_wrapper_writes_nothing_to_standard_error(sandbox: Sandbox) -> None:
    script = "printf 'one\\n\\033[31mtwo' >&2; exit 3"
    bare, wrapped = sandbox.both(["sh", "-c", script])
    assert wrapped == bare


@BOTH_WAYS
def test_standard_error_arrives_unchanged_and_first(sandbox: Sandbox, prefix: list[str]) -> None:
    data = os.urandom(200_000)
    (sandbox.work / "data").write_bytes(data)
    result = sandbox.run([*prefix, "sh", "-c", "cat data >&2; exit 4"])
    assert result.status == 4
    assert result.stderr[: len(data)] == data


def test_output_appears_at_once(sandbox: Sandbox) -> None:
    go_on = sandbox.work / "go-on"
    script = f"echo early; while ! test -e {go_on}; do sleep 0.02; done; echo late"
    process = sandbox.start([*WRAPPER, "sh", "-c", script])
    assert process.stdout is not None
    assert os.read(process.stdout.fileno(), 100) == b"early\n"
    assert process.poll() is None
    go_on.touch()
    assert process.communicate(timeout=10)[0] == b"late\n"


def test_the_streams_are_the_very_same_open_files(sandbox: Sandbox) -> None:
    found = []
    for prefix in ([], WRAPPER):
        out = sandbox.work / "descriptors"
        with (
            (sandbox.work / "in").open("w+b") as standard_input,
            (sandbox.work / "out").open("wb") as standard_output,
            (sandbox.work / "err").open("wb") as standard_error,
        ):
            result = sandbox.run(
                [*prefix, *probe("show_descriptors.py", str(out), "0", "1", "2")],
                stdin=standard_input,
                stdout=standard_output,
                stderr=standard_error,
            )
        assert result.status == 0
        found.append(out.read_text().splitlines()[:3])
        for number, name in enumerate(("in", "out", "err")):
            assert (sandbox.work / name).read_text() == f"written to {number}\n"
    assert found[0] == found[1]


@pytest.mark.parametrize("redirection", [">", ">>"])
def test_offsets_are_shared(sandbox: Sandbox, redirection: str) -> None:
    script = f'{{ echo a; "$@" echo b; echo c; }} {redirection}file'
    assert sandbox.run(["sh", "-c", script, "sh", *WRAPPER]).status == 0
    assert (sandbox.work / "file").read_bytes() == b"a\nb\nc\n"


def test_the_offset_of_standard_input_is_shared(sandbox: Sandbox) -> None:
    (sandbox.work / "file").write_text("one\ntwo\nthree\n")
    script = '{ read a; "$@" sh -c "read b; echo \\$b"; cat; } <file'
    assert sandbox.run(["sh", "-c", script, "sh", *WRAPPER]).stdout == b"two\nthree\n"


def closing(*numbers: int) -> Callable[[], None]:
    def entry() -> None:
        for number in numbers:
            os.close(number)

    return entry


CLOSED = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)]


@BOTH_WAYS
@pytest.mark.parametrize("numbers", CLOSED, ids=str)
def test_closed_streams_keep_the_status_and_stay_closed(
    sandbox: Sandbox, prefix: list[str], numbers: tuple[int, ...]
) -> None:
    out = sandbox.work / "descriptors"
    show = probe("show_descriptors.py", str(out))
    script = '"$@"; exit 7'
    result = sandbox.run(
        [*prefix, "sh", "-c", script, "sh", *show],
        entry=closing(*numbers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert result.status == 7
    targets = dict(line.split(" ", 1) for line in out.read_text().splitlines())
    for number in map(str, numbers):
        assert targets.get(number, "/dev/null") == "/dev/null"


def on(stream: str, target: object) -> dict[str, Any]:
    return {stream: target}


@BOTH_WAYS
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("status", [0, 7])
def test_a_stream_whose_reader_has_gone(
    sandbox: Sandbox, prefix: list[str], stream: str, status: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = sandbox.run([*prefix, "sh", "-c", f"exit {status}"], **on(stream, writer))
    finally:
        os.close(writer)
    assert result.status == status


@BOTH_WAYS
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("status", [0, 7])
def test_a_stream_on_a_full_device(
    sandbox: Sandbox, prefix: list[str], stream: str, status: int
) -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        result = sandbox.run([*prefix, "sh", "-c", f"exit {status}"], **on(stream, full))
    assert result.status == status


def test_a_reader_that_leaves_while_the_command_runs(sandbox: Sandbox) -> None:
    """The report cannot be written; the status is the command's nevertheless."""
    process = sandbox.start([*LOUD, "sh", "-c", "echo >&2; read x; exit 7"], stdin=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stdin is not None
    assert os.read(process.stderr.fileno(), 1) == b"\n"
    process.stderr.close()
    process.stderr = None
    process.stdin.write(b"go on\n")
    process.stdin.flush()
    wait_until(lambda: process.poll() is not None, "the end")
    assert process.returncode == 7
