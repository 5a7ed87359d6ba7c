"""The pipeline, top to bottom; the only module that knows every part.

::

    prepare (may still refuse: 125)  ->  first readings  ->  spawn (126, 127)
      ->  for each tick: record                              the command runs
      ->  last readings, report, outputs  ->  end as the command ended

Everything above the spawn is on the fast path: it imports no more than it needs to start the
command. Everything below it is guarded: a failure of ours becomes a note, never the command's.
"""

from __future__ import annotations

import gc
import os
import sys
import time

from carbonrun import clock
from carbonrun.errors import EXIT_OVER_LIMIT, MeterUnavailable, UsageError
from carbonrun.measurement.tree.procstat import OWN_PROCFS
from carbonrun.measuring import FIRST_TICK_SECONDS, conclude, measure_until, wait_for_tree
from carbonrun.rig import prepare

if sys.platform == "linux":
    from carbonrun.child import EXITED, TICK, Supervisor, leave
    from carbonrun.kernel import disable_core_dump
    from carbonrun.spawn import spawn
    from carbonrun.witness import GroupWitness
else:  # the same names, and the same promises as far as the system allows
    from carbonrun.elsewhere import (
        EXITED,
        TICK,
        GroupWitness,
        Supervisor,
        disable_core_dump,
        leave,
        spawn,
    )

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from carbonrun.entry import EntryState
    from carbonrun.exit_status import ExitStatus
    from carbonrun.live import LiveView
    from carbonrun.marking import Marking
    from carbonrun.measurement.sampler import Moment
    from carbonrun.recording import Recorder
    from carbonrun.rig import BeforeStart, Rig
    from carbonrun.settings import Settings
    from carbonrun.stopping import Stopper

# Of --on-exceed.
WARN, STOP = "warn", "stop"


def run(
    settings: Settings,
    command: tuple[str, ...],
    entry: EntryState,
    before: BeforeStart | None = None,
) -> NoReturn:
    """Run the command, report what it cost, and end this process as the command ended.

    Args:
        settings: of the run.
        command: its words.
        entry: the state in which this process was started.
        before: what happened before, where the start was to be chosen.

    Raises:
        CarbonrunError: the run was refused before the command was started.
    """
    rig = prepare(settings, command)
    if before is not None:
        rig = rig.replace(asked_unix_seconds=before.asked_unix_seconds)
        for note in before.notes:
            rig.notes.add(note)
    own_seconds = time.process_time()
    started, pid = _start(rig, entry)
    rig.notes.guard("start", lambda: _follow(rig, pid, own_seconds))
    rig = rig.notes.guard("marks", lambda: _take_marks(rig)) or rig
    rig = rig.notes.guard("GPUs", lambda: _ask_for_gpus(rig)) or rig
    status = rig.notes.guard("measuring", lambda: _measure(rig, started, entry))
    if status is None:
        status = rig.notes.guard("waiting", lambda: _only_wait(rig, entry))
        conclude(rig, None, clock.now(), status)  # no report: it is said
    leave(status or rig.tree.table.wait_for_command(), disable_core_dump)


def _ask_for_gpus(rig: Rig) -> Rig:
    from carbonrun.gpus import start_helper

    return rig.replace(nvml=start_helper(rig))


def _look_at_cards(rig: Rig, started: clock.Instant) -> Rig:
    from carbonrun.gpus import open_cards

    return rig.replace(cards=open_cards(rig, started))


def _take_marks(rig: Rig) -> Rig:
    """Begin to take the marks of the command; signals are blocked by now."""
    if rig.mark_socket is None:
        return rig
    from carbonrun.mark_socket import MarkInbox, MarkSocket

    socket, started_seconds = MarkSocket(*rig.mark_socket), time.monotonic()

    def make() -> Marking:
        from carbonrun.marking import marking_of

        return marking_of(rig, socket, started_seconds)

    try:
        socket.send_signals()
        return rig.replace(marking=MarkInbox(socket, make))
    except BaseException:
        socket.close()  # who sends marks must not wait for nobody
        raise


def _follow(rig: Rig, pid: int, own_seconds: float) -> None:
    """Leave the command alone in its group, and begin its trace."""
    if rig.transient is not None:
        rig.notes.guard("leaving the control group", rig.transient.leave)
        rig.tree.leave_out(time.process_time() - own_seconds)
    name = os.path.basename(rig.command[0])  # noqa: PTH119
    if rig.tree.trace is not None:
        rig.tree.trace.start(pid, name)
    if rig.tree.naming is not None:
        rig.tree.naming.start(pid, name)


def _only_wait(rig: Rig, entry: EntryState) -> ExitStatus:
    """Go on passing signals on after a fault of ours, and measure nothing."""
    table = rig.tree.table
    rig.notes.guard("marks", lambda: _take_no_more_marks(rig))  # who sends them must not wait
    nobody = GroupWitness(OWN_PROCFS, set())
    supervisor = Supervisor(table.command_pid, entry, nobody, lambda: None, lambda: None)
    # The signal that tells of the end may have been taken before the fault: ask at each tick.
    while not table.command_has_ended():
        supervisor.wait_until(time.monotonic() + rig.settings.interval_seconds)
    return table.wait_for_command()


def _measure(rig: Rig, started: clock.Instant, entry: EntryState) -> ExitStatus:
    """Watch the command to its end, read, and report."""
    table = rig.tree.table
    witness = GroupWitness(OWN_PROCFS, table.strangers)
    rig.notes.guard("first look", lambda: rig.tree.look(started.monotonic_seconds))
    if not table.command_has_ended():  # else nobody is left to pass signals on to
        rig.notes.guard("witness", witness.start)

    def reap() -> None:
        rig.notes.guard("reaping", table.reap_orphans)

    def may_go_on(until_seconds: float) -> bool:
        return supervisor.wait_for_rest_until(until_seconds) == TICK

    views: list[LiveView] = []

    def hide() -> None:
        for view in views:
            rig.notes.guard("live view", view.hide)

    supervisor = Supervisor(table.command_pid, entry, witness, reap, rig.drain)
    supervisor.clear_terminal = hide
    rig.drain()  # what has come before there were signals for it
    try:
        recorder = _watch(rig, supervisor, started, views)
    finally:
        hide()
    rig.drain()  # a mark may have come with the end
    ended = clock.now()
    if recorder is not None and not rig.settings.wait_tree:
        rig.notes.guard("GPUs", recorder.ask_last)
    moment, status = _last_moment(rig, ended)
    rig.notes.guard("witness", witness.dismiss)
    recorder = recorder or rig.notes.guard("recording", lambda: _recorder(rig, started))
    if recorder is not None:
        rig.notes.guard("last reading", lambda: recorder.add(moment) if moment else None)
        if rig.settings.wait_tree:
            rig.notes.guard("waiting", lambda: wait_for_tree(rig, recorder, may_go_on))
            ended = clock.now()
    rig.notes.guard("marks", lambda: _take_no_more_marks(rig))
    rig.notes.guard("last look", rig.tree.finish)
    rig.notes.guard("control group", lambda: _remove_group(rig))
    conclude(rig, recorder, ended, status)
    rig.notes.guard("witness", witness.stop)
    return _over_limit(rig, recorder, status)


def _enter_group(rig: Rig) -> None:
    """Move into the transient group, if there is one, so that the command is born there."""
    if rig.transient is None:
        return
    try:
        rig.transient.enter()
    except MeterUnavailable as error:
        raise UsageError(f"--cgroup: {error.reason}", error.hint) from error


def _start(rig: Rig, entry: EntryState) -> tuple[clock.Instant, int]:
    """Take the first readings and start the command; if that fails, nothing of ours is left."""
    try:
        _enter_group(rig)
        started = clock.now()
        rig.sampler.start(started)
        pid = rig.tree.table.command_pid = spawn(rig.command, rig.environment, entry)
    except BaseException:
        if rig.transient is not None:
            rig.notes.guard("leaving the control group", rig.transient.leave)
            rig.notes.guard("control group", rig.transient.remove)
        rig.notes.guard("marks", lambda: _take_no_more_marks(rig))
        raise
    return started, pid


def _take_no_more_marks(rig: Rig) -> None:
    if rig.marking is not None:
        rig.marking.close()
    elif rig.mark_socket is not None:
        os.unlink(rig.mark_socket[0])  # noqa: PTH108


def _watch(
    rig: Rig, supervisor: Supervisor, started: clock.Instant, views: list[LiveView]
) -> Recorder | None:
    """Record at each tick until the command has ended; None if it ended before there was one.

    A live view that is opened is put among the ``views``.
    """
    if supervisor.wait_until(started.monotonic_seconds + FIRST_TICK_SECONDS) == EXITED:
        return None
    rig = rig.notes.guard("graphics cards", lambda: _look_at_cards(rig, started)) or rig
    recorder, has_ended = _get_ready(rig, supervisor, started)
    if has_ended:
        return recorder
    rig.notes.guard("live view", lambda: views.extend(_open_view(rig)))
    gc.enable()
    stopper = rig.notes.guard("budget", lambda: _stopper(rig))

    def act(known: Recorder) -> None:
        if stopper is not None and (known.exceeded or stopper.has_begun):
            rig.notes.guard("budget", lambda: stopper.stop(time.monotonic()))
        for view in views:
            view.show(known.so_far(), rig.tree)

    measure_until(rig, started, recorder, lambda end: supervisor.wait_until(end) != EXITED, act)
    if stopper is not None:
        rig.notes.guard("budget", stopper.sweep)
    return recorder


def _get_ready(
    rig: Rig, supervisor: Supervisor, started: clock.Instant
) -> tuple[Recorder | None, bool]:
    """Import what recording and reporting need; tell also whether the command ended meanwhile."""
    from carbonrun.deferred import RECORDER_MODULES, REPORT_MODULES, import_all, output_modules

    def has_ended() -> bool:
        return supervisor.wait_until(time.monotonic()) == EXITED

    if not import_all(RECORDER_MODULES, has_ended, rig.notes):
        return None, True
    recorder = rig.notes.guard("recording", lambda: _recorder(rig, started))
    if not import_all(REPORT_MODULES, has_ended, rig.notes):
        return recorder, True
    outputs = rig.notes.guard("import", lambda: output_modules(rig)) or ()
    return recorder, not import_all(outputs, has_ended, rig.notes)


def _stopper(rig: Rig) -> Stopper | None:
    if rig.settings.on_exceed != STOP:
        return None
    from carbonrun.stopping import stopper_of

    return stopper_of(rig.settings, rig.tree.table, rig.notes)


def _over_limit(rig: Rig, recorder: Recorder | None, status: ExitStatus) -> ExitStatus:
    """Return the status to leave with: success is none if it was over the budget."""
    is_over = recorder is not None and bool(recorder.exceeded)
    if is_over and rig.settings.on_exceed != WARN and status.code == 0:
        return status.replace(code=EXIT_OVER_LIMIT)
    return status


def _open_view(rig: Rig) -> list[LiveView]:
    from carbonrun.deferred import may_be_live

    if not may_be_live(rig):
        return []
    from carbonrun.live import open_view

    view = open_view(rig.environment.decoded(), has_own_screen=False)
    return [] if view is None else [view]


def _recorder(rig: Rig, started: clock.Instant) -> Recorder:
    """Import and set up what is only needed once the command runs."""
    from carbonrun.recording import Recorder

    return Recorder(rig, started)


def _last_moment(rig: Rig, ended: clock.Instant) -> tuple[Moment | None, ExitStatus]:
    """Read everything while the command is a zombie, then reap it."""
    table = rig.tree.table
    statuses: list[ExitStatus] = []
    moment = rig.notes.guard(
        "last reading",
        lambda: rig.sampler.observe(ended, rig.tree, lambda: statuses.append(table.reap_command())),
    )
    return moment, statuses[0] if statuses else table.reap_command()


def _remove_group(rig: Rig) -> None:
    group = rig.transient
    if group is not None and not group.remove():
        message = f"{group.folder} could not be removed"
        rig.notes.warn("cgroup-left", message, f"rmdir {group.folder}")
