"""The JSON report gets to wherever it was sent, whole, without waiting for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonrun.report.json import to_json, write_json
from carbonrun.report.output import STALL_SECONDS
from tests.machine.unprivileged import public_folder, run_unprivileged
from tests.unit.report.sample_report import ENERGY, REPORT, with_command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
# Longer than a pipe holds.
LONG = with_command("echo", "x" * 200_000)
TEXT = to_json(REPORT)
WRITE = """
import sys
from carbonrun.report.json import write_json
from tests.unit.report.sample_report import REPORT
write_json(sys.argv[1], REPORT)
"""


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(tmp_path: Path) -> Iterator[None]:
    yield
    assert [path.name for path in tmp_path.rglob("*.tmp")] == []


def test_the_text_is_ascii_and_ends_in_a_newline() -> None:
    text = to_json(with_command("caf\u00e9", "caf\udce9"))
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text)["run"]["command"] == ["caf\u00e9", "caf\udce9"]


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_what_json_has_not_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json(REPORT.replace(energy=ENERGY.replace(joules=number)))


def test_a_new_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    old = os.umask(0o027)
    try:
        write_json(str(path), REPORT)
    finally:
        os.umask(old)
    assert path.read_text() == TEXT
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_name_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_json("report.json", REPORT)
    assert (tmp_path / "report.json").read_text() == TEXT


def test_a_file_is_replaced_at_once_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(0o600)
    with path.open() as reader:
        write_json(str(path), REPORT)
        assert reader.read() == "old"
    assert path.read_text() == TEXT
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_reader_never_sees_half_a_report(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_json(str(path), LONG)
    stop = threading.Event()

    def write_on() -> None:
        while not stop.is_set():
            write_json(str(path), LONG)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for _ in range(200):
            assert len(path.read_bytes()) == len(to_json(LONG))
    finally:
        stop.set()
        writer.join()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target.json"
    for content in (None, "old"):
        if content is not None:
            target.write_text(content)
        link = tmp_path / f"link-{content}.json"
        link.symlink_to(target.name)
        write_json(str(link), REPORT)
        assert link.is_symlink()
        assert target.read_text() == TEXT
        target.unlink()


def test_a_file_with_two_names_keeps_both(tmp_path: Path) -> None:
    path, other = tmp_path / "a.json", tmp_path / "b.json"
    path.write_text("old and long" * 10_000)
    other.hardlink_to(path)
    write_json(str(path), REPORT)
    assert other.read_text() == TEXT
    assert other.samefile(path)


def test_a_file_of_somebody_else_stays_theirs(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has files of somebody else to write to")
    path = tmp_path / "report.json"
    path.write_text("old and long" * 10_000)
    os.chown(path, 65534, 65534)
    write_json(str(path), REPORT)
    assert path.read_text() == TEXT
    assert path.stat().st_uid == 65534


def test_a_writable_file_in_a_protected_folder() -> None:
    with public_folder() as folder:
        path = folder / "report.json"
        path.write_text("old and long" * 10_000)
        path.chmod(0o666)
        folder.chmod(0o555)
        run_unprivileged(lambda: write_json(str(path), REPORT))
        folder.chmod(0o755)
        assert path.read_text() == TEXT
        assert [entry.name for entry in folder.iterdir()] == ["report.json"]


def test_a_report_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))" + WRITE
    process = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, check=False
    )
    assert b"File too large" in process.stderr
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("path", "error"),
    [("missing/report.json", FileNotFoundError), (".", IsADirectoryError)],
)
def test_what_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, error: type[OSError]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        write_json(path, REPORT)


def test_a_full_device() -> None:
    with pytest.raises(OSError, match="No space left"):
        write_json("/dev/full", REPORT)


def test_a_pipe_with_a_name(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with (tmp_path / "out").open("wb") as out, subprocess.Popen(["cat", str(fifo)], stdout=out):
        write_json(str(fifo), LONG)
    assert (tmp_path / "out").read_text() == to_json(LONG)


def test_a_pipe_whose_reader_comes_a_little_late(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(
        ["sh", "-c", 'sleep 0.3; cat "$0"', str(fifo)], stdout=subprocess.PIPE
    ) as reader:
        write_json(str(fifo), REPORT)
        assert reader.stdout is not None
        assert reader.stdout.read().decode() == TEXT


def test_a_pipe_without_a_reader_is_given_up(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    start = time.monotonic()
    with pytest.raises(OSError, match="nobody reads"):
        write_json(str(fifo), REPORT)
    assert time.monotonic() - start < STALL_SECONDS + 1
    assert fifo.is_fifo()


def test_a_pipe_whose_reader_does_not_read_is_given_up(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="does not read"):
        write_json(str(fifo), LONG)
    assert time.monotonic() - start < STALL_SECONDS + 1
    os.close(reader)


def test_a_pipe_whose_reader_goes_away(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = ["head", "-c", "10", str(fifo)]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL),
        pytest.raises(BrokenPipeError),
    ):
        write_json(str(fifo), LONG)


def test_process_substitution(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = f'"$0" -c "$1" >(cat >{out}.part; mv {out}.part {out}); wait $!'
    words = ["bash", "-c", script, sys.executable, WRITE]
    subprocess.run(words, cwd=ROOT, check=True, timeout=20)
    end = time.monotonic() + 5
    while not out.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert out.read_text() == TEXT


@pytest.mark.parametrize("name", ["/dev/fd/7", "/proc/self/fd/7", "/dev/stderr", "-"])
def test_a_descriptor_goes_on_where_it_is(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    number = 7 if "7" in name else 2
    script = (
        f'{{ echo before >&{number}; "$0" -c "$1" {name}; echo after >&{number}; }} {number}>"$2"'
    )
    words = ["bash", "-c", script, sys.executable, WRITE, str(out)]
    subprocess.run(words, cwd=ROOT, check=True, timeout=20)
    assert out.read_text() == f"before\n{TEXT}after\n"


def test_a_descriptor_that_is_not_open(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"descriptor|No such file"):
        write_json("/dev/fd/99999", REPORT)
    assert list(tmp_path.iterdir()) == []
