"""The programs that cost the most, as texts for the summary. Pure."""

from __future__ import annotations

from carbonrun.report.calls import costliest, label
from carbonrun.report.text import printable, shell_quoted
from carbonrun.units import UNKNOWN, energy_text, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonrun.report.model import Call, Tree

_INDENT = "  "
# What takes more is cut; the layout cuts further where there is less room.
_MOST_LABEL = 200
_LEAST_SHOWN = 0.005
_ROUNDING = 1e-6
_LEAST_PERCENT = 0.95


def program_rows(tree: Tree, most: int) -> Iterator[tuple[str, ...]]:
    """Yield the cells under ``PROGRAM_HEADINGS`` of the summary of the ``most`` costliest calls."""
    for path in costliest(tree.calls, most):
        call = path[-1]
        indent = _INDENT * (len(path) - 1)
        count = "" if call.processes is None else f"{call.processes:,}"
        yield (
            indent + _shown(call),
            energy_text(call.joules),
            _share(call.cpu_seconds, tree.cpu_seconds),
            scaled(call.cpu_seconds, "s"),
            count,
        )


def named_share(tree: Tree) -> str:
    """Return how much of the CPU time has a name; ``>99 %`` is not quite all."""
    if tree.naming is None or not tree.cpu_seconds:
        return UNKNOWN
    share = tree.naming.named_cpu_seconds / tree.cpu_seconds
    text = f"{100 * share:.0f} %"
    return ">99 %" if text == "100 %" and share < 1 - _ROUNDING else text


def program_remark(tree: Tree) -> str:
    """Say how the programs are known."""
    naming = tree.naming
    if naming is None or not tree.cpu_seconds:
        return "no programs were asked for"
    if not naming.is_complete:
        return "of the CPU time: programs as far as they were seen"
    ends = naming.ends_cpu_seconds / tree.cpu_seconds
    if ends < _LEAST_SHOWN:
        return "of the CPU time, exact"
    return f"of the CPU time; exact but for the ends of processes ({100 * ends:.0f} %)"


def _shown(call: Call) -> str:
    """Return the name, or the command line where there was one process only."""
    if call.processes == 1 and call.command and call.program is not None:
        first, *rest = call.command
        words = [first.rpartition("/")[2] or first, *rest]
        return printable(" ".join(shell_quoted(word) for word in words))[:_MOST_LABEL]
    return printable(label(call))


def _share(part: float, whole: float | None) -> str:
    if not whole:
        return UNKNOWN
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= _LEAST_PERCENT else f"{percent:.1f} %"
