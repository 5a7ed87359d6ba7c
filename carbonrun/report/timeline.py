"""The power of the billed devices over time, and its mean intensity. Pure."""

from __future__ import annotations

from itertools import pairwise

from carbonrun.report.model import TimelinePoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    from carbonrun.measurement.gpu.ledger import Stretch
    from carbonrun.measurement.model import Slice

    Interval = TypeVar("Interval", Slice, Stretch)


def share_out(
    slices: Iterable[Interval], edges: Sequence[float], joules: Callable[[Interval], float]
) -> list[float]:
    """Return the joules (or what else) of ``slices`` in each bin between neighbouring ``edges``.

    A slice that covers several bins is divided among them by time; nothing is lost: what lies
    outside the edges goes to the nearest bin.
    """
    bins = [0.0] * (len(edges) - 1)
    position = 0
    for part in slices:
        while position < len(bins) - 1 and edges[position + 1] <= part.start_seconds:
            position += 1
        seconds = part.end_seconds - part.start_seconds
        if seconds <= 0:
            bins[position] += joules(part)
            continue
        index, start = position, part.start_seconds
        while index < len(bins) - 1 and edges[index + 1] < part.end_seconds:
            bins[index] += joules(part) * ((edges[index + 1] - start) / seconds)
            start = edges[index + 1]
            index += 1
        bins[index] += joules(part) * ((part.end_seconds - start) / seconds)
    return bins


def build_timeline(
    slices_by_kind: Mapping[str, Sequence[Sequence[Slice]]],
    joules: Callable[[Slice], float],
    g_per_kwh: Callable[[float, float], float | None],
) -> tuple[TimelinePoint, ...]:
    """Return one point for each interval of the most finely read device.

    Args:
        slices_by_kind: for each kind the slices of its devices.
        joules: what of a slice is billed.
        g_per_kwh: mean intensity between two times since the start, in seconds.
    """
    longest = max((s for many in slices_by_kind.values() for s in many), key=len, default=())
    if not longest:
        return ()
    edges = [longest[0].start_seconds, *(part.end_seconds for part in longest)]
    kinds = {
        kind: [sum(bins) for bins in zip(*(share_out(s, edges, joules) for s in many), strict=True)]
        for kind, many in slices_by_kind.items()
    }
    return tuple(
        TimelinePoint(
            start=start,
            end=end,
            joules=sum(bins[index] for bins in kinds.values()),
            watts={k: bins[index] / (end - start) for k, bins in kinds.items() if end > start},
            g_per_kwh=g_per_kwh(start, end),
        )
        for index, (start, end) in enumerate(pairwise(edges))
    )
