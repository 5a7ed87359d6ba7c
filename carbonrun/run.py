"""The pipeline, top to bottom; the only module that knows every part.

::

    prepare (may still refuse: 125)  ->  first readings  ->  spawn (126, 127)
      ->  for each tick: record                              the command runs
      ->  last readings, report, outputs  ->  end as the command ended

Everything above the spawn is on the fast path: it imports no more than it needs to start the
command. Everything below it is guarded: a failure of ours becomes a note, never the command's.
"""

from __future__ import annotations

import os
import time

from carbonrun import clock
from carbonrun.child import EXITED, TICK, Supervisor, leave
from carbonrun.errors import MeterUnavailable, UsageError
from carbonrun.identity import new_run_id
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.meters import rapl
from carbonrun.measurement.sampler import Sampler
from carbonrun.measurement.tree import cgroup
from carbonrun.measurement.tree.accountant import TreeAccountant, use_group
from carbonrun.measurement.tree.kernel import become_subreaper, disable_core_dump
from carbonrun.measurement.tree.perf import TaskClock
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.table import ProcessTable
from carbonrun.measurement.tree.trace import TaskTrace
from carbonrun.notes import Notes
from carbonrun.record import Record
from carbonrun.spawn import Environment, environment_block, spawn
from carbonrun.witness import GroupWitness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TypeVar

    from carbonrun.child import EntryState
    from carbonrun.exit_status import ExitStatus
    from carbonrun.measurement.model import Unmeasured
    from carbonrun.measurement.sampler import Moment
    from carbonrun.measurement.tree.table import ProcessReader
    from carbonrun.recording import Recorder
    from carbonrun.settings import Settings

    Result = TypeVar("Result")

# The tree is always ours, whatever procfs the machine's figures are read from.
OWN_PROCFS = "/proc"
RUN_ID_VARIABLE = b"CARBONRUN_RUN_ID"

# What the recorder needs, imported one by one while the command runs: in between we look whether it
# has ended or a signal waits to be passed on. Measured: 8 ms in all.
RECORDER_MODULES = (
    "carbonrun.measurement.meters.estimate",
    "carbonrun.intensity.feed",
    "carbonrun.report.build",
    "carbonrun.recording",
)

# The tick grows with the run: a short one has points, a long one costs nothing.
FIRST_TICK_SECONDS = 0.02
TICK_GROWTH = 0.25


class Rig(Record):
    """Everything that is set up before the command is started."""

    settings: Settings
    run_id: str
    parent_id: str | None
    command: tuple[str, ...]
    environment: Environment
    sampler: Sampler
    machine: Machine
    tree: TreeAccountant
    transient: cgroup.TransientGroup | None
    unmeasured: tuple[Unmeasured, ...]
    notes: Notes


def run(settings: Settings, command: tuple[str, ...], entry: EntryState) -> NoReturn:
    """Run the command, report what it cost, and end this process as the command ended.

    Raises:
        CarbonrunError: the run was refused before the command was started.
    """
    rig = prepare(settings, command)
    started = clock.now()
    rig.sampler.start(started)
    pid = rig.tree.table.command_pid = _spawn(rig, entry)
    if rig.tree.trace is not None:
        rig.tree.trace.start(pid, os.path.basename(command[0]))  # noqa: PTH119
    status = _guard(rig.notes, "measuring", lambda: _measure(rig, started, entry))
    leave(status or rig.tree.table.wait_for_command(), disable_core_dump)


def _measure(rig: Rig, started: clock.Instant, entry: EntryState) -> ExitStatus:
    """Watch the command to its end, read, and report."""
    table = rig.tree.table
    witness = GroupWitness(OWN_PROCFS, table.strangers)
    _guard(rig.notes, "witness", witness.start)
    _guard(rig.notes, "first look", lambda: rig.tree.look(started.monotonic_seconds))
    supervisor = Supervisor(table.command_pid, entry, witness, table.reap_orphans, rig.tree.drain)
    recorder = _watch(rig, supervisor, started)
    ended = clock.now()
    moment, status = _last_moment(rig, ended)
    recorder = recorder or _guard(rig.notes, "recording", lambda: _recorder(rig, started))
    if recorder is not None:
        _guard(rig.notes, "last reading", lambda: recorder.add(moment) if moment else None)
        if rig.settings.wait_tree:
            _guard(rig.notes, "waiting", lambda: _wait_for_tree(rig, supervisor, recorder))
            ended = clock.now()
        _guard(rig.notes, "report", lambda: _report(rig, recorder, ended, status))
    _guard(rig.notes, "witness", witness.stop)
    return status


def prepare(settings: Settings, command: tuple[str, ...]) -> Rig:
    """Check everything that may refuse the run, and open the sensors.

    Raises:
        CarbonrunError: with exit status 125.
    """
    _check_outputs(settings)
    notes = Notes()
    now = clock.now()
    run_id = new_run_id(now)
    environment = environment_block(OWN_PROCFS)
    parent_id = environment.get(RUN_ID_VARIABLE)
    mount = cgroup.find_mount(OWN_PROCFS)
    machine = Machine(settings.procfs, _root_group(settings, mount))
    meters, unmeasured = rapl.discover(settings.sysfs)
    transient = _transient_group(settings, mount, run_id)
    return Rig(
        settings=settings,
        run_id=run_id,
        parent_id=None if parent_id is None else parent_id.decode("utf-8", "backslashreplace"),
        command=command,
        environment=environment.with_value(RUN_ID_VARIABLE, run_id.encode()),
        sampler=Sampler(meters, machine, notes),
        machine=machine,
        tree=_accountant(transient, mount, notes),
        transient=transient,
        unmeasured=tuple(unmeasured),
        notes=notes,
    )


def _check_outputs(settings: Settings) -> None:
    asked_for = [
        (settings.csv_path if settings.csv_explicit else None, settings.origins["csv"]),
        (None if settings.json_path == "-" else settings.json_path, settings.origins["json"]),
    ]
    for path, origin in asked_for:
        if path is not None:
            from carbonrun.report.writable import check_writable

            check_writable(path, origin)


def _root_group(settings: Settings, mount: str | None) -> cgroup.Group | None:
    """Return the machine's true root group, unless the user pointed us at another procfs."""
    if mount is None or settings.procfs != OWN_PROCFS:
        return None
    root = cgroup.Group(mount)
    try:
        root.cpu_seconds()
    except MeterUnavailable:
        return None
    return root if root.is_root() else None


def _transient_group(
    settings: Settings, mount: str | None, run_id: str
) -> cgroup.TransientGroup | None:
    if not settings.cgroup:
        return None
    path = cgroup.own_path(OWN_PROCFS)
    if mount is None or path is None:
        message = "--cgroup needs control groups of version 2, and none are mounted here"
        raise UsageError(message, "leave --cgroup out: the process tree is accounted without it")
    try:
        return cgroup.TransientGroup.create(cgroup.Group(mount + path), f"carbonrun-{run_id}")
    except MeterUnavailable as error:
        raise UsageError(f"--cgroup: {error.reason}", error.hint) from error


def _accountant(
    transient: cgroup.TransientGroup | None, mount: str | None, notes: Notes
) -> TreeAccountant:
    """Choose the rungs of the ladder; the order is documented in the accountant's module."""
    own_pid = os.getpid()
    reader = _process_reader(own_pid)
    strangers = frozenset(stat.pid for stat in reader.descendants(own_pid, ()))
    become_subreaper()
    group = None
    if transient is not None:
        group = use_group(transient, is_shared_with_us=False)
    elif mount is not None and (path := cgroup.own_path(OWN_PROCFS)):
        ours = cgroup.Group(mount + path)
        if ours.is_ours_alone():
            group = use_group(ours, is_shared_with_us=True)
    trace = _trace()
    task_clock: TaskClock | TaskTrace | None = trace
    if group is None and trace is None:
        try:
            task_clock = TaskClock.open()
        except MeterUnavailable as error:
            notes.info("perf-unavailable", error.reason, error.hint)
    return TreeAccountant(ProcessTable(reader, own_pid, strangers), task_clock, group, trace)


def _trace() -> TaskTrace | None:
    """Return the records of all processes, None where they are not to be had cheaply."""
    cpus = os.sysconf("SC_NPROCESSORS_CONF")
    if cpus != os.sysconf("SC_NPROCESSORS_ONLN"):
        return None  # the numbers of those that are online are not known without reading more
    try:
        return TaskTrace.open(range(cpus))
    except MeterUnavailable:
        return None


def _process_reader(own_pid: int) -> ProcessReader:
    """Return the reader of processes that works here."""
    reader = ProcfsReader(OWN_PROCFS)
    if reader.stat(own_pid) is not None:
        return reader
    from carbonrun.measurement.tree.portable import PsutilReader

    return PsutilReader()


def _spawn(rig: Rig, entry: EntryState) -> int:
    """Start the command, inside the transient group if there is one."""
    if rig.transient is None:
        return spawn(rig.command, rig.environment, entry)
    try:
        rig.transient.enter()
    except MeterUnavailable as error:
        raise UsageError(f"--cgroup: {error.reason}", error.hint) from error
    try:
        pid = spawn(rig.command, rig.environment, entry)
    except BaseException:
        rig.transient.leave()
        rig.transient.remove()
        raise
    _guard(rig.notes, "leaving the control group", rig.transient.leave)
    return pid


def _watch(rig: Rig, supervisor: Supervisor, started: clock.Instant) -> Recorder | None:
    """Record at each tick until the command has ended; None if it ended before there was one."""
    if supervisor.wait_until(started.monotonic_seconds + FIRST_TICK_SECONDS) == EXITED:
        return None
    for module in RECORDER_MODULES:
        if supervisor.wait_until(time.monotonic()) == EXITED:
            return None
        _import(rig.notes, module)
    recorder = _guard(rig.notes, "recording", lambda: _recorder(rig, started))
    while supervisor.wait_until(time.monotonic() + _pause(rig, started)) != EXITED:
        if recorder is not None:
            _guard(rig.notes, "tick", lambda: _tick(rig, recorder))
    return recorder


def _import(notes: Notes, module: str) -> None:
    _guard(notes, "import", lambda: __import__(module))


def _recorder(rig: Rig, started: clock.Instant) -> Recorder:
    """Import and set up what is only needed once the command runs."""
    from carbonrun.recording import Recorder

    return Recorder(rig, started)


def _tick(rig: Rig, recorder: Recorder) -> None:
    rig.tree.look(time.monotonic())
    recorder.add(rig.sampler.observe(clock.now(), rig.tree))


def _pause(rig: Rig, started: clock.Instant) -> float:
    elapsed_seconds = time.monotonic() - started.monotonic_seconds
    longest = rig.settings.interval_seconds
    return min(longest, max(FIRST_TICK_SECONDS, elapsed_seconds * TICK_GROWTH))


def _last_moment(rig: Rig, ended: clock.Instant) -> tuple[Moment | None, ExitStatus]:
    """Read everything while the command is a zombie, then reap it."""
    table = rig.tree.table
    statuses: list[ExitStatus] = []
    moment = _guard(
        rig.notes,
        "last reading",
        lambda: rig.sampler.observe(ended, rig.tree, lambda: statuses.append(table.reap_command())),
    )
    return moment, statuses[0] if statuses else table.reap_command()


def _wait_for_tree(rig: Rig, supervisor: Supervisor, recorder: Recorder) -> None:
    """Go on recording until no descendant is left, or a signal asks to end."""
    pause_seconds = FIRST_TICK_SECONDS
    rig.tree.table.scan()
    while rig.tree.table.live:
        if supervisor.wait_for_rest_until(time.monotonic() + pause_seconds) != TICK:
            return
        rig.tree.table.scan()
        recorder.add(rig.sampler.observe(clock.now(), rig.tree))
        pause_seconds = min(rig.settings.interval_seconds, pause_seconds * (1 + TICK_GROWTH))


def _report(rig: Rig, recorder: Recorder, ended: clock.Instant, status: ExitStatus) -> None:
    """Make the report and hand it to every output; each is on its own."""
    from carbonrun.delivery import append_recovered, deliver_files, show_summary
    from carbonrun.store.recovery import recover_killed_runs

    report = deliver_files(recorder.finish(ended, status), rig.settings)
    _guard(rig.notes, "journal", lambda: recorder.close(report))
    show_summary(report, rig.settings, os.environ)
    state_dir = rig.settings.state_dir
    if state_dir is not None:
        _guard(rig.notes, "recovery", lambda: recover_killed_runs(state_dir, append_recovered))


def _guard(notes: Notes, what: str, action: Callable[[], Result]) -> Result | None:
    """Do something of ours that must not touch the command; a failure becomes a note."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001 - this is the guard
        notes.warn("carbonrun-failed", f"{what}: {type(error).__name__}: {error}", about=what)
        return None
