"""Which share of a stretch between two looks at a GPU is the tree's. Pure.

The energy above the idle floor goes by the first of these that is known:

1. all contexts, at both ends of the stretch, are the tree's: all of it, whatever samples say;
2. busy time of the tree of the busy time of all processes;
3. the part of a divided GPU (MIG), and within it the memory;
4. memory of the tree of the memory of all who hold a context;
5. equal parts for all who hold a context.

Where the driver names nobody, who has the GPU's file open is taken to be alone on it.

What is drawn when idle goes by memory (else equal parts), the mean of both ends: where a context
came in between, nobody knows when. A GPU on which the tree holds none costs the tree nothing.
"""

from __future__ import annotations

from carbonrun.measurement.attribution import share
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from carbonrun.measurement.gpu.look import GpuProcess, ProcessKey

# What a share rests on.
UNUSED = "unused"
SOLE = "sole"
BUSY = "busy"
SLICES = "slices"
MEMORY = "memory"
EQUAL = "equal"
IDLE = "idle"
FILES = "files"


class Use(Record):
    """Busy time in a stretch, in seconds, of the tree and of everybody."""

    tree_seconds: float = 0.0
    all_seconds: float = 0.0


class Holders(Record):
    """Who holds a context at one end of a stretch.

    Attributes:
        tree: how many of the tree's processes.
        others: how many processes of others.
        share: of the tree, by memory or parts of the GPU; 0 if it holds none.
        basis: what that share rests on.
        bytes: GPU memory of all of them, 0 where it is not known.
        tree_bytes: the same of the tree.
        are_guessed: the driver names nobody, and nothing is known of others.
    """

    tree: int = 0
    others: int = 0
    share: float = 0.0
    basis: str = EQUAL
    bytes: float = 0.0
    tree_bytes: float = 0.0
    are_guessed: bool = False


class Split(Record):
    """The tree's share of a stretch, 0 to 1; ``basis`` is what the active one rests on."""

    active_share: float
    idle_share: float
    basis: str


def holders(processes: Iterable[GpuProcess], tree: Container[ProcessKey]) -> Holders:
    """Return who holds a context, and the share of the tree among them."""
    present = [process for process in processes if process.has_context]
    ours = [process for process in present if process.key in tree]
    share_of_tree, basis = _held_share(present, ours)
    return Holders(
        tree=len(ours),
        others=len(present) - len(ours),
        share=share_of_tree,
        basis=basis,
        bytes=float(sum(process.memory_bytes or 0 for process in present)),
        tree_bytes=float(sum(process.memory_bytes or 0 for process in ours)),
        are_guessed=any(process.is_guessed for process in ours),
    )


def split(before: Holders, after: Holders, use: Use | None, *, is_complete: bool) -> Split:
    """Return the tree's share of a stretch.

    Args:
        before: at its beginning.
        after: at its end.
        use: busy time, None where the driver does not tell any.
        is_complete: nobody holds a context unseen.
    """
    tree_seconds = 0.0 if use is None else use.tree_seconds
    if not before.tree and not after.tree and tree_seconds <= 0:
        return Split(active_share=0.0, idle_share=0.0, basis=UNUSED)
    idle_share = (before.share + after.share) / 2
    is_sole = not before.others and not after.others
    has_unseen = not is_complete and use is not None and use.all_seconds > tree_seconds
    if before.are_guessed or after.are_guessed:
        return Split(active_share=1.0, idle_share=idle_share, basis=FILES)
    if is_sole and not has_unseen:
        return Split(active_share=1.0, idle_share=idle_share, basis=SOLE)
    if use is not None and use.all_seconds > 0:
        busy_share = share(tree_seconds, use.all_seconds)
        return Split(active_share=busy_share, idle_share=idle_share, basis=BUSY)
    basis = after.basis if after.tree else before.basis
    if use is not None:
        basis = IDLE
    return Split(active_share=idle_share, idle_share=idle_share, basis=basis)


def _held_share(present: Sequence[GpuProcess], ours: Sequence[GpuProcess]) -> tuple[float, str]:
    """Return the share of ``ours`` of what ``present`` hold, and what it rests on."""
    instances = {process.instance: process.instance_share for process in present}
    if not any(instances):
        return _memory_share(present, ours)
    whole = sum(instances.values())
    part = 0.0
    for instance, size in instances.items():
        inside = [process for process in present if process.instance == instance]
        own = [process for process in ours if process.instance == instance]
        part += size * _memory_share(inside, own)[0]
    return share(part, whole), SLICES


def _memory_share(present: Sequence[GpuProcess], ours: Sequence[GpuProcess]) -> tuple[float, str]:
    if present and all(process.memory_bytes for process in present):
        whole = sum(process.memory_bytes or 0 for process in present)
        return share(sum(process.memory_bytes or 0 for process in ours), whole), MEMORY
    return share(len(ours), len(present)), EQUAL
