"""What services told, on disk: private, whole, and distrusted."""

from __future__ import annotations

import json
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.intensity.cache import Day, Failure, merged
from carbonrun.store.intensity_format import (
    day_as_json,
    day_from_json,
    failure_as_json,
    failure_from_json,
)
from carbonrun.store.intensity_shelf import MOST_DAYS, FileShelf, service_folder
from tests.unit.intensity.test_cache import DAY, HOUR, MIDNIGHT, day_of, point

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = day_of([(0, 0.5, "a"), (2, 1.0, "f")], asked_at=MIDNIGHT + 5)
FAILURE = Failure(until=5.0, count=2, reason="status 500", hint=None)


@pytest.fixture
def shelf(tmp_path: Path) -> FileShelf:
    return FileShelf(str(tmp_path / "state" / "intensity" / "neso"))


def files(tmp_path: Path) -> dict[str, Path]:
    return {path.name: path for path in tmp_path.rglob("*") if path.is_file()}


def test_what_is_kept_is_found_again(shelf: FileShelf, tmp_path: Path) -> None:
    assert shelf.day("aws:eu-west-3", DAY) is None
    assert shelf.keep_day("aws:eu-west-3", DAY, lambda old: ENTRY if old is None else old) == ENTRY
    assert shelf.day("aws:eu-west-3", DAY) == ENTRY
    assert shelf.day("aws:eu-west-3", DAY + 1) is None
    assert shelf.day("FR", DAY) is None
    shelf.keep_failure("FR", FAILURE)
    assert shelf.failure("FR") == FAILURE
    shelf.keep_failure("FR", None)
    shelf.keep_failure("FR", None)
    assert shelf.failure("FR") is None
    found = files(tmp_path)
    assert set(found) == {"2024-10-04.json", "lock"}
    for path in found.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b'{"schema": "carbonrun.intensity-cache/9"}', b"\xff", b"[" * 9999],
)
def test_what_cannot_be_used_is_set_aside(content: bytes, shelf: FileShelf, tmp_path: Path) -> None:
    shelf.keep_day("FR", DAY, lambda _: ENTRY)
    shelf.keep_failure("FR", FAILURE)
    for name in ("2024-10-04.json", "failure.json"):
        files(tmp_path)[name].write_bytes(content)
    assert shelf.day("FR", DAY) is None
    assert shelf.failure("FR") is None
    assert {"2024-10-04.json.corrupt", "failure.json.corrupt"} <= set(files(tmp_path))
    assert shelf.keep_day("FR", DAY, lambda old: ENTRY if old is None else old) == ENTRY


def change(**changes: Any) -> dict[str, Any]:
    return {**day_as_json(ENTRY), **changes}


ROW: list[Any] = [MIDNIGHT, MIDNIGHT + HOUR, 1.0, 1.0, 1.0, "actual"]
ABOUT = day_as_json(ENTRY)["groups"][0]["about"]


@pytest.mark.parametrize(
    "content",
    [
        change(asked_at="now"),
        change(asked_at=float("nan")),
        change(asked_from=True),
        change(groups=None),
        change(groups=[1]),
        change(groups=[{"about": {}, "rows": [ROW]}]),
        change(groups=[{"about": {**ABOUT, "basis": 5}, "rows": [ROW]}]),
        change(groups=[{"about": ABOUT, "rows": [ROW, ROW]}]),
        change(groups=[{"about": ABOUT, "rows": [ROW[:-1]]}]),
        change(groups=[{"about": ABOUT, "rows": [[*ROW[:-1], "guess"]]}]),
        change(groups=[{"about": ABOUT, "rows": [[ROW[0] - 1, *ROW[1:]]]}]),
        change(groups=[{"about": ABOUT, "rows": [[ROW[1], ROW[0], *ROW[2:]]]}]),
        change(groups=[{"about": ABOUT, "rows": [[*ROW[:2], -1.0, -1.0, 1.0, "actual"]]}]),
        change(groups=[{"about": ABOUT, "rows": [[*ROW[:2], 5.0, 6.0, 7.0, "actual"]]}]),
    ],
)
def test_figures_that_cannot_be_are_refused(content: Any) -> None:
    assert day_from_json(change(), DAY) == ENTRY
    with pytest.raises(ValueError):  # noqa: PT011 - the text is for people
        day_from_json(content, DAY)


def test_a_failure_that_cannot_be_is_refused() -> None:
    kept = failure_as_json(FAILURE)
    assert failure_from_json(kept) == FAILURE
    for changes in ({"count": 0}, {"count": "2"}, {"reason": None}, {"hint": 5}, {"until": None}):
        with pytest.raises(ValueError):  # noqa: PT011 - the text is for people
            failure_from_json({**kept, **changes})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(JSON, st.sampled_from(["groups", "asked_at", "schema", "about", "rows", "count", "hint"]))
def test_whatever_stands_there_is_refused_or_understood(value: Any, name: str) -> None:
    group = {"about": ABOUT, "rows": [ROW], name: value}
    for content in (value, change(**{name: value}), change(groups=[group])):
        for parse in (lambda c: day_from_json(c, DAY), failure_from_json):
            try:
                parse(content)
            except ValueError:
                continue


def test_writers_at_the_same_time_lose_nothing(shelf: FileShelf) -> None:
    def add(hour: int) -> None:
        new = Day(asked_at=1, asked_from=MIDNIGHT, points=(point(MIDNIGHT + hour * HOUR),))
        FileShelf(shelf._folder).keep_day("FR", DAY, lambda old: merged(old, new))

    threads = [threading.Thread(target=add, args=(hour,)) for hour in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = shelf.day("FR", DAY)
    assert kept is not None
    assert len(kept.points) == 12


def test_old_days_are_removed(shelf: FileShelf, tmp_path: Path) -> None:
    empty = Day(asked_at=1, asked_from=1, points=())
    for day in range(DAY, DAY + MOST_DAYS + 5):
        shelf.keep_day("FR", day, lambda _: empty)
    assert len([name for name in files(tmp_path) if name[0].isdigit()]) == MOST_DAYS
    assert shelf.day("FR", DAY) is None
    assert shelf.day("FR", DAY + MOST_DAYS + 4) == empty


def test_nowhere_to_write_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shelf = FileShelf(f"{tmp_path}/file/below")
    assert shelf.keep_day("FR", DAY, lambda _: ENTRY) == ENTRY
    shelf.keep_failure("FR", FAILURE)
    shelf.keep_failure("FR", None)
    assert shelf.day("FR", DAY) is None


def test_a_lock_that_leads_elsewhere_is_not_followed(shelf: FileShelf, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "intensity" / "neso" / "FR"
    folder.mkdir(parents=True)
    (folder / "lock").symlink_to(tmp_path / "elsewhere")
    assert shelf.keep_day("FR", DAY, lambda _: ENTRY) == ENTRY
    assert not (tmp_path / "elsewhere").exists()


def test_another_address_has_another_folder_that_does_not_name_it() -> None:
    own = service_folder("/state", "neso", None)
    other = service_folder("/state", "neso", "https://x.example/?key=s3cr3t")
    assert own == "/state/intensity/neso"
    assert other.startswith(own + "-")
    assert "s3cr3t" not in other
    assert json.dumps(day_as_json(ENTRY))
