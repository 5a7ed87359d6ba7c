"""What can be imported where there is no Linux: everything but what only Linux has a use for.

The interpreter is made to look like one of macOS or Windows (``tests/machine/other_system.py``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# System calls of Linux, and what wraps them; never imported elsewhere.
OF_LINUX = {
    "carbonrun.kernel",
    "carbonrun.measurement.tree.cycles",
    "carbonrun.measurement.tree.perf",
    "carbonrun.measurement.tree.ring",
    "carbonrun.measurement.tree.trace",
    "carbonrun.measurement.tree.unwaited",
    "carbonrun.measurement.meters.perf_rapl",
}
# What needs signals and process groups.
OF_POSIX = {"carbonrun.elsewhere.posix"}
EXCEPTIONS = {"darwin": set[str](), "win32": OF_LINUX | OF_POSIX}
SCRIPT = """
import importlib, json, sys

sys.path[:0] = [{root!r}, {tools!r}]
import other_system

names = other_system.load_packages_of_others()
other_system.become({system!r})
failed = {{}}
for name in names:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps(failed))
"""


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_every_module_can_be_imported_but_those_of_other_systems(system: str) -> None:
    tools = str(ROOT / "tests" / "machine")
    script = SCRIPT.format(root=str(ROOT), tools=tools, system=system)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    failed = json.loads(done.stdout)
    unexpected = {name: why for name, why in failed.items() if name not in EXCEPTIONS[system]}
    assert unexpected == {}
    assert set(failed) == EXCEPTIONS[system], "these can be imported by now"
