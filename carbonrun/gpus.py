"""The GPUs of a run: who is asked, and when.

NVIDIA's library is asked by a helper process, which is started right after the command, so that its
first look is early, and only where there may be such a GPU at all.
"""

from __future__ import annotations

import os

from carbonrun import clock
from carbonrun.measurement.gpu_signs import is_nvidia_likely, knows_cards, may_have_nvidia
from carbonrun.measurement.tree.procstat import OWN_PROCFS, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.clock import Instant
    from carbonrun.measurement.gpu.drm.source import DrmSource
    from carbonrun.measurement.gpu.nvml.process import HelperProcess
    from carbonrun.measurement.gpu.source import GpuSource
    from carbonrun.measurement.gpu.watch import GpuWatch
    from carbonrun.measurement.model import Device, IdleFloor
    from carbonrun.rig import Rig


def start_helper(rig: Rig) -> HelperProcess | None:
    """Start the helper; None where there is no sign of an NVIDIA GPU.

    Raises:
        MeterUnavailable: it cannot be started.
    """
    if not may_have_nvidia(rig.settings.procfs, os.environ):
        return None
    from carbonrun.measurement.gpu.nvml.process import HelperProcess

    return HelperProcess(rig.tree)


def watch_gpus(
    rig: Rig, started: Instant, choose: Callable[[Device], IdleFloor]
) -> GpuWatch | None:
    """Return the watch over all GPUs, None where there are none.

    Args:
        rig: whose helper is used, if it has one by now.
        started: the beginning of the run.
        choose: returns the idle floor of a device, as far as it is known from before.
    """
    sources: list[GpuSource] = []
    nvml = rig.notes.guard("GPUs", lambda: _nvml_source(rig))
    if nvml is not None:
        sources.append(nvml)
    cards = rig.cards or rig.notes.guard("graphics cards", lambda: open_cards(rig, started))
    if cards is not None:
        sources.append(cards)
    if not sources:
        return None
    from carbonrun.measurement.gpu.members import Members
    from carbonrun.measurement.gpu.watch import GpuWatch

    return GpuWatch(sources, Members(rig.tree.table, rig.tree.trace), started, choose)


def open_cards(rig: Rig, started: Instant) -> DrmSource | None:
    """Return the cards of AMD and Intel, looked at once; None where there are none."""
    sysfs = rig.settings.sysfs.rstrip("/")
    if rig.tree.table.exit_status is not None or not knows_cards(sysfs):
        return None
    from carbonrun.measurement.gpu.presence import may_have_cards

    if not may_have_cards(sysfs):
        return None
    from carbonrun.measurement.gpu.drm.source import open_source
    from carbonrun.measurement.gpu.members import Members

    source = open_source(sysfs, _processes(rig.settings.procfs), started, rig.card_counters)
    source.begin(started, clock.now(), Members(rig.tree.table).by_pid())
    return source


def _processes(procfs: str) -> str:
    """Return a root that shows the tree's processes by the numbers that we know them by.

    One without ``self`` is no kernel's but was recorded or made, and is taken at its word.
    """
    if not os.path.lexists(f"{procfs}/self"):
        return procfs
    try:
        shown = read_bytes(f"{procfs}/self/stat").partition(b" ")[0]
    except OSError:
        return OWN_PROCFS
    return procfs if shown == str(os.getpid()).encode() else OWN_PROCFS


def _nvml_source(rig: Rig) -> GpuSource | None:
    has_ended = rig.tree.table.exit_status is not None
    process = rig.nvml
    if process is None and not has_ended:
        process = start_helper(rig)
    if process is None:
        return None
    from carbonrun.measurement.gpu.nvml.client import NvmlSource
    from carbonrun.measurement.gpu.nvml.process import HelperProcess

    likely = is_nvidia_likely(rig.settings.procfs, os.environ)
    return NvmlSource(process, lambda: HelperProcess(rig.tree), is_likely=likely)
