"""Many processes write to one CSV file at the same time."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from carbonrun.report.columns import header_row

ROOT = Path(__file__).resolve().parents[3]
WRITERS = 30
ROWS = 6

# Waits until all have been started, then writes rows of very different length.
WRITER = """
import sys
from carbonrun.report.csv import append_row
from tests.unit.report.sample_report import REPORT, RUN

path, number, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.stdin.read()
for row in range(rows):
    words = ("echo", 'quote " comma ,', "line\\nbreak", "x" * (row * 4000))
    append_row(path, REPORT.replace(run=RUN.replace(id=f"{number}-{row}", command=words)))
"""


@pytest.mark.parametrize("before", ["", "older"])
def test_one_header_and_no_torn_row(tmp_path: Path, before: str) -> None:
    path = tmp_path / "runs.csv"
    if before:
        path.write_text("run_id,other\n1,2\n")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number), str(ROWS)],
            stdin=subprocess.PIPE,
            cwd=ROOT,
        )
        for number in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0] * WRITERS

    written = tmp_path / ("runs-2.csv" if before else "runs.csv")
    with written.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, strict=True)
    assert header == list(header_row())
    assert all(len(row) == len(header) for row in rows)
    ids = Counter(row[0] for row in rows)
    assert ids == Counter(f"{number}-{row}" for number in range(WRITERS) for row in range(ROWS))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({written.name, "runs.csv"})
