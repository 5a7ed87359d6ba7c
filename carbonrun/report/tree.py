"""The report's ``tree`` block, from what the accountant knows."""

from __future__ import annotations

from carbonrun.report.model import Naming, Program, Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.sampler import Sample
    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.measurement.tree.naming import Naming as KnownCalls
    from carbonrun.notes import Notes
    from carbonrun.report.calls import Mask

# More than this share of the CPU time without a name is worth a note.
UNNAMED_SHARE = 0.01
_EXACT_NAMES = "run it as root, or on 8 CPUs at most allow: sysctl kernel.perf_event_paranoid=2"


def describe_tree(tree: TreeAccountant, sample: Sample | None) -> Tree:
    """Return what the process tree has used up to the last reading, which ``sample`` is of."""
    cpu_seconds = tree.cpu_seconds() if sample is None else tree.last_cpu_seconds
    read_bytes, write_bytes = tree.storage_bytes()
    rows = programs(tree, cpu_seconds)
    return Tree(
        cpu_seconds=cpu_seconds,
        cpu_accounting=tree.name,
        processes=_count(tree),
        left_running=tree.left_running(),
        peak_memory_bytes=tree.peak_memory_bytes,
        memory_byte_seconds=sample.memory.tree if sample and tree.peak_memory_bytes else None,
        io_read_bytes=read_bytes,
        io_write_bytes=write_bytes,
        programs=rows,
    )


def _count(tree: TreeAccountant) -> int | None:
    """Return how many processes there were, None if that is not known."""
    if tree.trace is not None and tree.trace.is_complete:
        return tree.trace.processes
    if tree.naming is not None and tree.naming.is_complete:
        return sum(tree.naming.tree.processes().values())
    return None


def with_calls(described: Tree, tree: TreeAccountant, mask: Mask) -> Tree:
    """Return the block with the calls, if programs were asked for; ``mask`` hides secrets."""
    if tree.naming is None or described.cpu_seconds is None:
        return described
    from carbonrun.report.calls import describe_calls

    shares = tree.naming.divide(described.cpu_seconds, tree.table)
    return described.replace(
        calls=describe_calls(tree.naming.tree, shares, mask),
        naming=Naming(
            method=tree.naming.method,
            named_cpu_seconds=shares.named_seconds,
            ends_cpu_seconds=shares.ends_seconds,
            is_complete=tree.naming.is_complete,
        ),
    )


def has_all_names(tree: TreeAccountant) -> bool:
    """Tell whether every process that there was is known by name."""
    return tree.trace is not None and tree.trace.is_complete


def programs(tree: TreeAccountant, cpu_seconds: float) -> tuple[Program, ...]:
    """Return processes and CPU time by program name, the most CPU time first.

    CPU time is as far as it was seen; that of processes that have come and gone between two looks
    is in the last row, which has no name.
    """
    seconds, processes = _by_name(tree, cpu_seconds)
    rows = [
        Program(program=name, processes=processes[name], cpu_seconds=seconds.get(name), joules=None)
        for name in sorted(processes, key=lambda name: (-seconds.get(name, -1.0), name))
    ]
    unnamed_seconds = cpu_seconds - sum(seconds.values())
    if unnamed_seconds > UNNAMED_SHARE * cpu_seconds:
        rows.append(Program(program=None, processes=None, cpu_seconds=unnamed_seconds, joules=None))
    return tuple(rows)


def _by_name(tree: TreeAccountant, cpu_seconds: float) -> tuple[dict[str, float], dict[str, int]]:
    """Return CPU seconds and number of processes by name, ended ones and live ones."""
    table, trace = tree.table, tree.trace
    seconds, processes = dict(table.named_cpu_seconds), dict(table.named_processes)
    for process in table.live.values():
        name = process.stat.name
        seconds[name] = seconds.get(name, 0.0) + process.cpu_seconds
        processes[name] = processes.get(name, 0) + 1
    if has_all_names(tree) and trace is not None:
        # One that is just ending is seen by the table still, and by the trace no more.
        processes = dict(trace.ended)
        for traced in trace.live.values():
            processes[traced.name] = processes.get(traced.name, 0) + 1
    if tree.naming is not None and tree.naming.is_complete:
        return _by_calls(tree.naming, tree, cpu_seconds)
    # A process that was renamed after it was looked at is counted under its last name only.
    return {name: seconds[name] for name in seconds if name in processes}, processes


def _by_calls(
    naming: KnownCalls, tree: TreeAccountant, cpu_seconds: float
) -> tuple[dict[str, float], dict[str, int]]:
    """Return the same where it is known which program has called which."""
    seconds: dict[str, float] = {}
    processes: dict[str, int] = {}
    counts = naming.tree.processes()
    for call, each in naming.divide(cpu_seconds, tree.table).seconds.items():
        if each > 0 or counts[call]:  # 0 processes: none of them ended as that program
            seconds[call.program] = seconds.get(call.program, 0.0) + each
            processes[call.program] = processes.get(call.program, 0) + counts[call]
    return seconds, processes


def note_gaps(tree: TreeAccountant, notes: Notes) -> None:
    """Say what the accounting could not see, and what remains of the tree."""
    cpu_seconds = tree.cpu_seconds()
    if tree.naming is not None:
        _note_way(tree.naming, tree, notes)
    unnamed = [row.cpu_seconds for row in programs(tree, cpu_seconds) if row.program is None]
    if unnamed and unnamed[0] is not None:
        hint = "--top 10 names them, and who called them" if tree.naming is None else None
        notes.info("unnamed-cpu-time", _unnamed(tree, unnamed[0] / cpu_seconds), hint)
    if tree.missed_cpu_seconds > UNNAMED_SHARE * cpu_seconds:
        message = (
            f"up to {tree.missed_cpu_seconds:.3g} s of CPU time may be missing, of processes that "
            "ended after they were looked at; the upper bounds contain them"
        )
        notes.info("end-not-seen", message, "a shorter --interval narrows them")
    left = tree.left_running()
    if left and not tree.is_watched:
        processes = "1 process is" if left == 1 else f"{left} processes are"
        notes.warn(
            "left-running",
            f"{processes} still running; what is used from now on is not counted",
            "--wait-tree goes on measuring until they have ended",
        )
    if tree.placement is not None and tree.trace is None:
        notes.info(
            "packages-by-last-cpu",
            "which package the CPU time ran on is told by where each thread was last seen at each "
            "look, not exactly",
            "bind the command to one package (numactl --cpunodebind) for exact shares",
        )
    perf_seconds = tree.perf_cpu_seconds()
    if tree.group is not None or perf_seconds is None:
        return
    unwaited_seconds = tree.unwaited_seconds(perf_seconds, tree.table.cpu_seconds())
    if unwaited_seconds > 0:
        notes.info(
            "not-waited-for",
            f"{unwaited_seconds:.3g} s of CPU time come from processes that nobody waited for; "
            "what each used in its last half millisecond "
            + ("is an estimate" if tree.trace and tree.trace.unwaited else "is not told"),
            "--cgroup counts that too",
        )


def _note_way(naming: KnownCalls, tree: TreeAccountant, notes: Notes) -> None:
    """Say what keeps the names of programs from being exact."""
    if naming.looks_because is not None:
        message = f"programs are named by looking at what runs: {naming.looks_because}"
        notes.info("names-by-looks", message, _EXACT_NAMES)
    elif not naming.is_complete and not tree.is_watched:
        message = "some of what the kernel has told of processes was lost: names are missing"
        notes.info("names-incomplete", message)


def _unnamed(tree: TreeAccountant, share: float) -> str:
    # A machine is also busy with what belongs to no process.
    others = "interrupts and to " if tree.left_running() is None else ""
    message = (
        f"{share:.0%} of the CPU time belongs to {others}processes too short-lived to be looked "
        "at; it is in the total but has no name in `programs`"
    )
    if has_all_names(tree):
        return message
    return f"{message}, and there were more than the {tree.table.seen} processes seen"
