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
from carbonrun.child import EXITED, TICK, ExitStatus, Supervisor, environment_block, leave, spawn
from carbonrun.errors import MeterUnavailable, UsageError
from carbonrun.identity import new_run_id
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.meters import rapl
from carbonrun.measurement.sampler import Sampler
from carbonrun.measurement.tree import cgroup
from carbonrun.measurement.tree.accountant import TreeAccountant, use_group
from carbonrun.measurement.tree.kernel import become_subreaper, disable_core_dump
from carbonrun.measurement.tree.perf import TaskClock
from carbonrun.measurement.tree.procfs import ProcessTable
from carbonrun.measurement.tree.procstat import child_pids, read_stat
from carbonrun.notes import Notes
from carbonrun.record import Record
from carbonrun.witness import GroupWitness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TypeVar

    from carbonrun.child import EntryState
    from carbonrun.measurement.model import Unmeasured
    from carbonrun.recording import Recorder
    from carbonrun.settings import Settings

    Result = TypeVar("Result")

# The tree is always ours, whatever procfs the machine's figures are read from.
OWN_PROCFS = "/proc"
RUN_ID_VARIABLE = b"CARBONRUN_RUN_ID"

# The tick grows with the run: a short one has points, a long one costs nothing.
FIRST_TICK_SECONDS = 0.02
TICK_GROWTH = 0.25


class Rig(Record):
    """Everything that is set up before the command is started."""

    settings: Settings
    run_id: str
    parent_id: str | None
    command: tuple[str, ...]
    environment: dict[bytes, bytes]
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
    pid = _spawn(rig, entry)
    rig.tree.table.command_pid = pid
    _guard(rig.notes, "first look", lambda: rig.tree.look(time.monotonic()))
    witness = GroupWitness(OWN_PROCFS)
    supervisor = Supervisor(pid, entry, rig.tree.table.reap_orphans, witness.saw)
    recorder = _guard(rig.notes, "recording", lambda: _recorder(rig, started))
    _watch(rig, supervisor, witness, recorder)
    ended = clock.now()
    status = ExitStatus.from_wait_status(_settle(rig, supervisor, recorder))
    _guard(rig.notes, "witness", witness.stop)
    if recorder is not None:
        _guard(rig.notes, "report", lambda: _report(rig, recorder, ended, status))
    leave(status, disable_core_dump)


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
    environment[RUN_ID_VARIABLE] = run_id.encode()
    mount = cgroup.find_mount(OWN_PROCFS)
    machine = Machine(settings.procfs, _root_group(settings, mount))
    meters, unmeasured = rapl.discover(settings.sysfs)
    transient = _transient_group(settings, mount, run_id)
    return Rig(
        settings=settings,
        run_id=run_id,
        parent_id=None if parent_id is None else parent_id.decode("utf-8", "backslashreplace"),
        command=command,
        environment=environment,
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
    own = read_stat(OWN_PROCFS, own_pid)
    strangers = frozenset(child_pids(OWN_PROCFS, own) or () if own else ())
    become_subreaper()
    group = None
    if transient is not None:
        group = use_group(transient, is_shared_with_us=False)
    elif mount is not None and (path := cgroup.own_path(OWN_PROCFS)):
        ours = cgroup.Group(mount + path)
        if ours.is_ours_alone():
            group = use_group(ours, is_shared_with_us=True)
    task_clock = None
    if group is None:
        try:
            task_clock = TaskClock.open()
        except MeterUnavailable as error:
            notes.info("perf-unavailable", error.reason, error.hint)
    return TreeAccountant(ProcessTable(OWN_PROCFS, own_pid, strangers), task_clock, group)


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


def _recorder(rig: Rig, started: clock.Instant) -> Recorder:
    """Import and set up what is only needed once the command runs."""
    from carbonrun.recording import Recorder

    return Recorder(rig, started)


def _watch(
    rig: Rig, supervisor: Supervisor, witness: GroupWitness, recorder: Recorder | None
) -> None:
    """Record at each tick until the command has ended."""
    started_seconds = time.monotonic()
    pause_seconds = FIRST_TICK_SECONDS
    while supervisor.wait_until(time.monotonic() + pause_seconds) != EXITED:
        if witness.pid < 0 and _guard(rig.notes, "witness", witness.start) is None:
            rig.tree.table.strangers.add(witness.pid)
        if recorder is not None:
            _guard(rig.notes, "tick", recorder.tick)
        pause_seconds = _pause(rig, time.monotonic() - started_seconds)


def _pause(rig: Rig, elapsed_seconds: float) -> float:
    longest = rig.settings.interval_seconds
    return min(longest, max(FIRST_TICK_SECONDS, elapsed_seconds * TICK_GROWTH))


def _settle(rig: Rig, supervisor: Supervisor, recorder: Recorder | None) -> int:
    """Take the last readings, reap the command, wait for the tree if asked to."""
    statuses: list[int] = []

    def reap() -> None:
        statuses.append(rig.tree.table.reap_command())

    if recorder is not None:
        _guard(rig.notes, "last reading", lambda: recorder.read(reap))
    if not statuses:
        reap()
    if rig.settings.wait_tree:
        table, pause_seconds = rig.tree.table, FIRST_TICK_SECONDS
        table.scan()
        while table.live and supervisor.wait_for_rest_until(time.monotonic() + pause_seconds) == TICK:
            table.scan()
            if recorder is not None:
                _guard(rig.notes, "tick", recorder.tick)
            pause_seconds = min(rig.settings.interval_seconds, pause_seconds * (1 + TICK_GROWTH))
    return statuses[0]


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
