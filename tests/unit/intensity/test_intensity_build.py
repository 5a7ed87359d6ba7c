"""The build of the tables: the same bytes from the raw files, and sums that fit."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from carbonrun.intensity.zones import DATA

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tools" / "build_intensity_data.py"
RAW = ROOT / "tools" / "data" / "intensity"
SHIPPED = (
    "NOTICE.txt",
    "annual.tsv",
    "cloud_regions.tsv",
    "sources.toml",
    "timezones.tsv",
    "zones.tsv",
)

pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="tools/ is not here")


def build(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")


def sums(section_of: str = "") -> dict[str, str]:
    """Return the sums in ``sources.toml``: of raw files, or of what was made of them."""
    found: dict[str, str] = {}
    section = ""
    for line in (Path(DATA) / "sources.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif line.startswith('"') and (section == "[made.sha256]") == (section_of == "made"):
            name, digest = line.replace('"', "").split(" = ")
            found[name] = digest
    return found


def test_the_same_bytes_are_built_again(tmp_path: Path) -> None:
    done = build(RAW, tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(SHIPPED)
    assert sorted(path.name for path in Path(DATA).iterdir()) == sorted(SHIPPED)
    for name in SHIPPED:
        assert (tmp_path / name).read_bytes() == (Path(DATA) / name).read_bytes(), name


def test_what_ships_is_what_is_built() -> None:
    done = build("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_every_raw_file_has_the_sum_that_is_written_down() -> None:
    known = sums()
    there = {str(path.relative_to(RAW)) for path in RAW.rglob("*") if path.is_file()}
    assert set(known) == there
    for name, digest in known.items():
        assert hashlib.sha256((RAW / name).read_bytes()).hexdigest() == digest, name


def test_every_table_has_the_sum_that_is_written_down() -> None:
    made = sums("made")
    assert sorted([*made, "sources.toml"]) == sorted(SHIPPED)
    for name, digest in made.items():
        assert hashlib.sha256((Path(DATA) / name).read_bytes()).hexdigest() == digest, name


def test_other_raw_files_are_refused_unless_they_are_accepted(tmp_path: Path) -> None:
    raw, output = tmp_path / "raw", tmp_path / "output"
    shutil.copytree(RAW, raw)
    output.mkdir()
    countries = raw / "countries_ember_CCBY.csv"
    text = countries.read_text(encoding="utf-8")
    assert "FR,FRA,France,2024,44.18" in text
    countries.write_text(text.replace("2024,44.18", "2024,45.18"), encoding="utf-8")
    refused = build(raw, output)
    assert refused.returncode == 1
    assert "--accept" in refused.stderr
    assert list(output.iterdir()) == []
    assert build("--accept", raw, output).returncode == 0
    assert "FR\tFrance\tlifecycle\taverage\t2024\t45.18" in (output / "annual.tsv").read_text()


def test_a_difference_from_what_ships_is_told(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    (tmp_path / "data" / "zones.tsv").write_text("other\n", encoding="utf-8")
    done = build("--check", RAW, tmp_path / "data")
    assert done.returncode == 1
    assert [line.rpartition("/")[2] for line in done.stderr.splitlines()] == ["zones.tsv"]


def test_the_notice_of_the_package_has_every_attribution() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    lines = (Path(DATA) / "sources.toml").read_text(encoding="utf-8").splitlines()
    attributions = [
        line.partition(" = ")[2].strip('"') for line in lines if line.startswith("attribution")
    ]
    assert len(attributions) == 16
    for attribution in attributions:
        assert f"  {attribution}\n" in notice
