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
# System calls, signals and process groups; never imported where there are none.
NOT_ON_WINDOWS = {"carbonrun.kernel", "carbonrun.elsewhere.posix"}
# What may be built upon these: ways to count that only Linux has.
MAY_BE_OF_LINUX = (
    "carbonrun.api.session",
    "carbonrun.measurement.tree.",
    "carbonrun.measurement.meters.",
)
LINUX_MODULES = (
    "from carbonrun.kernel import",
    "from carbonrun.measurement.tree.own import",
    "from carbonrun.measurement.tree.perf import",
    "from carbonrun.measurement.tree.ring import",
    "from carbonrun.measurement.tree.trace import",
)
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
    unexpected = {name: why for name, why in failed.items() if not may_fail(name, system)}
    assert unexpected == {}
    assert (set(failed) >= NOT_ON_WINDOWS) == (system == "win32"), "it is not what it says"


def may_fail(name: str, system: str) -> bool:
    """Tell whether a module is of Linux only, and in a place where such modules may be."""
    if system != "win32":
        return False
    source = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    is_of_linux = name.startswith(MAY_BE_OF_LINUX) and any(
        text in source.read_text(encoding="utf-8") for text in LINUX_MODULES
    )
    return name in NOT_ON_WINDOWS or is_of_linux
