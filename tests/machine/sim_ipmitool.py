"""A fake ``ipmitool``: a script for PATH that gives recorded answers, real processes and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# As ipmitool 1.8.18 prints it on a server.
READING = """
    Instantaneous power reading:                   {watts} Watts
    Minimum during sampling period:                 18 Watts
    Maximum during sampling period:                412 Watts
    Average power reading over sample period:      189 Watts
    IPMI timestamp:                           Mon Nov 23 10:14:25 2026
    Sampling period:                          00000001 Seconds.
    Power reading state is:                   {state}


"""
NO_DEVICE = "Could not open device at /dev/ipmi0 or /dev/ipmi/0: No such file or directory\n"


class SimulatedIpmi:
    """The tool, the device file it talks to, and a log of its runs."""

    def __init__(self, root: Path) -> None:
        """Make the device in ``root/dev`` and the tool in ``root/bin``."""
        self.folder = root / "bin"
        self.folder.mkdir()
        self.log = root / "ipmitool.log"
        (root / "dev").mkdir(exist_ok=True)
        (root / "dev/ipmi0").touch()
        self.answer(READING.format(watts=216, state="activated"))

    def answer(self, text: str, *, seconds: float = 0.0, status: int = 0) -> None:
        """Let the tool answer after a while."""
        (self.folder / "answer").write_text(text)
        tool = self.folder / "ipmitool"
        tool.write_text(
            "#!/bin/sh\n"
            f'echo "$$ $*" >> "{self.log}"\n'
            f"sleep {seconds}\n"
            f'cat "{self.folder}/answer"\n'
            f"exit {status}\n"
        )
        tool.chmod(0o755)

    def runs(self) -> list[list[str]]:
        """Return process id and arguments of each run so far."""
        return (
            [line.split() for line in self.log.read_text().splitlines()]
            if self.log.exists()
            else []
        )
