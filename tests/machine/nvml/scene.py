"""The script of a scene for the stand-in of NVIDIA's library, and the library itself.

Times are in seconds since :meth:`Scene.begin`. Whoever plays a process of the scene writes its
number to a file, and is on the GPU while it lives.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LIBRARY = "libnvidia-ml.so.1"
SOURCE = Path(__file__).with_name("fake_nvml.c")
AMPERE, HOPPER, PASCAL = 7, 9, 4
EVER = 1e9
LONG_AGO = -40.0


def build_library(folder: Path, compiler: str) -> Path:
    """Compile the library into ``folder``, and return that."""
    words = [compiler, "-O1", "-shared", "-fPIC", "-o", str(folder / LIBRARY), str(SOURCE), "-lm"]
    subprocess.run(words, check=True, capture_output=True)
    return folder


class Scene:
    """What happens on which GPU."""

    def __init__(self, folder: Path, library: Path, *, has_log: bool = True) -> None:
        """Start with an empty machine; script and log, if wanted, go to ``folder``."""
        self._has_log = has_log
        self.folder = folder
        self.log = folder / "calls.log"
        self._script = folder / "scene.txt"
        self._library = library
        self._lines: list[str] = []
        self._gpus = 0
        self.origin = 0.0

    def gpu(
        self,
        *watts: tuple[float, float],
        arch: int = AMPERE,
        tick: float = 0.1,
        accounting: bool = False,
        mig: bool = False,
        name: str = "NVIDIA A100-SXM4-80GB",
    ) -> int:
        """Add a GPU whose power changes at given times; return its number."""
        number, self._gpus = self._gpus, self._gpus + 1
        self.say(f"device GPU-{number} {arch} {tick} {int(accounting)} {int(mig)} {name}")
        for at, power in watts:
            self.say(f"power {number} {at} {power}")
        return number

    def process(
        self,
        gpu: int,
        who: str | int,
        *,
        sm: float,
        memory: float = 1e9,
        since: float = LONG_AGO,
        until: float = EVER,
        kind: str = "C",
        part: int = 0,
    ) -> None:
        """Put a process on a GPU: a number, or the name of one that will write it down."""
        pid = who if isinstance(who, int) else f"@{self.folder / who}"
        self.say(f"process {gpu} {since} {until} {pid} {memory} {sm} {kind} {part}")

    def fault(
        self,
        function: str,
        code: int | str,
        *,
        gpu: int | str = "*",
        since: float = LONG_AGO,
        until: float = EVER,
    ) -> None:
        """Let a function fail with a code, hang (``hang:60``), or ``abort``."""
        self.say(f"fault {function} {gpu} {since} {until} {code}")

    def say(self, line: str) -> None:
        """Add a line of the script."""
        self._lines.append(line)

    def begin(self) -> dict[str, str]:
        """Let time begin; return what to add to the environment."""
        self.origin = time.monotonic()
        head = [f"origin {self.origin}", *([f"log {self.log}"] if self._has_log else [])]
        self._script.write_text("\n".join([*head, *self._lines, ""]))
        return {"LD_LIBRARY_PATH": str(self._library), "FAKE_NVML_SCRIPT": str(self._script)}

    def user(self, name: str, seconds: float, *, looks: int = 0, gpus: int = 1) -> list[str]:
        """Return a command that is the process ``name`` for some time.

        With ``looks`` it goes on until the energy of ``gpus`` was read so often: on a busy machine
        that takes longer (ten seconds more at the most, for who never looks).
        """
        being = f'echo $$ > "{self.folder / name}"'
        if not looks:
            return ["sh", "-c", f"{being}; exec sleep {seconds}"]
        read = f'$(grep -c TotalEnergy "{self.log}" 2> /dev/null)'
        waiting = f'[ $left -gt 0 ] && [ "0{read}" -lt {looks * gpus} ]'
        step = "sleep 0.1; left=$((left - 1))"
        return ["sh", "-c", f"{being}; sleep {seconds}; left=100; while {waiting}; do {step}; done"]

    def short_users(self, names: Sequence[str], seconds: float) -> list[str]:
        """Return a command that starts these processes one after the other, each for so long."""
        lines = [
            f"sh -c 'echo $$ {seconds} > \"{self.folder / name}\"; exec sleep {seconds}'"
            for name in names
        ]
        return ["sh", "-c", "\n".join([*lines, "true"])]

    def calls(self) -> list[tuple[float, str, int]]:
        """Return the calls of the library: when, which, of which GPU."""
        if not self.log.exists():
            return []
        rows = [line.split() for line in self.log.read_text().splitlines()]
        return [(float(at), name, int(gpu)) for at, name, gpu in rows]
