"""The lines that the helper writes: one JSON array each, its kind first. Pure.

::

    ["driver", version, [GPUs that are counted and not given]]
    ["device", {facts of a GPU}]             again whenever they change
    ["born", pid, start, [ancestors]]        before the first look that names the process
    ["look", GpuLook as an array]
    ["none", reason or null, hint or null]   there is nothing to look at
    ["end"]                                  after the last looks
"""

from __future__ import annotations

from carbonrun.measurement.gpu.look import GpuLook, GpuProcess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DRIVER = "driver"
DEVICE = "device"
BORN = "born"
LOOK = "look"
NONE = "none"
END = "end"
# What carbonrun writes: asks for the last looks.
FINISH = b"f"


def look_row(look: GpuLook) -> list[Any]:
    """Return a look as values that JSON has."""
    processes = look.processes
    return [
        look.device_id,
        look.at_seconds,
        look.joules,
        look.failure,
        None if processes is None else [_process_row(process) for process in processes],
        look.is_complete,
        look.use,
        look.samples,
        look.watts,
        look.was_listed,
    ]


def look_of(row: list[Any]) -> GpuLook:
    """Return the look of a row.

    Raises:
        ValueError, TypeError: it is no such row.
    """
    device_id, at, joules, failure, processes, is_complete, use, samples, watts, was_listed = row
    return GpuLook(
        device_id=str(device_id),
        at_seconds=float(at),
        joules=None if joules is None else float(joules),
        failure=failure,
        processes=None if processes is None else tuple(map(_process_of, processes)),
        is_complete=bool(is_complete),
        use=use,
        samples=int(samples),
        machine_busy_seconds=None,
        watts=None if watts is None else float(watts),
        was_listed=bool(was_listed),
    )


def _process_row(process: GpuProcess) -> list[Any]:
    return [
        process.pid,
        process.start_ticks,
        process.has_context,
        process.memory_bytes,
        process.busy_seconds,
        process.instance,
        process.instance_share,
    ]


def _process_of(row: list[Any]) -> GpuProcess:
    pid, start_ticks, has_context, memory_bytes, busy_seconds, instance, share = row
    return GpuProcess(
        pid=int(pid),
        start_ticks=start_ticks,
        has_context=bool(has_context),
        memory_bytes=memory_bytes,
        busy_seconds=busy_seconds,
        instance=str(instance),
        instance_share=float(share),
    )
