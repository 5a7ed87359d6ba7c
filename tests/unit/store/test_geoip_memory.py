"""What a geo-IP service has told, and for how long it counts."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from carbonrun.store.geoip_memory import GOOD_SECONDS, PAUSE_SECONDS, GeoipMemory, Told

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://where.example/json"
NOW = 1_795_000_000.0


def kept(state: Path) -> Path:
    (path,) = (state / "intensity").glob("geoip-*.json")
    return path


def test_what_was_told_is_good_for_an_hour(tmp_path: Path) -> None:
    memory = GeoipMemory(str(tmp_path), URL)
    assert memory.recall(NOW) is None
    memory.keep("US-CA", NOW)
    assert memory.recall(NOW + GOOD_SECONDS - 1) == Told(zone="US-CA")
    assert memory.recall(NOW + GOOD_SECONDS) is None
    assert memory.recall(NOW - 1) is None
    assert GeoipMemory(str(tmp_path), f"{URL}2").recall(NOW) is None
    assert stat.S_IMODE(kept(tmp_path).stat().st_mode) == 0o600
    assert "where.example" not in kept(tmp_path).name + kept(tmp_path).read_text()


def test_a_failure_is_remembered_for_a_shorter_time(tmp_path: Path) -> None:
    memory = GeoipMemory(str(tmp_path), URL)
    memory.keep(None, NOW)
    assert memory.recall(NOW + PAUSE_SECONDS - 1) == Told(zone=None)
    assert memory.recall(NOW + PAUSE_SECONDS) is None


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", "3", '{"zone": "FR"}'),
        '{"zone": "XX", "asked_at": 1795000000}',
        '{"zone": ["FR"], "asked_at": 1795000000}',
        '{"zone": "FR", "asked_at": "now"}',
        '{"zone": "fr", "asked_at": 1795000000}',
        "[" * 100_000,
    ],
    ids=range(11),
)
def test_what_cannot_be_used_is_set_aside(content: str, tmp_path: Path) -> None:
    memory = GeoipMemory(str(tmp_path), URL)
    memory.keep("FR", NOW)
    kept(tmp_path).write_text(content)
    assert memory.recall(NOW) is None
    assert [path.suffix for path in (tmp_path / "intensity").iterdir()] == [".corrupt"]


def test_nowhere_to_keep_it_is_no_failure(tmp_path: Path) -> None:
    GeoipMemory(None, URL).keep("FR", NOW)
    assert GeoipMemory(None, URL).recall(NOW) is None
    (tmp_path / "intensity").write_text("a file")
    memory = GeoipMemory(str(tmp_path), URL)
    memory.keep("FR", NOW)
    assert memory.recall(NOW) is None
