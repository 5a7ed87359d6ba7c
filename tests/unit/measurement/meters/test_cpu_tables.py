from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.measurement.meters.cpu_data import DATA_FOLDER, read_tables
from carbonrun.measurement.meters.cpu_tables import (
    CpuTables,
    find_row,
    instance_row,
    model_row,
    normalise_name,
    tdp_watts,
    threads_row,
    without_class,
)

TABLES = read_tables()
ROOT = Path(__file__).resolve().parents[4]
RAW = os.environ.get("CARBONRUN_HARDWARE_RAW")


def test_missing_tables_are_empty(tmp_path: Path) -> None:
    assert read_tables(f"{tmp_path}/nothing") == CpuTables(tdp="", models="", threads="")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", "gold 6148"),
        ("12th Gen Intel(R) Core(TM) i7-12700K", "i7-12700k"),
        ("AMD Ryzen 7 5800H with Radeon Graphics", "ryzen 7 5800h"),
        ("Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz", "2 duo e8400"),
        ("AMD Ryzen Threadripper 1950X 16-Core Processor", "ryzen threadripper 1950x"),
        ("AMD A10-7850K Radeon R7, 12 Compute Cores 4C+4G", "a10-7850k"),
        ("AMD Ryzen AI 9 HX 370 w/ Radeon 890M", "ryzen ai 9 hx 370"),
        ("Intel(R) Xeon(R) Processor", ""),
    ],
)
def test_names_are_reduced_to_keys(name: str, key: str) -> None:
    assert normalise_name(name) == key
    assert not key or tdp_watts(TABLES, key) is not None


@given(st.text())
def test_any_name_can_be_looked_up(name: str) -> None:
    key = normalise_name(name)
    assert normalise_name(key) == key or "gen" in key
    tdp_watts(TABLES, key)
    model_row(TABLES, key)


def test_a_row_is_found_by_its_whole_key_only() -> None:
    table = "# header\nab\t1\nabc\t2\tx\n"
    assert find_row(table, "ab") == ["1"]
    assert find_row(table, "abc") == ["2", "x"]
    assert find_row(table, "b") is None
    assert find_row(table, "") is None
    assert find_row(f"# one\n{table}", "# header") is None
    assert find_row("# header\nlast\t3", "last") == ["3"]


def test_the_tables_are_small_sorted_and_sourced() -> None:
    folder = Path(DATA_FOLDER)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 200_000
    for path in folder.glob("*.tsv"):
        lines = path.read_text().splitlines()
        keys = [line.split("\t")[0] for line in lines if not line.startswith("#")]
        assert keys == sorted(set(keys))
        assert "2026" in "".join(line for line in lines if line.startswith("#"))
    assert "SPEC" in (folder / "NOTICE.txt").read_text()
    assert (folder / "sources.toml").read_text().count("sha256 = ") > 20


@pytest.mark.skipif(RAW is None, reason="CARBONRUN_HARDWARE_RAW does not name the raw files")
def test_build_gives_the_tables_that_ship(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "build_hardware_data.py"), str(RAW)]
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True)
    shipped = [path for path in Path(DATA_FOLDER).iterdir() if path.name != "NOTICE.txt"]
    shipped.append(ROOT / "tests" / "machine" / "specpower" / "results.tsv")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(p.name for p in shipped)
    for path in shipped:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_the_published_row_that_is_wrong_is_not_in_the_table() -> None:
    row = threads_row(TABLES, "EPYC 5th Gen")
    assert row is not None
    assert row.wall_full_watts < 3
    assert row.origin == "SPEC"


@pytest.mark.parametrize(
    ("key", "threads"),
    [("platinum 8259cl", 48), ("8259cl", 48), ("e5-2686 v4", 36), ("epyc 7r32", 96)],
)
def test_a_cpu_of_a_cloud_is_found_with_and_without_its_class(key: str, threads: int) -> None:
    row = model_row(TABLES, key)
    assert row is not None
    assert row.threads_per_socket == threads


def test_only_a_class_is_taken_off() -> None:
    assert without_class("gold 6148") == "6148"
    assert without_class("epyc 7763") == "epyc 7763"
    assert without_class("gold") == "gold"


def test_rows_of_instances() -> None:
    row = instance_row(TABLES, "aws:c5")
    assert row is not None
    assert row.microarchitectures == ("Skylake", "Cascade Lake")
    assert row.cpus == ("Xeon Platinum 8124M", "Xeon Platinum 8275CL")
    assert row.threads_per_vcpu == 1
    assert row.wall_full_watts == pytest.approx(4.08, abs=0.01)
    whole_cores = instance_row(TABLES, "aws:m7a")
    assert whole_cores is not None
    assert whole_cores.threads_per_vcpu == 2
    assert instance_row(TABLES, "aws:nothing") is None


def test_every_row_of_the_tables_can_be_read() -> None:
    keys = [line.split("\t")[0] for line in TABLES.instances.splitlines() if line[0] != "#"]
    assert len(keys) > 150
    assert {key.partition(":")[0] for key in keys} == {"aws", "azure", "gcp"}
    for key in keys:
        row = instance_row(TABLES, key)
        assert row is not None
        for name in row.microarchitectures:
            threads = threads_row(TABLES, name)
            assert threads is not None
            assert threads.low_factor <= 1 <= threads.high_factor
            assert 0 < threads.most_idle_share <= 1
