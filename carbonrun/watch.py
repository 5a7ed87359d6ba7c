"""The pipeline where there is no command of ours: the whole machine, or a running process.

::

    look at who is there (may refuse: 125)  ->  first readings  ->  for each tick: record
      ->  the process has ended, the time is over, Ctrl-C  ->  last readings, report, outputs
"""

from __future__ import annotations

import os
import sys
import time

from carbonrun import clock
from carbonrun.delivery import STANDARD_ERROR, write_standard_error
from carbonrun.entry import numbers
from carbonrun.errors import UsageError
from carbonrun.identity import new_run_id
from carbonrun.measurement.cores import tell_packages_apart
from carbonrun.measurement.sampler import Sampler
from carbonrun.measurement.tree.attached import attach
from carbonrun.measurement.tree.calls import CallTree
from carbonrun.measurement.tree.naming import Naming
from carbonrun.measurement.tree.procfs import ProcfsReader
from carbonrun.measurement.tree.procstat import OWN_PROCFS
from carbonrun.measurement.tree.target import find_target
from carbonrun.measurement.whole_machine import MachineTree
from carbonrun.measuring import conclude, measure_until
from carbonrun.notes import Notes
from carbonrun.recording import Recorder
from carbonrun.refusals import check
from carbonrun.report.summary import ATTACHED, MONITOR_COMMAND
from carbonrun.rig import (
    RUN_ID_VARIABLE,
    Rig,
    as_text,
    discover,
    environment_of_ours,
    open_machine,
)
from carbonrun.units import duration_text

if sys.platform == "win32":
    from carbonrun.elsewhere.console import Waiter
else:
    from carbonrun.waiting import Waiter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.live import LiveView
    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.measurement.tree.table import ProcessReader
    from carbonrun.measurement.tree.target import Target
    from carbonrun.settings import Settings

_ECHOED = numbers("SIGINT", "SIGQUIT")
NEEDS_PROCFS = "there is no procfs here, which only Linux has"


def watch_machine(settings: Settings, for_seconds: float | None) -> None:
    """Measure the whole machine for some time, or until a signal asks to end; report.

    Raises:
        CarbonrunError: it was refused.
    """
    if sys.platform == "linux":
        _check(settings)
    else:
        check(settings)
    rig = _rig(settings, MONITOR_COMMAND, lambda: _everybody(settings.procfs))
    _watch(rig, -1, lambda: False, for_seconds)


def watch_process(settings: Settings, pid: int, for_seconds: float | None) -> None:
    """Measure a running process and its tree until it ends, some time is over, or a signal comes.

    Raises:
        CarbonrunError: it was refused.
    """
    target, reader = _find(settings, pid)
    rig = _rig(settings, target.command, lambda: attach(reader, pid, OWN_PROCFS))
    rig.notes.info(ATTACHED, _attached(target, rig.tree))

    def has_ended() -> bool:
        return target.has_ended() and not (settings.wait_tree and rig.tree.left_running())

    descriptor = -1 if settings.wait_tree else target.descriptor
    _watch(rig, descriptor, has_ended, for_seconds)


def _find(settings: Settings, pid: int) -> tuple[Target, ProcessReader]:
    """Return a running process, and what tells of it and its tree."""
    if sys.platform != "linux":
        from carbonrun.measurement.tree import sighted_target
        from carbonrun.measurement.tree.portable import PsutilReader

        check(settings)
        reader = PsutilReader()
        return sighted_target.find_target(reader, pid), reader
    _check(settings)
    return find_target(OWN_PROCFS, pid), ProcfsReader(OWN_PROCFS)


def _everybody(procfs: str) -> MachineTree:
    """Return the accountant of the whole machine."""
    if sys.platform != "linux":
        from carbonrun.measurement.tree.portable import EverybodyReader

        return MachineTree(procfs, open_machine(procfs), EverybodyReader())
    return MachineTree(procfs)


def _check(settings: Settings) -> None:
    check(settings)
    if ProcfsReader(OWN_PROCFS).stat(os.getpid()) is None:
        raise UsageError(NEEDS_PROCFS, "run a command instead: carbonrun -- COMMAND")


def _rig(settings: Settings, command: tuple[str, ...], begin: Callable[[], TreeAccountant]) -> Rig:
    """Open the sensors; ``begin`` begins to account, and comes last."""
    notes = Notes()
    now = clock.now()
    meters, unmeasured = discover(settings, now, notes)
    environment = environment_of_ours()
    tree = begin()
    if settings.names_programs:
        tree.naming = Naming(CallTree(), is_late=True)
    load = tell_packages_apart(settings.sysfs, meters, tree, OWN_PROCFS)
    return Rig(
        settings=settings,
        run_id=new_run_id(now),
        parent_id=as_text(environment.get(RUN_ID_VARIABLE)),
        command=command,
        environment=environment,
        sampler=Sampler(meters, open_machine(settings.procfs, packages=load), notes),
        tree=tree,
        transient=None,
        unmeasured=tuple(unmeasured),
        notes=notes,
    )


def _attached(target: Target, tree: TreeAccountant) -> str:
    """Say since when, by which rung, and what that rung does not see."""
    since = f"process {target.pid} had run for {duration_text(target.age_seconds)} before"
    if tree.name == "cgroup":
        return f"{since}; it is alone in its control group, which counts exactly"
    return (
        f"{since}; CPU time is summed up over its processes, without those that come and go "
        "between two looks and are not waited for"
    )


class _Patience:
    """Waits until what is watched is over, and knows why."""

    def __init__(self, waiter: Waiter, end_seconds: float) -> None:
        self._waiter = waiter
        self._end_seconds = end_seconds
        self.signal: int | None = None

    def wait(self, deadline_seconds: float) -> bool:
        """Wait until a deadline; False if it is over before that."""
        outcome = self._waiter.wait_until(min(deadline_seconds, self._end_seconds))
        if outcome is not None:
            self.signal = outcome.signal
            return False
        return time.monotonic() < self._end_seconds


def _watch(
    rig: Rig, descriptor: int, has_ended: Callable[[], bool], for_seconds: float | None
) -> None:
    """Record until it is over, and report."""
    started = clock.now()
    rig.sampler.start(started)
    recorder = Recorder(rig, started)
    rig.notes.guard("first look", lambda: rig.tree.look(started.monotonic_seconds))
    end_seconds = started.monotonic_seconds + (for_seconds or float("inf"))
    view = rig.notes.guard("live view", lambda: _open_view(rig))

    def show(known: Recorder) -> None:
        if view is not None:
            view.show(known.so_far(), rig.tree)

    def hide() -> None:
        if view is not None:
            rig.notes.guard("live view", view.hide)

    with Waiter(descriptor, has_ended, hide) as waiter:
        patience = _Patience(waiter, end_seconds)
        try:
            measure_until(rig, started, recorder, patience.wait, show)
        finally:
            hide()
        ended = clock.now()
        rig.notes.guard("last reading", lambda: _read_last(rig, recorder, ended))
        rig.notes.guard("last look", rig.tree.finish)
        if patience.signal in _ECHOED and not (view and view.was_shown):
            _end_line()
        conclude(rig, recorder, ended, None)


def _read_last(rig: Rig, recorder: Recorder, ended: clock.Instant) -> None:
    """Look at all processes once more between the readings of the machine and of the tree."""
    recorder.add(rig.sampler.observe(ended, rig.tree, rig.tree.table.scan))


def _open_view(rig: Rig) -> LiveView | None:
    if not rig.settings.live:
        return None
    from carbonrun.live import open_view

    return open_view(rig.environment.decoded(), has_own_screen=True)


def _end_line() -> None:
    """Go to a new line: the terminal has echoed "^C"."""
    if os.isatty(STANDARD_ERROR):
        write_standard_error("\n")
