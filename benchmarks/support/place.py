"""Where the benchmarks run carbonrun: the installed one, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.machine.measured_run import Bench, clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = sys.executable
MODULE = (PYTHON, "-m", "carbonrun")


def console_script() -> tuple[str, ...]:
    """Return the command that users type, as it was installed beside this interpreter."""
    script = Path(PYTHON).parent / "carbonrun"
    return (str(script),) if script.exists() else MODULE


def home_environment(home: Path) -> dict[str, str]:
    """Return the environment of a run: files in ``home``, byte code may be kept."""
    environment = clean_environment(home)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


@contextmanager
def home() -> Iterator[Path]:
    """Give a temporary home."""
    with tempfile.TemporaryDirectory(prefix="carbonrun-benchmark-") as folder:
        yield Path(folder)


@contextmanager
def bench() -> Iterator[Bench]:
    """Give a place to run the installed carbonrun in."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with home() as folder:
        place = Bench(folder, carbonrun=MODULE)
        try:
            yield place
        finally:
            place.close()


def c_compiler() -> str | None:
    """Return the C compiler, None if there is none."""
    return shutil.which("cc") or shutil.which("gcc")
