"""What it costs to watch GPUs: own CPU time of carbonrun and its helper, and the error of a split.

Usage: ``python benchmarks/gpu.py [SECONDS]`` (needs a source tree and a C compiler)

The GPUs are those of a stand-in for NVIDIA's library that the real binding loads, so the figures
have the binding and the helper in them, and not what a real driver takes for its answers. CPU time
is ``overhead.cpu_seconds`` of two runs that differ in length, so that the start is apart from what
goes on. The error is against the exact integral of the scripted power.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.support.place import MODULE, c_compiler, home_environment  # noqa: E402
from benchmarks.support.table import print_head, print_row, verdict  # noqa: E402
from tests.machine.nvml.scene import Scene, build_library  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 30.0
SHORT_SECONDS = 4.0
CPU_BAR, ACTIVE_BAR, IDLE_BAR, SOLE_BAR = 0.005, 0.02, 0.03, 0.01
GPUS = 8
# The command has 40 of 60 percent of the SMs, and a quarter of the memory.
ACTIVE_SHARE, IDLE_SHARE = 40 / 60, 0.25
IDLE_WATTS, BUSY_WATTS = 60.0, 300.0
BUSY_FROM, BUSY_UNTIL = 1.0, 3.0


def run(scene: Scene, seconds: float, *options: str) -> dict[str, Any]:
    """Return the report of a run in a scene."""
    path = scene.folder / "report.json"
    environment = {**home_environment(scene.folder), "PYTHONPATH": str(ROOT), **scene.begin()}
    words = [*MODULE, "-q", "--no-csv", "--offline", "--json", str(path), *options, "--"]
    subprocess.run([*words, *scene.user("me", seconds)], env=environment, check=True)
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    (scene.folder / "me").unlink()
    return report


def cost(make: Callable[[], Scene], seconds: float) -> tuple[float, float]:
    """Return CPU seconds of the start, and the share of one CPU after that."""
    short, long = (
        run(make(), length)["overhead"]["cpu_seconds"] for length in (SHORT_SECONDS, seconds)
    )
    share = (long - short) / (seconds - SHORT_SECONDS)
    return short - share * SHORT_SECONDS, share


def show_cost(name: str, make: Callable[[], Scene], seconds: float) -> None:
    """Print a row."""
    start_seconds, share = cost(make, seconds)
    cells = (f"{share:.3%}", f"{CPU_BAR:.1%}", verdict(share, CPU_BAR))
    print_row(name, *cells, f"{1000 * start_seconds:.0f} ms")


def show_errors(make: Callable[..., Scene]) -> None:
    """Print how far off the figures of a shared GPU and of a sole user are."""
    report = run(make(1, 2), BUSY_UNTIL + 1, "--idle-watts", f"GPU-0={IDLE_WATTS}")
    gpu = next(d for d in report["energy"]["devices"] if d["kind"] == "gpu")
    active = (BUSY_WATTS - IDLE_WATTS) * (BUSY_UNTIL - BUSY_FROM) * ACTIVE_SHARE
    idle = IDLE_WATTS * report["run"]["duration_seconds"] * IDLE_SHARE
    for name, found, truth, bar in (
        ("shared, active", gpu["active_joules"], active, ACTIVE_BAR),
        ("shared, idle", gpu["idle_joules"], idle, IDLE_BAR),
    ):
        error = found / truth - 1
        print_row(name, f"{error:+.2%}", f"{bar:.0%}", verdict(error, bar), f"{truth:.0f} J")
    gpu = next(d for d in run(make(1, 1), 3.0)["energy"]["devices"] if d["kind"] == "gpu")
    error = gpu["joules"] / gpu["machine_joules"] - 1
    cells = (f"{error:+.2%}", f"{SOLE_BAR:.0%}", verdict(error, SOLE_BAR))
    print_row("sole user, of the counter", *cells, f"{gpu['machine_joules']:.0f} J")


def main() -> None:
    """Print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    compiler = c_compiler()
    if compiler is None:
        sys.exit("a C compiler is needed: cc or gcc")
    print_head(f"Watching GPUs, in runs of {seconds:g} s")
    with tempfile.TemporaryDirectory(prefix="carbonrun-benchmark-") as name:
        folder = Path(name)
        library = build_library(folder, compiler)

        def make(gpus: int = GPUS, processes: int = 0) -> Scene:
            scene = Scene(folder, library, has_log=False)
            for _ in range(gpus):
                watts = (-50.0, IDLE_WATTS), (BUSY_FROM, BUSY_WATTS), (BUSY_UNTIL, IDLE_WATTS)
                gpu = scene.gpu(*watts)
                if processes > 0:
                    scene.process(gpu, "me", sm=40, memory=1e9)
                if processes > 1:
                    scene.process(gpu, 4242, sm=20, memory=3e9)
            return scene

        print_row("", "found", "bar", "", "start")
        show_cost("own CPU, no GPU", lambda: make(0), seconds)
        show_cost(f"own CPU, {GPUS} GPUs, unused", lambda: make(GPUS), seconds)
        show_cost(f"own CPU, {GPUS} GPUs, sole user", lambda: make(GPUS, 1), seconds)
        show_cost(f"own CPU, {GPUS} GPUs, shared", lambda: make(GPUS, 2), seconds)
        print_row("", "error", "bar", "", "truth")
        show_errors(make)


if __name__ == "__main__":
    main()
