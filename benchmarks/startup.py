"""How long until the command runs, and how long until all is over.

Usage: ``python benchmarks/startup.py [ROUNDS]``

Everything is measured in turn, ``ROUNDS`` times over, and shown as the ratio of its median to that
of a bare ``python -c pass`` of the same environment. The first instruction is that of a small C
program which writes the monotonic clock (or of a bare Python, if there is no C compiler, whose own
start is then taken off).
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.place import (  # noqa: E402
    MODULE,
    PYTHON,
    c_compiler,
    console_script,
    home,
    home_environment,
)
from benchmarks.support.table import print_head, print_row, ratios, verdict  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROUNDS = 31
BASE = "python -c pass"
# name -> the ratio that must not be exceeded, and the one that is aimed at.
BARS = {
    "to the first instruction": (2.0, 1.3),
    "whole run, -q --no-csv": (3.0, 2.0),
    "whole run, table and CSV, pipe": (4.0, 4.0),
    "whole run, table and CSV, terminal": (7.0, 7.0),
}
QUIET = ("-q", "--no-csv", "--")

STAMP_C = """
#include <time.h>
#include <unistd.h>
int main(void) {
    struct timespec now;
    double seconds;
    clock_gettime(CLOCK_MONOTONIC, &now);
    seconds = now.tv_sec + now.tv_nsec * 1e-9;
    return write(1, &seconds, sizeof seconds) != sizeof seconds;
}
"""
STAMP_PYTHON = "import os, time, struct; os.write(1, struct.pack('d', time.monotonic()))"


def stamp_command(folder: Path) -> list[str]:
    """Return a command that writes the time of its first instruction to standard output."""
    compiler = c_compiler()
    if compiler is None:
        return [PYTHON, "-I", "-S", "-c", STAMP_PYTHON]
    source, program = folder / "stamp.c", folder / "stamp"
    source.write_text(STAMP_C, encoding="ascii")
    subprocess.run([compiler, "-O2", "-o", program, source], check=True)
    return [str(program)]


def seconds_to_first(words: Sequence[str], environment: dict[str, str]) -> float:
    """Return the time from before the start to the command's first instruction."""
    started = time.monotonic()
    done = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE)
    stamp: float = struct.unpack("d", done.stdout)[0]
    return stamp - started


def seconds_to_end(words: Sequence[str], environment: dict[str, str]) -> float:
    """Return how long a run takes, with standard error going to a pipe."""
    started = time.monotonic()
    subprocess.run(words, env=environment, check=True, stderr=subprocess.PIPE)
    return time.monotonic() - started


def seconds_on_terminal(words: Sequence[str], environment: dict[str, str]) -> float:
    """Return how long a run takes on a terminal of its own."""
    controller, terminal = os.openpty()
    started = time.monotonic()
    subprocess.run(
        words,
        env={**environment, "TERM": "xterm-256color"},
        check=True,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    seconds = time.monotonic() - started
    os.close(terminal)
    os.close(controller)
    return seconds


def measure(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Measure everything in turn."""
    environment = home_environment(folder)
    stamp, script = stamp_command(folder), console_script()
    is_compiled = c_compiler() is not None
    bare_seconds = [0.0 if is_compiled else seconds_to_first(stamp, environment) for _ in range(9)]

    def first(start: Sequence[str]) -> float:
        words = [*start, *QUIET, *stamp]
        return seconds_to_first(words, environment) - median(bare_seconds)

    actions: dict[str, Callable[[], float]] = {
        BASE: lambda: seconds_to_end([PYTHON, "-c", "pass"], environment),
        "to the first instruction": lambda: first(script),
        "to the first, python -m carbonrun": lambda: first(MODULE),
        "whole run, -q --no-csv": lambda: seconds_to_end([*script, *QUIET, "true"], environment),
        "whole run, table and CSV, pipe": lambda: seconds_to_end(
            [*script, "--", "true"], environment
        ),
        "whole run, table and CSV, terminal": lambda: seconds_on_terminal(
            [*script, "--", "true"], environment
        ),
    }
    samples: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 2):
        for name, action in actions.items():
            seconds = action()
            if number > 1:  # the first two write byte code and fill caches
                samples[name].append(seconds)
    return samples


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print_head("Start-up, as a multiple of a bare interpreter's")
    with home() as folder:
        samples = measure(rounds, folder)
    found = ratios(samples, BASE)
    print_row("", "median", "ratio", "of fastest", "bar", "aim", "")
    for name, values in samples.items():
        fastest = min(values) / min(samples[BASE])
        cells = [f"{median(values) * 1e3:.1f} ms", f"{found[name]:.2f}", f"{fastest:.2f}"]
        if name in BARS:
            bar, aim = BARS[name]
            cells += [f"{bar:g}", f"{aim:g}", verdict(found[name], bar)]
        print_row(name, *cells)


if __name__ == "__main__":
    main()
