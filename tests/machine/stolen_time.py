"""How much of the machine a hypervisor took during a test: what it measures is as uncertain."""

from __future__ import annotations

from pathlib import Path

# Words of the first line, which begins with "cpu". Source: proc_stat(5).
_USER, _SYSTEM, _STEAL = 1, 3, 8


class StolenTime:
    """Watches from now on."""

    def __init__(self) -> None:
        """Begin."""
        self._before = _ticks()

    @property
    def share(self) -> float:
        """Return what was taken, as a share of what programs had; 0 on a machine of one's own."""
        busy, stolen = (now - then for now, then in zip(_ticks(), self._before, strict=True))
        return stolen / max(1, busy)


def _ticks() -> tuple[int, int]:
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[_USER]) + int(fields[_SYSTEM]), int(fields[_STEAL])
