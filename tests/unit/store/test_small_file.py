"""Whatever is in the place of a small file: nothing hangs, nothing is read without end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carbonrun.store.small_file import MOST_BYTES, read_small, remove, set_aside, write_private
from tests.machine.unprivileged import NOBODY

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    write_private(path, "one")
    write_private(path, "two \u00e4")
    assert read_small(path) == "two \u00e4".encode()
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["file"]


def test_a_pipe_that_nobody_writes_to_does_not_hang(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    os.mkfifo(path)
    with pytest.raises(ValueError, match="no regular file"):
        read_small(path)
    assert "is kept as" in set_aside(path, ValueError("it is no regular file"))
    assert names(tmp_path) == ["file.corrupt"]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/"])
def test_devices_and_folders_are_no_files(path: str) -> None:
    with pytest.raises(ValueError, match="no regular file"):
        read_small(path)


def test_too_large(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * MOST_BYTES)
    assert len(read_small(str(file))) == MOST_BYTES
    file.write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(ValueError, match="larger than"):
        read_small(str(file))


def test_what_cannot_be_read_stays_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("good")
    assert set_aside(str(file), PermissionError(13, "no")) == f"{file} cannot be read (no)"
    assert file.read_text() == "good"


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"file.{os.getpid()}")
    write_private(str(tmp_path / "file"), "x")
    assert names(tmp_path) == ["file"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(OSError, match="irectory"):
        write_private(str(path), "x")
    assert names(tmp_path) == ["file"]


def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(tmp_path, NOBODY, NOBODY)
    write_private(str(tmp_path / "file"), "x")
    assert (tmp_path / "file").stat().st_uid == NOBODY


def test_remove_tells_whether_there_was_something(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert remove(str(tmp_path / "file"))
    assert not remove(str(tmp_path / "file"))
