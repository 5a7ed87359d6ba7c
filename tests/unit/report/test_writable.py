"""An output that cannot be written is refused before the command is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carbonrun.errors import OutputError
from carbonrun.report.writable import check_writable
from tests.machine.unprivileged import public_folder, run_unprivileged


def refusal(path: str | Path) -> OutputError:
    with pytest.raises(OutputError) as caught:
        check_writable(str(path), "--csv")
    assert caught.value.exit_status == 125
    assert caught.value.message.startswith(f"--csv {path} cannot be written: ")
    assert caught.value.hint
    return caught.value


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_a_file_that_is_not_there_yet_is_not_made() -> None:
    check_writable("new.csv", "--csv")
    assert names() == []


def test_a_file_that_is_there_is_not_touched() -> None:
    Path("runs.csv").write_text("x")
    os.utime("runs.csv", (1, 1))
    check_writable("runs.csv", "--csv")
    assert Path("runs.csv").read_text() == "x"
    assert Path("runs.csv").stat().st_mtime == 1
    assert names() == ["runs.csv"]


def test_a_link_to_what_is_not_there_yet() -> None:
    Path("link.csv").symlink_to("target.csv")
    check_writable("link.csv", "--csv")
    assert names() == ["link.csv"]


def test_a_pipe_is_not_opened() -> None:
    os.mkfifo("fifo")
    check_writable("fifo", "--json")
    receive, send = os.pipe()
    check_writable(f"/dev/fd/{send}", "--json")
    os.close(receive)
    os.close(send)


def test_a_folder() -> None:
    Path("folder").mkdir()
    for path in ("folder", "folder/", "new/"):
        assert "it is a directory" in refusal(path).message
    assert "folder/FILE" in str(refusal("folder/").hint)


def test_a_folder_that_is_not_there() -> None:
    error = refusal("missing/runs.csv")
    assert "there is no folder missing" in error.message
    assert error.hint == "make the folder first: mkdir -p missing"


def test_a_link_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    Path("link.csv").symlink_to("missing/runs.csv")
    assert f"there is no folder {tmp_path}/missing" in refusal("link.csv").message


def test_a_descriptor_that_is_not_open() -> None:
    closed = os.dup(0)
    os.close(closed)
    assert "mkdir" not in str(refusal(f"/dev/fd/{closed}").hint)


def test_a_file_as_a_folder() -> None:
    Path("file").touch()
    assert "Not a directory" in refusal("file/runs.csv").message


@pytest.mark.parametrize("path", ["x" * 300, "nul\0"], ids=["long", "nul"])
def test_names_that_cannot_be(path: str) -> None:
    refusal(path)
    assert names() == []


def test_what_is_not_ours_to_write() -> None:
    with public_folder() as folder:
        (folder / "runs.csv").touch(0o444)

        def messages() -> list[str]:
            found = []
            for name in ("runs.csv", "new.csv"):
                try:
                    check_writable(f"{folder}/{name}", "CARBONRUN_CSV")
                except OutputError as error:
                    found.append(error.message)
            return found

        for message in run_unprivileged(messages):
            assert message.startswith("CARBONRUN_CSV")
            assert "Permission denied" in message
        assert len(run_unprivileged(messages)) == (2 if os.geteuid() == 0 else 1)
