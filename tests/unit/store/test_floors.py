"""The lowest power that was ever seen is kept, whatever happens to the file."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.floor import Observed
from carbonrun.notes import Notes
from carbonrun.store.floors import load_floors, save_floors
from tests.machine.unprivileged import public_folder, run_unprivileged
from tests.unit.store.real_run import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DATE = "2026-11-25"


def save(folder: Path, seen: dict[str, float | None], date: str = DATE) -> list[str]:
    """Save and return the codes of the notes."""
    notes = Notes()
    save_floors(str(folder), "m1", seen, date, notes)
    return [note.code for note in notes.all()]


def load(folder: Path) -> dict[str, float]:
    notes = Notes()
    floors = load_floors(str(folder), "m1", notes)
    assert notes.all() == ()
    return {device: floor.watts for device, floor in floors.items()}


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    assert load(tmp_path) == {}
    assert load(tmp_path / "missing") == {}


def test_the_lower_value_is_kept_with_its_date(tmp_path: Path) -> None:
    save(tmp_path, {"package-0": 12.5, "dram-0": 3.0}, "2026-01-01")
    save(tmp_path, {"package-0": 14.0, "dram-0": 2.5, "GPU-1": 40.0}, "2026-02-02")
    assert load_floors(str(tmp_path), "m1", Notes()) == {
        "package-0": Observed(watts=12.5, date="2026-01-01"),
        "dram-0": Observed(watts=2.5, date="2026-02-02"),
        "GPU-1": Observed(watts=40.0, date="2026-02-02"),
    }


def test_what_was_not_seen_changes_nothing(tmp_path: Path) -> None:
    assert save(tmp_path, {"package-0": None}) == []
    assert list(tmp_path.iterdir()) == []
    save(tmp_path, {"package-0": 12.5})
    (file,) = tmp_path.glob("*.json")
    os.utime(file, (1, 1))
    save(tmp_path, {"package-0": 12.5, "dram-0": None})
    save(tmp_path, {"package-0": 13.0})
    assert file.stat().st_mtime == 1
    assert load(tmp_path) == {"package-0": 12.5}


def test_no_power_is_no_floor(tmp_path: Path) -> None:
    assert save(tmp_path, {"a": 0.0, "b": -1.0}) == []
    assert load(tmp_path) == {}


def test_machines_that_share_a_home_have_files_of_their_own(tmp_path: Path) -> None:
    save(tmp_path, {"package-0": 12.5})
    notes = Notes()
    save_floors(str(tmp_path), "m2", {"package-0": 99.0}, DATE, notes)
    save_floors(str(tmp_path), None, {"package-0": 50.0}, DATE, notes)
    assert load(tmp_path) == {"package-0": 12.5}
    assert load_floors(str(tmp_path), "m2", notes)["package-0"].watts == 99.0
    assert load_floors(str(tmp_path), None, notes)["package-0"].watts == 50.0


def test_the_state_directory_is_made_for_the_owner(tmp_path: Path) -> None:
    state = tmp_path / "a" / "state"
    save(state, {"package-0": 12.5})
    assert state.stat().st_mode & 0o777 == 0o700
    assert load(state) == {"package-0": 12.5}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b"null",
        b"7",
        b"\xff\xfe",
        b'{"package-0": 5}',
        b'{"package-0": {}}',
        b'{"package-0": {"watts": "much", "date": "x"}}',
        b'{"package-0": {"watts": NaN, "date": "x"}}',
        b'{"package-0": {"watts": Infinity, "date": "x"}}',
        b'{"package-0": {"watts": -1, "date": "x"}}',
        b'{"package-0": {"watts": 0, "date": "x"}}',
        b'{"package-0": {"watts": 5}}',
    ],
    ids=ascii,
)
def test_what_is_unusable_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    save(tmp_path, {"package-0": 12.5})
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(content)
    notes = Notes()
    assert load_floors(str(tmp_path), "m1", notes) == {}
    (note,) = notes.all()
    assert (note.code, note.level) == ("floors-unusable", "warning")
    assert str(file) in note.message
    assert file.with_name(f"{file.name}.corrupt").read_bytes() == content
    assert save(tmp_path, {"package-0": 13.0}) == []
    assert load(tmp_path) == {"package-0": 13.0}


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "floors-m1.json").mkdir()
    assert save(tmp_path, {"package-0": 12.5}) == ["floors-unusable"]
    assert load(tmp_path) == {"package-0": 12.5}


def test_a_folder_that_cannot_be_written_is_a_note_and_no_failure() -> None:
    with public_folder() as folder:
        folder.chmod(0o555)
        assert run_unprivileged(lambda: save(folder, {"package-0": 1.0})) == ["floors-not-kept"]
        assert run_unprivileged(lambda: save(folder / "x", {"a": 1.0})) == ["floors-not-kept"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    save(tmp_path, {"package-0": 12.5})
    code = f"""
import resource
from carbonrun.notes import Notes
from carbonrun.store.floors import save_floors
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
notes = Notes()
save_floors({str(tmp_path)!r}, "m1", {{"package-0": 1.0}}, "2026-01-01", notes)
print([note.code for note in notes.all()])
"""
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "['floors-not-kept']\n"
    assert load(tmp_path) == {"package-0": 12.5}
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".lock"]


def test_a_lock_held_for_ever_delays_a_little(tmp_path: Path) -> None:
    save(tmp_path, {"package-0": 12.5})
    with (tmp_path / "floors-m1.json.lock").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        start = time.monotonic()
        save(tmp_path, {"package-0": 11.0})
        assert time.monotonic() - start < 1
    assert load(tmp_path) == {"package-0": 11.0}


# Sees ever lower values of its own device, and of one that all have.
WRITER = """
import sys
from carbonrun.notes import Notes
from carbonrun.store.floors import save_floors
state, number = sys.argv[1], int(sys.argv[2])
notes = Notes()
sys.stdin.read()
for step in range(20):
    seen = {f"own-{number}": 100.0 - step, "common": 1000.0 - step * 10 - number}
    save_floors(state, "m1", seen, "2026-01-01", notes)
sys.exit(len(notes.all()))
"""


def test_nobody_loses_what_others_have_seen(tmp_path: Path) -> None:
    words = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen([*words, str(number)], cwd=ROOT, stdin=subprocess.PIPE)
        for number in range(8)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0] * 8
    assert load(tmp_path) == {**{f"own-{n}": 81.0 for n in range(8)}, "common": 803.0}
    assert [path.name for path in tmp_path.glob("*.corrupt")] == []
    assert json.loads((tmp_path / "floors-m1.json").read_text())


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.floats(min_value=0.001, max_value=1e4)),
        max_size=8,
    )
)
def test_the_lowest_of_all_is_what_is_kept(
    tmp_path_factory: pytest.TempPathFactory, runs: list[dict[str, float | None]]
) -> None:
    folder = tmp_path_factory.mktemp("floors")
    for seen in runs:
        save(folder, seen)
    lowest: dict[str, float] = {}
    for seen in runs:
        for device, watts in seen.items():
            assert watts is not None
            lowest[device] = min(watts, lowest.get(device, watts))
    assert load(folder) == pytest.approx(lowest)
