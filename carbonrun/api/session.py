"""One measurement of this process: sensors, the thread that reads them at each tick, the report.

Signals, children and standard streams are the program's: none of them is touched, no child is
waited for. There is one thread of ours, a daemon; all that it shares with others is behind one
lock.
"""

from __future__ import annotations

import os
import sys
import threading

from carbonrun import clock
from carbonrun.api.costs import OwnCosts
from carbonrun.api.ticking import Ticker
from carbonrun.errors import UsageError
from carbonrun.identity import new_run_id
from carbonrun.mark import SOCKET_VARIABLE, Mark
from carbonrun.mark_socket import MarkSocket
from carbonrun.marking import Marking, marking_of
from carbonrun.measurement.cores import tell_packages_apart
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.sampler import Sampler
from carbonrun.measurement.tree.own import OwnTree, account_for_this_process
from carbonrun.measurement.tree.procstat import OWN_PROCFS
from carbonrun.measuring import conclude, tick
from carbonrun.notes import Notes
from carbonrun.recording import Recorder
from carbonrun.refusals import check
from carbonrun.report.summary import TRACKED
from carbonrun.rig import RUN_ID_VARIABLE, Rig, bind_mark_socket, discover
from carbonrun.spawn import Environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.report.model import Report
    from carbonrun.settings import Settings

_RUN_ID = RUN_ID_VARIABLE.decode()
HOLD_SECONDS = 0.2


class Session:
    """A measurement from its construction on.

    Attributes:
        owner_pid: the process; in others that were forked from it everything does nothing.
        report: None until it has been stopped.
    """

    def __init__(self, settings: Settings) -> None:
        """Begin.

        Raises:
            CarbonrunError: it was refused.
        """
        check(settings)
        if not os.path.exists(f"{OWN_PROCFS}/self/stat"):  # noqa: PTH110
            raise UsageError("there is no procfs here, which only Linux has")
        self.owner_pid = os.getpid()
        self.report: Report | None = None
        self._costs = OwnCosts()
        self._lock = threading.RLock()
        self._is_over = self._is_finished = False
        self._held = threading.local()  # several threads may fork
        self._finishing = threading.Lock()
        with self._costs:
            self._begin(settings)

    def _begin(self, settings: Settings) -> None:
        self._rig, self._tree, self._socket = _open_rig(settings, self._costs)
        recorder: Recorder | None = None
        try:
            self._started = self._ended = clock.now()
            self._rig.sampler.start(self._started)
            self._rig.tree.look(self._started.monotonic_seconds)
            self._recorder = recorder = Recorder(self._rig, self._started)
            self._ticker = Ticker(self._rig, self._started, self._socket, self._tick, self._costs)
            self._ticker.start()
        except BaseException:
            if self._socket is not None:
                self._socket.close()
            if recorder is not None:
                recorder.forget()
            self._tree.close()
            raise
        self._before = _announce(self._rig.run_id, self._socket)

    def apply(self, mark: Mark) -> bool:
        """Take a mark of this process, with a reading; False if it is not heeded."""
        if os.getpid() != self.owner_pid:
            return False
        with self._lock, self._costs:
            marking = self._rig.marking
            if self._is_over or not isinstance(marking, Marking):
                return False
            self._rig.drain()  # what others have marked before
            return marking.submit(mark)

    def note_shared(self, name: str, options: list[str]) -> None:
        """Say that a tracker is a phase of this measurement, if it had wishes of its own."""
        if options:
            message = (
                f"the tracker {name!r} is a phase, since this one was running already: its "
                f"options have no effect ({', '.join(options)})"
            )
            self._rig.notes.info("tracker-shared", message, about=name)

    def report_so_far(self) -> Report | None:
        """Read everything and return the report as if it ended now; the final one after the end."""
        if os.getpid() != self.owner_pid:
            return None
        with self._lock, self._costs:
            if not self._is_over:
                self._rig.notes.guard("reading", lambda: tick(self._rig, self._recorder))
                return self._rig.notes.guard("report", self._recorder.report_so_far)
        return self.report

    def stop(self, error: BaseException | None = None) -> Report | None:
        """End the measurement; the second time, and in a forked process, it does nothing.

        Args:
            error: what the work has ended with.
        """
        if os.getpid() != self.owner_pid:
            return None
        with self._lock, self._costs:
            if not self._is_over:
                self._read_last()
                self._is_over = True
        with self._finishing:  # Ctrl-C in the middle of it lets a later call do the rest
            if not self._is_finished:
                self._ticker.stop()
                with self._costs:
                    self._finish(error)
                self._is_finished = True
        return self.report

    def hold(self) -> None:
        """Keep our thread from its work while this one forks; not for ever."""
        self._held.is_held = self._lock.acquire(timeout=HOLD_SECONDS)

    def let_go(self) -> None:
        """Let our thread work again."""
        if getattr(self._held, "is_held", False):
            self._held.is_held = False
            self._lock.release()

    def forget(self) -> None:
        """Give all descriptors back in a process that was forked: none of it is that one's.

        The environment stays: what it says of the run around is true there too.
        """
        if self._socket is not None:
            self._socket.forget()
        self._tree.close()
        self._recorder.forget()
        self._ticker.forget()

    def _tick(self, *, has_marks: bool) -> None:
        """Do what is due; called by the thread."""
        with self._lock:
            if self._is_over:
                return
            if has_marks:
                self._rig.drain()
            else:
                self._rig.notes.guard("tick", lambda: tick(self._rig, self._recorder))

    def _read_last(self) -> None:
        rig = self._rig
        rig.drain()
        self._ended = clock.now()
        moment = rig.notes.guard(
            "last reading", lambda: rig.sampler.observe(self._ended, rig.tree, rig.tree.table.scan)
        )
        if moment is not None:
            rig.notes.guard("last reading", lambda: self._recorder.add(moment))
        rig.notes.guard("GPUs", self._recorder.ask_last)
        rig.notes.guard("last look", rig.tree.finish)

    def _finish(self, error: BaseException | None) -> None:
        rig = self._rig
        _restore(self._before)
        if rig.marking is not None:
            rig.notes.guard("marks", rig.marking.close)
        if error is not None and not isinstance(error, GeneratorExit):
            name = type(error).__name__
            rig.notes.info("tracked-raised", f"the work that was tracked ended with {name}")
        self.report = conclude(rig, self._recorder, self._ended, None)
        rig.notes.guard("descriptors", self._tree.close)
        rig.notes.guard("helpers", self._tree.reap_helpers)


def _open_rig(settings: Settings, costs: OwnCosts) -> tuple[Rig, OwnTree, MarkSocket | None]:
    """Open sensors and socket, and begin to account."""
    notes = Notes()
    now = clock.now()
    run_id = new_run_id(now)
    meters, unmeasured = discover(settings, now, notes)
    found = bind_mark_socket(run_id, _environment(), notes)
    socket = None if found is None else MarkSocket(*found)
    tree = account_for_this_process(OWN_PROCFS, costs.seconds)
    load = tell_packages_apart(settings.sysfs, meters, tree, OWN_PROCFS)
    notes.info(TRACKED, f"process {os.getpid()} measured itself, and what it started meanwhile")
    rig = Rig(
        settings=settings,
        run_id=run_id,
        parent_id=os.environ.get(_RUN_ID),
        command=tuple(sys.orig_argv) or (sys.executable or "python",),
        environment=_environment(),
        sampler=Sampler(meters, Machine(settings.procfs, packages=load), notes),
        tree=tree,
        transient=None,
        unmeasured=tuple(unmeasured),
        notes=notes,
        overhead=lambda: (costs.seconds(), None),
        mark_socket=found,
    )
    return rig.replace(marking=marking_of(rig, socket, clock.now().monotonic_seconds)), tree, socket


def _environment() -> Environment:
    """Return the environment as the program has it by now."""
    pairs = os.environb.items()
    return Environment(entries=tuple(name + b"=" + value for name, value in pairs))


def _announce(run_id: str, socket: MarkSocket | None) -> dict[str, str | None]:
    """Tell what is started from now on whose part it is; return what was there before."""
    before = {name: os.environ.get(name) for name in (_RUN_ID, SOCKET_VARIABLE)}
    os.environ[_RUN_ID] = run_id
    if socket is not None:
        os.environ[SOCKET_VARIABLE] = os.fsdecode(socket.path)
    return before


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
