"""How long the look-up of an intensity takes that asks nobody, in a fresh interpreter.

Usage: ``python benchmarks/intensity.py [ROUNDS]``

What a run does once its command has been started: import what is needed, tell the zone, read the
tables, and reckon the bounds. Each round is a new interpreter which has imported what is there
already before the command starts; within it the look-up is done twice, so that the second shows
what is left without imports. Files are warm.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.table import print_head, print_row, verdict  # noqa: E402

ROUNDS = 31
BAR_MILLISECONDS = 10.0
ZONES = ("FR", "US-CA", "GB-13", "aws:eu-west-3", "")
PROBE = """
import sys, time
import carbonrun.rig
from carbonrun.settings import resolve
zone = sys.argv[1]
settings = resolve({"zone": (zone,)} if zone else {}, {}, cwd=None, home="/nonexistent")
for _ in range(2):
    began = time.perf_counter()
    from carbonrun.grid import Grid, Place
    from carbonrun.notes import Notes
    place = Place(settings=settings, environment={"TZ": "Europe/Paris"})
    now = time.time()
    Grid(place, now, time.time, Notes()).finish(now)
    print(1e3 * (time.perf_counter() - began))
"""


def look_up(zone: str) -> tuple[float, float]:
    """Return the milliseconds of the first look-up in an interpreter, and of the second."""
    command = [sys.executable, "-c", PROBE, zone]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    first, second = (float(line) for line in done.stdout.split())
    return first, second


def main(arguments: list[str]) -> int:
    """Measure; return 1 if the bar is missed."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    print_head("Look-up of the intensity without the network")
    print_row("zone", "first, ms", "again, ms", "", width=12)
    worst = 0.0
    for zone in ZONES:
        pairs = [look_up(zone) for _ in range(rounds)]
        first, again = (median(values) for values in zip(*pairs, strict=True))
        worst = max(worst, first)
        name = zone or "(by the time zone)"
        cells = (f"{first:.2f}", f"{again:.2f}", verdict(first, BAR_MILLISECONDS))
        print_row(name, *cells, width=12)
    print(f"\nbar: {BAR_MILLISECONDS:g} ms")
    return 0 if worst <= BAR_MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
