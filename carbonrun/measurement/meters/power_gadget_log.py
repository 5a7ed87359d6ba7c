"""The log of Intel Power Gadget: watts of packages and their memory over its time. Pure.

A table in CSV with a column for each figure of each package, then a blank line and sums. Versions
differ in what columns there are and in a blank before the number of the package.

Source: Intel Power Gadget 3.x, PowerLog: "Elapsed Time (sec)", "Processor Power_0(Watt)",
"Cumulative Processor Energy_0(Joules)", "DRAM Power_0(Watt)", "Cumulative DRAM Energy_0(Joules)".
"""

from __future__ import annotations

import csv
import re

from carbonrun.errors import ReadFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ELAPSED = "Elapsed Time (sec)"
_ENERGY = re.compile(r"Cumulative (Processor|Package|DRAM) Energy ?_(\d+) ?\(Joules\)")
_POWER = re.compile(r"(Processor|Package|DRAM) Power ?_(\d+) ?\(Watt\)")
_NAMES = {"Processor": "package", "Package": "package", "DRAM": "dram"}


def parse_watts(log: str) -> dict[str, float]:
    """Return the average power by device (``package-0``, ``dram-0``).

    Raises:
        ReadFailed: the log has no whole row, or tells no power.
    """
    lines = log.lstrip("\ufeff").splitlines()
    head, rows = _table(lines)
    if not rows:
        raise ReadFailed("the log of Intel Power Gadget has no rows yet")
    watts = _by_energy(head, rows) or _by_power(head, rows)
    if not watts:
        raise ReadFailed("the log of Intel Power Gadget tells no power of a package")
    return watts


def _table(lines: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the whole rows."""
    reader = csv.reader(lines, skipinitialspace=True)
    head = [name.strip() for name in next(reader, [])]
    if ELAPSED not in head:
        raise ReadFailed("this is no log of Intel Power Gadget")
    rows = []
    for row in reader:
        if not any(cell.strip() for cell in row):
            break  # the sums begin
        if len(row) >= len(head) - 1:  # some versions end the head with a comma
            rows.append(row)
    return head, rows


def _by_energy(head: list[str], rows: list[list[str]]) -> dict[str, float]:
    """Divide what was counted from the first row to the last by the time between them."""
    elapsed = head.index(ELAPSED)
    seconds = _number(rows[-1], elapsed) - _number(rows[0], elapsed)
    if seconds <= 0:
        return {}
    watts = {}
    for column, name in enumerate(head):
        match = _ENERGY.fullmatch(name)
        if match:
            joules = _number(rows[-1], column) - _number(rows[0], column)
            watts[f"{_NAMES[match[1]]}-{match[2]}"] = joules / seconds
    return watts


def _by_power(head: list[str], rows: list[list[str]]) -> dict[str, float]:
    watts = {}
    for column, name in enumerate(head):
        match = _POWER.fullmatch(name)
        if match:
            figures = [_number(row, column) for row in rows]
            watts[f"{_NAMES[match[1]]}-{match[2]}"] = sum(figures) / len(figures)
    return watts


def _number(row: list[str], column: int) -> float:
    try:
        return float(row[column])
    except (ValueError, IndexError):
        raise ReadFailed(f"the log of Intel Power Gadget has {row!r}") from None
