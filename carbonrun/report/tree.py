"""The report's ``tree`` block, from what the accountant knows."""

from __future__ import annotations

from carbonrun.report.model import Program, Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.sampler import Sample
    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.measurement.tree.procfs import ProcessTable
    from carbonrun.notes import Notes

# More than this share of the CPU time without a name is worth a note.
UNNAMED_SHARE = 0.01


def describe_tree(tree: TreeAccountant, sample: Sample | None) -> Tree:
    """Return what the process tree has used so far."""
    table = tree.table
    cpu_seconds = tree.cpu_seconds()
    io = tree.group.group.storage_bytes() if tree.group is not None else None
    read_bytes, write_bytes = io or (table.read_bytes, table.write_bytes)
    return Tree(
        cpu_seconds=cpu_seconds,
        cpu_accounting=tree.name,
        processes=table.seen or None,
        left_running=len(table.live),
        peak_memory_bytes=tree.peak_memory_bytes,
        memory_byte_seconds=sample.memory.tree if sample and tree.peak_memory_bytes else None,
        io_read_bytes=read_bytes,
        io_write_bytes=write_bytes,
        programs=programs(table, cpu_seconds),
    )


def programs(table: ProcessTable, cpu_seconds: float) -> tuple[Program, ...]:
    """Return CPU time by program name, the largest first; what has no name comes last.

    A process that began and ended between two looks is in the total but was never seen by name.
    """
    seconds = dict(table.named_cpu_seconds)
    processes = dict(table.named_processes)
    for process in table.live.values():
        name = process.stat.name
        seconds[name] = seconds.get(name, 0.0) + process.cpu_seconds
        processes[name] = processes.get(name, 0) + 1
    rows = [
        Program(program=name, processes=processes[name], cpu_seconds=seconds[name], joules=None)
        for name in sorted(seconds, key=lambda name: (-seconds[name], name))
    ]
    unnamed_seconds = cpu_seconds - sum(seconds.values())
    if unnamed_seconds > UNNAMED_SHARE * cpu_seconds:
        rows.append(
            Program(program=None, processes=None, cpu_seconds=unnamed_seconds, joules=None)
        )
    return tuple(rows)


def note_gaps(tree: TreeAccountant, notes: Notes) -> None:
    """Say what the accounting could not see, and what remains of the tree."""
    cpu_seconds = tree.cpu_seconds()
    rest = [row for row in programs(tree.table, cpu_seconds) if row.program is None]
    if rest:
        share = rest[0].cpu_seconds / cpu_seconds
        notes.info(
            "short-lived-unnamed",
            f"{share:.0%} of the CPU time belongs to processes too short-lived to be seen by name;"
            " it is in the total, and their number is not in `processes`",
        )
    left = len(tree.table.live)
    if left:
        notes.warn(
            "left-running",
            f"{left} descendants are still running; what they use from now on is not counted",
            "--wait-tree goes on measuring until they have ended",
        )
    perf_seconds = tree.perf_cpu_seconds()
    table_seconds = tree.table.cpu_seconds()
    if perf_seconds is not None and perf_seconds > 1.01 * table_seconds + 0.01:
        notes.info(
            "not-waited-for",
            f"{perf_seconds - table_seconds:.3g} s of CPU time come from processes that nobody"
            " waited for; the kernel does not tell what each used in its last 0.3 ms",
            "--cgroup counts that too",
        )
