"""The calls of a report: which program called which, and what each has cost. Pure.

A call's joules are the CPU energy of the whole tree times its share of the tree's CPU time; energy
of memory and GPUs is not divided.
"""

from __future__ import annotations

from carbonrun.report.model import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from carbonrun.measurement.tree.calls import Call as Counted
    from carbonrun.measurement.tree.calls import CallTree
    from carbonrun.measurement.tree.shares import Shares

    Mask = Callable[[tuple[str, ...]], tuple[str, ...]]

# Of the total; less without a name is rounding.
_LEAST_UNNAMED_SHARE = 1e-3
# The kernel cuts the names of programs to this length.
_KERNEL_NAME_LENGTH = 15


def describe_calls(tree: CallTree, shares: Shares, mask: Mask) -> tuple[Call, ...]:
    """Return the calls of the command, the most CPU time first; what has no name comes last.

    Args:
        tree: the nodes.
        shares: who has used what.
        mask: takes the secrets out of a command line.
    """
    commands = {call: mask(words) for call, words in tree.commands().items()}
    return _below(tree.root, shares, tree.processes(), commands)


def _below(
    node: Counted,
    shares: Shares,
    counts: dict[Counted, int],
    commands: dict[Counted, tuple[str, ...]],
) -> tuple[Call, ...]:
    calls = []
    for each in node.calls.values():
        below = _below(each, shares, counts, commands)
        own_seconds = shares.seconds[each]
        calls.append(
            Call(
                program=each.program,
                command=commands.get(each),
                processes=counts[each],
                own_cpu_seconds=own_seconds,
                own_joules=None,
                cpu_seconds=own_seconds + sum(call.cpu_seconds for call in below),
                joules=None,
                calls=below,
            )
        )
    return (*sorted(calls, key=_costly_first), *_unnamed_below(node, shares))


def _unnamed_below(node: Counted, shares: Shares) -> tuple[Call, ...]:
    """Return a call for what has no name below a node; at the top, for what is nowhere else."""
    seconds = shares.unnamed_below.get(node, 0.0)
    if not node.program:
        seconds = shares.unnamed_seconds - sum(shares.unnamed_below.values())
    total_seconds = shares.named_seconds + shares.unnamed_seconds
    if seconds <= _LEAST_UNNAMED_SHARE * total_seconds:
        return ()
    unnamed = Call(
        program=None,
        command=None,
        processes=None,
        own_cpu_seconds=seconds,
        own_joules=None,
        cpu_seconds=seconds,
        joules=None,
        calls=(),
    )
    return (unnamed,)


def _costly_first(call: Call) -> tuple[float, str]:
    return -call.cpu_seconds, call.program or ""


def with_joules(calls: Iterable[Call], joules_per_second: float) -> tuple[Call, ...]:
    """Return the calls with their energy, for what a CPU second of the tree took on average."""
    return tuple(
        call.replace(
            own_joules=call.own_cpu_seconds * joules_per_second,
            joules=call.cpu_seconds * joules_per_second,
            calls=with_joules(call.calls, joules_per_second),
        )
        for call in calls
    )


def label(call: Call) -> str:
    """Return what a call is named: its program, whole where the command line tells more of it."""
    if call.program is None:
        return "(no name)"
    if len(call.program) == _KERNEL_NAME_LENGTH and call.command:
        name = call.command[0].rpartition("/")[2]
        if name.startswith(call.program):
            return name
    return call.program


def stacks(calls: Iterable[Call], callers: tuple[Call, ...] = ()) -> Iterator[tuple[Call, ...]]:
    """Yield for each call its callers and itself, callers first."""
    for call in calls:
        path = (*callers, call)
        yield path
        yield from stacks(call.calls, path)


def costliest(calls: Iterable[Call], most: int) -> list[tuple[Call, ...]]:
    """Return the stacks of the ``most`` calls that cost the most, each below its callers.

    A caller costs as much as what it calls, or more, so it is among them too.
    """
    found = list(stacks(calls))
    ranked = sorted(range(len(found)), key=lambda at: (-found[at][-1].cpu_seconds, at))
    return [found[at] for at in sorted(ranked[:most])]


def has_joules(calls: Iterable[Call]) -> bool:
    """Tell whether the energy of all calls is known."""
    return all(call.joules is not None for call in calls)


def own_value(call: Call, *, joules: bool) -> float:
    """Return what a call has used itself, in joules or CPU seconds."""
    return (call.own_joules or 0.0) if joules else call.own_cpu_seconds


def whole_value(call: Call, *, joules: bool) -> float:
    """Return what a call has used with all that it has called, in joules or CPU seconds."""
    return (call.joules or 0.0) if joules else call.cpu_seconds
