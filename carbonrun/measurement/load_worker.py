"""Keeps one CPU busy: a program, ``load_worker.py CPU SECONDS``.

It ends when its standard input does, which happens however the process that started it ends, and
after so many seconds at the latest. When it is about to begin it writes one byte.

What it does is ordinary scalar work. Imports nothing of the package: it is started without it.
"""

from __future__ import annotations

import os
import select
import sys
import time

# Between two looks at the standard input: a few milliseconds.
_ROUNDS = 20_000


def main(cpu: int, most_seconds: float) -> None:
    """Work on one CPU until nobody needs it any more."""
    end = time.monotonic() + most_seconds
    if sys.platform == "linux":
        os.sched_setaffinity(0, {cpu})
    os.write(1, b".")
    while time.monotonic() < end and not select.select([0], [], [], 0)[0]:
        total = 0
        for number in range(_ROUNDS):
            total += number * number


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
