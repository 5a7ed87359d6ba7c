"""The GPU memory that the tree held over time, and how busy it kept GPUs. Pure."""

from __future__ import annotations

from carbonrun.report.timeline import share_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from carbonrun.measurement.gpu.ledger import GpuLedger, Stretch
    from carbonrun.measurement.ledger import DeviceLedger
    from carbonrun.report.model import TimelinePoint


def with_gpu_use(
    points: tuple[TimelinePoint, ...], ledgers: Iterable[DeviceLedger]
) -> tuple[TimelinePoint, ...]:
    """Return the points with what the GPUs among ``ledgers`` tell; as they are without any."""
    # Not told by its class: that would import it where there is no GPU.
    gpus: list[GpuLedger] = [g for g in ledgers if hasattr(g, "stretches")]  # type: ignore[misc]
    if not gpus or not points:
        return points
    edges = [points[0].start, *(point.end for point in points)]
    memory = _sum([g.stretches for g in gpus if g.tells_memory], edges, _byte_seconds)
    busy = _sum([g.stretches for g in gpus if g.tells_use], edges, _busy_seconds)
    return tuple(
        point.replace(
            gpu_memory_bytes=_rate(memory, index, point), gpu_sm_share=_rate(busy, index, point)
        )
        for index, point in enumerate(points)
    )


def _sum(
    many: Sequence[Sequence[Stretch]], edges: Sequence[float], of: Callable[[Stretch], float]
) -> list[float] | None:
    if not many:
        return None
    return [sum(parts) for parts in zip(*(share_out(s, edges, of) for s in many), strict=True)]


def _rate(sums: list[float] | None, index: int, point: TimelinePoint) -> float | None:
    seconds = point.end - point.start
    return None if sums is None or seconds <= 0 else sums[index] / seconds


def _byte_seconds(stretch: Stretch) -> float:
    return stretch.byte_seconds


def _busy_seconds(stretch: Stretch) -> float:
    return stretch.busy_seconds
