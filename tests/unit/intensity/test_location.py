from __future__ import annotations

from pathlib import Path

import pytest

from carbonrun.intensity.location import TIMEZONES_FILE, locate, timezone_name


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    return tmp_path


def zone_of(tz: str | None, etc: Path) -> str | None:
    located = locate(tz, str(etc))
    return None if located is None else located.grid_zone


@pytest.mark.parametrize(
    ("tz", "zone"),
    [
        ("Europe/Paris", "FR"),
        (":Europe/Paris", "FR"),
        (":/usr/share/zoneinfo/Europe/Paris", "FR"),
        ("posix/Europe/Paris", "FR"),
        ("Europe/Stockholm", "SE"),
        ("Asia/Calcutta", "IN"),
        ("US/Pacific", "US"),
        ("Europe/Kiev", "UA"),
        ("Iceland", "IS"),
        ("America/Virgin", "VI"),
        ("Australia/Sydney", "AU-NSW"),
        ("Pacific/Honolulu", "US-HI"),
        ("America/Indianapolis", "US-IN"),
        ("America/Montreal", "CA-QC"),
        ("America/Toronto", "CA"),
        ("America/Winnipeg", "CA"),
        ("America/New_York", "US"),
        ("America/Boise", "US"),
        ("Asia/Shanghai", "CN"),
    ],
)
def test_time_zones_tell_a_place(tz: str, zone: str, etc: Path) -> None:
    assert zone_of(tz, etc) == zone


@pytest.mark.parametrize(
    "tz",
    [
        None,
        "",
        ":",
        "UTC",
        "Etc/UTC",
        "Etc/GMT+5",
        "GMT",
        "CET",
        "EST5EDT",
        "CET-1CEST",
        "<+03>-3",
        "Mars/Olympus",
        "Europe/Paris\tFR",
        "timezone",
        "\udcff",
    ],
)
def test_some_names_tell_no_place(tz: str | None, etc: Path) -> None:
    assert zone_of(tz, etc) is None


def test_the_environment_comes_before_the_files(etc: Path) -> None:
    (etc / "timezone").write_text("Europe/Berlin\n")
    located = locate("Europe/Paris", str(etc))
    assert located is not None
    assert (located.grid_zone, located.timezone, located.origin) == ("FR", "Europe/Paris", "TZ")


def test_the_file_is_next_then_the_link(etc: Path) -> None:
    (etc / "localtime").symlink_to("../usr/share/zoneinfo/Europe/Rome")
    located = locate(None, str(etc))
    assert located is not None
    assert (located.grid_zone, located.origin) == ("IT", str(etc / "localtime"))
    (etc / "timezone").write_text("Europe/Berlin\n")
    assert zone_of(None, etc) == "DE"


def test_a_source_that_tells_nothing_is_passed_over(etc: Path) -> None:
    (etc / "timezone").write_text("Etc/UTC\n")
    (etc / "localtime").symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    assert zone_of("CET-1CEST", etc) == "JP"


def test_a_copied_localtime_tells_nothing(etc: Path) -> None:
    (etc / "localtime").write_bytes(b"TZif2" + bytes(39))
    assert zone_of(None, etc) is None


def test_files_that_are_no_text_tell_nothing(etc: Path) -> None:
    (etc / "timezone").write_bytes(b"\xff\xfe\x00")
    (etc / "localtime").mkdir()
    assert zone_of(None, etc) is None


def test_every_time_zone_of_the_table_resolves(etc: Path) -> None:
    lines = Path(TIMEZONES_FILE).read_text(encoding="ascii").splitlines()[1:]
    for line in lines:
        timezone, country, subdivision = line.split("\t")
        assert timezone_name(timezone) == timezone
        assert zone_of(timezone, etc) == (subdivision or country)
