"""What carbonrun imports before the command starts: every module delays the command."""

from __future__ import annotations

import re
import sys

import pytest

from tests.e2e.wrapper import CARBONRUN, Sandbox, require_carbonrun

IMPORT = re.compile(rb"import time:\s*\d+ \|\s*\d+ \|\s*(\S+)")
HEAVY = (
    "dataclasses", "enum", "functools", "inspect", "json", "logging", "pathlib", "re", "signal",
    "subprocess", "tempfile", "threading", "typing", "urllib",
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
    assert {"ctypes", "fcntl"} <= ours, "the listing works"


def test_a_quiet_run_never_imports_what_it_does_not_use(
    sandbox: Sandbox, interpreter: set[str]
) -> None:
    require_carbonrun()
    before, after = listing(sandbox, "--no-csv", "-q")
    ours = imported(before + after) - interpreter
    assert ours.isdisjoint(HEAVY), ours & set(HEAVY)


def test_rich_is_for_colours_only(sandbox: Sandbox) -> None:
    require_carbonrun()
    assert "rich" not in imported(b"".join(listing(sandbox)))
