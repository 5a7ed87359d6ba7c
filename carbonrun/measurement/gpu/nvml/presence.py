"""Who holds a context on a GPU, as the driver lists it."""

from __future__ import annotations

import os

from carbonrun.measurement.gpu.look import GpuProcess
from carbonrun.measurement.gpu.nvml.driver import INSUFFICIENT_SIZE, Refused
from carbonrun.measurement.gpu.nvml.identities import MOST_PID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbonrun.measurement.gpu.nvml.driver import Driver
    from carbonrun.measurement.gpu.nvml.identities import Identities

_COMPUTE, _MPS = "Compute", "MPSCompute"
_KINDS = (_COMPUTE, "Graphics", _MPS)
_RARER = 2
# Under WSL2 the processes are those of Windows, and lists may be empty whoever is there.
# Source: NVIDIA, CUDA on WSL user guide, "Known limitations".
_WSL_DEVICE = "/dev/dxg"
# From the newest on; each has a struct of its own, which the binding knows.
_VERSIONS = ("_v3", "_v2", "")
_MOST_TRIES = 3


class ProcessLists:
    """The lists of one device, or of one part of a divided one (MIG).

    Attributes:
        refusals: why a list cannot be had, by its kind.
        has_mps: there were clients of a server that shares the GPU among them (MPS).
    """

    def __init__(self, driver: Driver, handle: Any) -> None:
        """Ask through ``driver``."""
        self._driver = driver
        self._handle = handle
        self._versions = {kind: list(_VERSIONS) for kind in _KINDS}
        self._empty: set[str] = set()  # lists that nobody was on, which are asked for more rarely
        self._rounds = 0
        self.has_mps = False
        self.refusals: dict[str, str] = {}

    def read(self) -> dict[int, int | None] | None:
        """Return the memory of each process by its number; None where they are not told.

        Without the list of those that compute the others mean nothing: who is not in them may
        still be on the GPU.

        Raises:
            Refused: not now.
        """
        found: dict[int, int | None] = {}
        self._rounds += 1
        for kind in [kind for kind in _KINDS if self._versions[kind]]:
            if kind in self._empty and not self._rounds % _RARER:
                continue
            rows = self._list(kind)
            self._empty.discard(kind)
            if kind != _COMPUTE and not rows:
                self._empty.add(kind)
            self.has_mps = self.has_mps or (kind == _MPS and len(rows) > 0)
            for row in rows:
                if 0 < row.pid < MOST_PID:
                    known, used = found.get(row.pid), row.usedGpuMemory
                    found[row.pid] = known if used is None else max(known or 0, int(used))
        return found if self._versions[_COMPUTE] else None

    def _list(self, kind: str) -> Any:
        """Return a list; the first version that is known is kept."""
        versions = self._versions[kind]
        while versions:
            try:
                return self._patiently(f"DeviceGet{kind}RunningProcesses{versions[0]}")
            except Refused as error:
                if not error.is_final:
                    raise
                self.refusals[kind] = error.text
                del versions[0]
        return ()

    def _patiently(self, name: str) -> Any:
        """Ask again if the list has grown between the question for its size and that for it."""
        for _ in range(_MOST_TRIES - 1):
            try:
                return self._driver.ask(name, self._handle)
            except Refused as error:
                if error.code != INSUFFICIENT_SIZE:
                    raise
        return self._driver.ask(name, self._handle)


class Instances:
    """The parts of a divided GPU (MIG), each with lists and a size of its own."""

    def __init__(self, driver: Driver, handle: Any) -> None:
        """Find the parts; there may be none."""
        self.parts: list[tuple[str, float, ProcessLists]] = []
        sizes: list[tuple[str, int, ProcessLists]] = []
        for index in range(int(driver.ask("DeviceGetMaxMigDeviceCount", handle))):
            try:
                part = driver.ask("DeviceGetMigDeviceHandleByIndex", handle, index)
            except Refused:
                continue  # a free place
            sizes.append((str(index + 1), _slices(driver, part), ProcessLists(driver, part)))
        # Source: NVIDIA MIG user guide: a GPU has seven compute slices.
        whole = max(7, sum(size for _, size, _ in sizes))
        self.parts = [(name, size / whole, lists) for name, size, lists in sizes]


class Presence:
    """Who is on one GPU."""

    def __init__(self, driver: Driver, handle: Any, identities: Identities) -> None:
        """Ask once whether the GPU is divided."""
        self._identities = identities
        self._whole = ProcessLists(driver, handle)
        self._may_hide = os.path.exists(_WSL_DEVICE)  # noqa: PTH110
        self._instances: Instances | None = None
        try:
            if driver.ask("DeviceGetMigMode", handle)[0]:
                self._instances = Instances(driver, handle)
        except Refused:
            pass  # it cannot be divided, or does not tell

    @property
    def is_divided(self) -> bool:
        """Tell whether the GPU is divided."""
        return self._instances is not None

    @property
    def has_mps(self) -> bool:
        """Tell whether there were clients of an MPS server."""
        return self._whole.has_mps

    @property
    def refusals(self) -> dict[str, str]:
        """Return why lists cannot be had."""
        if self._instances is None:
            return self._whole.refusals
        return {k: t for _, _, lists in self._instances.parts for k, t in lists.refusals.items()}

    def read(self, now_seconds: float) -> list[GpuProcess] | None:
        """Return who holds a context, None where the driver does not tell.

        Raises:
            Refused: not now.
        """
        lists = [("", 1.0, self._whole)] if self._instances is None else self._instances.parts
        found: list[GpuProcess] = []
        is_told = True  # of a divided GPU without parts: nobody
        for name, share, source in lists:
            memory = source.read()
            is_told = is_told and memory is not None
            for pid, used_bytes in (memory or {}).items():
                found.append(
                    GpuProcess(
                        pid=pid,
                        start_ticks=self._identities.start_ticks(pid, now_seconds),
                        memory_bytes=used_bytes,
                        instance=name,
                        instance_share=share,
                    )
                )
        if self._may_hide and not found:
            return None
        return found if is_told else None


def _slices(driver: Driver, part: Any) -> int:
    try:
        return max(1, int(driver.ask("DeviceGetAttributes_v2", part).gpuInstanceSliceCount))
    except Refused:
        return 1
