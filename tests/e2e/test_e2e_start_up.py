"""What carbonrun imports before the command starts: every module delays the command."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.wrapper import CARBONRUN, Sandbox, require_carbonrun

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = re.compile(rb"import time:\s*\d+ \|\s*\d+ \|\s*(\S+)")
HEAVY = (
    "ctypes", "dataclasses", "enum", "functools", "inspect", "json", "logging", "pathlib", "re",
    "signal", "subprocess", "tempfile", "threading", "typing", "urllib",
    "httpx", "psutil", "pydantic", "pynvml", "rich", "tomli", "tomllib", "typer",
)  # fmt: skip
MARK = b"the command runs\n"
COMMAND = ["sh", "-c", "echo the command runs >&2"]


def imported(text: bytes) -> set[str]:
    """Return the modules of a listing of ``-X importtime``, without those of our own."""
    names = {name.decode() for name in IMPORT.findall(text)}
    return {name for name in names if name.partition(".")[0] != "carbonrun"}


def listing(sandbox: Sandbox, *options: str) -> tuple[bytes, bytes]:
    """Return what is on standard error before and after the command's mark."""
    wrapper = [sys.executable, "-X", "importtime", *CARBONRUN[1:], *options, "--", *COMMAND]
    before, mark, after = sandbox.run(wrapper).stderr.partition(MARK)
    assert mark
    return before, after


@pytest.fixture
def interpreter(sandbox: Sandbox) -> set[str]:
    """Return what the interpreter imports anyway: site, and what .pth files ask for."""
    bare = [sys.executable, "-X", "importtime", "-c", "import runpy"]  # -m needs it
    return imported(sandbox.run(bare).stderr)


def test_nothing_heavy_is_imported_before_the_command_starts(
    sandbox: Sandbox, interpreter: set[str]
) -> None:
    require_carbonrun()
    before, _ = listing(sandbox, "--no-csv", "-q")
    ours = imported(before) - interpreter
    assert ours.isdisjoint(HEAVY), ours & set(HEAVY)
    assert {"_ctypes", "fcntl"} <= ours, "the listing works"


def test_a_quiet_run_never_imports_what_it_does_not_use(
    sandbox: Sandbox, interpreter: set[str]
) -> None:
    require_carbonrun()
    before, after = listing(sandbox, "--no-csv", "-q")
    ours = imported(before + after) - interpreter
    assert ours.isdisjoint(HEAVY), ours & set(HEAVY)


UNUSED = (
    "carbonrun.ci.services", "carbonrun.measurement.late_sensors", "carbonrun.report.budget",
    "carbonrun.asking", "carbonrun.store.calibration", "carbonrun.store.floors",
)  # fmt: skip


def test_nothing_is_imported_for_what_was_neither_asked_for_nor_found(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    require_carbonrun()
    (tmp_path / "sys").mkdir()
    before, after = listing(sandbox, "--no-csv", "-q", "--sysfs", str(tmp_path / "sys"))
    names = {name.decode() for name in IMPORT.findall(before + after)}
    assert "carbonrun.equipment" in names, "the listing works"
    assert names.isdisjoint(UNUSED)


def test_rich_is_for_colours_only(sandbox: Sandbox) -> None:
    require_carbonrun()
    assert "rich" not in imported(b"".join(listing(sandbox)))
