"""Divides the CPU time of a tree, which is known exactly, among its calls. Pure.

What was seen of each process is its own. Of a process whose every moment but its very end was seen,
the end is missing; all ends together are what is missing of the total, and since an end takes every
process about as long (the kernel has released its memory before), each gets the same of it. What
then is left has no name.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.measurement.tree.calls import Call, CallTree

# Of 0.05 to 0.4 ms that were found for the end of a process; on a machine where everybody works
# 6 ms were measured once.
MOST_END_SECONDS = 0.002


class Shares(Record):
    """Who has used what of the total.

    Attributes:
        seconds: CPU seconds of each node's own processes, their ends included.
        ends_seconds: how much of them all is ends.
        unnamed_seconds: what belongs to none of them.
        unnamed_below: what of that was waited for by the processes of a node.
    """

    seconds: dict[Call, float]
    ends_seconds: float
    unnamed_seconds: float
    unnamed_below: dict[Call, float]

    @property
    def named_seconds(self) -> float:
        """Return the CPU seconds that have a name."""
        return sum(self.seconds.values())


def divide(
    tree: CallTree,
    total_seconds: float,
    live_seconds: Mapping[int, float],
    *,
    misses_ends_only: bool,
) -> Shares:
    """Return how a total divides.

    Args:
        tree: what was seen.
        total_seconds: of all processes, ended ones included.
        live_seconds: all that each live process has used so far, as far as that is known.
        misses_ends_only: of the ended processes nothing is missing but their very ends.
    """
    seconds = {call: call.cpu_seconds for call in tree.root.walk()}
    for pid, caller in tree.live.items():
        seconds[caller.call] += max(0.0, live_seconds.get(pid, 0.0) - caller.seconds)
    seen_seconds = sum(seconds.values())
    rest_seconds = total_seconds - seen_seconds
    if rest_seconds < 0:
        # Time between two switches counts interrupts, and what a hypervisor takes away.
        scale = total_seconds / seen_seconds
        scaled = {call: each * scale for call, each in seconds.items()}
        return Shares(seconds=scaled, ends_seconds=0.0, unnamed_seconds=0.0, unnamed_below={})
    ended = tree.ended if misses_ends_only else 0
    end_seconds = min(MOST_END_SECONDS, rest_seconds / ended) if ended else 0.0
    unnamed_seconds = rest_seconds - ended * end_seconds
    below = {} if misses_ends_only else tree.unseen_seconds()
    scale = min(1.0, unnamed_seconds / sum(below.values())) if below else 0.0
    return Shares(
        seconds={call: each + call.ended * end_seconds for call, each in seconds.items()},
        ends_seconds=ended * end_seconds,
        unnamed_seconds=unnamed_seconds,
        unnamed_below={call: each * scale for call, each in below.items()},
    )
